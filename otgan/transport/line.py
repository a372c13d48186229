"""Optimal transport on the line, in closed form: match quantiles."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.costs import PointCost
from otgan.errors import InvalidInputError
from otgan.measures import DiscreteMeasure, FloatArray, as_order, as_pair, is_torch
from otgan.transport.couplings import Arcs, northwest_corner

__all__ = ["LineSolution", "line_distance", "solve_line", "wasserstein_1d"]


class LineSolution(NamedTuple):
    """An optimal plan on the line with optimal potentials."""

    arcs: Arcs
    f: FloatArray
    g: FloatArray


def wasserstein_1d(x: Any, y: Any, a: Any = None, b: Any = None, *, p: float = 1) -> Any:
    """Wasserstein distance of order p between two samples on the line, in closed form.

    ``W_p = (∫₀¹ |F⁻¹(t) - G⁻¹(t)|ᵖ dt)^(1/p)`` with quantile functions F⁻¹ and G⁻¹.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n,) or (n, 1), and (m,) or (m, 1)
        Positions, not histograms: the bin heights of a histogram are weights.
    a, b : array_like or torch.Tensor, shapes (n,) and (m,), optional
        Non-negative masses with equal sums; uniform if omitted.
    p : float, default 1
        Order, at least one.

    Returns
    -------
    numpy floating or torch.Tensor
        The distance (root taken), in the units of x and the floating dtype of the input. For
        torch input a tensor on the same device, differentiable in points and weights.
        O((n + m) log(n + m)) time.

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
    mu, nu = as_pair(x, y, a, b)
    for name, measure in (("x", mu), ("y", nu)):
        if measure.d != 1:
            raise InvalidInputError(
                f"{name} must be points on the line, got shape {measure.points.shape}; to fix it, "
                "use otgan.wasserstein for points in several dimensions"
            )
    if any(is_torch(value) for value in (x, y, a, b)):
        from otgan.transport.gradients import attach_distance

        return attach_distance(solve_line(mu, nu, p), x, y, a, b, p=p)
    return like_points(line_distance(mu, nu, p), x, y)


def line_distance(mu: DiscreteMeasure, nu: DiscreteMeasure, p: float) -> float:
    """The distance between two measures on the line that have been checked."""
    x, y = mu.points[:, 0], nu.points[:, 0]
    if not (_is_uniform(mu) and _is_uniform(nu)):
        order_x, order_y = np.argsort(x), np.argsort(y)
        steps = northwest_corner(mu.weights[order_x], nu.weights[order_y])
        return _power_mean(np.abs(x[order_x][steps.i] - y[order_y][steps.j]), p, steps.mass)
    x, y = np.sort(x), np.sort(y)
    if mu.n == nu.n:  # no quantile splits a point
        return _power_mean(np.abs(x - y), p)
    steps = _uniform_staircase(mu.n, nu.n)
    return _power_mean(np.abs(x[steps.i] - y[steps.j]), p, steps.mass)


def solve_line(mu: DiscreteMeasure, nu: DiscreteMeasure, q: float) -> LineSolution:
    """Optimal plan and potentials for the cost |x - y| ** q, q >= 1.

    The staircase plan's arcs form a path, along which f_i + g_j = C_ij fixes the potentials one
    by one. Convex costs on the line satisfy Monge's inequality, which makes these feasible
    (Hoffman 1963).
    """
    from otgan.transport.staircase import potentials

    order_x = np.argsort(mu.points[:, 0], kind="stable")
    order_y = np.argsort(nu.points[:, 0], kind="stable")
    if _is_uniform(mu) and _is_uniform(nu):
        steps = _uniform_staircase(mu.n, nu.n)
    else:
        steps = northwest_corner(mu.weights[order_x], nu.weights[order_y])
    arcs = Arcs(order_x[steps.i], order_y[steps.j], steps.mass)
    # One column: cityblock is the plain difference, and the powers are known to fit float64.
    ground = PointCost.of(mu.points, nu.points, metric="cityblock", p=q)
    corners = _free_corners(steps)
    detours = np.zeros(len(steps.mass))
    detours[corners] = ground.arcs(arcs.i[corners - 1], arcs.j[corners + 1])
    is_free = np.zeros(len(steps.mass), bool)
    is_free[corners] = True
    f, g = np.empty(mu.n), np.empty(nu.n)
    f[order_x], g[order_y] = potentials(
        steps.i, steps.j, ground.arcs(arcs.i, arcs.j), is_free, detours
    )
    return LineSolution(arcs, f, g)


def like_points(distance: float, x: Any, y: Any) -> Any:
    """A NumPy scalar in the floating dtype of the points (float64 for anything else)."""
    dtypes = [np.asarray(points).dtype for points in (x, y)]
    floating = all(dtype.kind == "f" for dtype in dtypes)
    return (np.result_type(*dtypes) if floating else np.dtype(np.float64)).type(distance)


def _uniform_staircase(n: int, m: int) -> Arcs:
    """The staircase between equal weights, in whole units: no sum is rounded."""
    common = math.gcd(n, m)
    i, j, units = northwest_corner(np.full(n, float(m // common)), np.full(m, float(n // common)))
    return Arcs(i, j, units / (n // common * m))


def _free_corners(steps: Arcs) -> npt.NDArray[np.intp]:
    """Where the path turns on an arc (i + 1, j) without mass: (i, j + 1) would do as well."""
    in_x = np.diff(steps.i) != 0
    return np.flatnonzero(in_x[:-1] & ~in_x[1:] & (steps.mass[1:-1] == 0)) + 1


def _is_uniform(measure: DiscreteMeasure) -> bool:
    return measure.masses is None or bool((measure.masses == measure.masses[0]).all())


def _power_mean(gaps: FloatArray, p: float, mass: FloatArray | None = None) -> float:
    if p == 1:
        return _mean(gaps, mass)
    largest = float(gaps.max())
    if largest == 0.0:
        return 0.0
    # Scaled by the largest gap, so that its power neither overflows nor underflows.
    return largest * _mean((gaps / largest) ** p, mass) ** (1 / p)


def _mean(values: FloatArray, mass: FloatArray | None) -> float:
    return float(values.sum() / len(values) if mass is None else (values * mass).sum())
