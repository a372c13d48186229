"""Relatives of the Wasserstein distance that cost less: sliced, max-sliced, Sinkhorn divergence.

All three are zero where distributions are equal, and positive between samples. Their intervals
allow for that bias by what halves of the samples show, and hold zero where permuted labels show
such values (otgan.pooled_null).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from otgan.costs import BLOCK_ENTRIES, PointCost
from otgan.errors import InvalidInputError
from otgan.estimates import Estimate, influence_se, normal_interval, rooted
from otgan.inputs.options import as_confidence, as_count, as_order, as_positive, as_rng
from otgan.measures import FloatArray, as_samples, refuse_gradients
from otgan.pooled_null import BoolArray, Equality, relabelings
from otgan.transport.couplings import Arcs, northwest_corner
from otgan.transport.entropic import ROUNDS, Entropic, between, scaled_within, within

__all__ = ["max_sliced_wasserstein", "sinkhorn_divergence", "sliced_wasserstein"]

LOOKS = 256
"""Random directions among which the search for the worst one chooses where to start."""

RELABELLED_LOOKS = 50
"""Of the directions of a sliced distance, along so many labels are permuted."""

RELABELLED_POINTS = 3_000
RELABELLED_ON_LINES = 50_000
"""Of more points in both samples, labels of so many are permuted: for the Sinkhorn divergence,
which wants all pairs of them, and along lines."""

TERMS = 10
"""Of the series that stands for the Sinkhorn divergence of nearly equal distributions."""


def sliced_wasserstein(
    x: Any,
    y: Any,
    *,
    p: float = 1,
    directions: int = 500,
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Sliced Wasserstein distance (E W_p(θ·x, θ·y)^p)^(1/p) over directions θ, root taken.

    Each direction is solved exactly, by sorting. In the units of x; at most W_p, and zero only
    for equal distributions. On the line it is W_p itself.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    p : float, default 1
        Order, at least one.
    directions : int, default 500
        How many random directions, at least two; on the line there is one.
    rng : int or numpy.random.Generator, default 0
        Draws them, uniformly from the sphere, the mixture for the floor, the halves and the
        permutations.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        Its standard error counts both kinds of chance, told apart in the diagnostics:
        `sampling_se`, from the points, and `directions_se`, which more directions shrink. `floor`
        is the same distance after the samples were given one mean, and then mixed: what equal
        distributions show. `of_halves` is the mean distance of halves of the samples. `equality_p`
        is how often permuted labels give such a distance: if equal distributions are possible by
        that, the interval holds zero, and a warning says so. The interval is for the distributions,
        and allows for the bias that these tell of: `value`, which is the distance of the samples,
        may lie above it.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, p < 1, or too few directions.

    Notes
    -----
    A point moves the mean of W_p^p by its dual potential, averaged over directions; the delta
    method takes the root. The value is too large in the mean, up to the floor where the
    distributions are equal. The bias falls between n^(-1/2) and 1/n, and so is at least what halves
    of the samples add to it, and at most 1 + √2 times that: the interval reaches below both, and
    not below 0.

    O(directions · ((n + m) log(n + m) + (n + m) d)) time, and 39 permutations of the labels at
    95 %, each O(n + m) along 50 of the directions.

    Source: Bonneel et al., Sliced and Radon Wasserstein barycenters of measures, 2015.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(500, 3))
    >>> sliced_wasserstein(x, x + [0, 0, 4])  # half the shift, in three dimensions
    Estimate(2.058 ± 0.061, 95 % in [1.926, 2.173], method='sliced, p = 1', n=500, m=500)
    """
    refuse_gradients("sliced_wasserstein", x, y)
    clouds = _Clouds.of(x, y, as_order(p))
    rng = as_rng(rng)
    thetas = _directions(clouds.d, as_count(directions, "directions", least=2), rng)
    costs, f, g = _over(clouds, thetas)
    cost = float(costs.mean())
    value, sampling_se = _root(cost, influence_se(f, g), clouds.p)
    spread = costs.std(ddof=1) / math.sqrt(len(costs)) if len(costs) > 1 else 0.0
    _, directions_se = _root(cost, spread, clouds.p)
    floor = float(_costs_over(clouds.mixed(rng), thetas).mean())
    of_halves = float(np.mean([_costs_over(half, thetas) for half in clouds.halves(rng)]))
    se_of_cost = math.hypot(influence_se(f, g), spread)
    equality = _equal_slices(clouds, thetas, as_confidence(confidence_level), rng)
    settled = equality.settle(
        se_of_cost, _interval(cost, se_of_cost, of_halves, confidence_level), confidence_level
    )
    return Estimate(
        value=value,
        se=max(math.hypot(sampling_se, directions_se), _root(cost, settled.se, clouds.p)[1]),
        interval=rooted(settled.interval, clouds.p),
        method=f"sliced, p = {clouds.p:g}",
        n=clouds.n,
        m=clouds.m,
        confidence_level=confidence_level,
        diagnostics={
            "floor": _root(floor, 0.0, clouds.p)[0],
            "of_halves": _root(of_halves, 0.0, clouds.p)[0],
            "equality_p": equality.p_value,
            "directions": len(costs),
            "sampling_se": sampling_se,
            "directions_se": directions_se,
        },
        warnings=settled.warnings + _doubt_bias(cost, se_of_cost, of_halves),
    )


