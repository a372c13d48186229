"""Distances between samples from means over pairs of points: energy distance and MMD."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from scipy.spatial.distance import cdist, pdist

from otgan.costs import BLOCK_ENTRIES, PointCost
from otgan.errors import InvalidInputError, nearest_name
from otgan.estimates import Estimate, influence_se, normal_interval
from otgan.inputs.options import as_confidence, as_positive, as_rng
from otgan.measures import FloatArray, as_samples, refuse_gradients
from otgan.pooled_null import BoolArray, Equality, relabelings

__all__ = ["KernelName", "energy_distance", "is_median", "median_distance", "mmd"]

KernelName = Literal["gaussian", "laplace", "imq"]

Profile = Callable[[FloatArray], FloatArray]
"""A kernel as a function of the distance between two points."""

ALL_PAIRS = 2_000
"""Up to so many points in both samples, the median is that of all distances between them."""

SOME_PAIRS = 1_000_000
"""From more points, the median is that of so many random distances."""

MANY_LABELS = 5_000
"""Of more points in both samples, labels of so many are permuted, and only in cases of doubt."""


def energy_distance(
    x: Any, y: Any, *, unbiased: bool = True, rng: Any = 0, confidence_level: float = 0.95
) -> Estimate:
    """Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two distributions, from samples; no root taken.

    It is zero only for equal distributions with finite means, in the units of x, and at most 2 W1.
    On the line it is 2 ∫ (F - G)², with distribution functions F and G. Its square root is a
    metric: ``diagnostics["root"]``, which SciPy calls the energy distance.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    unbiased : bool, default True
        Whether the means leave out the pairs of a point with itself: a U-statistic, whose
        mean is the distance of the distributions, and which may be negative. Otherwise a
        V-statistic: the energy distance of the two samples, never negative, and too large in the
        mean.
    rng : int or numpy.random.Generator, default 0
        Permutes the labels.
    confidence_level : float, default 0.95
        Level of the interval, which is for the distributions, around the unbiased value in either
        case: its ends, like that value, may be negative.

    Returns
    -------
    Estimate
        Diagnostics: `unbiased`; `biased`; `root`, that of the biased value; and `equality_p`, how
        often permuted labels give such a value. If equal distributions are possible by that, the
        interval is wide enough to hold zero, and a warning says so.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, or a confidence_level outside (0, 1).

    Notes
    -----
    The standard error is that of the Hoeffding projection, from the mean distances of each point
    to the others. Where the distributions are equal the projection vanishes and the value is not
    normal: see :mod:`otgan.pooled_null` for the interval there.

    O((n + m) (log(n + m) + B)) time on the line; otherwise O((n + m)² (d + B)), with the distances
    held in blocks of 16 MiB, and B = 199 permutations at 95 %, which look at 5,000 points at most.

    Source: Székely and Rizzo, Energy statistics: a class of statistics based on distances, 2013.

    Examples
    --------
    >>> float(energy_distance([0, 1], [2, 3], unbiased=False))  # 2 · 2 - 1/2 - 1/2
    3.0
    >>> float(energy_distance([0, 1], [2, 3]))  # 2 · 2 - 1 - 1
    2.0
    """
    refuse_gradients("energy_distance", x, y)
    x, y = as_samples(x, y)
    PointCost.between(x, y, "euclidean", 1.0)  # refuses coordinates that would overflow
    if x.shape[1] == 1:
        means, relabeled = _means_on_line(x, y), _relabeled_on_line
    else:
        means, relabeled = _means(x, y, np.negative), partial(_relabeled, np.negative)
    equality = _equality(means, relabeled, x, y, as_confidence(confidence_level), as_rng(rng))
    return _estimate(means, equality, "energy distance", unbiased, confidence_level)


def mmd(
    x: Any,
    y: Any,
    *,
    kernel: KernelName = "gaussian",
    bandwidth: float | Literal["median"] = "median",
    unbiased: bool = True,
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Squared maximum mean discrepancy E k(X, X') + E k(Y, Y') - 2 E k(X, Y); no root taken.

    It is zero only for equal distributions, has no units, and is at most 2. Its root is the largest
    E f(X) - E f(Y) over functions f of norm one in the reproducing space of the kernel.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    kernel : {"gaussian", "laplace", "imq"}
        With r = |x - y|/bandwidth: exp(-r²/2), exp(-r), or the inverse multiquadric
        (1 + r²)^(-1/2).
    bandwidth : float or "median"
        In the units of x. "median" is the median of the distances between any two of the n + m
        points; from more than 2,000 points, that of a million random pairs.
    unbiased : bool, default True
        A U-statistic, which may be negative, or the V-statistic, as in :func:`energy_distance`.
    rng : int or numpy.random.Generator, default 0
        Draws the random pairs, and permutes the labels.
    confidence_level : float, default 0.95
        Level of the interval, which is for the distributions, around the unbiased value in either
        case: its ends, like that value, may be negative.

    Returns
    -------
    Estimate
        With the diagnostics of :func:`energy_distance`, and `bandwidth`.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, an unknown kernel, a bandwidth that is
        not positive, a median that is zero, or a confidence_level outside (0, 1).

    Notes
    -----
    The standard error and the interval are as in :func:`energy_distance`, and take the bandwidth
    for given: they are those of the MMD with this bandwidth. Values with different bandwidths do
    not compare.

    O((n + m)² (d + B)) time with B permutations, the distances held in blocks of 16 MiB.

    Source: Gretton et al., A kernel two-sample test, 2012, Lemma 6.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(300, 1)), rng.normal(size=(200, 1)) + 1
    >>> estimate = mmd(x, y, bandwidth=1)  # 0.177 for the distributions
    >>> print(f"{estimate.value:.3f} ± {estimate.se:.3f}")
    0.201 ± 0.036
    """
    refuse_gradients("mmd", x, y)
    x, y = as_samples(x, y)
    PointCost.between(x, y, "euclidean", 1.0)
    if kernel not in get_args(KernelName):
        raise InvalidInputError(
            f"kernel must be one of {', '.join(get_args(KernelName))}, got {kernel!r}; "
            f"to fix it, {nearest_name(str(kernel), get_args(KernelName))}"
        )
    rng = as_rng(rng)
    width = median_distance(x, y, rng) if is_median(bandwidth) else float(bandwidth)

    def profile(distances: FloatArray) -> FloatArray:
        return _profile(kernel, distances / width)

    means, relabeled = _means(x, y, profile), partial(_relabeled, profile)
    equality = _equality(means, relabeled, x, y, as_confidence(confidence_level), rng)
    name = f"mmd, {kernel} kernel"
    return _estimate(means, equality, name, unbiased, confidence_level, bandwidth=width)


