"""The compiled loops of Wasserstein distances of relabeled samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.inference.statistics import BoolArray
from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.exact import emd_from_cost
from otgan.transport.network_simplex.batch import certified_cost
from otgan.transport.network_simplex.dense import MAX_DENSE_ARCS, solve_dense

__all__ = ["mean_area", "optimal_costs"]

PIVOTS = 1_000_000
"""Before a problem is handed to the solver for large ones."""


def optimal_costs(matrix: FloatArray, labels: BoolArray, n: int) -> FloatArray:
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
    for at in np.flatnonzero(np.isnan(costs)):
        costs[at] = emd_from_cost(matrix[np.ix_(labels[at], ~labels[at])]).cost
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
        i_, j_, mass, f, _, _, finished = solve_dense(cost, mass_x, mass_y, PIVOTS)
        if finished:
            costs[at] = certified_cost(cost, a, b, (i_, j_, mass), f)
    return costs


@compiled
def mean_area(labels: Any, order: Any, gaps: Any, n: Any) -> Any:
    """Mean area between the distribution functions of either label, for every row of labels.

    Parameters
    ----------
    labels : ndarray of bool, shape (B, N)
        With n True in each row.
    order : ndarray of int32, shape (L, N)
        The points from left to right, on each of L lines.
    gaps : ndarray, shape (L, N - 1)
        From each to the next.
    n : int

    Returns
    -------
    ndarray, shape (B,)
    """
    total = labels.shape[1]
    values = np.empty(len(labels))
    for b in range(len(labels)):
        row = labels[b]
        area = 0.0
        for line in range(len(order)):
            seen = 0
            for i in range(total - 1):
                seen += row[order[line, i]]
                # F - G = seen/n - (i + 1 - seen)/m, times n m: whole, so that ties are exact
                area += gaps[line, i] * abs(seen * total - (i + 1) * n)
        values[b] = area / (n * (total - n)) / len(order)
    return values
