"""The costs of one level: on arcs, and the smallest reduced costs beside potentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.network_simplex.candidates import Candidates, no_candidates
from otgan.transport.network_simplex.kdtree import Cells
from otgan.transport.network_simplex.matrix_search import smallest_in_columns, smallest_in_rows
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.point_costs import cost_matrix, pair_costs
from otgan.transport.network_simplex.pricing import MAX_CELL_DIMENSION, smallest_reduced_costs
from otgan.transport.network_simplex.reduced_costs import Search, SmallestReducedCosts

__all__ = ["LevelPricer", "MatrixPricer", "PointPricer", "Pricer"]

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

    def first_candidates(self) -> Candidates:
        """Arcs that are candidates from the start, whatever they cost."""
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


class LevelPricer(Pricer, Protocol):
    """The same of clouds in cells, which has coarser levels before it."""

    def from_coarse(self, coarse: Any) -> Pricer:
        """The costs from the sources of a coarser level, of this type, to the targets of this."""
        ...

    def stored(self) -> Pricer:
        """The same with all costs stored where cells rule nothing out."""
        ...


@dataclass(frozen=True)
class PointPricer:
    """Costs between two clouds in cells."""

    x: Cells
    y: Cells
    norm: Norm
    n_jobs: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.x.columns.shape[1], self.y.columns.shape[1]

    def costs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs on a list of arcs."""
        i, j = (nodes.astype(np.int32, copy=False) for nodes in (i, j))
        costs: FloatArray = pair_costs(self.x.columns, self.y.columns, i, j, self.norm)
        return costs

    def first_candidates(self) -> Candidates:
        """None."""
        return no_candidates(self.shape[0])

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

    def from_coarse(self, coarse: PointPricer) -> PointPricer:
        """The costs from the sources of a coarser level to the targets of this one."""
        return PointPricer(coarse.x, self.y, self.norm, self.n_jobs)

    def stored(self) -> PointPricer | MatrixPricer:
        """In many dimensions, where cells rule nothing out: all costs, if they fit into memory."""
        n, m = self.shape
        if len(self.x.columns) <= MAX_CELL_DIMENSION or n * m > MAX_STORED_COSTS:
            return self
        x, y = self.x.columns.T, self.y.columns.T
        return MatrixPricer(cost_matrix(x, y, self.norm, self.n_jobs), self.n_jobs)


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

    def first_candidates(self) -> Candidates:
        """None."""
        return no_candidates(self.shape[0])

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
