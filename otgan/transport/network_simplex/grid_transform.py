"""c-transforms on grids, axis by axis, with the cells where the minima are.

The cost is a sum over axes, so min_x sum_k h_k(x_k - y_k) + v(x) is a minimum along the first axis,
of which the minimum along the second one is taken, and so on. Along one axis h is convex, which
makes h_k(x_k - y_k) a Monge matrix: a minimum for larger y is at an x at least as large, so that a
minimum in the middle bounds those on either side. O(n log n) for a line of n cells.

On a periodic axis every line is laid out three times: h grows with the distance, so that the
nearest copy counts.

Source: Aggarwal, Klawe, Moran, Shor, Wilber, Geometric applications of a matrix-searching algorithm
(1987), for minima of Monge matrices.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.grid_cost import GridCost
from otgan.transport.network_simplex.candidates import Nodes

__all__ = ["Axis", "grid_transform", "transform_of_cost"]


class Axis(NamedTuple):
    """One axis of all levels of a grid, whose positions count half cells of the finest one.

    Attributes
    ----------
    cells : int
        How many cells the finest level has.
    power : ndarray
        The cost of a distance, by half cells: as far as any two positions are apart.
    wraps : bool
        Whether it is periodic.
    """

    cells: int
    power: FloatArray
    wraps: bool

    @classmethod
    def of(cls, cells: int, spacing: float, wraps: bool, p: float) -> Axis:
        """An axis of so many cells, at this distance from each other."""
        power: FloatArray = np.arange(8.0 * cells + 1) * (spacing / 2)
        return cls(cells, power**p, wraps)

    @property
    def costs(self) -> FloatArray:
        """The cost of a difference of positions, the shorter way round if it is periodic."""
        half_cells = np.arange(4 * self.cells + 1)
        if self.wraps:
            half_cells = np.minimum(half_cells, abs(2 * self.cells - half_cells))
        return self.power[half_cells]


def grid_transform(
    values: FloatArray, axes: list[Axis], here: list[Nodes], there: list[Nodes]
) -> tuple[FloatArray, Nodes]:
    """The least ``C(x, y) + values[x]`` over all cells x, for every y, and where it is.

    Parameters
    ----------
    values : ndarray, shape (n_1, ..., n_d)
        May be infinite.
    axes : list of Axis
    here, there : list of ndarray
        Positions of the cells along every axis, of x and of y.

    Returns
    -------
    least : ndarray, shape (m_1, ..., m_d)
    cell : ndarray, shape (m_1, ..., m_d)
        The number of x in the order of ``values.ravel()``.
    """
    least, cell = values, np.arange(values.size, dtype=np.int32).reshape(values.shape)
    for k, axis in enumerate(axes):
        shape = least.shape
        lines = math.prod(shape[:k]), shape[k], math.prod(shape[k + 1 :])
        x = here[k]
        if axis.wraps:
            turn = np.int32(2 * axis.cells)
            x = np.concatenate([x - turn, x, x + turn])
        least, cell = _along_axis(
            least.reshape(lines), cell.reshape(lines), x, there[k], axis.power
        )
        shape = (*shape[:k], len(there[k]), *shape[k + 1 :])
        least, cell = least.reshape(shape), cell.reshape(shape)
    return least, cell


def transform_of_cost(cost: GridCost, f: FloatArray) -> FloatArray:
    """min_i C_ij - f_i for every cell j, in the order of ``ravel()``."""
    axes = zip(cost.grid, cost.spacing, cost.periodic, strict=True)
    places = [(2 * np.arange(n)).astype(np.int32) for n in cost.grid]
    values = -f.reshape(cost.grid)
    least, _ = grid_transform(values, [Axis.of(*axis, cost.p) for axis in axes], places, places)
    return least.ravel()


@compiled
def _along_axis(
    values: FloatArray, cells: Nodes, x: Nodes, y: Nodes, power: FloatArray
) -> tuple[FloatArray, Nodes]:
    """The least power[|x - y|] + value along the axis in the middle, and the cell that it is of."""
    before, n, after = values.shape
    least, cell = np.empty((before, len(y), after)), np.zeros((before, len(y), after), np.int32)
    line, best = np.empty(len(x)), np.empty(len(y), np.int32)
    minimum = np.empty(len(y))
    for s in range(before):
        for t in range(after):
            finite = False
            for k in range(len(x)):
                line[k] = values[s, k % n, t]
                finite |= line[k] < np.inf
            if not finite:
                least[s, :, t] = np.inf
                continue
            _minima(line, x, y, power, minimum, best)
            for k in range(len(y)):
                least[s, k, t] = minimum[k]
                cell[s, k, t] = cells[s, best[k] % n, t]
    return least, cell


@compiled
def _minima(
    line: FloatArray, x: Nodes, y: Nodes, power: FloatArray, minimum: FloatArray, best: Nodes
) -> None:
    """The minima of one line: that in the middle first, then those between known ones."""
    m = len(y)
    step = 1
    while step < m:
        step *= 2
    while step > 0:
        for k in range(step - 1, m, 2 * step):
            low = best[k - step] if k >= step else 0
            high = best[k + step] if k + step < m else len(x) - 1
            least, at = np.inf, low
            for s in range(low, high + 1):
                value = power[abs(x[s] - y[k])] + line[s]
                if value < least:
                    least, at = value, s
            minimum[k], best[k] = least, at
        step //= 2
