"""Costs between the cells of a grid that are sums over its axes, none of them stored.

The cost of cells x and y is sum_k |x_k - y_k| ** p, where x_k is the coordinate of a cell's center
along axis k: a power of the minkowski distance of the same order. A least cost less potentials
over all cells is then found axis by axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from otgan.costs import BLOCK_ENTRIES, MatrixCost
from otgan.measures import FloatArray, IntArray

__all__ = ["GridCost"]


@dataclass(frozen=True, eq=False)
class GridCost:
    """The costs between all cells of a grid, in the order of ``ravel()``.

    Attributes
    ----------
    grid : tuple of int
        How many cells there are along every axis.
    spacing : tuple of float
        From a cell's center to the next one's, along every axis.
    periodic : tuple of bool
        Whether the last cell of an axis is next to the first one.
    p : float
    """

    grid: tuple[int, ...]
    spacing: tuple[float, ...]
    periodic: tuple[bool, ...]
    p: float

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        cells = math.prod(self.grid)
        return cells, cells

    @property
    def T(self) -> GridCost:
        """The same: it is symmetric."""
        return self

    @cached_property
    def steps(self) -> tuple[FloatArray, ...]:
        """For every axis the costs of 0, 1, ..., n_k - 1 cells' difference of position."""
        steps = []
        for count, spacing, wraps in zip(self.grid, self.spacing, self.periodic, strict=True):
            cells = np.arange(count)
            steps.append((np.minimum(cells, count - cells if wraps else cells) * spacing) ** self.p)
        return tuple(steps)

    @property
    def pairs_along_axes(self) -> int:
        """How many sums :meth:`c_transform` takes the least of."""
        return math.prod(self.grid) * sum(self.grid)

    def rows(self, rows: slice) -> FloatArray:
        """Costs of a block of sources to all targets."""
        cells = self.shape[0]
        block: FloatArray = self.arcs(np.arange(cells)[rows][:, None], np.arange(cells)[None, :])
        return block

    def arcs(self, i: IntArray, j: IntArray) -> FloatArray:
        """Costs on the arcs (i[k], j[k])."""
        places = zip(
            self.steps, np.unravel_index(i, self.grid), np.unravel_index(j, self.grid), strict=True
        )
        costs: FloatArray = sum(steps[abs(x - y)] for steps, x, y in places)
        return costs

    def restricted(self, sources: IntArray, targets: IntArray) -> MatrixCost:
        """The cost between some of the cells, stored."""
        return MatrixCost(self.arcs(np.asarray(sources)[:, None], np.asarray(targets)[None, :]))

    def c_transform(self, f: FloatArray) -> FloatArray:
        """min_i C_ij - f_i for every cell j: axis by axis the least of all sums, without bounds.

        O(N (n_1 + ... + n_d)) time for N cells.
        """
        least = -f.reshape(self.grid)
        for axis, steps in enumerate(self.steps):
            along = np.moveaxis(least, axis, -1)
            lines, cells = along.reshape(-1, len(steps)), np.arange(len(steps))
            best = np.empty_like(lines)
            for there in _blocks(len(steps), len(steps)):
                costs = steps[abs(cells[there, None] - cells)]
                for here in _blocks(len(lines), costs.size):
                    np.min(lines[here, None, :] + costs, axis=2, out=best[here, there])
            least = np.moveaxis(best.reshape(along.shape), -1, axis)
        return least.ravel()


def _blocks(count: int, entries: int) -> Iterator[slice]:
    """All of so many rows, in blocks that together have few entries."""
    step = max(1, BLOCK_ENTRIES // entries)
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))