def max_sliced_wasserstein(
    x: Any, y: Any, *, p: float = 1, restarts: int = 8, rng: Any = 0, confidence_level: float = 0.95
) -> Estimate:
    """The largest W_p(θ·x, θ·y) that a search over directions θ finds, root taken.

    A lower bound of W_p of the two samples, whatever the search found; a local search finds
    local maxima, so the true maximum over directions may be larger. In the units of x.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least four of each.
    p : float, default 1
        Order, at least one.
    restarts : int, default 8
        From how many directions the search starts: the best of 256 random ones and the
        difference of the means.
    rng : int or numpy.random.Generator, default 0
        Draws the directions, the halves, the mixture and the permutations.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        The diagnostics `held_out` and `held_out_se` are a second estimate: the direction is found
        on one half of the points and measured on the other, then the halves change places. If it
        falls far short of the value, the direction fits the samples more than the distributions,
        and a warning says so. `floor` is the value after the samples were given one mean, and then
        mixed: what equal distributions show. `of_halves` is the mean value of those halves.
        `equality_p` is how often permuted labels of a half give such a distance along the direction
        of the other, twice the lesser of both. The interval is for the largest distance along a
        direction of the distributions, and allows for the bias and for equal distributions as that
        of :func:`sliced_wasserstein` does.

    Raises
    ------
    InvalidInputError
        Fewer than four points, columns that differ, NaN, p < 1, or no restarts.

    Notes
    -----
    The search is L-BFGS on the projected cost. The standard error is that of the dual
    potentials in the direction found: to first order the maximum does not move.

    O(restarts · steps · ((n + m) log(n + m) + (n + m) d)) time.

    Source: Deshpande et al., Max-sliced Wasserstein distance and its use for GANs, 2019.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(500, 3))
    >>> print(f"{float(max_sliced_wasserstein(x, x + [0, 0, 4])):.3f}")
    4.000
    """
    refuse_gradients("max_sliced_wasserstein", x, y)
    clouds = _Clouds.of(x, y, as_order(p), least=4)
    restarts = as_count(restarts, "restarts")
    rng = as_rng(rng)
    cost, se_of_cost = _cost_along(clouds, _steepest(clouds, restarts, rng))
    halves = _halved(clouds, restarts, as_confidence(confidence_level), rng)
    mixed = clouds.mixed(rng)
    floor, _ = _cost_along(mixed, _steepest(mixed, restarts, rng))
    equality = Equality(halves.p_value if cost > floor else 1.0, floor)
    settled = equality.settle(
        se_of_cost, _interval(cost, se_of_cost, halves.cost, confidence_level), confidence_level
    )
    value, se = _root(cost, settled.se, clouds.p)
    doubts = settled.warnings + _doubt_bias(cost, se_of_cost, halves.cost)
    if value - halves.held_out > 2 * halves.held_out_se:
        doubts += (
            f"on points that did not choose the direction the distance is {halves.held_out:.4g}: "
            "the value is too large for the distributions; to fix it, give more points",
        )
    return Estimate(
        value=value,
        se=se,
        interval=rooted(settled.interval, clouds.p),
        method=f"max-sliced, p = {clouds.p:g}",
        n=clouds.n,
        m=clouds.m,
        confidence_level=confidence_level,
        diagnostics={
            "floor": _root(floor, 0.0, clouds.p)[0],
            "of_halves": _root(halves.cost, 0.0, clouds.p)[0],
            "equality_p": equality.p_value,
            "held_out": halves.held_out,
            "held_out_se": halves.held_out_se,
        },
        warnings=doubts,
    )


