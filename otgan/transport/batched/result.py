"""Optimal plans of a stack of problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.couplings import Arcs

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

    @classmethod
    def of_one(cls, arcs: Arcs, f: FloatArray, g: FloatArray, cost: float) -> StackedPlans:
        """A stack of one, its arcs filled up to n + m."""
        i, j = (np.asarray(index, np.int64)[None] for index in arcs[:2])
        plan = cls(np.full(1, cost), i, j, np.asarray(arcs.mass)[None], f[None], g[None])
        return plan.filled(len(f) + len(g))

    @classmethod
    def joined(cls, stacks: Sequence[StackedPlans]) -> StackedPlans:
        """Stacks of problems of equal sizes as one."""
        longest = max(stack.i.shape[1] for stack in stacks)
        filled = [stack.filled(longest) for stack in stacks]
        return cls(*(np.concatenate(parts) for parts in zip(*filled, strict=True)))

    def filled(self, k: int) -> StackedPlans:
        """The same with k arcs each, if there were fewer."""
        more = (0, 0), (0, max(0, k - self.i.shape[1]))
        i, j = np.pad(self.i, more, "edge"), np.pad(self.j, more, "edge")
        return self._replace(i=i, j=j, mass=np.pad(self.mass, more))
