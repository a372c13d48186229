"""Exact transport between histograms and images: masses on the cells of one regular grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from otgan.costs import MetricName, PointCost
from otgan.errors import InvalidInputError
from otgan.inputs.grids import align_grids
from otgan.inputs.options import as_choice, as_flag, as_order, as_positive
from otgan.keywords import checks_keywords
from otgan.measures import DiscreteMeasure, FloatArray, as_float64, as_probabilities
from otgan.progress import Progress
from otgan.transport.exact import SolverOptions, solve_and_certify, solve_measures
from otgan.transport.grid_cost import GridCost
from otgan.transport.result import TransportResult
from otgan.transport.solver import Problem

__all__ = ["METRICS", "emd_grid"]

GridMetric = Literal["minkowski", "euclidean", "cityblock", "chebyshev"]

NAMED: dict[str, MetricName] = {
    "euclidean": "euclidean",
    "cityblock": "cityblock",
    "chebyshev": "chebyshev",
}
"""Metrics of clouds of points."""

METRICS = ("minkowski", *NAMED)

MAX_AXES = 3
"""Axes of a grid, at most."""


@checks_keywords
def emd_grid(
    a: Any,
    b: Any,
    *,
    p: float = 2,
    metric: GridMetric = "minkowski",
    spacing: float | Sequence[float] = 1.0,
    periodic: bool | Sequence[bool] = False,
    normalize: bool = False,
    rtol: float = 0.0,
    max_iterations: int | None = None,
    progress: Progress = False,
) -> TransportResult:
    """Exact earth mover's distance between two histograms or images on one grid.

    ``cost = min_P sum_ij P_ij D_ij ** p`` over plans P from the cells of a to those of b, where
    D_ij is the distance between the centers of two cells, and ``distance = cost ** (1/p)``.

    Parameters
    ----------
    a, b : array_like, shape (n_1,), (n_1, n_2) or (n_1, n_2, n_3)
        Non-negative masses of the cells, of the same shape, with equal sums; both are normalized
        to one. An image is gray: the third axis of a color image would be one of space. Axes with
        names are matched by them; labels of cells must be the same ones, in the same order.
    p : float, default 2
        Order, at least one.
    metric : {"minkowski", "euclidean", "cityblock", "chebyshev"}, default "minkowski"
        The ground distance D between centers. ``"minkowski"`` is that of the same order p,
        ``(sum_k |x_k - y_k| ** p) ** (1/p)``: Euclidean for p = 2, cityblock for p = 1. Its power
        is a sum over axes, which makes it fast. Others are solved as clouds of points.
    spacing : float or sequence of float, default 1
        From one cell's center to the next one's, in units of distance: along all axes, or along
        each.
    periodic : bool or sequence of bool, default False
        Whether axes close to circles, so that the last cell is next to the first: all, or which.
        Only where the power of the metric is a sum over axes.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ: each is divided by its own.
    rtol, max_iterations, progress
        As for :func:`emd`.

    Returns
    -------
    TransportResult
        Its potentials `f`, `g` have the grid's shape; the plan is between cells in the order of
        ``ravel()``, so that ``np.unravel_index(result.plan.nonzero()[0], a.shape)`` is where mass
        comes from.

    Raises
    ------
    InvalidInputError
        Shapes or labels that differ, more than three axes, NaN, negative masses, a spacing that is
        not positive, a periodic axis with a metric whose power is not a sum over axes.
    UnequalMassError
        Sums of a and b that differ by more than rounding.
    SolverError
        The certificate did not close; ``error.partial`` is the TransportResult so far.

    See Also
    --------
    emd : between clouds of points, for other metrics, and for mass that may stay.
    emd_graph : W1 along the edges of any graph.

    Notes
    -----
    The simplex of :func:`emd`, from coarse grids to fine ones, each twice as fine along one axis.
    A pricing pass over all pairs of cells is a c-transform axis by axis: O(N log N) time for N
    cells (O(N n_k) along each axis in the certificate), O(N) memory. Cells without mass are left
    out of the solve. For p = 1, where at least half of the cells carry mass on both sides, it is a
    flow along the edges of the grid instead, which takes about half of the time. One axis that is
    not periodic is a line, where quantiles are matched.
    docs/engine.md has more.

    References
    ----------
    Felzenszwalb and Huttenlocher, Distance transforms of sampled functions (2012), for transforms
    axis by axis. Schrieber, Schuhmacher and Gottschlich, DOTmark - a benchmark for discrete
    optimal transport (2017), for images as measures.

    Examples
    --------
    >>> r = emd_grid([[1, 0], [0, 0]], [[0, 0], [0.5, 0.5]])
    >>> r
    TransportResult(distance=1.224744871, cost=1.5, gap=0, p=2, n=4, m=4, solver='simplex')
    >>> emd_grid([1, 0, 0, 0], [0, 0, 0, 1], p=1, spacing=0.25, periodic=True).distance
    0.25
    """
    options = SolverOptions.of(rtol, max_iterations, None, progress)
    order, metric = as_order(p), as_choice(metric, "metric", METRICS)
    a, b, mass = _as_histograms(a, b, normalize)
    grid = a.shape
    steps = _per_axis(spacing, grid, "spacing", as_positive)
    wraps = _per_axis(periodic, grid, "periodic", as_flag)
    weights = a.ravel(), b.ravel()
    if not _is_sum_over_axes(metric, order, len(grid)):
        if any(wraps):
            raise InvalidInputError(
                f"periodic must be False for the metric {metric!r} with p = {order:g}, got "
                f"{periodic!r}; to fix it, leave metric out, whose power is a sum over axes"
            )
        points = _centers(grid, steps)
        cost = PointCost.between(points, points, NAMED[metric], order)
        problem = Problem(cost, *weights, order, mass)
    elif len(grid) == 1 and not wraps[0]:
        points = _centers(grid, steps)
        mu, nu = (DiscreteMeasure(points, of_cells, mass) for of_cells in weights)
        return solve_measures(mu, nu, "euclidean", order)
    else:
        _check_range(grid, steps, order)
        problem = Problem(GridCost(grid, steps, wraps, order), *weights, order, mass)

    def on_grid(result: TransportResult) -> TransportResult:
        return replace(result, f=result.f.reshape(grid), g=result.g.reshape(grid))

    return solve_and_certify(problem._replace(restore=on_grid), options)


def _as_histograms(a: Any, b: Any, normalize: bool) -> tuple[FloatArray, FloatArray, float]:
    """Both normalized to one, in their shape, and the mass of a before."""
    a, b = align_grids(a, b)
    a, b = as_float64(a, "a"), as_float64(b, "b")
    for name, masses in (("a", a), ("b", b)):
        if not 1 <= masses.ndim <= MAX_AXES or masses.size == 0:
            raise InvalidInputError(
                f"{name} must be an array with one, two or three axes, none of them empty, got "
                f"shape {masses.shape}; to fix it, pass the masses of the cells of one grid"
            )
    if a.shape != b.shape:
        raise InvalidInputError(
            f"a and b must have the same shape, got {a.shape} and {b.shape}; to fix it, put both "
            "on one grid, or pass coordinates of their cells to emd"
        )
    of_a, of_b, mass = as_probabilities(a.ravel(), b.ravel(), a.size, b.size, normalize=normalize)
    return of_a.reshape(a.shape), of_b.reshape(b.shape), mass


def _per_axis(values: Any, grid: tuple[int, ...], name: str, check: Any) -> tuple[Any, ...]:
    """One checked value for every axis."""
    hint = f"pass one for all {len(grid)} axes, or a list with one for each"
    if not (isinstance(values, (list, tuple)) or getattr(values, "ndim", 0) > 0):
        return (check(values, name, hint=hint),) * len(grid)
    if len(values) != len(grid):
        raise InvalidInputError(
            f"{name} must be one value, or one for each of {len(grid)} axes, got {values!r}; to "
            "fix it, pass as many as the arrays have axes"
        )
    return tuple(check(value, name, hint=hint) for value in values)


def _is_sum_over_axes(metric: str, p: float, axes: int) -> bool:
    return metric == "minkowski" or axes == 1 or (metric, p) in {("euclidean", 2), ("cityblock", 1)}


def _centers(grid: tuple[int, ...], steps: tuple[float, ...]) -> FloatArray:
    """The centers of all cells, shape (cells, axes)."""
    places = np.indices(grid).reshape(len(grid), -1).T
    centers: FloatArray = places * np.array(steps)
    return centers


def _check_range(grid: tuple[int, ...], steps: tuple[float, ...], p: float) -> None:
    """Raise on costs that leave the range of float64."""
    extents = [count * step for count, step in zip(grid, steps, strict=True)] + list(steps)
    for extent in (max(extents), min(extents)):
        if max(p, 2.0) * abs(math.log10(extent)) > 290:
            raise InvalidInputError(
                f"spacing must give the grid an extent whose power {p:g} fits into float64, got "
                f"{extent:.3g}; to fix it, use spacing=1 and multiply the distance back"
            )
