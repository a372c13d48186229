"""Stacks of small problems of equal sizes, (B, n, d) or (B, n, m): plans, potentials, proofs.

All of a stack's problems are solved in compiled calls on all cores. What was not proved there,
because it is large or badly scaled, is left to the engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.costs import Metric, PointCost, line_exponent
from otgan.errors import InvalidInputError, OtganError
from otgan.measures import (
    LARGEST_COORDINATE,
    FloatArray,
    as_float64,
    as_points,
    as_weights,
    check_equal_mass,
    refuse_other_order,
)

__all__ = [
    "Stack",
    "StackedPlans",
    "as_stack",
    "as_stacked_costs",
    "is_stack",
    "solve_stack",
    "solve_stacked_costs",
]

ENTRIES_OF_A_TASK = 2**19
"""Costs in the problems of a task: some milliseconds of a core."""


class Stack(NamedTuple):
    """B problems: points (B, n, d) and (B, m, d), and normalized weights (B, n) and (B, m).

    What all problems share has a first axis of one.
    """

    size: int
    x: FloatArray
    y: FloatArray
    a: FloatArray
    b: FloatArray


class StackedPlans(NamedTuple):
    """Optimal costs (B,), plans as lists of arcs (B, k), and potentials (B, n) and (B, m).

    Plans of fewer than k arcs repeat their first one without mass.
    """

    cost: FloatArray
    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    mass: FloatArray
    f: FloatArray
    g: FloatArray

    @classmethod
    def empty(cls, size: int, n: int, m: int) -> StackedPlans:
        """Room for them; a cost is NaN until it is proved."""
        k = n + m
        i, j = np.zeros((size, k), np.int64), np.zeros((size, k), np.int64)
        mass, f, g = np.zeros((size, k)), np.zeros((size, n)), np.zeros((size, m))
        return cls(np.full(size, np.nan), i, j, mass, f, g)


def is_stack(x: Any, y: Any, a: Any = None, b: Any = None) -> bool:
    """Whether points have three axes, or weights two."""
    return 3 in (_axes(x), _axes(y)) or 2 in (_axes(a), _axes(b))


def _axes(values: Any) -> int:
    """How many axes an array has; how deep lists are nested, by their first entries."""
    if isinstance(values, (list, tuple)):
        return 1 + _axes(values[0]) if values else 1
    return int(getattr(values, "ndim", 0))


# ---------------------------------------------------------------- the door


def as_stack(x: Any, y: Any, a: Any, b: Any) -> Stack:
    """Check points and weights of which some come in stacks.

    Raises
    ------
    InvalidInputError, UnequalMassError
        As for single problems, and where the numbers of problems differ.
    """
    try:
        return _checked(x, y, a, b)
    except InvalidInputError:
        refuse_other_order(x, y, a, b)
        raise


def _checked(x: Any, y: Any, a: Any, b: Any) -> Stack:
    points = [_as_stacked_points(value, name) for value, name in ((x, "x"), (y, "y"))]
    if points[0].shape[2] != points[1].shape[2]:
        raise InvalidInputError(
            f"x and y must have the same number of columns, got {points[0].shape[2]} and "
            f"{points[1].shape[2]}; to fix it, give all clouds the same coordinates"
        )
    n, m = points[0].shape[1], points[1].shape[1]
    weights = [_as_stacked_weights(a, n, "a"), _as_stacked_weights(b, m, "b")]
    _check_masses(weights[0], weights[1], a, b)
    size = _common_size({"x": points[0], "y": points[1], "a": weights[0], "b": weights[1]})
    return Stack(size, points[0], points[1], _normalized(weights[0]), _normalized(weights[1]))


def as_stacked_costs(C: Any, a: Any, b: Any) -> tuple[FloatArray, Stack]:
    """Check cost matrices (B, n, m) and weights; the points of the stack are left empty."""
    costs = as_float64(C, "C")
    if costs.ndim == 2:
        costs = costs[None]
    if costs.ndim != 3 or costs.size == 0:
        raise InvalidInputError(
            f"C must be a non-empty array of shape (n, m) or (B, n, m), got {costs.shape}; to fix "
            "it, give the cost from every source to every target"
        )
    bad = np.isnan(costs) | (costs == -np.inf)
    if bad.any():
        first = tuple(int(index) for index in np.argwhere(bad)[0])
        raise InvalidInputError(
            f"C must hold finite costs, or inf for a forbidden arc, got {costs[first]} at {first}; "
            "to fix it, fill that entry"
        )
    weights = [
        _as_stacked_weights(v, k, s) for v, k, s in zip((a, b), costs.shape[1:], "ab", strict=True)
    ]
    _check_masses(weights[0], weights[1], a, b)
    size = _common_size({"C": costs, "a": weights[0], "b": weights[1]})
    nothing = np.empty((1, 0, 0))
    costs = np.ascontiguousarray(np.broadcast_to(costs, (size, *costs.shape[1:])))
    return costs, Stack(size, nothing, nothing, *(_normalized(w) for w in weights))


def _as_stacked_points(values: Any, name: str) -> FloatArray:
    array = as_float64(values, name)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        raise InvalidInputError(
            f"{name} must have shape (n, d), or (B, n, d) for a stack of clouds, got "
            f"{array.shape}; to fix it, flatten every point to one row"
        )
    size, n, d = array.shape
    if array.size == 0:
        raise InvalidInputError(
            f"{name} must hold at least one point with one coordinate in each cloud, got shape "
            f"{array.shape}; to fix it, check that the data were loaded"
        )
    if not (array.min() >= -LARGEST_COORDINATE and array.max() <= LARGEST_COORDINATE):
        as_points(array.reshape(size * n, d), name)  # raises, and says where
    return np.ascontiguousarray(array)


def _as_stacked_weights(values: Any, n: int, name: str) -> FloatArray:
    if values is None:
        return np.full((1, n), 1.0 / n)
    array = as_float64(values, name)
    if array.ndim == 1:
        return as_weights(array, n, name)[None]
    if array.ndim != 2 or array.shape[1] != n or not len(array):
        raise InvalidInputError(
            f"{name} must have shape ({n},) or (B, {n}), one weight for each point, got "
            f"{array.shape}; to fix it, give as many weights as points"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        totals = array.sum(axis=1)
        fine = np.isfinite(totals) & (totals > 0) & (array >= 0).all(axis=1)
    for k in np.flatnonzero(~fine)[:1]:
        as_weights(array[k], n, f"{name}[{k}]")  # raises
    return array


def _check_masses(weights_a: FloatArray, weights_b: FloatArray, a: Any, b: Any) -> None:
    if a is None or b is None:
        return
    totals_a, totals_b = weights_a.sum(axis=1), weights_b.sum(axis=1)
    if min(len(totals_a), len(totals_b)) > 1 and len(totals_a) != len(totals_b):
        return  # refused for that
    apart = np.abs(totals_a - totals_b) / np.maximum(totals_a, totals_b)
    k = int(apart.argmax())
    check_equal_mass(float(totals_a[k % len(totals_a)]), float(totals_b[k % len(totals_b)]))


def _common_size(arrays: dict[str, FloatArray]) -> int:
    """B, which all have as their first axis but those that are shared."""
    sizes = {name: len(array) for name, array in arrays.items() if len(array) > 1}
    if len(set(sizes.values())) > 1:
        (name, size), (other, wrong) = next(
            (one, two) for one in sizes.items() for two in sizes.items() if one[1] != two[1]
        )
        raise InvalidInputError(
            f"{name} and {other} must hold as many problems, got stacks of {size} and {wrong}; to "
            "fix it, give one for each problem, or leave out the first axis of what all share"
        )
    return max(sizes.values(), default=1)


def _normalized(weights: FloatArray) -> FloatArray:
    shares: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return shares


# ---------------------------------------------------------------- solving


def solve_stack(
    stack: Stack, metric: Metric, p: float, alone: Callable[..., StackedPlans]
) -> StackedPlans:
    """Plans and potentials of all problems between clouds.

    Parameters
    ----------
    stack : Stack
    metric : str or callable
    p : float
    alone : callable
        ``alone(x, y, a, b)`` solves one problem that the compiled loops leave open.
    """
    n, m = stack.x.shape[1], stack.y.shape[1]
    plans = StackedPlans.empty(stack.size, n, m)
    points = stack.x, stack.y
    exponent = line_exponent(metric, p) if stack.x.shape[2] == 1 else None
    if exponent is not None:
        from otgan.transport.stacks_loops import solve_lines

        _in_tasks(solve_lines, n + m, plans, *points, stack.a, stack.b, exponent)
    elif isinstance(metric, str):
        from otgan.transport.network_simplex.pricing import NORMS
        from otgan.transport.stacks_loops import solve_clouds

        norm: str = metric
        power = p
        if metric == "cosine":
            points, norm, power = _unit_vectors(stack, p)
        elif metric == "sqeuclidean":
            norm, power = "euclidean", 2 * p
        _in_tasks(solve_clouds, n * m, plans, *points, stack.a, stack.b, (NORMS[norm], power))
    return _completed(plans, lambda k: alone(*(_of(v, k) for v in stack[1:])), "clouds")


def solve_stacked_costs(
    costs: FloatArray, stack: Stack, alone: Callable[..., StackedPlans]
) -> StackedPlans:
    """The same for cost matrices (B, n, m)."""
    from otgan.transport.stacks_loops import solve_matrices

    plans = StackedPlans.empty(*costs.shape)
    _in_tasks(solve_matrices, costs[0].size, plans, costs, stack.a, stack.b)
    return _completed(
        plans, lambda k: alone(costs[k], _of(stack.a, k), _of(stack.b, k)), "cost matrices"
    )


def _of(values: FloatArray, k: int) -> FloatArray:
    return values[k % len(values)]


def _unit_vectors(stack: Stack, p: float) -> tuple[tuple[FloatArray, FloatArray], str, float]:
    """Points, norm and power that give the cosine distances to the power p."""
    rows_x, rows_y = (z.reshape(-1, z.shape[2]) for z in (stack.x, stack.y))
    units = PointCost.between(rows_x, rows_y, "cosine", p).normed()
    assert units is not None
    points = units.x.reshape(stack.x.shape), units.y.reshape(stack.y.shape)
    return points, units.norm, units.power


def _in_tasks(loop: Callable[..., None], work: int, plans: StackedPlans, *data: Any) -> None:
    """Run a compiled loop over all problems, split between threads if that is worth it."""
    size = len(plans.cost)
    step = max(1, ENTRIES_OF_A_TASK // work)
    starts = range(0, size, min(step, max(1, -(-size // (os.cpu_count() or 1)))))
    if size * work < ENTRIES_OF_A_TASK // 16 or len(starts) < 2:
        loop(0, size, tuple(plans), *data)
        return
    import joblib
    from joblib.parallel import get_active_backend

    jobs = get_active_backend()[1] or -1  # None outside of any parallel_config
    tasks = (
        joblib.delayed(loop)(start, min(start + starts.step, size), tuple(plans), *data)
        for start in starts
    )
    # The loops write into shared arrays, so that only threads will do.
    joblib.Parallel(jobs, require="sharedmem")(tasks)


def _completed(
    plans: StackedPlans, alone: Callable[[int], StackedPlans], what: str
) -> StackedPlans:
    """The plans, with those that the loops left open solved one by one."""
    left = np.flatnonzero(np.isnan(plans.cost))
    found = {}
    for k in left:
        try:
            found[k] = alone(int(k))
        except OtganError as error:
            error.add_note(f"for the {what} at index {k} of the stack")
            raise
    longest = max([plans.i.shape[1], *(one.i.shape[1] for one in found.values())])
    if longest > plans.i.shape[1]:
        more = ((0, 0), (0, longest - plans.i.shape[1]))
        arcs = (np.pad(plans.i, more, "edge"), np.pad(plans.j, more, "edge"))
        plans = plans._replace(i=arcs[0], j=arcs[1], mass=np.pad(plans.mass, more))
    for k, one in found.items():
        for whole, part in zip(plans, one, strict=True):
            if whole.ndim == 1:
                whole[k] = part[0]
                continue
            whole[k] = part[0, -1] if whole.dtype.kind == "i" else 0.0
            whole[k, : part.shape[1]] = part[0]
    return plans
