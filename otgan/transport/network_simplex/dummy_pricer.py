"""The costs of a level between two clouds that have a dummy point each, at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.dummy_points import DummyPrices
from otgan.transport.network_simplex.candidates import Candidates
from otgan.transport.network_simplex.coarsening import Cloud
from otgan.transport.network_simplex.fixed_point import Masses, amounts
from otgan.transport.network_simplex.pricers import MatrixPricer, PointPricer
from otgan.transport.network_simplex.reduced_costs import SmallestReducedCosts

__all__ = ["DummyPricer", "prices_of_cells", "with_dummy"]


@dataclass(frozen=True)
class DummyPricer:
    """A pricer of points and the prices of their dummies, whose arcs are all candidates."""

    points: PointPricer | MatrixPricer
    prices: DummyPrices

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets, dummies included."""
        n, m = self.points.shape
        return n + 1, m + 1

    def costs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs on a list of arcs."""
        n, m = self.points.shape
        of_points = (i < n) & (j < m)
        costs = np.append(self.prices.v, self.prices.between)[j]
        to_dummy = (i < n) & (j == m)
        costs[to_dummy] = self.prices.u[i[to_dummy]]
        costs[of_points] = self.points.costs(i[of_points], j[of_points])
        return costs

    def first_candidates(self) -> Candidates:
        """All arcs of the dummies."""
        n, m = self.points.shape
        start = np.append(np.arange(n + 1), n + m + 1)
        target = np.append(np.full(n, m), np.arange(m + 1)).astype(np.int32)
        return Candidates(start, target, np.concatenate([*self.prices[:2], [self.prices.between]]))

    def of_sources(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - g_j of each source i."""
        found = self.points.of_sources(f[:-1], g[:-1], threshold[:-1], k)
        return _with_dummies(found, self.prices, g, threshold)

    def of_targets(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - f_i of each target j."""
        found = self.points.of_targets(f[:-1], g[:-1], threshold[:-1], k)
        return _with_dummies(found, self.prices.T, f, threshold)

    def from_coarse(self, coarse: DummyPricer) -> DummyPricer:
        """The costs from the sources of a coarser level to the targets of this one."""
        assert isinstance(self.points, PointPricer) and isinstance(coarse.points, PointPricer)
        prices = self.prices._replace(u=coarse.prices.u)
        return DummyPricer(self.points.from_coarse(coarse.points), prices)

    def stored(self) -> DummyPricer:
        """The same with costs between points stored where cells rule nothing out."""
        assert isinstance(self.points, PointPricer)
        return DummyPricer(self.points.stored(), self.prices)


def _with_dummies(
    found: SmallestReducedCosts, prices: DummyPrices, g: FloatArray, threshold: FloatArray
) -> SmallestReducedCosts:
    """What was found of the points, with the arcs to the dummy target and of the dummy source."""
    k = found.value.shape[1]
    m = len(g) - 1
    to_dummy = _below(prices.u - g[-1], threshold[:-1])
    value = np.column_stack([found.value, to_dummy])
    j = np.column_stack([found.j, np.where(to_dummy < np.inf, m, -1).astype(np.int32)])
    order = value.argsort(axis=1, kind="stable")[:, :k]
    of_dummy = _below(np.append(prices.v, prices.between) - g, threshold[-1])
    first = of_dummy.argsort(kind="stable")[:k]
    last = SmallestReducedCosts(np.full((1, k), np.inf), np.full((1, k), -1, np.int32))
    last.value[0, : len(first)] = of_dummy[first]
    last.j[0, : len(first)] = np.where(of_dummy[first] < np.inf, first, -1)
    return SmallestReducedCosts(
        np.vstack([np.take_along_axis(value, order, 1), last.value]),
        np.vstack([np.take_along_axis(j, order, 1), last.j]),
    )


def _below(values: FloatArray, threshold: FloatArray) -> FloatArray:
    """The values below a threshold; the others are infinite."""
    return np.where(values < threshold, values, np.inf)


def with_dummy(cloud: Cloud, mass: Masses) -> Cloud:
    """The cloud of a level with a dummy of this mass, shape (1, words), at its end."""
    starts = np.append(cloud.starts, cloud.starts[-1] + 1)
    return Cloud(cloud.cells, np.vstack([cloud.masses, mass]), starts)


def prices_of_cells(prices: FloatArray, masses: Masses, starts: IntArray) -> FloatArray:
    """Prices of the points in cells, of which each begins at its start: means by mass."""
    if len(starts) == len(prices) + 1:
        return prices
    weights = amounts(masses)
    cells = starts[:-1]
    return np.add.reduceat(prices * weights, cells) / np.add.reduceat(weights, cells)
