"""What holds for every lesson: it can be found, run, explained, drawn, and run from a shell."""

from __future__ import annotations

import dataclasses
import doctest
import json
import pickle
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import otgan
from otgan.errors import InvalidInputError
from otgan.lessons import LESSONS, load
from otgan.lessons.pages import MAX_BYTES, assemble
from otgan.plot import save
from otgan.results import Result
from tests.lessons.cached import numbers_of, trains
from tests.lessons.wrong_answers import WRONG
from tests.overlaps import overlapping_texts

PNG = b"\x89PNG\r\n\x1a\n"
SLOW = [
    "algorithm-1",
    "neural-critic",
    "critic-or-emd",
    "how-sure-are-you",
    "which-distance",
    "what-a-discriminator-learns",
    "mode-collapse-and-its-cures",
    "does-the-loss-mean-anything",
    "gan-and-wgan-side-by-side",
    "clipping-and-penalties",
]
"""Lessons whose numbers take too long to be computed twice."""


@pytest.mark.parametrize("name", LESSONS)
def test_loads_by_either_spelling(name):
    assert load(name) is load(name.replace("-", "_"))


@pytest.mark.parametrize(
    ("wrong", "offered"),
    [
        ("pile-of-dirt", "did you mean 'piles-of-dirt'"),
        ("XY", "did you mean 'xy-game'"),
        ("", "choose one of these"),
    ],
)
def test_unknown_name_offers_the_nearest(wrong, offered):
    with pytest.raises(InvalidInputError, match=f"to fix it, {offered}"):
        load(wrong)


