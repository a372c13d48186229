"""Statistics of two samples as functions of labels: prepared once, then valued many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["LARGEST_POOL", "BoolArray", "LabelStatistic", "Statistic", "check_pool_size"]

BoolArray = npt.NDArray[np.bool_]

LARGEST_POOL = 20_000
"""Points whose matrix of distances is stored: 3.2 GB, and half as much again while it is made."""


class LabelStatistic(NamedTuple):
    """A statistic of two samples as a function of labels alone; the points are fixed.

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

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """Do once what no permutation changes."""
        ...


def check_pool_size(n: int, m: int, name: str) -> None:
    """Raise if the distances between all points of the pool would not fit into memory."""
    if n + m > LARGEST_POOL:
        raise InvalidInputError(
            f"x and y must have at most {LARGEST_POOL:,} points together for {name!r}, which "
            f"stores the distances between all of them, got {n + m:,}; to fix it, use "
            'statistic="sliced", which stores none, or a random subset of the points'
        )
