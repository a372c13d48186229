"""What a permutation test asks of a statistic: prepare once, then value many relabelings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["BoolArray", "FunctionOfSamples", "Prepared", "Statistic", "check_matrix"]

BoolArray = npt.NDArray[np.bool_]

LARGEST_POOL = 20_000
"""Points whose matrix of distances is stored: 3.2 GB, and half as much again while it is made."""


class Prepared(NamedTuple):
    """A statistic as a function of labels alone; the points are fixed.

    Attributes
    ----------
    n, m : int
        How many of the permuted points are labeled x and y, the n of x first.
    values : callable
        From labels, shape (B, n + m), True for x, n of them in each row, to values, shape (B,).
        Large values speak against equal distributions.
    batch : int
        Rows to value at once: many where that is faster, few where each takes long, as there is
        no report and no clean interrupt in between.
    """

    n: int
    m: int
    values: Callable[[BoolArray], FloatArray]
    batch: int


class Statistic(Protocol):
    """A statistic of two samples, large where their distributions differ."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """Do once what no permutation changes."""
        ...


@dataclass(frozen=True)
class FunctionOfSamples:
    """Any function of two arrays of points, called anew for every permutation."""

    function: Callable[[FloatArray, FloatArray], Any]

    @property
    def name(self) -> str:
        """The name of the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """The function on the points of either label."""
        pool = np.concatenate([x, y])

        def values(labels: BoolArray) -> FloatArray:
            return np.array([self._value(pool[row], pool[~row]) for row in labels])

        return Prepared(len(x), len(y), values, batch=1)

    def _value(self, x: FloatArray, y: FloatArray) -> float:
        value = self.function(x, y)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number):
            raise InvalidInputError(
                f"statistic must return a finite number, got {value!r}; to fix it, return a float "
                "for every two arrays of points"
            )
        return number


def check_matrix(n: int, m: int, name: str) -> None:
    """Raise if the distances between all points of the pool would not fit into memory."""
    if n + m > LARGEST_POOL:
        raise InvalidInputError(
            f"x and y must have at most {LARGEST_POOL:,} points together for {name!r}, which "
            f"stores the distances between all of them, got {n + m:,}; to fix it, use "
            'statistic="sliced", which stores none, or a random subset of the points'
        )
