"""Arcs between the cells of a grid: their costs, and those of small reduced cost."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Nodes
from otgan.transport.network_simplex.grid_levels import GridLevel, GridSide
from otgan.transport.network_simplex.grid_transform import Axis, grid_transform
from otgan.transport.network_simplex.reduced_costs import SmallestReducedCosts, insert

__all__ = ["GridPricer"]


class GridPricer(NamedTuple):
    """The costs of one level.

    Attributes
    ----------
    axes : list of Axis
    costs : ndarray, shape (d, half cells)
        By axis, the cost of a difference of positions.
    wraps : ndarray, shape (d,)
        Which axes are periodic.
    level : GridLevel
    """

    axes: list[Axis]
    costs: FloatArray
    wraps: npt.NDArray[np.bool_]
    level: GridLevel

    @classmethod
    def of(cls, axes: list[Axis], level: GridLevel) -> GridPricer:
        """The costs of a level of a grid with these axes."""
        costs = np.zeros((len(axes), max(len(axis.costs) for axis in axes)))
        for row, axis in zip(costs, axes, strict=True):
            row[: len(axis.costs)] = axis.costs
        return cls(axes, costs, np.array([axis.wraps for axis in axes]), level)

    def arcs(self, i: Nodes, j: Nodes) -> FloatArray:
        """The costs on a list of arcs."""
        costs: FloatArray = _arc_costs(self.costs, self.level.x.place, self.level.y.place, i, j)
        return costs

    def of_sources(self, g: FloatArray, threshold: FloatArray, k: int) -> SmallestReducedCosts:
        """Of each source i the k smallest C_ij - g_j below its threshold, around the smallest."""
        return self._around(self.level.x, self.level.y, g, threshold, k)

    def of_targets(self, f: FloatArray, threshold: FloatArray, k: int) -> SmallestReducedCosts:
        """Of each target j the k smallest C_ij - f_i below its threshold, around the smallest."""
        return self._around(self.level.y, self.level.x, f, threshold, k)

    def from_coarse(self, coarse: GridLevel, f: FloatArray) -> FloatArray:
        """The least C_ij - f_i of every target j over the sources of a coarser level."""
        values = _on_grid(coarse.x, coarse.shape, f)
        least, _ = grid_transform(values, self.axes, coarse.positions, self.level.positions)
        return least.ravel()[self.level.y.cell]

    def _around(
        self, here: GridSide, there: GridSide, potential: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        shape, positions = self.level.shape, self.level.positions
        values = _on_grid(there, shape, potential)
        least, cell = grid_transform(values, self.axes, positions, positions)
        found = SmallestReducedCosts(
            np.full((len(here.cell), k), np.inf), np.full((len(here.cell), k), -1, np.int32)
        )
        _look_around(
            self.costs, np.array(shape), self.wraps, _offsets(len(shape)), here, there, potential,
            least.ravel(), cell.ravel(), threshold, found,
        )  # fmt: skip
        return found


def _on_grid(side: GridSide, shape: tuple[int, ...], potential: FloatArray) -> FloatArray:
    """Minus the potential on the whole grid, inf where there is no mass."""
    values = np.full(len(side.node), np.inf)
    values[side.cell] = -potential
    return values.reshape(shape)


@cache
def _offsets(d: int) -> npt.NDArray[np.int64]:
    """The cells around a cell, and itself, by their differences."""
    return np.stack(np.meshgrid(*[[-1, 0, 1]] * d, indexing="ij"), axis=-1).reshape(-1, d)


@compiled
def _arc_costs(costs: FloatArray, x: Nodes, y: Nodes, i: IntArray, j: IntArray) -> FloatArray:
    result = np.zeros(len(i))
    for e in range(len(i)):
        for k in range(costs.shape[0]):
            result[e] += costs[k, abs(x[i[e], k] - y[j[e], k])]
    return result


@compiled
def _look_around(
    costs: FloatArray,
    shape: IntArray,
    wraps: npt.NDArray[np.bool_],
    offsets: npt.NDArray[np.int64],
    here: GridSide,
    there: GridSide,
    potential: FloatArray,
    least: FloatArray,
    nearest: Nodes,
    threshold: FloatArray,
    found: SmallestReducedCosts,
) -> None:
    """Insert the cells around the one where the minimum is that are below the threshold."""
    value, index = found
    k, d = value.shape[1], len(shape)
    for i in range(len(here.cell)):
        if not least[here.cell[i]] < threshold[i]:
            value[i, 0] = least[here.cell[i]]
            continue
        value[i, 0], index[i, 0] = least[here.cell[i]], there.node[nearest[here.cell[i]]]
        if k == 1:
            continue
        for o in range(len(offsets)):
            cell, rest, step = 0, nearest[here.cell[i]], 1
            inside, same = True, True
            for c in range(d - 1, -1, -1):
                at = rest % shape[c] + offsets[o, c]
                rest //= shape[c]
                same &= offsets[o, c] == 0
                if wraps[c]:
                    at %= shape[c]
                inside &= 0 <= at < shape[c]
                cell += at * step
                step *= shape[c]
            j = there.node[cell] if inside and not same else -1
            if j < 0:
                continue
            reduced = -potential[j]
            for c in range(d):
                reduced += costs[c, abs(here.place[i, c] - there.place[j, c])]
            if reduced < min(threshold[i], value[i, k - 1]):
                insert(value[i, 1:], index[i, 1:], reduced, j)
