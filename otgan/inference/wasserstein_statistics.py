"""Wasserstein distances of order 1 as statistics of labels: exact, and sliced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.spatial.distance import pdist, squareform

from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray, LabelStatistic, check_pool_size
from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.exact import solve_costs
from otgan.transport.network_simplex.batch import certified_cost
from otgan.transport.network_simplex.dense import MAX_DENSE_ARCS, solve_dense
from otgan.transport.sliced import RelabeledLines

__all__ = ["SlicedWasserstein", "Wasserstein"]

BATCH_ARCS = 10**6
"""Pairs of points, times permutations, that are valued at once, about."""

BATCH_STEPS = 10**7
"""Points, times projections and permutations, that are valued at once, about."""

MAX_PIVOTS = 1_000_000
"""Of a small problem, before it is handed to the solver for large ones."""


@dataclass(frozen=True)
class Wasserstein:
    """The exact Wasserstein distance of order 1 between the samples.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), Proposition 2.2 and section 2.6.
    """

    name: ClassVar[str] = "wasserstein"

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """On the line, one sort; otherwise all distances."""
        n, m = len(x), len(y)
        pool = np.concatenate([x, y])
        if pool.shape[1] == 1:
            return _between_projections(pool, n)
        check_pool_size(n, m, self.name)
        matrix = squareform(pdist(pool))
        batch = int(np.clip(BATCH_ARCS // (n * m), 1, 64))
        return LabelStatistic(n, m, lambda labels: _optimal_costs(matrix, labels, n), batch)


@checks_keywords
@dataclass(frozen=True)
class SlicedWasserstein:
    """The sliced Wasserstein distance of order 1: the mean of W1 over random projections.

    Attributes
    ----------
    n_projections : int
        How many directions; they are drawn once, and the same for every permutation. The line has
        one.

    References
    ----------
    Bonneel et al., Sliced and Radon Wasserstein barycenters of measures (2015).
    """

    n_projections: int = 100
    name: ClassVar[str] = "sliced"

    def __post_init__(self) -> None:
        as_count(self.n_projections, "n_projections")

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """One sort in every direction."""
        pool = np.concatenate([x, y])
        if pool.shape[1] == 1:
            return _between_projections(pool, len(x))
        directions = rng.normal(size=(pool.shape[1], self.n_projections))
        directions /= np.linalg.norm(directions, axis=0)
        return _between_projections(pool @ directions, len(x))


def _between_projections(projections: FloatArray, n: int) -> LabelStatistic:
    """Mean over the columns of W1 = ∫ |F - G| between the projections of x and of y."""
    lines = RelabeledLines.of(projections, n)
    batch = int(np.clip(BATCH_STEPS // projections.size, 1, 256))
    return LabelStatistic(n, len(projections) - n, lines.mean_distances, batch)


# ---------------------------------------------------------------- loops


def _optimal_costs(matrix: FloatArray, labels: BoolArray, n: int) -> FloatArray:
    """Optimal cost of moving the points labeled True to the others, for every row of labels.

    Parameters
    ----------
    matrix : ndarray, shape (N, N)
        Costs between all points.
    labels : ndarray of bool, shape (B, N)
        With n True in each row.
    n : int

    Returns
    -------
    ndarray, shape (B,)
        Each proved to 1e-9 of itself.

    Raises
    ------
    SolverError
        A bracket stayed wider.
    """
    small = n * (labels.shape[1] - n) <= MAX_DENSE_ARCS
    costs = _small_costs(matrix, labels, n) if small else np.full(len(labels), np.nan)
    a, b = (np.full(size, 1 / size) for size in (n, labels.shape[1] - n))
    for at in np.flatnonzero(np.isnan(costs)):
        costs[at] = solve_costs(matrix[np.ix_(labels[at], ~labels[at])], a, b).cost
    return costs


@compiled
def _small_costs(matrix: Any, labels: Any, n: Any) -> Any:
    """Costs by the solver for small problems; NaN where one is not proved."""
    m = labels.shape[1] - n
    common = np.gcd(n, m)
    mass_x, mass_y = np.full((n, 1), m // common), np.full((m, 1), n // common)
    a, b = np.full(n, 1.0 / n), np.full(m, 1.0 / m)
    costs = np.full(len(labels), np.nan)
    for at in range(len(labels)):
        rows, columns = np.flatnonzero(labels[at]), np.flatnonzero(~labels[at])
        cost = np.empty((n, m))
        for i in range(n):
            for j in range(m):
                cost[i, j] = matrix[rows[i], columns[j]]
        i_, j_, mass, f, _, _, finished = solve_dense(cost, mass_x, mass_y, MAX_PIVOTS)
        if finished:
            costs[at] = certified_cost(cost, a, b, (i_, j_, mass), f)
    return costs
