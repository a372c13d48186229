"""Exercises that grade themselves: answers are held against the numbers of a lesson.

A judge gets an answer and the numbers of the lesson, and raises `WrongAnswerError` with a reason
unless the answer is right. What is right is computed when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from otgan.measures import FloatArray
from otgan.text import shortened

__all__ = [
    "Choice",
    "Exercise",
    "Grade",
    "Number",
    "WrongAnswerError",
    "as_array",
    "as_number",
    "called",
    "need",
]

Judge = Callable[[Any, Any], None]


class WrongAnswerError(Exception):
    """An answer is not right yet, for the reason given."""


class Words(str):
    """A text that a prompt or a notebook shows as it reads."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, repr=False)
class Grade:
    """Whether an answer is right, and if not, why; true if it is.

    Attributes
    ----------
    right : bool
    reason : str
        Empty if it is right.
    """

    right: bool
    reason: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return "✓ Right." if self.right else f"✗ Not yet: {self.reason}."


@dataclass(frozen=True, repr=False)
class Exercise:
    """A question that grades its answers, has a hint, and shows its solution when asked.

    Attributes
    ----------
    question : str
        In Markdown; `numbers` are those of the lesson.
    judge : callable(answer, numbers)
        Raises `WrongAnswerError` unless the answer is right.
    tip : str
        What `hint` says.
    worked : str
        What `solution` says: Python that makes ``answer``, of ``numbers``, ``lesson``, ``otgan``
        and ``np``.
    blank : str
        What a student starts from, with dots in place of the answer.

    Examples
    --------
    >>> import otgan
    >>> lesson = otgan.lessons.load("piles-of-dirt")
    >>> numbers, exercise = lesson.run(), lesson.EXERCISES[0]
    >>> exercise.check(3, numbers)
    ✗ Not yet: so much dirt is moved, but work also counts how far.
    >>> exercise.hint()
    What piles 1 to i have in excess must cross from pile i to pile i + 1.
    >>> exec(exercise.solution(), names := {"numbers": numbers, "np": np})
    >>> exercise.check(names["answer"], numbers)
    ✓ Right.
    """

    question: str
    judge: Judge
    tip: str
    worked: str
    blank: str = "answer = ..."

    def check(self, answer: Any, numbers: Any) -> Grade:
        """Grade an answer against the numbers of a lesson; no answer raises an error."""
        if answer is ...:
            return Grade(False, "put your answer in place of the dots")
        try:
            self.judge(answer, numbers)
        except WrongAnswerError as wrong:
            return Grade(False, str(wrong))
        return Grade(True, "")

    def hint(self) -> str:
        """What to think of."""
        return Words(self.tip)

    def solution(self) -> str:
        """Python that makes a right answer, with the reason as a comment."""
        return Words(self.worked)

    def __repr__(self) -> str:
        return f"Exercise({shortened(self.question, 60)!r})"

    def _repr_markdown_(self) -> str:
        return self.question


# ---------------------------------------------------------------- judges


@dataclass(frozen=True)
class Number:
    """Judges a number, by its distance from the right one, relative to it.

    Attributes
    ----------
    value : callable(numbers)
        The right number.
    mistakes : mapping of str to callable(numbers)
        Numbers that come of a mistake, and what to say to them.
    rtol : float
        Three digits are enough.

    Examples
    --------
    >>> judge = Number(lambda n: 2 * n, {"that is half of it": lambda n: n})
    >>> judge(6.01, 3)
    >>> judge(3, 3)
    Traceback (most recent call last):
        ...
    otgan.lessons.exercises.WrongAnswerError: that is half of it
    """

    value: Callable[[Any], float]
    mistakes: Mapping[str, Callable[[Any], float]] = field(default_factory=dict)
    rtol: float = 0.005

    def __call__(self, answer: Any, numbers: Any) -> None:
        """Raise unless it is right."""
        given, value = as_number(answer), self.value(numbers)
        if math.isclose(given, value, rel_tol=self.rtol):
            return
        for reason, mistake in self.mistakes.items():
            need(not math.isclose(given, mistake(numbers), rel_tol=self.rtol), reason)
        raise WrongAnswerError(f"{given:.6g} is too {'large' if given > value else 'small'}")


@dataclass(frozen=True)
class Choice:
    """Judges one of several words.

    Attributes
    ----------
    value : callable(numbers)
        The right one.
    reasons : mapping of str to str
        All of them, and what to say to each where it is wrong.
    """

    value: Callable[[Any], str]
    reasons: Mapping[str, str]

    def __call__(self, answer: Any, numbers: Any) -> None:
        """Raise unless it is right."""
        offered = ", ".join(repr(word) for word in self.reasons)
        known = isinstance(answer, str) and answer in self.reasons
        need(known, f"the answer must be one of {offered}, got {_shown(answer)}")
        need(answer == self.value(numbers), self.reasons.get(answer, ""))


# ---------------------------------------------------------------- what judges are made of


def need(holds: Any, reason: str) -> None:
    """Raise with this reason unless it holds."""
    if not holds:
        raise WrongAnswerError(reason)


def as_number(answer: Any, what: str = "the answer") -> float:
    """A finite float, or the reason why it is none."""
    return float(as_array(answer, (), what))


def as_array(answer: Any, shape: tuple[int | None, ...], what: str = "the answer") -> FloatArray:
    """Finite floats of this shape, None being any length, or the reason why they are not."""
    kind = f"an array of shape {shape}".replace("None", "k") if shape else "a number"
    try:
        found = np.asarray(answer)
    except ValueError:  # rows of different length
        found = np.array(None)
    fits = found.ndim == len(shape) and all(
        wanted in (None, length) for wanted, length in zip(shape, found.shape, strict=True)
    )
    is_real = found.dtype.kind in "iuf"
    need(is_real and fits, f"{what} must be {kind}, got {_shown(answer)}")
    need(np.isfinite(found).all(), f"{what} must be finite, got {_shown(answer)}")
    return found.astype(float)


def called(answer: Any, *arguments: Any) -> Any:
    """What the student's function returns, or the reason why it returns nothing."""
    need(callable(answer), f"the answer must be a function, got {_shown(answer)}")
    try:
        return answer(*arguments)
    except Exception as error:
        raise WrongAnswerError(
            f"the function raised {type(error).__name__}: {shortened(str(error), 80)}"
        ) from error


def _shown(answer: Any) -> str:
    return shortened(" ".join(repr(answer).split()), 60)
