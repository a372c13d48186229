"""Optimal transport on the line, in closed form: match quantiles."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import PointCost
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_order
from otgan.measures import (
    DiscreteMeasure,
    FloatArray,
    as_float64,
    as_pair,
    beyond_dtype,
    is_torch,
    to_unit_mass,
    warn_of_histograms,
    without_labels,
)
from otgan.transport.couplings import Arcs, northwest_corner
from otgan.transport.stacks import is_stack

__all__ = ["LineSolution", "line_distance", "refuse_columns", "solve_line", "wasserstein_1d"]

SHORT = 10_000
"""So many copies of points are compared faster than a staircase is built."""

LONG = 2_000
"""So many points are sorted faster by their bits than by comparisons of them."""


class LineSolution(NamedTuple):
    """An optimal plan on the line with optimal potentials."""

    arcs: Arcs
    f: FloatArray
    g: FloatArray


def wasserstein_1d(
    x: Any, y: Any, a: Any = None, b: Any = None, *, p: float = 1, normalize: bool = False
) -> Any:
    """Wasserstein distance of order p between two samples on the line, in closed form.

    ``W_p = (∫₀¹ |F⁻¹(t) - G⁻¹(t)|ᵖ dt)^(1/p)`` with quantile functions F⁻¹ and G⁻¹.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n,) or (n, 1), and (m,) or (m, 1)
        Positions, not histograms: the bin heights of a histogram are weights. Stacks of B samples
        have the shapes (B, n, 1) and (B, m, 1); what has no third axis is shared by all.
    a, b : array_like or torch.Tensor, shapes (n,) and (m,), or (B, n) and (B, m), optional
        Non-negative masses with equal sums; uniform if omitted.
    p : float, default 1
        Order, at least one.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do.

    Returns
    -------
    numpy floating, ndarray of shape (B,), or torch.Tensor of shape () or (B,)
        The distance (root taken), in the units of x and the floating dtype of the points. For
        torch input a tensor on the same device, differentiable in points and weights as
        :func:`wasserstein` is. O((n + m) log(n + m)) time.

    Raises
    ------
    InvalidInputError
        Points in more than one dimension, p < 1, NaN, empty input, negative weights.
    UnequalMassError
        Sums of a and b that differ by more than rounding.

    References
    ----------
    Santambrogio, Optimal Transport for Applied Mathematicians (2015), Proposition 2.17.

    Examples
    --------
    >>> float(wasserstein_1d([0, 1, 3], [5, 6, 8]))
    5.0
    >>> float(wasserstein_1d([0, 3], [1], p=2))  # ((1 + 4) / 2) ** 0.5
    1.5811388300841898
    >>> float(wasserstein_1d([0, 1, 2, 3], [0, 1, 2, 3], a=[3, 2, 1, 4], b=[1, 2, 4, 3]))
    0.5
    """
    p = as_order(p)
    x, y, a, b = without_labels(x, y, a, b)
    if normalize:
        a, b = to_unit_mass(a, "a"), to_unit_mass(b, "b")
    if any(map(is_torch, (x, y, a, b))):
        from otgan.transport.gradients import distance

        for points in (x, y):
            refuse_columns(points.shape if is_torch(points) else as_float64(points, "x").shape)
        return distance(x, y, a, b, p=p)
    if is_stack(x, y, a, b):
        from otgan.transport.stacked import stacked_distances

        return stacked_distances(x, y, a, b, p=p, metric="euclidean", on_the_line=True)
    mu, nu = as_pair(x, y, a, b)
    warn_of_histograms(mu, nu)
    refuse_columns(mu.points.shape)
    return like_points(line_distance(mu, nu, p), x, y)


def refuse_columns(shape: tuple[int, ...]) -> None:
    """Raise unless an array of this shape holds points on the line."""
    if len(shape) > 1 and shape[-1] != 1:
        raise InvalidInputError(
            f"x must be points on the line, got shape {tuple(shape)}; to fix it, use "
            "otgan.wasserstein for points in several dimensions, and the shape (B, n, 1) for B "
            "samples on the line"
        )


def line_distance(mu: DiscreteMeasure, nu: DiscreteMeasure, p: float) -> float:
    """The distance between two measures on the line that have been checked."""
    if mu.masses is None and nu.masses is None:
        x, y = _sorted(mu), _sorted(nu)
        n, m = len(x), len(y)
        copies = math.lcm(n, m)
        if copies <= SHORT or n == m:
            return _distance_in_order(_repeated(x, copies), _repeated(y, copies), p)
        steps = _uniform_staircase(n, m)
    else:
        (x, a), (y, b) = _sorted_with_weights(mu), _sorted_with_weights(nu)
        steps = northwest_corner(a, b)
    from otgan.transport.monotone_coupling import measure

    gaps = np.empty(len(steps.mass))
    largest, mean = measure(x, y, steps.i, steps.j, steps.mass, gaps)
    return mean if p == 1 else _power_mean(gaps, p, largest, steps.mass)


def solve_line(mu: DiscreteMeasure, nu: DiscreteMeasure, q: float) -> LineSolution:
    """Optimal plan and potentials for the cost |x - y| ** q, q >= 1.

    The staircase plan's arcs form a path, along which f_i + g_j = C_ij fixes the potentials one
    by one. Convex costs on the line satisfy Monge's inequality, which makes these feasible
    (Hoffman 1963). Where partial sums of the weights tie, several paths carry the plan.
    """
    from otgan.transport.monotone_coupling import potentials

    order_x = np.argsort(mu.points[:, 0], kind="stable")
    order_y = np.argsort(nu.points[:, 0], kind="stable")
    if mu.masses is None and nu.masses is None:
        steps = _uniform_staircase(mu.n, nu.n)
    else:
        steps = northwest_corner(mu.weights[order_x], nu.weights[order_y])
    # One column: cityblock is the plain difference, and the powers are known to fit float64.
    ground = PointCost.of(mu.points[order_x], nu.points[order_y], metric="cityblock", p=q)
    costs = ground.arcs(steps.i, steps.j)
    f, g = np.empty(mu.n), np.empty(nu.n)
    f[order_x], g[order_y] = potentials(steps.i, steps.j, costs, _detours(ground, steps))
    return LineSolution(Arcs(order_x[steps.i], order_y[steps.j], steps.mass), f, g)


def like_points(distance: float, x: Any, y: Any) -> Any:
    """A NumPy scalar in the floating dtype of the points (float64 for anything else)."""
    of_x, of_y = np.asarray(x).dtype, np.asarray(y).dtype
    if not of_x.kind == of_y.kind == "f":
        return np.float64(distance)
    dtype = of_x if of_x == of_y else np.result_type(of_x, of_y)
    if dtype.itemsize < 8 and distance > float(np.finfo(dtype).max):
        raise beyond_dtype(distance, str(dtype), ".astype(float)")
    return dtype.type(distance)


def _sorted(measure: DiscreteMeasure) -> FloatArray:
    column = measure.points[:, 0].copy()
    column.sort()
    return column


def _sorted_with_weights(measure: DiscreteMeasure) -> tuple[FloatArray, FloatArray]:
    points, weights = measure.points[:, 0], measure.weights
    if measure.n >= LONG:
        from otgan.transport.monotone_coupling import sort_along

        return sort_along(points, weights)
    order = points.argsort()
    return points[order], weights[order]


def _uniform_staircase(n: int, m: int) -> Arcs:
    """The staircase between equal weights, in whole units: no sum is rounded."""
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
