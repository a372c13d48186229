"""The maximum mean discrepancy, its square without bias, and the test statistic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from scipy.spatial.distance import pdist, squareform

from otgan.costs import PointCost
from otgan.divergences.pair_means import (
    Kernel,
    PairMeans,
    SquaredDistance,
    biased_values,
    null_of,
    quadratic_form,
)
from otgan.errors import InvalidInputError
from otgan.estimates import Estimate
from otgan.inputs.options import as_choice, as_confidence, as_flag, as_positive, as_rng
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray, LabelStatistic, check_pool_size
from otgan.measures import FloatArray, as_samples, refuse_gradients

__all__ = ["MMD", "KernelName", "median_distance", "mmd", "mmd_squared"]

KernelName = Literal["gaussian", "laplace", "imq"]

ALL_PAIRS = 2_000
"""Up to so many points in both samples, the median is that of all distances between them."""

SOME_PAIRS = 1_000_000
"""From more points, the median is that of so many random distances."""


@checks_keywords
@dataclass(frozen=True)
class MMD:
    """The squared maximum mean discrepancy between samples, as a statistic of `two_sample_test`.

    E k(X, X') + E k(Y, Y') - 2 E k(X, Y), every point paired with itself too (biased, never
    negative).

    Attributes
    ----------
    kernel : {"gaussian", "laplace", "imq"}
        As in :func:`mmd_squared`.
    bandwidth : float or "median"
        σ, in the units of x. "median" is the median distance between two points of the pool, which
        does not depend on the labels, and so is the same for every permutation.

    References
    ----------
    Gretton et al., A kernel two-sample test (2012), equation 5.
    """

    kernel: KernelName = "gaussian"
    bandwidth: float | Literal["median"] = "median"
    name: ClassVar[str] = "mmd"

    def __post_init__(self) -> None:
        as_choice(self.kernel, "kernel", get_args(KernelName))
        if not self.takes_median:
            as_positive(
                self.bandwidth, "bandwidth", hint='pass a length in the units of x, or "median"'
            )

    @property
    def takes_median(self) -> bool:
        """Whether the bandwidth is the median distance."""
        return isinstance(self.bandwidth, str) and self.bandwidth == "median"

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """The kernel between all points, once."""
        check_pool_size(len(x), len(y), self.name)
        distances = pdist(np.concatenate([x, y]))
        width = _positive_median(distances) if self.takes_median else float(self.bandwidth)
        distances /= width
        matrix = squareform(_evaluate(self.kernel, distances))
        np.fill_diagonal(matrix, 1.0)
        return quadratic_form(matrix, len(x), len(y))

    def values(self, x: FloatArray, y: FloatArray, labels: BoolArray) -> FloatArray:
        """Under one batch of labels, without the matrix of all pairs in memory."""
        return biased_values(x, y, self._of_distances(), labels)

    def means(self, x: FloatArray, y: FloatArray) -> PairMeans:
        """The mean kernel of each point with the others."""
        return PairMeans.of(x, y, self._of_distances())

    def _of_distances(self) -> Kernel:
        """The kernel of unscaled distances, for a bandwidth that is a number."""
        width = float(self.bandwidth)
        return lambda distances: _evaluate(self.kernel, distances / width)


@checks_keywords
def mmd(
    x: Any,
    y: Any,
    *,
    kernel: KernelName = "gaussian",
    bandwidth: float | Literal["median"] = "median",
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Maximum mean discrepancy: the largest E f(X) - E f(Y) over functions f of norm one.

    The norm is that of the reproducing kernel Hilbert space. The MMD is
    (E k(X, X') + E k(Y, Y') - 2 E k(X, Y))^(1/2): a metric, without units, and at most √2.

    Parameters
    ----------
    x, y, kernel, bandwidth, rng, confidence_level
        As in :func:`mmd_squared`.

    Returns
    -------
    Estimate
        `value` is the distance of the two samples, which is too large in the mean, and positive
        for equal distributions. The interval is for the distributions: the roots of that of
        :func:`mmd_squared`, whose diagnostics these are too; `unbiased` is its value. Where equal
        distributions are possible it begins at zero, and a warning says so.

    Raises
    ------
    InvalidInputError
        As in :func:`mmd_squared`.

    See Also
    --------
    mmd_squared : the square, without bias.

    Notes
    -----
    Time and memory are those of :func:`mmd_squared`.

    Source: Gretton et al., A kernel two-sample test, 2012, definition 2 and Lemma 6.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(300, 1)), rng.normal(size=(200, 1)) + 1
    >>> estimate = mmd(x, y, bandwidth=1)  # 0.421 for the distributions
    >>> print(f"{estimate.value:.3f} ± {estimate.se:.3f}")
    0.453 ± 0.040
    """
    statistic = MMD(kernel, bandwidth)
    return _compared("mmd", statistic, x, y, rng, confidence_level).root()