def median_distance(x: FloatArray, y: FloatArray, rng: Any = 0) -> float:
    """The median distance between two of the points of both samples.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
    rng : int or numpy.random.Generator
        Draws a million pairs where there are more than 2,000 points.

    Raises
    ------
    InvalidInputError
        A median of zero.

    Examples
    --------
    >>> median_distance(np.array([[0.0], [1.0]]), np.array([[3.0]]))
    2.0
    """
    points = np.concatenate([x, y])
    total = len(points)
    if total <= ALL_PAIRS:
        distances = pdist(points)
    else:
        rng = as_rng(rng)
        first = rng.integers(total, size=SOME_PAIRS)
        second = (first + rng.integers(1, total, size=SOME_PAIRS)) % total
        distances = PointCost(points, points).arcs(first, second)
    median = float(np.median(distances))
    if median == 0:
        raise InvalidInputError(
            "the median distance between two points must be positive, got 0, as most points "
            "coincide; to fix it, pass a number as bandwidth"
        )
    return median


Relabeled = Callable[[FloatArray, FloatArray, BoolArray], FloatArray]
"""Biased values of two samples under each row of labels of their points."""


class _Means(NamedTuple):
    """Mean kernel of each point with the other points of its sample, and with the other sample."""

    xx: FloatArray
    yy: FloatArray
    xy: FloatArray
    yx: FloatArray
    at_zero: float
    """The kernel of a point with itself."""
    biased: float

    @property
    def bias(self) -> float:
        """What a point with itself adds to the means over all pairs, beyond what others do."""
        of_x, of_y = self.at_zero - self.xx.mean(), self.at_zero - self.yy.mean()
        return float(of_x / len(self.xx) + of_y / len(self.yy))


def _estimate(
    means: _Means,
    equality: Equality,
    name: str,
    unbiased: bool,
    confidence_level: float,
    **diagnostics: float,
) -> Estimate:
    u = means.biased - means.bias
    se = influence_se(2 * (means.xx - means.xy), 2 * (means.yy - means.yx))
    settled = equality.settle(
        se, normal_interval(u, se, confidence_level), confidence_level, unbiased=u
    )
    return Estimate(
        value=u if unbiased else means.biased,
        se=settled.se,
        interval=settled.interval,
        method=f"{name}, {'unbiased' if unbiased else 'biased'}",
        n=len(means.xx),
        m=len(means.yy),
        confidence_level=confidence_level,
        diagnostics={
            "unbiased": u,
            "biased": means.biased,
            "root": math.sqrt(max(means.biased, 0.0)),  # negative by rounding alone
            "equality_p": equality.p_value,
            **diagnostics,
        },
        warnings=settled.warnings,
    )


# ---------------------------------------------------------------- equal distributions


def _equality(
    means: _Means,
    relabeled: Relabeled,
    x: FloatArray,
    y: FloatArray,
    confidence_level: float,
    rng: np.random.Generator,
) -> Equality:
    n, m = len(x), len(y)
    if n + m > MANY_LABELS:
        if found := Equality.plainly_not(means.biased, means.bias, confidence_level):
            return found
        share = MANY_LABELS / (n + m)
        x, y = (rng.permutation(z)[: max(2, round(share * len(z)))] for z in (x, y))
    labels = relabelings(len(x), len(y), confidence_level, rng, cheap=True)
    scale = (1 / n + 1 / m) / (1 / len(x) + 1 / len(y))  # at equal distributions it falls as 1/n
    return Equality.of(relabeled(x, y, labels), scale=scale)


