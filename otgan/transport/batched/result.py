"""Optimal plans of a stack of problems."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray

__all__ = ["StackedPlans"]


class StackedPlans(NamedTuple):
    """Optimal costs (B,), plans as lists of arcs (B, k), and potentials (B, n) and (B, m).

    Plans of fewer than k arcs repeat their first one without mass.
    """

    cost: FloatArray
    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    mass: FloatArray
    f: FloatArray
    g: FloatArray

    @classmethod
    def empty(cls, size: int, n: int, m: int) -> StackedPlans:
        """Arrays for them; a cost is NaN until it is proved."""
        k = n + m
        i, j = np.zeros((size, k), np.int64), np.zeros((size, k), np.int64)
        mass, f, g = np.zeros((size, k)), np.zeros((size, n)), np.zeros((size, m))
        return cls(np.full(size, np.nan), i, j, mass, f, g)