def sinkhorn_divergence(
    x: Any,
    y: Any,
    *,
    p: float = 1,
    regularization: float | None = None,
    max_iterations: int = 10_000,
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Sinkhorn divergence OT(x, y) - ½ OT(x, x) - ½ OT(y, y) of entropic transport; no root taken.

    ``OT(a, b) = min_P Σ P_ij |x_i - y_j|^p + ε KL(P‖a ⊗ b)``. In the units of the cost, |x|^p.
    It tends to W_p^p as ε falls to 0 and, for p = 1, to half the energy distance as ε grows.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    p : float, default 1
        Power of the Euclidean distance, at least one. The value is never negative up to p = 2.
    regularization : float, optional
        ε, in the units of the cost; by default a tenth of the mean cost between x and y.
    max_iterations : int, default 10 000
        Rounds over all pairs of points before each of the problems is given up.
    rng : int or numpy.random.Generator, default 0
        Draws the mixture for the floor, the halves and the permutations.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        Diagnostics: `floor`, the value after the samples were given one mean, and then mixed,
        which is what equal distributions show; `of_halves`, the mean value of halves of the
        samples; `equality_p`, how often permuted labels show such a divergence; `regularization`;
        the `iterations` of the three problems together; and `marginal_error`, the largest share of
        mass in the wrong place in a plan.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, p < 1, ε that is not positive, or tensors
        that require gradients.
    SolverError
        Marginals of a plan that are off by more than 1e-6 of the mass: never a value from
        iterations that did not converge.

    Notes
    -----
    ε falls by quarters from the largest cost, much as in GeomLoss, and steps of Newton's method
    help where the last problem is slow (:mod:`otgan.transport.entropic`): the default ε converges
    for heavy tails as well.

    The standard error is that of f - f_x and g - g_y, with the potentials f, g between the
    samples and f_x, g_y of the two problems of a sample with itself; it takes ε for given. The
    value is too large in the mean, the more so the smaller ε and the more dimensions, up to the
    floor where the distributions are equal. The interval is for the distributions: its upper end
    takes off what halves of the samples add to the value, its lower end the floor, or 1 + √2 times
    what halves add, whichever is more. It may lie below the value, and a warning says so; it holds
    zero if equal distributions are possible by permuted labels (:mod:`otgan.pooled_null`), for
    which the divergence is replaced by what it is to second order about the distribution of both
    samples.

    O((n + m)² · iterations) time, and memory for a matrix of (n + m)² numbers.

    Sources: Feydy et al., Interpolating between optimal transport and MMD using Sinkhorn
    divergences, 2019; Lavenant et al., The Riemannian geometry of Sinkhorn divergences, 2024, for
    the second order.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> print(f"{float(sinkhorn_divergence(x, x + [3, 4], p=2)):.4f}")  # a shift, for any ε
    25.0000
    """
    refuse_gradients("sinkhorn_divergence", x, y)
    p = as_order(p)
    x, y = as_samples(x, y)
    max_iterations = as_count(max_iterations, "max_iterations")
    epsilon = _regularization(regularization, x, y, p)
    rng = as_rng(rng)

    def solved(x: FloatArray, y: FloatArray) -> _Divergence:
        return _Divergence.between(x, y, p, epsilon, max_iterations)

    xy, xx, yy = whole = solved(x, y)
    value, floor = whole.value, solved(*_mixed(x, y, rng)).value
    of_halves = float(np.mean([solved(*half).value for half in _halves(x, y, rng)]))
    se = influence_se(xy.f - xx.f, xy.g - yy.f)
    equality = _equality(x, y, p, epsilon, as_confidence(confidence_level), rng)
    normal = _interval(value, se, of_halves, confidence_level, floor)
    settled = equality.settle(se, normal, confidence_level, unbiased=value - floor)
    return Estimate(
        value=value,
        se=settled.se,
        interval=settled.interval,
        method=f"sinkhorn, p = {p:g}",
        n=len(x),
        m=len(y),
        confidence_level=confidence_level,
        diagnostics={
            "floor": floor,
            "of_halves": of_halves,
            "equality_p": equality.p_value,
            "regularization": epsilon,
            "iterations": xy.iterations + xx.iterations + yy.iterations,
            "marginal_error": max(xy.error, xx.error, yy.error),
        },
        warnings=settled.warnings + _doubt_bias(value, se, of_halves),
    )


# ---------------------------------------------------------------- the bias


def _interval(
    cost: float, se: float, of_halves: float, confidence_level: float, floor: float = 0.0
) -> tuple[float, float]:
    """The interval for the distributions, where half the points show `of_halves` instead of `cost`.

    The excess of the halves is all of the bias if that falls as 1/n (Quenouille's jackknife), and
    1/(1 + √2) of it if it falls as n^(-1/2). The lower end allows for the second, and for `floor`.
    """
    excess = max(of_halves - cost, 0.0)
    low, _ = normal_interval(cost - max((1 + math.sqrt(2)) * excess, floor), se, confidence_level)
    _, high = normal_interval(cost - excess, se, confidence_level)
    return low, high


def _doubt_bias(cost: float, se: float, of_halves: float) -> tuple[str, ...]:
    if of_halves - cost <= se:
        return ()
    return (
        "the value is too large for the distributions, by more than its standard error, as half the points "
        "show one that is larger still; the interval allows for that, and more points help",
    )


# ---------------------------------------------------------------- slices


class _Clouds(NamedTuple):
    """Two samples about one center, and the plan that matches them in order along any line."""

    x: FloatArray
    y: FloatArray
    p: float
    steps: Arcs

    @classmethod
    def of(cls, x: Any, y: Any, p: float, least: int = 2) -> _Clouds:
        x, y = as_samples(x, y, least=least)
        PointCost.between(x, y, "euclidean", p)  # refuses powers that would overflow
        center = x.mean(axis=0) / 2 + y.mean(axis=0) / 2  # a common offset costs no digits
        return cls.between(x - center, y - center, p)

    @classmethod
    def between(cls, x: FloatArray, y: FloatArray, p: float) -> _Clouds:
        n, m = len(x), len(y)
        common = math.gcd(n, m)
        i, j, mass = northwest_corner(np.full(n, m / common), np.full(m, n / common))
        return cls(x, y, p, Arcs(i, j, mass / mass.sum()))

    def mixed(self, rng: np.random.Generator) -> _Clouds:
        """Two samples of one distribution: see `_mixed`."""
        x, y = _mixed(self.x, self.y, rng)
        return self._replace(x=x, y=y)

    def halves(self, rng: np.random.Generator) -> list[_Clouds]:
        """Two pairs of samples, of half the points each."""
        return [_Clouds.between(x, y, self.p) for x, y in _halves(self.x, self.y, rng)]

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def m(self) -> int:
        return len(self.y)

    @property
    def d(self) -> int:
        return self.x.shape[1]


class _Slices(NamedTuple):
    """Transport along k directions: orders of the points, gaps on the plan's arcs, costs W_p^p."""

    order_x: npt.NDArray[np.intp]
    order_y: npt.NDArray[np.intp]
    gaps: FloatArray
    costs: FloatArray


def _solve(clouds: _Clouds, thetas: FloatArray) -> _Slices:
    """Sort the projections on each of the directions `thetas`, shape (k, d)."""
    on_x, on_y = clouds.x @ thetas.T, clouds.y @ thetas.T
    order_x, order_y = on_x.argsort(axis=0), on_y.argsort(axis=0)
    i, j, mass = clouds.steps
    gaps = np.take_along_axis(on_x, order_x, 0)[i] - np.take_along_axis(on_y, order_y, 0)[j]
    return _Slices(order_x, order_y, gaps, mass @ np.abs(gaps) ** clouds.p)


def _in_blocks(clouds: _Clouds, thetas: FloatArray) -> Iterator[_Slices]:
    step = max(1, BLOCK_ENTRIES // (clouds.n + clouds.m))
    for start in range(0, len(thetas), step):
        yield _solve(clouds, thetas[start : start + step])


def _over(clouds: _Clouds, thetas: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """W_p^p in each direction, and the potentials of all points, averaged over directions."""
    costs, of_x, of_y = [], np.zeros(clouds.n), np.zeros(clouds.m)
    for slices in _in_blocks(clouds, thetas):
        f, g = _potentials(clouds, slices)
        costs.append(slices.costs)
        of_x += f
        of_y += g
    return np.concatenate(costs), of_x / len(thetas), of_y / len(thetas)


def _costs_over(clouds: _Clouds, thetas: FloatArray) -> FloatArray:
    return np.concatenate([slices.costs for slices in _in_blocks(clouds, thetas)])


def _equal_slices(
    clouds: _Clouds, thetas: FloatArray, confidence_level: float, rng: np.random.Generator
) -> Equality:
    some = clouds
    if clouds.n + clouds.m > RELABELLED_ON_LINES:
        some = _Clouds.between(*_part(clouds.x, clouds.y, RELABELLED_ON_LINES, rng), clouds.p)
    labels = relabelings(some.n, some.m, confidence_level, rng, cheap=False)
    values = _relabeled(some, thetas[:RELABELLED_LOOKS], labels)
    ratio = (1 / clouds.n + 1 / clouds.m) / (1 / some.n + 1 / some.m)
    return Equality.of(
        values, scale=ratio ** (clouds.p / 2)
    )  # at equal distributions W_p falls as n^(-1/2)


def _relabeled(clouds: _Clouds, thetas: FloatArray, labels: BoolArray) -> FloatArray:
    """The mean cost along directions under each row of labels, which one sort serves."""
    i, j, mass = clouds.steps
    projections = np.concatenate([clouds.x, clouds.y]) @ thetas.T
    costs = np.zeros(len(labels))
    rows = max(1, BLOCK_ENTRIES // (clouds.n + clouds.m))
    for line in projections.T:
        order = line.argsort()
        ordered = line[order]
        for start in range(0, len(labels), rows):
            of_x = labels[start : start + rows, order]  # with n True in each row
            spread = np.broadcast_to(ordered, of_x.shape)
            on_x, on_y = (spread[part].reshape(len(of_x), -1) for part in (of_x, ~of_x))
            costs[start : start + rows] += np.abs(on_x[:, i] - on_y[:, j]) ** clouds.p @ mass
    return costs / len(thetas)


def _potentials(clouds: _Clouds, slices: _Slices) -> tuple[FloatArray, FloatArray]:
    """Dual potentials of every point, summed over the directions.

    Along the staircase f_i + g_j is the cost, so a step on in i raises f, and one in j raises g,
    by what the cost rises. The potentials of each direction are shifted to f_0 = g_0 = 0.
    A corner (i + 1, j) without mass might as well be (i, j + 1): halfway between the potentials
    of both paths it has the cost that stands for it here.
    """
    i, j, mass = clouds.steps
    costs = np.abs(slices.gaps) ** clouds.p
    free = np.flatnonzero(mass == 0)
    before, after = slices.gaps[free - 1], slices.gaps[free + 1]
    detours = np.abs(before + after - slices.gaps[free]) ** clouds.p
    costs[free] = (costs[free - 1] + costs[free] + costs[free + 1] - detours) / 2
    rises = np.diff(costs, axis=0)
    start = np.zeros((1, rises.shape[1]))
    f = np.concatenate([start, rises[np.diff(i) > 0].cumsum(axis=0)])
    g = np.concatenate([start, rises[np.diff(j) > 0].cumsum(axis=0)])
    return _unsorted(slices.order_x, f), _unsorted(slices.order_y, g)


def _gradient(clouds: _Clouds, slices: _Slices) -> FloatArray:
    """The derivative of the cost in each direction's vector, shape (k, d)."""
    i, j, mass = clouds.steps
    pull = clouds.p * np.abs(slices.gaps) ** (clouds.p - 1) * np.sign(slices.gaps) * mass[:, None]
    of_x = np.add.reduceat(pull, np.searchsorted(i, np.arange(clouds.n)), axis=0)
    of_y = np.zeros((clouds.m, pull.shape[1]))
    np.add.at(of_y, j, pull)
    gradients = [
        at_x @ clouds.x[order_x] - at_y @ clouds.y[order_y]
        for at_x, order_x, at_y, order_y in zip(
            of_x.T, slices.order_x.T, of_y.T, slices.order_y.T, strict=True
        )
    ]
    return np.array(gradients)


def _unsorted(order: npt.NDArray[np.intp], values: FloatArray) -> FloatArray:
    """Sums over directions of values that are sorted along each of them."""
    return np.bincount(order.ravel(), values.ravel(), len(order)).astype(np.float64)


def _directions(d: int, count: int, rng: np.random.Generator) -> FloatArray:
    """Uniform unit vectors, shape (count, d); on the line the one there is."""
    if d == 1:
        return np.ones((1, 1))
    normal = rng.normal(size=(count, d))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _mixed(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Samples of the same sizes from the points of both, with their means made equal."""
    points = rng.permutation(np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)]))
    return points[: len(x)], points[len(x) :]


def _halves(
    x: FloatArray, y: FloatArray, rng: np.random.Generator
) -> list[tuple[FloatArray, FloatArray]]:
    """Both samples cut in two at random."""
    of_x, of_y = (np.array_split(rng.permutation(points), 2) for points in (x, y))
    return list(zip(of_x, of_y, strict=True))


def _part(
    x: FloatArray, y: FloatArray, total: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """So many of the points of both samples, at random, in proportion."""
    share = total / (len(x) + len(y))
    some_x, some_y = (rng.permutation(z)[: max(2, round(share * len(z)))] for z in (x, y))
    return some_x, some_y


def _root(cost: float, se: float, p: float) -> tuple[float, float]:
    """W = cost^(1/p) and its error, at most the root of the error: there is no slope at zero."""
    if p == 1:
        return cost, se
    if cost == 0:
        return 0.0, se ** (1 / p)
    return cost ** (1 / p), min(se / p * cost ** (1 / p - 1), se ** (1 / p))


# ---------------------------------------------------------------- the worst slice


def _steepest(clouds: _Clouds, restarts: int, rng: np.random.Generator) -> FloatArray:
    """The unit vector with the largest cost that was found, shape (1, d)."""
    looks = _directions(clouds.d, LOOKS, rng)
    shift = clouds.x.mean(axis=0) - clouds.y.mean(axis=0)
    if clouds.d == 1:
        return looks
    if shift.any():
        looks = np.concatenate([looks, shift[None] / np.linalg.norm(shift)])
    costs = _costs_over(clouds, looks)
    starts = looks[costs.argsort()[::-1][:restarts]]
    scale = costs.max() or 1.0

    def loss(vector: FloatArray) -> tuple[float, FloatArray]:
        length = float(np.linalg.norm(vector))
        theta = vector / length
        slices = _solve(clouds, theta[None])
        gradient = _gradient(clouds, slices)[0]
        along_the_sphere = (gradient - gradient @ theta * theta) / length
        return -slices.costs[0] / scale, -along_the_sphere / scale

    found = [minimize(loss, start, jac=True, method="L-BFGS-B").x for start in starts]
    ends = np.array([theta / np.linalg.norm(theta) for theta in found])
    best = int(_costs_over(clouds, ends).argmax())
    return ends[best : best + 1]


def _cost_along(clouds: _Clouds, theta: FloatArray) -> tuple[float, float]:
    slices = _solve(clouds, theta)
    return float(slices.costs[0]), influence_se(*_potentials(clouds, slices))


class _Halves(NamedTuple):
    """What halves of the samples show, each along its own direction, and along the other's."""

    cost: float
    held_out: float
    held_out_se: float
    p_value: float


def _halved(
    clouds: _Clouds, restarts: int, confidence_level: float, rng: np.random.Generator
) -> _Halves:
    """Directions found on one half, and measured on the other, where labels are permuted too."""
    halves = clouds.halves(rng)
    thetas = [_steepest(half, restarts, rng) for half in halves]
    cost = np.mean([_costs_over(*pair)[0] for pair in zip(halves, thetas, strict=True)])
    (first, first_se), (second, second_se) = map(_cost_along, halves, thetas[::-1])
    held_out = _root((first + second) / 2, math.hypot(first_se, second_se) / 2, clouds.p)
    least = 1.0
    for half, theta in zip(halves, thetas[::-1], strict=True):
        labels = relabelings(half.n, half.m, confidence_level, rng, cheap=True)
        least = min(least, Equality.of(_relabeled(half, theta, labels)).p_value)
    return _Halves(float(cost), *held_out, min(1.0, 2 * least))


# ---------------------------------------------------------------- entropic transport


class _Divergence(NamedTuple):
    """Entropic transport from x to y, from x to x, and from y to y."""

    xy: Entropic
    xx: Entropic
    yy: Entropic

    @classmethod
    def between(
        cls, x: FloatArray, y: FloatArray, p: float, epsilon: float, max_iterations: int
    ) -> _Divergence:
        return cls(
            between(_costs(x, y, p), epsilon, max_iterations),
            within(_costs(x, x, p), epsilon, max_iterations),
            within(_costs(y, y, p), epsilon, max_iterations),
        )

    @property
    def value(self) -> float:
        return self.xy.value - 0.5 * self.xx.value - 0.5 * self.yy.value


def _equality(
    x: FloatArray,
    y: FloatArray,
    p: float,
    epsilon: float,
    confidence_level: float,
    rng: np.random.Generator,
) -> Equality:
    n, m = len(x), len(y)
    if n + m > RELABELLED_POINTS:
        x, y = _part(x, y, RELABELLED_POINTS, rng)
    labels = relabelings(len(x), len(y), confidence_level, rng, cheap=False)
    values = _nearly_equal(np.concatenate([x, y]), p, epsilon, labels)
    scale = (1 / n + 1 / m) / (1 / len(x) + 1 / len(y))  # at equal distributions it falls as 1/n
    return Equality.of(values, scale=scale)


def _nearly_equal(points: FloatArray, p: float, epsilon: float, labels: BoolArray) -> FloatArray:
    """To second order about the distribution of all points, the divergence under each row of labels.

    With the plan M of that distribution with itself, N rows of which sum to one, and w = 1/n on x
    and -1/m on y, it is N ε/2 · wᵀ (1 - M²)⁻¹ M w. The first terms of the series in M are summed,
    which treats all permutations alike, and so leaves the test exact.
    """
    plan = _costs(points, points, p)
    plan /= -epsilon
    np.exp(plan, out=plan)
    u, *_ = scaled_within(plan, ROUNDS)
    plan *= u / len(points)
    plan *= u[:, None]
    weights = np.where(labels, 1 / labels[0].sum(), -1 / (~labels[0]).sum()).T
    total = np.zeros(len(labels))
    for _ in range(TERMS):
        spread = plan @ weights
        total += np.einsum("ib,ib->b", weights, spread)
        weights = spread
    return 0.5 * epsilon * len(points) * total


def _costs(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    return PointCost.between(x, y, "euclidean", p).rows(slice(0, len(x)))


def _regularization(regularization: float | None, x: FloatArray, y: FloatArray, p: float) -> float:
    if regularization is not None:
        return as_positive(
            regularization, "regularization", hint="pass for example a tenth of a typical cost"
        )
    mean = float(_costs(x, y, p).mean())
    if mean == 0:
        raise InvalidInputError(
            "regularization must be a positive number in the units of the cost, got a mean cost of "
            "0 to take a tenth of; to fix it, pass for example a tenth of a typical cost"
        )
    return 0.1 * mean
