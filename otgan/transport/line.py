"""Optimal transport on the line, in closed form: match quantiles."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

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
    if mu.n == nu.n and _is_uniform(mu) and _is_uniform(nu):
        # No quantile splits a point, so sorting is all there is to do.
        return _power_mean(np.abs(np.sort(mu.points[:, 0]) - np.sort(nu.points[:, 0])), p)
    arcs = _quantile_arcs(mu, nu)
    gaps = np.abs(mu.points[arcs.i, 0] - nu.points[arcs.j, 0])
    return _power_mean(gaps, p, arcs.mass)


def solve_line(mu: DiscreteMeasure, nu: DiscreteMeasure, q: float) -> LineSolution:
    """Optimal plan and potentials for the cost |x - y| ** q, q >= 1.

    The staircase plan's arcs form a path, along which f_i + g_j = C_ij fixes the potentials one
    by one. Convex costs on the line satisfy Monge's inequality, which makes these feasible
    (Hoffman 1963).
    """
    arcs = _quantile_arcs(mu, nu)
    # One column: cityblock is the plain difference, and the powers are known to fit float64.
    ground = PointCost.of(mu.points, nu.points, metric="cityblock", p=q)
    costs = ground.arcs(arcs.i, arcs.j)
    steps = np.diff(costs)
    in_x = np.diff(arcs.i) != 0
    f, g = np.zeros(mu.n), np.full(nu.n, costs[0])
    f[arcs.i[1:][in_x]] = np.cumsum(steps[in_x])
    g[arcs.j[1:][~in_x]] = costs[0] + np.cumsum(steps[~in_x])
    return LineSolution(arcs, f, g)


def like_points(distance: float, x: Any, y: Any) -> Any:
    """A NumPy scalar in the floating dtype of the points (float64 for anything else)."""
    dtypes = [np.asarray(points).dtype for points in (x, y)]
    floating = all(dtype.kind == "f" for dtype in dtypes)
    return (np.result_type(*dtypes) if floating else np.dtype(np.float64)).type(distance)


def _quantile_arcs(mu: DiscreteMeasure, nu: DiscreteMeasure) -> Arcs:
    order_x = np.argsort(mu.points[:, 0], kind="stable")
    order_y = np.argsort(nu.points[:, 0], kind="stable")
    steps = northwest_corner(mu.weights[order_x], nu.weights[order_y])
    return Arcs(order_x[steps.i], order_y[steps.j], steps.mass)


def _is_uniform(measure: DiscreteMeasure) -> bool:
    return bool((measure.weights == measure.weights[0]).all())


def _power_mean(gaps: FloatArray, p: float, mass: FloatArray | None = None) -> float:
    largest = float(gaps.max())
    if p == 1 or largest == 0.0:
        return float(gaps.mean() if mass is None else gaps @ mass)
    # Scaled by the largest gap, so that its power neither overflows nor underflows.
    powers = (gaps / largest) ** p
    return largest * float(powers.mean() if mass is None else powers @ mass) ** (1 / p)
