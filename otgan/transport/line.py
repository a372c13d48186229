"""Optimal transport on the line, in closed form: match quantiles."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from otgan.costs import PointCost
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.couplings import Arcs, northwest_corner
from otgan.transport.interpretation import interpreting_small
from otgan.transport.monotone_coupling import path_potentials, weighted_gaps

__all__ = ["LineSolution", "line_distance", "solve_line"]

MAX_COPIES = 10_000
"""Up to so many copies of points are compared faster than the arcs of a plan are listed."""


class LineSolution(NamedTuple):
    """An optimal plan on the line with optimal potentials."""

    arcs: Arcs
    f: FloatArray
    g: FloatArray


def line_distance(mu: DiscreteMeasure, nu: DiscreteMeasure, p: float) -> float:
    """The distance between two measures on the line that have been checked."""
    if mu.masses is None and nu.masses is None:
        x, y = _sorted(mu), _sorted(nu)
        n, m = len(x), len(y)
        copies = math.lcm(n, m)
        if copies <= MAX_COPIES or n == m:
            return _distance_in_order(_repeated(x, copies), _repeated(y, copies), p)
        steps = _uniform_plan(n, m)
    else:
        (x, a), (y, b) = _sorted_with_weights(mu), _sorted_with_weights(nu)
        steps = northwest_corner(a, b)
    gaps = np.empty(len(steps.mass))
    with interpreting_small(len(gaps)):
        largest, mean = weighted_gaps(x, y, steps.i, steps.j, steps.mass, gaps)
    return mean if p == 1 else _power_mean(gaps, p, largest, steps.mass)


def solve_line(mu: DiscreteMeasure, nu: DiscreteMeasure, q: float) -> LineSolution:
    """Optimal plan and potentials for the cost |x - y| ** q, q >= 1.

    The arcs of the monotone plan form a path, along which f_i + g_j = C_ij fixes the potentials one
    by one. Convex costs on the line satisfy Monge's inequality, which makes these feasible
    (Hoffman 1963). Where partial sums of the weights tie, several paths carry the plan.
    """
    order_x = np.argsort(mu.points[:, 0], kind="stable")
    order_y = np.argsort(nu.points[:, 0], kind="stable")
    if mu.masses is None and nu.masses is None:
        steps = _uniform_plan(mu.n, nu.n)
    else:
        steps = northwest_corner(mu.weights[order_x], nu.weights[order_y])
    # One column: cityblock is the plain difference, and the powers are known to fit float64.
    ground = PointCost.of(mu.points[order_x], nu.points[order_y], metric="cityblock", p=q)
    costs = ground.arcs(steps.i, steps.j)
    f, g = np.empty(mu.n), np.empty(nu.n)
    with interpreting_small(len(costs)):
        up, down = path_potentials(steps.i, steps.j, costs, _detours(ground, steps))
    f[order_x], g[order_y] = up, down
    return LineSolution(Arcs(order_x[steps.i], order_y[steps.j], steps.mass), f, g)


def _sorted(measure: DiscreteMeasure) -> FloatArray:
    column = measure.points[:, 0].copy()
    column.sort()
    return column


def _sorted_with_weights(measure: DiscreteMeasure) -> tuple[FloatArray, FloatArray]:
    points, weights = measure.points[:, 0], measure.weights
    order = points.argsort()
    return points[order], weights[order]


def _uniform_plan(n: int, m: int) -> Arcs:
    """The monotone plan between equal weights, in whole units: no sum is rounded."""
    common = math.gcd(n, m)
    a, b = np.empty(n), np.empty(m)
    a.fill(m // common)
    b.fill(n // common)
    steps = northwest_corner(a, b, rounded=False)
    np.divide(steps.mass, n // common * m, out=steps.mass)
    return steps


def _detours(ground: PointCost, steps: Arcs) -> FloatArray:
    """Where the path turns on an arc (i + 1, j) without mass: the cost of (i, j + 1) instead."""
    in_x = np.diff(steps.i) != 0
    free = 1 + np.flatnonzero(in_x[:-1] & ~in_x[1:] & (steps.mass[1:-1] == 0))
    detours = np.full(len(steps.mass), -np.inf)
    detours[free] = ground.arcs(steps.i[free - 1], steps.j[free + 1])
    return detours


def _repeated(values: FloatArray, copies: int) -> FloatArray:
    return values if copies == len(values) else values.repeat(copies // len(values))


def _distance_in_order(x: FloatArray, y: FloatArray, p: float) -> float:
    """The distance between as many points as points, of which x_i goes to y_i."""
    gaps = x - y
    np.abs(gaps, out=gaps)
    return float(gaps.sum()) / len(gaps) if p == 1 else _power_mean(gaps, p, gaps.max())


def _power_mean(
    gaps: FloatArray, p: float, largest: float, mass: FloatArray | None = None
) -> float:
    """Σ mass gapsᵖ to the power of 1/p, equal masses if they are omitted."""
    if largest == 0.0:
        return 0.0
    # Scaled by the largest gap, so that its power neither overflows nor underflows.
    powers = (gaps / largest) ** p
    mean = powers.sum() / len(powers) if mass is None else (powers * mass).sum()
    return float(largest * mean ** (1 / p))