def test_listing_imports_no_lesson():
    code = (
        "import sys, otgan; print(*otgan.lessons.LESSONS); "
        "assert not [m for m in sys.modules if m.startswith('otgan.lessons.')]; "
        "assert 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == list(LESSONS)


def text_in_another_process(names, *arguments):
    """What the lessons say in a process of their own that has no matplotlib."""
    code = (
        "import json, sys; sys.modules['matplotlib'] = None\n"
        "import otgan\n"
        "lessons = [otgan.lessons.load(name) for name in sys.argv[1].split()]\n"
        f"texts = [lesson.explain(lesson.run({', '.join(arguments)})) for lesson in lessons]\n"
        "json.dump(texts, sys.stdout)"
    )
    command = [sys.executable, "-W", "error", "-c", code, " ".join(names)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def texts_here(names):
    return [load(name).explain(numbers_of(name)) for name in names]


def test_a_fresh_process_without_matplotlib_gives_the_same_numbers():
    fast = [name for name in LESSONS if name not in SLOW]
    assert text_in_another_process(fast) == texts_here(fast)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_fresh_process_gives_the_same_numbers_of_slow_lessons(name):
    quick = ["quick=True"] * trains(name)
    assert text_in_another_process([name], *quick) == texts_here([name])


def test_slow_lessons_are_explained_without_matplotlib(tmp_path):
    file = tmp_path / "numbers"
    file.write_bytes(pickle.dumps([(name, numbers_of(name)) for name in SLOW]))
    code = (
        "import pathlib, pickle, sys; sys.modules['matplotlib'] = None\n"
        "from otgan.lessons import load\n"
        "numbers = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "for name, found in numbers:\n"
        "    load(name).explain(found)\n"
        "    assert callable(load(name).run)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(file)], check=True)


@pytest.mark.parametrize("name", SLOW)
def test_examples_of_slow_docstrings(name):
    run, numbers = load(name).run, numbers_of(name)
    shown = vars(sys.modules[run.__module__]) | {"run": lambda quick=False: numbers}
    example = doctest.DocTestParser().get_doctest(run.__doc__, shown, name, None, 0)
    assert example.examples
    for line in example.examples:
        assert line.options.pop(doctest.SKIP)
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.parametrize("name", LESSONS)
def test_numbers_are_frozen(name):
    numbers = numbers_of(name)
    assert dataclasses.is_dataclass(numbers)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(numbers, dataclasses.fields(numbers)[0].name, 0)


@pytest.mark.parametrize("name", LESSONS)
def test_numbers_are_a_line_to_read_and_a_dictionary_for_json(name):
    numbers = numbers_of(name)
    assert repr(numbers).startswith(f"{type(numbers).__name__}(")
    assert "\n" not in repr(numbers) and len(repr(numbers)) < 400
    values = json.loads(json.dumps(numbers.to_dict()))
    assert list(values) == [field.name for field in dataclasses.fields(numbers)]
    for field in dataclasses.fields(numbers):
        value = getattr(numbers, field.name)
        if isinstance(value, np.ndarray):
            if value.dtype.kind == "f":  # JSON knows neither NaN nor infinity
                value = np.where(np.isfinite(value), value, np.nan)
                assert np.array_equal(np.array(values[field.name], float), value, equal_nan=True)
            else:
                assert np.array_equal(values[field.name], value)


def test_a_lesson_on_one_distance_is_worth_it():
    for name, distance in (("piles-of-dirt", 0.5), ("kantorovich-rubinstein", None)):
        numbers: Any = numbers_of(name)
        assert float(numbers) == (numbers.distance if distance is None else distance)
        assert isinstance(numbers, Result)


@pytest.mark.parametrize("name", LESSONS)
def test_text_fits_a_terminal(name):
    lines = load(name).explain(numbers_of(name)).splitlines()
    assert lines[1] == "=" * len(lines[0])
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", LESSONS)
def test_picture_can_be_saved(name, tmp_path):
    written = save(load(name).draw(numbers_of(name)), tmp_path / "a folder" / "picture.png")
    assert written.read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", LESSONS)
def test_no_text_of_a_picture_lies_on_another_or_is_cut_off(name):
    assert overlapping_texts(load(name).draw(numbers_of(name))) == []


@pytest.mark.parametrize("name", LESSONS)
def test_page_is_one_small_file_without_a_request(name):
    page = load(name).page(numbers_of(name))
    assert len(page.encode()) < MAX_BYTES
    assert "default-src 'none'" in page and "<!--" not in page.replace("<!---->", "")
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page.partition("<script>")[0])


def test_page_that_would_be_too_large_is_refused():
    with pytest.raises(InvalidInputError, match="at most 3,000,000 bytes"):
        assemble("xy_game", "A page", {"numbers": "0" * MAX_BYTES})


def test_data_cannot_end_their_element():
    page = assemble("xy_game", "A page", {"text": "</script><script>"})
    assert "</script><script>" not in page


@pytest.mark.parametrize(
    ("name", "most"), [("piles-of-dirt", {"P": 12}), ("xy-game", {"steps": 2000})]
)
def test_pages_refuse_numbers_that_have_no_room(name, most):
    lesson = load(name)
    assert most.items() <= lesson.MOST.items()
    [(parameter, limit)] = most.items()
    more = {"steps": limit + 1} if parameter == "steps" else dict.fromkeys("PQ", np.ones(limit + 1))
    with pytest.raises(InvalidInputError, match=f"{parameter} must be at most {limit}"):
        lesson.page(lesson.run(**more))


def answered(name, code):
    """What Python of a student's makes of a lesson."""
    names = {"otgan": otgan, "np": np, "lesson": load(name), "numbers": numbers_of(name)}
    exec(code, names)
    return names["answer"]


@pytest.mark.parametrize("name", LESSONS)
def test_solutions_of_exercises_are_right(name):
    exercises = load(name).EXERCISES
    assert len(exercises) in (2, 3)
    for exercise in exercises:
        grade = exercise.check(answered(name, exercise.solution()), numbers_of(name))
        assert grade and grade.reason == ""


@pytest.mark.parametrize("name", LESSONS)
def test_wrong_answers_are_wrong_and_hear_why(name):
    for number, exercise in enumerate(load(name).EXERCISES, 1):
        heard = dict(WRONG.get((name, number), []))
        mistakes = getattr(exercise.judge, "mistakes", {})
        assert heard or mistakes
        wrong = {code: (answered(name, code), reason) for code, reason in heard.items()} | {
            reason: (value(numbers_of(name)), re.escape(reason))
            for reason, value in mistakes.items()
        }
        for code, (answer, reason) in wrong.items():
            grade = exercise.check(answer, numbers_of(name))
            assert not grade and re.search(reason, grade.reason), (code, grade)


@pytest.mark.parametrize("name", LESSONS)
def test_no_answer_breaks_an_exercise(name):
    ragged, endless = [[1, 2], [3]], np.full(3, np.inf)
    for exercise in load(name).EXERCISES:
        for answer in (..., None, "x", np.nan, [], {}, 1j, True, ragged, endless, object(), print):
            grade = exercise.check(answer, numbers_of(name))
            assert not grade and grade.reason and "\n" not in grade.reason


def test_lessons_that_train_say_how_far_they_are():
    reports: list[tuple[int, int | None]] = []
    load("critic-or-emd").run(quick=True, progress=lambda *now: reports.append(now[:2]))
    assert reports == [(1, 2), (2, 2)]


def test_all_errors_are_names_of_otgan():
    errors = [name for name in otgan.errors.__all__ if name[0].isupper()]
    assert len(errors) >= 13
    for name in errors:
        assert getattr(otgan, name) is getattr(otgan.errors, name)
        assert issubclass(getattr(otgan, name), (otgan.OtganError, Warning, BaseException))