def _relabeled(kernel: Profile, x: FloatArray, y: FloatArray, labels: BoolArray) -> FloatArray:
    """Biased values under labels, with all pairs of points looked at once.

    It is a quadratic form, with 1/n on the points of x and -1/m on those of y.
    """
    points, n, m = np.concatenate([x, y]), len(x), len(y)
    weights = np.where(labels, 1 / n, -1 / m).T
    values = np.zeros(len(labels))
    step = max(1, BLOCK_ENTRIES // len(points))
    for start in range(0, len(points), step):
        block = kernel(cdist(points[start : start + step], points))
        values += np.einsum("ib,ib->b", weights[start : start + step], block @ weights)
    return values


def _relabeled_on_line(x: FloatArray, y: FloatArray, labels: BoolArray) -> FloatArray:
    """2 ∫ (F - G)² under each row of labels."""
    n, m = len(x), len(y)
    points = np.concatenate([x[:, 0], y[:, 0]])
    order = points.argsort()
    gaps = np.diff(points[order])
    values = np.empty(len(labels))
    for at, row in enumerate(labels):
        below = row[order].cumsum()[:-1]
        values[at] = 2 * (gaps * (below / n - (np.arange(1, n + m) - below) / m) ** 2).sum()
    return values


def _means(x: FloatArray, y: FloatArray, kernel: Profile) -> _Means:
    n, m = len(x), len(y)
    at_zero = float(kernel(np.zeros(1))[0])
    sums_xx, sums_yy = _sums_within(x, kernel), _sums_within(y, kernel)
    sums_xy, sums_yx = _sums_between(x, y, kernel)
    cross = 2 * sums_xy.sum() / (n * m)
    return _Means(
        xx=(sums_xx - at_zero) / (n - 1),
        yy=(sums_yy - at_zero) / (m - 1),
        xy=sums_xy / m,
        yx=sums_yx / n,
        at_zero=at_zero,
        biased=float(sums_xx.sum() / n**2 + sums_yy.sum() / m**2 - cross),
    )


def _sums_within(points: FloatArray, kernel: Profile) -> FloatArray:
    """Sums of the kernel over each row of pairs; pairs are visited once."""
    sums = np.zeros(len(points))
    step = max(1, BLOCK_ENTRIES // len(points))
    for start in range(0, len(points), step):
        stop = start + step
        block = kernel(cdist(points[start:stop], points[start:]))
        sums[start:stop] += block.sum(axis=1)
        sums[stop:] += block[:, step:].sum(axis=0)
    return sums


def _sums_between(x: FloatArray, y: FloatArray, kernel: Profile) -> tuple[FloatArray, FloatArray]:
    by_x, by_y = np.zeros(len(x)), np.zeros(len(y))
    step = max(1, BLOCK_ENTRIES // len(y))
    for start in range(0, len(x), step):
        block = kernel(cdist(x[start : start + step], y))
        by_x[start : start + step] = block.sum(axis=1)
        by_y += block.sum(axis=0)
    return by_x, by_y


def _means_on_line(x: FloatArray, y: FloatArray) -> _Means:
    """The means of -|x - y| from sorted points: gaps between neighbors, times who is beside."""
    n, m = len(x), len(y)
    points = np.concatenate([x[:, 0], y[:, 0]])
    order = points.argsort()
    gaps = np.diff(points[order])
    of_x = order < n
    below_x, below_y = of_x.cumsum()[:-1], (~of_x).cumsum()[:-1]
    to_x, to_y = np.empty(n + m), np.empty(n + m)
    to_x[order], to_y[order] = _sums_of_gaps(gaps, below_x, n), _sums_of_gaps(gaps, below_y, m)
    return _Means(
        xx=-to_x[:n] / (n - 1),
        yy=-to_y[n:] / (m - 1),
        xy=-to_y[:n] / m,
        yx=-to_x[n:] / n,
        at_zero=0.0,
        biased=float(2 * (gaps * (below_x / n - below_y / m) ** 2).sum()),
    )


def _sums_of_gaps(gaps: FloatArray, below: Any, total: int) -> FloatArray:
    """From each sorted point, the sum of distances to `total` points, `below` of them by a gap."""
    to_the_left = np.concatenate([[0.0], (gaps * below).cumsum()])
    to_the_right = np.concatenate([(gaps * (total - below))[::-1].cumsum()[::-1], [0.0]])
    return to_the_left + to_the_right


def _profile(kernel: str, r: FloatArray) -> FloatArray:
    if kernel == "gaussian":
        return np.exp(-0.5 * r * r)
    return np.exp(-r) if kernel == "laplace" else 1 / np.sqrt(1 + r * r)


def is_median(bandwidth: Any) -> bool:
    """Whether the bandwidth is to be the median distance; otherwise it must be a number."""
    if isinstance(bandwidth, str) and bandwidth == "median":
        return True
    as_positive(bandwidth, "bandwidth", hint='pass a length in the units of x, or "median"')
    return False