@checks_keywords
def mmd_squared(
    x: Any,
    y: Any,
    *,
    kernel: KernelName = "gaussian",
    bandwidth: float | Literal["median"] = "median",
    unbiased: bool = True,
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Squared maximum mean discrepancy E k(X, X') + E k(Y, Y') - 2 E k(X, Y).

    It is zero only for equal distributions, has no units, and is at most 2.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    kernel : {"gaussian", "laplace", "imq"}
        With ``r = |x - y|/bandwidth``: exp(-r²/2), exp(-r), or the inverse multiquadric
        (1 + r²)^(-1/2).
    bandwidth : float or "median"
        In the units of x. "median" is the median of the distances between any two of the n + m
        points; from more than 2,000 points, that of a million random pairs.
    unbiased : bool, default True
        A U-statistic, which may be negative, or the V-statistic, as in
        :func:`energy_distance_squared`.
    rng : int or numpy.random.Generator, default 0
        Draws the random pairs, and permutes the labels.
    confidence_level : float, default 0.95
        Level of the interval, which is for the distributions, around the unbiased value in either
        case: its ends, like that value, may be negative.

    Returns
    -------
    Estimate
        With the diagnostics of :func:`energy_distance_squared`, and `bandwidth`.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, an unknown kernel, a bandwidth that is
        not positive, a median that is zero, or a confidence_level outside (0, 1).

    See Also
    --------
    mmd : its root.

    Notes
    -----
    The standard error and the interval are as in :func:`energy_distance_squared`, and take the
    bandwidth for given: they are those of the MMD with this bandwidth. Values with different
    bandwidths do not compare.

    O((n + m)² (d + B)) time with B permutations, and memory as in :func:`energy_distance_squared`.

    Source: Gretton et al., A kernel two-sample test, 2012, Lemma 6.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(300, 1)), rng.normal(size=(200, 1)) + 1
    >>> estimate = mmd_squared(x, y, bandwidth=1)  # 0.177 for the distributions
    >>> print(f"{estimate.value:.3f} ± {estimate.se:.3f}")
    0.201 ± 0.036
    """
    unbiased = as_flag(unbiased, "unbiased", "pass one of them")
    statistic = MMD(kernel, bandwidth)
    compared = _compared("mmd_squared", statistic, x, y, rng, confidence_level)
    return compared.squared(unbiased=unbiased)


def _compared(
    name: str, statistic: MMD, x: Any, y: Any, rng: Any, confidence_level: float
) -> SquaredDistance:
    refuse_gradients(name, x, y)
    x, y = as_samples(x, y)
    PointCost.between(x, y, "euclidean", 1.0)  # refuses coordinates that would overflow
    rng = as_rng(rng)
    if statistic.takes_median:
        statistic = replace(statistic, bandwidth=median_distance(x, y, rng))
    means = statistic.means(x, y)
    level = as_confidence(confidence_level)
    null = null_of(statistic, means, (x, y), level, rng)
    diagnostics = {"bandwidth": float(statistic.bandwidth)}
    return SquaredDistance(f"mmd, {statistic.kernel} kernel", means, null, level, diagnostics)


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
    return _positive_median(distances)


def _positive_median(distances: FloatArray) -> float:
    median = float(np.median(distances))
    if median == 0:
        raise InvalidInputError(
            "the median distance between the points must be positive to serve as bandwidth, got 0: "
            "half of the pairs or more coincide; to fix it, pass bandwidth=..., as in "
            "mmd(x, y, bandwidth=1.0) or statistic=MMD(bandwidth=1.0)"
        )
    return median


def _evaluate(kernel: str, r: FloatArray) -> FloatArray:
    """k(r), which may overwrite r."""
    if kernel == "gaussian":
        np.multiply(r, r, out=r)
        r *= -0.5
        return np.exp(r, out=r)
    return np.exp(-r) if kernel == "laplace" else 1 / np.sqrt(1 + r * r)
