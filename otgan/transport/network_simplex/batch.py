"""Many small problems between clouds of points in one compiled call, each with its proof."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.costs import Metric, PointCost
from otgan.measures import DiscreteMeasure, FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.interpretation import interpreting_small
from otgan.transport.network_simplex.dense import MAX_DENSE_ARCS, MAX_PIVOTS, solve_dense
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    as_masses,
    equal_masses,
    extremes,
    words_for,
)
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.point_costs import to_reduced_costs, write_sizes
from otgan.transport.result import EXACT_RTOL
from otgan.transport.rounding import EPS, MARGINAL_TOLERANCE

__all__ = ["certified_cost", "in_range", "optimal_costs"]

DUAL_ROUNDING = 4 * EPS
"""Rounding of the dual value, as a fraction of the Euclidean norm of its terms."""


class _Clouds(NamedTuple):
    """Clouds one after another: the points of k are start[k] ... start[k + 1] - 1."""

    columns: FloatArray
    start: npt.NDArray[np.int64]
    weights: FloatArray
    masses: Masses
    equal: npt.NDArray[np.bool_]


def optimal_costs(
    rows: list[DiscreteMeasure],
    columns: list[DiscreteMeasure],
    pairs: npt.NDArray[np.int64],
    metric: Metric,
    p: float,
) -> FloatArray:
    """Optimal costs between rows[k] and columns[l] for the pairs (k, l).

    Parameters
    ----------
    rows, columns : list of DiscreteMeasure
        With positive weights.
    pairs : ndarray, shape (P, 2)
    metric : str or callable
    p : float

    Returns
    -------
    ndarray, shape (P,)
        NaN where nothing was proved: for callables, for pairs with more than `MAX_DENSE_ARCS`
        arcs, for extents whose powers leave the range of float64, and where the bracket stayed
        wider than 1e-9 of the cost.
    """
    if not isinstance(metric, str):
        return np.full(len(pairs), np.nan)
    x, y = (np.concatenate([mu.points for mu in side]) for side in (rows, columns))
    norm: str = metric
    power = p
    if metric == "cosine" and (normed := PointCost(x, y, metric, p).normed()) is not None:
        x, y, norm, power = normed.x, normed.y, normed.norm, normed.power
    elif metric == "sqeuclidean":  # not centered: that would cost clouds near the origin digits
        norm, power = "euclidean", 2 * p
    with interpreting_small(sum(rows[i].n * columns[j].n for i, j in pairs)):
        weighted = any(mu.masses is not None for mu in rows + columns)
        least = min(float(mu.weights.min()) for mu in rows + columns)
        words = words_for(least) if weighted else 0
        of_x, of_y = _joined(rows, x, words), _joined(columns, y, words)
        return _certified_costs(of_x, of_y, pairs, Norm.named(norm, power))


def _joined(measures: list[DiscreteMeasure], points: FloatArray, words: int) -> _Clouds:
    return _Clouds(
        np.ascontiguousarray(points.T),
        np.concatenate([[0], np.cumsum([mu.n for mu in measures])]),
        np.concatenate([mu.weights for mu in measures]),
        np.concatenate([_masses(mu, words) for mu in measures]),
        np.array([mu.masses is None for mu in measures]),
    )


def _masses(mu: DiscreteMeasure, words: int) -> Masses:
    """In so many words; with none, where all weights are equal, and counted in whole units."""
    return as_masses(mu.weights, words) if words else np.empty((mu.n, 0), np.int64)


@compiled
def _certified_costs(
    x: _Clouds, y: _Clouds, pairs: npt.NDArray[np.int64], norm: Norm
) -> FloatArray:
    costs = np.empty(len(pairs))
    for at in range(len(pairs)):
        costs[at] = np.nan
        s, t = pairs[at, 0], pairs[at, 1]
        here, there = slice(x.start[s], x.start[s + 1]), slice(y.start[t], y.start[t + 1])
        of_x, of_y = x.columns[:, here], y.columns[:, there]
        n, m = of_x.shape[1], of_y.shape[1]
        if n * m > MAX_DENSE_ARCS or not in_range(of_x, of_y, norm.power):
            continue
        matrix = np.empty((n, m))
        sources, targets = (here.start, here.stop), (there.start, there.stop)
        write_sizes(x.columns, y.columns, sources, targets, norm, norm.extent, matrix)
        for i in range(n):
            to_reduced_costs(matrix[i], np.zeros(m), norm.exponent)
        a, b = x.weights[here], y.weights[there]
        if x.equal[s] and y.equal[t]:  # in whole units: no mass is rounded
            masses = equal_masses(n, m)
        else:
            masses = x.masses[here].copy(), y.masses[there].copy()
        s_, t_, mass, f, _, _, finished = solve_dense(matrix, masses[0], masses[1], MAX_PIVOTS)
        if finished:
            costs[at] = certified_cost(matrix, a, b, (s_, t_, mass), f)
    return costs


@compiled
def in_range(x: FloatArray, y: FloatArray, power: float) -> bool:
    """Whether the powers of all distances are far from overflow and underflow."""
    extent = 0.0
    for c in range(x.shape[0]):
        least, most = extremes(x[c])
        least_y, most_y = extremes(y[c])
        extent = max(extent, max(most, most_y) - min(least, least_y))
    if extent == 0.0:
        return True
    return 1e-145 < extent < 1e145 and max(power, 2.0) * abs(math.log10(extent)) < 290.0


@compiled
def certified_cost(
    matrix: FloatArray,
    a: FloatArray,
    b: FloatArray,
    plan: tuple[IntArray, IntArray, FloatArray],
    f: FloatArray,
    positive: bool = True,
) -> float:
    """The cost of the plan; NaN unless it is a plan and f proves that no other costs less.

    Where no cost is negative, as `positive` says, zero is a lower bound too.
    """
    i, j, mass = plan
    missing_a, missing_b = a.copy(), b.copy()
    cost = 0.0
    for e in range(len(mass)):
        cost += mass[e] * matrix[i[e], j[e]]
        missing_a[i[e]] -= mass[e]
        missing_b[j[e]] -= mass[e]
    missing = 0.0
    for s in range(len(a)):
        missing += abs(missing_a[s])
    for t in range(len(b)):
        missing += abs(missing_b[t])
    if missing > MARGINAL_TOLERANCE:
        return np.nan
    g = np.empty(len(b))
    for t in range(len(b)):
        g[t] = np.inf
    lower = size = 0.0
    for s in range(len(a)):
        lower += a[s] * f[s]
        size = math.hypot(size, a[s] * f[s])
        row, here = matrix[s], f[s]
        for t in range(len(b)):
            g[t] = min(g[t], row[t] - here)
    for t in range(len(b)):
        lower += b[t] * g[t]
        size = math.hypot(size, b[t] * g[t])
    lower -= DUAL_ROUNDING * size
    if positive:
        lower = max(lower, 0.0)
    return cost if cost - lower <= EXACT_RTOL * abs(cost) else np.nan
