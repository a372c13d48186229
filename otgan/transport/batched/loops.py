"""The loops over stacks of small problems, compiled at their first call.

Apart from their callers because importing Numba takes some tenths of a second.
"""

from __future__ import annotations

import math

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.batched.result import StackedPlans
from otgan.transport.compiled import compiled
from otgan.transport.monotone_coupling import (
    northwest_fill,
    path_potentials,
    relative_deficit,
    weighted_gaps,
)
from otgan.transport.network_simplex.batch import certified_cost, in_range
from otgan.transport.network_simplex.dense import MAX_DENSE_ARCS, MAX_PIVOTS, solve_dense
from otgan.transport.network_simplex.fixed_point import balanced_masses_in_loop
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.point_costs import to_reduced_costs, write_sizes

__all__ = ["solve_clouds", "solve_lines", "solve_matrices"]


@compiled
def solve_clouds(
    first: int,
    last: int,
    plans: StackedPlans,
    x: FloatArray,
    y: FloatArray,
    a: FloatArray,
    b: FloatArray,
    norm: Norm,
) -> None:
    """Problems first ... last - 1 between points (B, n, d) and (B, m, d), or (1, ...)."""
    n, m = x.shape[1], y.shape[1]
    if n * m > MAX_DENSE_ARCS:
        return
    matrix, zeros = np.empty((n, m)), np.zeros(m)
    for k in range(first, last):
        of_x, of_y = x[k % len(x)].T.copy(), y[k % len(y)].T.copy()
        if not in_range(of_x, of_y, norm.power):
            continue
        _fill_with_costs(of_x, of_y, norm, zeros, matrix)
        _solve(matrix, a[k % len(a)], b[k % len(b)], k, plans)


@compiled
def solve_matrices(
    first: int, last: int, plans: StackedPlans, costs: FloatArray, a: FloatArray, b: FloatArray
) -> None:
    """Problems first ... last - 1 of cost matrices (B, n, m)."""
    if costs[0].size > MAX_DENSE_ARCS:
        return
    for k in range(first, last):
        if np.isfinite(costs[k]).all():
            _solve(costs[k], a[k % len(a)], b[k % len(b)], k, plans)


@compiled
def _fill_with_costs(
    of_x: FloatArray,
    of_y: FloatArray,
    norm: Norm,
    zeros: FloatArray,
    matrix: FloatArray,
) -> None:
    n, m = matrix.shape
    write_sizes(of_x, of_y, (0, n), (0, m), norm, norm.extent, matrix)
    for i in range(n):
        to_reduced_costs(matrix[i], zeros, norm.exponent)


@compiled
def _solve(matrix: FloatArray, a: FloatArray, b: FloatArray, k: int, plans: StackedPlans) -> None:
    """Solve between the points that carry mass; nothing is written unless it is proved."""
    costs, _, _, _, f, g = plans
    (rows, of_a), (columns, of_b) = _support(a), _support(b)
    core, positive = _core_of(matrix, rows, columns)
    mass_a, mass_b = balanced_masses_in_loop(of_a, of_b)
    i, j, mass, up, _, _, finished = solve_dense(core, mass_a, mass_b, MAX_PIVOTS)
    if not finished:
        return
    cost = certified_cost(core, of_a, of_b, (i, j, mass), up, positive)
    if math.isnan(cost):
        return
    costs[k] = cost
    _write_plan(plans, k, rows, columns, i, j, mass)
    _write_potentials(matrix, rows, up, f[k], g[k])


@compiled
def _core_of(matrix: FloatArray, rows: IntArray, columns: IntArray) -> tuple[FloatArray, bool]:
    """The costs between some points, and whether no cost is negative, of these or of others."""
    positive = True
    for s in range(matrix.shape[0]):
        for t in range(matrix.shape[1]):
            positive &= matrix[s, t] >= 0
    core = np.empty((len(rows), len(columns)))
    for s in range(len(rows)):
        row = matrix[rows[s]]
        for t in range(len(columns)):
            core[s, t] = row[columns[t]]
    return core, positive


