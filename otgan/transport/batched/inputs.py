"""Stacks of points, weights and cost matrices, checked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from otgan.costs import check_size
from otgan.errors import InvalidInputError
from otgan.measures import (
    LARGEST_COORDINATE,
    FloatArray,
    as_float64,
    as_points,
    as_weights,
    check_equal_mass,
    refuse_other_order,
)

__all__ = ["Stack", "as_stack", "as_stacked_costs", "axes_of", "common_size", "is_stack"]


class Stack(NamedTuple):
    """B problems: points (B, n, d) and (B, m, d), and normalized weights (B, n) and (B, m).

    What all problems share has a first axis of one.
    """

    size: int
    x: FloatArray
    y: FloatArray
    a: FloatArray
    b: FloatArray


def is_stack(x: Any, y: Any, a: Any = None, b: Any = None) -> bool:
    """Whether points have three axes, or weights two."""
    return 3 in (axes_of(x), axes_of(y)) or 2 in (axes_of(a), axes_of(b))


def axes_of(values: Any) -> int:
    """How many axes an array has; how deep lists are nested, by their first entries."""
    if isinstance(values, (list, tuple)):
        return 1 + axes_of(values[0]) if values else 1
    return int(getattr(values, "ndim", 0))


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
    size = common_size({"x": points[0], "y": points[1], "a": weights[0], "b": weights[1]})
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
    check_size(costs, "C")
    weights = [
        _as_stacked_weights(v, k, s) for v, k, s in zip((a, b), costs.shape[1:], "ab", strict=True)
    ]
    _check_masses(weights[0], weights[1], a, b)
    size = common_size({"C": costs, "a": weights[0], "b": weights[1]})
    nothing = np.empty((1, 0, 0))
    costs = np.ascontiguousarray(np.broadcast_to(costs, (size, *costs.shape[1:])))
    return costs, Stack(size, nothing, nothing, *(_normalized(w) for w in weights))


def _as_stacked_points(values: Any, name: str) -> FloatArray:
    array = as_float64(values, name)
    if array.ndim == 1:
        array = array[:, None]
    is_shared = array.ndim == 2
    if is_shared:
        array = array[None]
    if array.ndim != 3:
        raise InvalidInputError(
            f"{name} must have shape (n, d), or (B, n, d) for a stack of clouds, got "
            f"{array.shape}; to fix it, flatten every point to one row"
        )
    if array.size == 0:
        raise InvalidInputError(
            f"{name} must hold at least one point with one coordinate in each cloud, got shape "
            f"{array.shape}; to fix it, check that the data were loaded"
        )
    if not (array.min() >= -LARGEST_COORDINATE and array.max() <= LARGEST_COORDINATE):
        for k, cloud in enumerate(array):
            as_points(cloud, name if is_shared else f"{name}[{k}]")  # raises, and says where
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


def common_size(arrays: dict[str, FloatArray]) -> int:
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
    normalized: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return normalized
