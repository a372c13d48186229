"""The k smallest reduced costs of every source: what is asked for, and where it is written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.norm import Norm

__all__ = ["Search", "SmallestReducedCosts", "insert", "nothing_found"]


class SmallestReducedCosts(NamedTuple):
    """The k smallest C_ij - g_j of each source, in order; j is -1 where there are fewer."""

    value: FloatArray
    j: npt.NDArray[np.int32]


def nothing_found(n: int) -> SmallestReducedCosts:
    """No arcs of n sources."""
    return SmallestReducedCosts(np.full((n, 1), np.inf), np.full((n, 1), -1, np.int32))


ANY = Norm.named("euclidean", 1.0)
"""Of a search among stored costs, which asks for none."""


class Search(NamedTuple):
    """Which reduced costs C_ij - g_j are wanted of every source, and those found so far.

    Attributes
    ----------
    g : ndarray, shape (m,)
    threshold : ndarray, shape (n,)
        Only smaller ones are wanted; may be infinite.
    norm : Norm
    found : SmallestReducedCosts
    """

    g: FloatArray
    threshold: FloatArray
    norm: Norm
    found: SmallestReducedCosts

    @classmethod
    def of(cls, g: FloatArray, threshold: FloatArray, k: int, norm: Norm = ANY) -> Search:
        """A search that has found nothing yet.

        Loops are compiled once: for arrays that are contiguous.
        """
        g, threshold = np.ascontiguousarray(g), np.ascontiguousarray(threshold)
        n = len(threshold)
        found = SmallestReducedCosts(np.full((n, k), np.inf), np.full((n, k), -1, np.int32))
        return cls(g, threshold, norm, found)


@compiled
def insert(value: FloatArray, index: npt.NDArray[np.int32], reduced: float, j: int) -> None:
    """Insert into a list in order, whose last entry is dropped."""
    at = len(value) - 1
    while at > 0 and value[at - 1] > reduced:
        value[at], index[at] = value[at - 1], index[at - 1]
        at -= 1
    value[at], index[at] = reduced, j