@compiled
def _write_potentials(
    matrix: FloatArray, rows: IntArray, up: FloatArray, f: FloatArray, g: FloatArray
) -> None:
    """c-transforms of the potentials of some rows, so that points without mass have theirs too."""
    for t in range(len(g)):
        g[t] = np.inf
    for s in range(len(rows)):
        row = matrix[rows[s]]
        for t in range(len(g)):
            g[t] = min(g[t], row[t] - up[s])
    for s in range(len(f)):
        row, least = matrix[s], np.inf
        for t in range(len(g)):
            least = min(least, row[t] - g[t])
        f[s] = least


@compiled
def solve_lines(
    first: int,
    last: int,
    plans: StackedPlans,
    x: FloatArray,
    y: FloatArray,
    a: FloatArray,
    b: FloatArray,
    exponent: float,
) -> None:
    """Problems first ... last - 1 on the line, of the cost |x - y| ** exponent, by quantiles."""
    costs, _, _, _, f, g = plans
    n, m = x.shape[1], y.shape[1]
    k_arcs = n + m - 1
    i, j, mass = np.empty(k_arcs, np.int64), np.empty(k_arcs, np.int64), np.empty(k_arcs)
    gaps, along, detours = np.empty(k_arcs), np.empty(k_arcs), np.empty(k_arcs)
    for k in range(first, last):
        of_x, of_y = x[k % len(x)].T, y[k % len(y)].T
        if exponent != 1.0 and not in_range(of_x, of_y, exponent):
            continue
        order_x = np.argsort(of_x[0], kind="mergesort")
        order_y = np.argsort(of_y[0], kind="mergesort")
        sorted_x, sorted_y = of_x[0][order_x], of_y[0][order_y]
        of_a, of_b = a[k % len(a)][order_x], b[k % len(b)][order_y]
        _northwest_corner(of_a, of_b, i, j, mass)
        _, total = weighted_gaps(sorted_x, sorted_y, i, j, mass, gaps)
        costs[k] = total if exponent == 1.0 else _sum_of_powers(mass, gaps, exponent)
        for e in range(k_arcs):
            along[e] = abs(sorted_x[i[e]] - sorted_y[j[e]]) ** exponent
            detours[e] = -np.inf
            turned = 0 < e < k_arcs - 1 and i[e] != i[e - 1] and i[e + 1] == i[e]
            if turned and mass[e] == 0:
                detours[e] = abs(sorted_x[i[e - 1]] - sorted_y[j[e + 1]]) ** exponent
        up, down = path_potentials(i, j, along, detours)
        for s in range(n):
            f[k, order_x[s]] = up[s]
        for t in range(m):
            g[k, order_y[t]] = down[t]
        _write_plan(plans, k, order_x, order_y, i, j, mass)


@compiled
def _support(weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """The points that carry mass, and their weights."""
    points, positive = np.empty(len(weights), np.int64), np.empty(len(weights))
    count = 0
    for k in range(len(weights)):
        if weights[k] != 0:
            points[count], positive[count] = k, weights[k]
            count += 1
    return points[:count], positive[:count]


@compiled
def _write_plan(
    plans: StackedPlans, k: int, rows: IntArray, columns: IntArray, i: IntArray, j: IntArray,
    mass: FloatArray,
) -> None:  # fmt: skip
    """Write arcs by the names of their points; the rest of the places repeats the first."""
    _, path_i, path_j, masses, _, _ = plans
    for e in range(path_i.shape[1]):
        at = e if e < len(mass) else 0
        path_i[k, e], path_j[k, e] = rows[i[at]], columns[j[at]]
        if e < len(mass):
            masses[k, e] = mass[e]


@compiled
def _sum_of_powers(mass: FloatArray, gaps: FloatArray, exponent: float) -> float:
    total = 0.0
    for e in range(len(mass)):
        total += mass[e] * gaps[e] ** exponent
    return total


@compiled
def _northwest_corner(
    a: FloatArray, b: FloatArray, i: IntArray, j: IntArray, mass: FloatArray
) -> None:
    """The north-west corner rule; between equal weights in whole units: no sum is rounded."""
    n, m = len(a), len(b)
    if a.min() == a.max() and b.min() == b.max():
        common = np.gcd(n, m)
        a, b = np.full(n, 1.0 * (m // common)), np.full(m, 1.0 * (n // common))
        northwest_fill(a, b, 0.0, i, j, mass)
        mass /= n // common * m
    else:
        northwest_fill(a, b, relative_deficit(a, b), i, j, mass)
