"""Exact plans of one problem or a stack of them; one problem makes a stack of one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from otgan.costs import Metric
from otgan.measures import FloatArray, as_float64, as_pair
from otgan.transport.couplings import Arcs
from otgan.transport.exact import emd_from_cost, optimal_pair
from otgan.transport.line import like_points, refuse_columns
from otgan.transport.stacks import (
    StackedPlans,
    as_stack,
    as_stacked_costs,
    is_stack,
    solve_stack,
    solve_stacked_costs,
)

__all__ = ["solve_costs", "solve_points", "stacked_distances"]


def solve_points(x: Any, y: Any, a: Any, b: Any, *, p: float, metric: Any) -> StackedPlans:
    """Optimal plans between points (n, d) and (m, d), or between stacks of them."""
    if is_stack(x, y, a, b):
        return solve_stack(as_stack(x, y, a, b), metric, p, partial(_pair, p=p, metric=metric))
    return _pair(x, y, a, b, p=p, metric=metric)


def solve_costs(C: Any, a: Any, b: Any) -> StackedPlans:
    """Optimal plans for cost matrices (n, m) or (B, n, m)."""
    if is_stack(C, None, a, b):
        return solve_stacked_costs(*as_stacked_costs(C, a, b), _matrix)
    return _matrix(C, a, b)


def stacked_distances(
    x: Any, y: Any, a: Any, b: Any, *, p: float, metric: Metric, on_the_line: bool = False
) -> FloatArray:
    """Distances of order p, shape (B,), in the floating dtype of the points."""
    if on_the_line:
        for points, name in ((x, "x"), (y, "y")):
            refuse_columns(as_float64(points, name).shape)
    stack = as_stack(x, y, a, b)
    costs = solve_stack(stack, metric, p, partial(_pair, p=p, metric=metric)).cost
    distances: FloatArray = costs if p == 1 else costs ** (1.0 / p)
    kind = type(like_points(float(distances.max()), x, y))
    return distances.astype(kind)


def _pair(x: Any, y: Any, a: Any, b: Any, *, p: float, metric: Metric) -> StackedPlans:
    pair = optimal_pair(*as_pair(x, y, a, b), metric, p)
    return _alone(pair.arcs, pair.f, pair.g, pair.cost)


def _matrix(C: Any, a: Any, b: Any) -> StackedPlans:
    result = emd_from_cost(C, a, b)
    plan = result.plan.tocoo()
    arcs = Arcs(plan.coords[0], plan.coords[1], plan.data)
    return _alone(arcs, result.f, result.g, result.cost)


def _alone(arcs: Arcs, f: FloatArray, g: FloatArray, cost: float) -> StackedPlans:
    """A stack of one, its arcs filled up to n + m."""
    more = (0, max(0, len(f) + len(g) - len(arcs.mass)))
    i, j = (np.pad(np.asarray(index, np.int64), more, "edge")[None] for index in arcs[:2])
    return StackedPlans(np.full(1, cost), i, j, np.pad(arcs.mass, more)[None], f[None], g[None])
