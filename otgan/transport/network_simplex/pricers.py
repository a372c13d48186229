"""The costs of one level: on arcs, and the smallest reduced costs beside potentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from otgan.measures import FloatArray, IntArray
from otgan.transport.network_simplex.kdtree import Cells
from otgan.transport.network_simplex.matrix_search import smallest_in_columns, smallest_in_rows
from otgan.transport.network_simplex.point_costs import cost_matrix, pair_costs
from otgan.transport.network_simplex.pricing import MAX_CELL_DIMENSION, smallest_reduced_costs
from otgan.transport.network_simplex.reduced_costs import Search, SmallestReducedCosts

__all__ = ["MatrixPricer", "PointPricer", "Pricer", "with_stored_costs"]

MAX_STORED_COSTS = 2**25
"""Costs that are stored in many dimensions (256 MiB)."""


class Pricer(Protocol):
    """The costs of one level: on arcs, and the smallest beside potentials."""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        ...

    def costs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs on a list of arcs."""
        ...

    def of_sources(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - g_j of each source i below its threshold."""
        ...

    def of_targets(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - f_i of each target j below its threshold."""
        ...


@dataclass(frozen=True)
class PointPricer:
    """Costs norm ** power between two clouds in cells."""

    x: Cells
    y: Cells
    norm: tuple[int, float]
    n_jobs: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.x.columns.shape[1], self.y.columns.shape[1]

    def costs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs on a list of arcs."""
        costs: FloatArray = pair_costs(self.x.columns, self.y.columns, i, j, self.norm)
        return costs

    def of_sources(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - g_j of each source i; f guides the search."""
        search = Search.of(g, threshold, k, self.norm)
        return smallest_reduced_costs(self.x, self.y, f, search, self.n_jobs)

    def of_targets(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - f_i of each target j; g guides the search."""
        search = Search.of(f, threshold, k, self.norm)
        return smallest_reduced_costs(self.y, self.x, g, search, self.n_jobs)


@dataclass(frozen=True)
class MatrixPricer:
    """A stored cost matrix; inf entries are never priced in."""

    matrix: FloatArray
    n_jobs: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.matrix.shape[0], self.matrix.shape[1]

    def costs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs on a list of arcs."""
        return self.matrix[i, j]

    def of_sources(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - g_j of each source i."""
        return smallest_in_rows(self.matrix, Search.of(g, threshold, k), self.n_jobs)

    def of_targets(
        self, f: FloatArray, g: FloatArray, threshold: FloatArray, k: int
    ) -> SmallestReducedCosts:
        """The k smallest C_ij - f_i of each target j."""
        return smallest_in_columns(self.matrix, Search.of(f, threshold, k), self.n_jobs)


def with_stored_costs(pricer: PointPricer) -> Pricer:
    """In many dimensions, where cells rule nothing out: all costs, if they fit into memory."""
    n, m = pricer.shape
    if len(pricer.x.columns) <= MAX_CELL_DIMENSION or n * m > MAX_STORED_COSTS:
        return pricer
    x, y = pricer.x.columns.T, pricer.y.columns.T
    return MatrixPricer(cost_matrix(x, y, pricer.norm, pricer.n_jobs), pricer.n_jobs)
