"""What exercises are made of, and that they follow the numbers of a lesson."""

import doctest
from pathlib import Path

import numpy as np
import pytest

import otgan
from otgan.lessons import load
from otgan.lessons.exercises import (
    Choice,
    Exercise,
    Grade,
    Number,
    WrongAnswerError,
    as_array,
    as_number,
    called,
)

HALF = Number(lambda n: 2 * n, {"that is half of it": lambda n: n})


@pytest.mark.parametrize("answer", [6, 6.0, 6.02, np.float32(6), np.array(6), np.int64(6)])
def test_a_number_to_three_digits_is_right(answer):
    HALF(answer, 3)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (6.05, "6.05 is too large"),
        (5.9, "5.9 is too small"),
        (3.0, "that is half of it"),
        ("6", "must be a number, got '6'"),
        ([6], r"must be a number, got \[6\]"),
        (True, "must be a number, got True"),
        (6 + 0j, "must be a number"),
        (None, "must be a number, got None"),
        (np.nan, "must be finite, got nan"),
        ([[1], [2, 3]], "must be a number"),
    ],
)
def test_another_number_is_wrong(answer, reason):
    with pytest.raises(WrongAnswerError, match=reason):
        HALF(answer, 3)


def test_a_mistake_that_is_right_for_these_numbers_is_right():
    HALF(0, 0)


def test_a_choice_says_what_is_offered_and_why_not():
    judge = Choice(lambda n: n, {"a": "not a", "b": "not b"})
    judge("b", "b")
    for answer, reason in (("a", "not a"), ("c", "one of 'a', 'b', got 'c'"), (["a"], "one of")):
        with pytest.raises(WrongAnswerError, match=reason):
            judge(answer, "b")


def test_arrays_of_any_length_and_of_one():
    assert as_array([1, 2], (None,)).tolist() == [1.0, 2.0]
    assert as_number(np.float64(2)) == 2.0
    with pytest.raises(WrongAnswerError, match=r"shape \(k, 2\), got \[1, 2\]"):
        as_array([1, 2], (None, 2))


def test_what_a_function_raises_is_a_reason_and_ctrl_c_is_not():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(WrongAnswerError, match=r"raised TypeError: .*argument"):
        called(lambda: 1, 2)
    with pytest.raises(KeyboardInterrupt):
        called(interrupted)


def test_hint_and_solution_read_as_text_and_come_when_asked():
    exercise = Exercise("How many?", HALF, "Count.", "answer = 6  # all of them")
    assert repr(exercise.hint()) == "Count."
    assert repr(exercise.solution()) == "answer = 6  # all of them"
    assert "6" not in repr(exercise) + exercise._repr_markdown_() + str(exercise.check(5, 3))


def test_a_grade_is_true_if_it_is_right():
    assert Grade(True, "") and not Grade(False, "because")
    assert repr(Grade(True, "")) == "✓ Right."
    assert repr(Grade(False, "because")) == "✗ Not yet: because."


def test_a_bug_of_a_judge_is_no_wrong_answer():
    exercise = Exercise("?", lambda answer, numbers: numbers.missing, "", "")
    with pytest.raises(AttributeError):
        exercise.check(1, 2)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("piles-of-dirt", {"P": [5, 0, 1], "Q": [0, 2, 4]}),
        ("piles-of-dirt", {"P": [1, 0], "Q": [0, 1]}),
        ("piles-of-dirt", {"P": [1, 2], "Q": [1, 2]}),
        ("xy-game", {"eta": 0.5, "steps": 3}),
        ("kantorovich-rubinstein", {"n": 3, "m": 2, "trials": 20, "rng": 5}),
        ("gaussians-apart", {"deltas": [1], "scale": 3}),
    ],
)
def test_a_teacher_may_choose_other_numbers(name, parameters):
    lesson = load(name)
    numbers = lesson.run(**parameters)
    for exercise in lesson.EXERCISES:
        names = {"numbers": numbers, "np": np, "otgan": otgan, "lesson": lesson}
        exec(exercise.solution(), names)
        assert exercise.check(names["answer"], numbers)


def test_the_same_answer_is_graded_by_the_numbers_that_are_passed():
    lesson = load("piles-of-dirt")
    assert lesson.EXERCISES[0].check(5, lesson.run())
    assert not lesson.EXERCISES[0].check(5, lesson.run(P=[5, 0, 1], Q=[0, 2, 4]))


def test_the_examples_of_the_page_on_lessons_run():
    page = Path(__file__).parents[2] / "docs" / "lessons.md"
    tried = doctest.testfile(str(page), module_relative=False)
    assert tried.attempted >= 7 and tried.failed == 0
