"""Squared distances from means of a kernel over pairs of points: U- and V-statistics, their errors.

With a kernel k, the squared distance of two distributions is
E k(X, X') + E k(Y, Y') - 2 E k(X, Y): the squared MMD, or the squared energy distance for
k(x, y) = -|x - y|. A V-statistic pairs every point with itself too; it is the squared distance of
the two samples, never negative, and too large in the mean. A U-statistic leaves those pairs out:
its mean is the squared distance of the distributions, and it may be negative.

The standard error is that of the Hoeffding projection, from the mean kernel of each point with the
others. The interval takes Student's quantile, with one less than the points of the smaller sample,
and reaches as far up as that of the distance, which is more nearly normal than its square. Where
the distributions are equal the projection vanishes and the value is not normal: see
``otgan.pooled_null`` for the interval there.

Source: Gretton et al., A kernel two-sample test, 2012, Lemma 6 and section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.spatial.distance import cdist

from otgan.costs import BLOCK_ENTRIES
from otgan.estimates import (
    Estimate,
    interval_of_power,
    root_and_error,
    rooted,
    standard_error_of_gap,
)
from otgan.label_statistic import BoolArray, LabelStatistic
from otgan.measures import FloatArray
from otgan.pooled_null import PooledNull, WidenedInterval, permuted_labels

__all__ = [
    "Kernel",
    "KernelStatistic",
    "PairMeans",
    "SquaredDistance",
    "biased_values",
    "energy_means_on_line",
    "null_of",
    "quadratic_form",
    "squared_area_on_line",
]

Kernel = Callable[[FloatArray], FloatArray]
"""A kernel as a function of the distance between two points."""

MAX_PERMUTED_POINTS = 5_000
"""Of more points in both samples, the labels of so many are permuted, and only where the value is
not far above what equal distributions show."""

BATCH_ENTRIES = 3 * 10**8
"""Entries of the matrix, times permutations, that are valued at once, about."""

BATCH_STEPS = 10**7
"""Points, times permutations, that are valued at once on the line, about."""


class PairMeans(NamedTuple):
    """Mean kernel of each point with the other points of its sample, and with the other sample."""

    xx: FloatArray
    yy: FloatArray
    xy: FloatArray
    yx: FloatArray
    at_zero: float
    """The kernel of a point with itself."""
    biased: float
    """The V-statistic."""

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, kernel: Kernel) -> PairMeans:
        """From all pairs, with the distances held in blocks."""
        n, m = len(x), len(y)
        at_zero = float(kernel(np.zeros(1))[0])
        sums_xx, sums_yy = _sums_within(x, kernel), _sums_within(y, kernel)
        sums_xy, sums_yx = _sums_between(x, y, kernel)
        cross = 2 * sums_xy.sum() / (n * m)
        return cls(
            xx=(sums_xx - at_zero) / (n - 1),
            yy=(sums_yy - at_zero) / (m - 1),
            xy=sums_xy / m,
            yx=sums_yx / n,
            at_zero=at_zero,
            biased=float(sums_xx.sum() / n**2 + sums_yy.sum() / m**2 - cross),
        )

    @property
    def bias(self) -> float:
        """What a point with itself adds to the means over all pairs, beyond what others do."""
        of_x, of_y = self.at_zero - self.xx.mean(), self.at_zero - self.yy.mean()
        return float(of_x / len(self.xx) + of_y / len(self.yy))

    @property
    def unbiased(self) -> float:
        """The U-statistic."""
        return self.biased - self.bias

    @property
    def se(self) -> float:
        """Standard error of either, where the distributions differ."""
        return standard_error_of_gap(2 * (self.xx - self.xy), 2 * (self.yy - self.yx))


@dataclass(frozen=True)
class SquaredDistance:
    """A squared distance of two samples with its null distribution, from which estimates come."""

    name: str
    means: PairMeans
    null: PooledNull
    confidence_level: float
    diagnostics: dict[str, float] = field(default_factory=dict)

    def squared(self, *, unbiased: bool) -> Estimate:
        """Of the squared distance; no end of the interval is cut off at zero."""
        widened = self._interval()
        return self._estimate(
            value=self.means.unbiased if unbiased else self.means.biased,
            se=widened.se,
            interval=widened.interval,
            method=f"{self.name} squared, {'unbiased' if unbiased else 'biased'}",
            warnings=widened.warnings,
        )

    def root(self) -> Estimate:
        """Of the distance; its value is that of the samples."""
        widened = self._interval()
        squared = max(self.means.biased, 0.0)  # negative by rounding alone
        value, se = root_and_error(squared, widened.se, 2)
        return self._estimate(
            value=value,
            se=se,
            interval=rooted(widened.interval, 2.0),
            method=self.name,
            warnings=widened.warnings,
        )

    def _interval(self) -> WidenedInterval:
        u, se = self.means.unbiased, self.means.se
        df = min(len(self.means.xx), len(self.means.yy)) - 1
        normal = interval_of_power(u, se, 2, self.confidence_level, df=df)
        high = self.null.largest_square(u, self.confidence_level)
        return self.null.include_zero(se, normal, self.confidence_level, high=high)

    def _estimate(self, **fields: Any) -> Estimate:
        return Estimate(
            **fields,
            n=len(self.means.xx),
            m=len(self.means.yy),
            confidence_level=self.confidence_level,
            diagnostics={
                "unbiased": self.means.unbiased,
                "biased": self.means.biased,
                "root": math.sqrt(max(self.means.biased, 0.0)),
                "null_pvalue": self.null.pvalue,
                **self.diagnostics,
            },
        )


# ---------------------------------------------------------------- equal distributions


class KernelStatistic(Protocol):
    """A squared distance of two samples that is valued under one batch of labels."""

    def values(self, x: FloatArray, y: FloatArray, labels: BoolArray) -> FloatArray:
        """The V-statistic under each row of labels, without a matrix of all pairs in memory."""
        ...


def null_of(
    statistic: KernelStatistic,
    means: PairMeans,
    samples: tuple[FloatArray, FloatArray],
    confidence_level: float,
    rng: np.random.Generator,
) -> PooledNull:
    """The squared distance under permuted labels of the points, or of some of them."""
    x, y = samples
    n, m = len(x), len(y)
    if n + m > MAX_PERMUTED_POINTS:
        if found := PooledNull.by_tail_bound(means.biased, means.bias, confidence_level):
            return found
        fraction = MAX_PERMUTED_POINTS / (n + m)
        x, y = (rng.permutation(z)[: max(2, round(fraction * len(z)))] for z in (x, y))
    labels = permuted_labels(len(x), len(y), confidence_level, rng, cheap=True)
    scale = (1 / n + 1 / m) / (1 / len(x) + 1 / len(y))  # at equal distributions it falls as 1/n
    return PooledNull.from_values(statistic.values(x, y, labels), scale=scale)


def biased_values(x: FloatArray, y: FloatArray, kernel: Kernel, labels: BoolArray) -> FloatArray:
    """zᵀ K z under each row of labels, with z = 1/n on x and -1/m on y, all pairs visited once.

    For one batch of labels: the kernel is held in blocks of rows and never stored.
    """
    points, n, m = np.concatenate([x, y]), len(x), len(y)
    weights = np.where(labels, 1 / n, -1 / m).T
    values = np.zeros(len(labels))
    step = max(1, BLOCK_ENTRIES // len(points))
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        block = kernel(cdist(points[rows], points))
        values += np.einsum("ib,ib->b", weights[rows], block @ weights)
    return values


def quadratic_form(matrix: FloatArray, n: int, m: int) -> LabelStatistic:
    """The values of :func:`biased_values` for many batches of labels, from the stored matrix K.

    K is symmetric, and overwritten. z sums to zero, so K may be centered in rows and columns. A
    constant may then be added to z: with ones on x and zeros on y the form is the same up to
    (1/n + 1/m)², and nothing cancels.
    """
    means = matrix.mean(axis=0)
    matrix -= means
    matrix -= (means - means.mean())[:, None]
    factor = (1 / n + 1 / m) ** 2

    def values(labels: BoolArray) -> FloatArray:
        ones = labels.astype(np.float64)
        return factor * np.einsum("bi,bi->b", ones @ matrix, ones)

    return LabelStatistic(n, m, values, batch=int(np.clip(BATCH_ENTRIES // (n + m) ** 2, 64, 256)))


def squared_area_on_line(x: FloatArray, y: FloatArray) -> LabelStatistic:
    """2 ∫ (F - G)², with F and G the distribution functions of the points of either label."""
    n, m = len(x), len(y)
    points = np.concatenate([x[:, 0], y[:, 0]])
    order = points.argsort()
    gaps = np.diff(points[order])
    ranks = np.arange(1, n + m)

    def values(labels: BoolArray) -> FloatArray:
        below = labels[:, order].cumsum(axis=1)[:, :-1]
        return 2 * (gaps * (below / n - (ranks - below) / m) ** 2).sum(axis=1)

    return LabelStatistic(n, m, values, batch=int(np.clip(BATCH_STEPS // (n + m), 1, 256)))


# ---------------------------------------------------------------- sums over pairs


def _sums_within(points: FloatArray, kernel: Kernel) -> FloatArray:
    """Sums of the kernel over each row of pairs; pairs are visited once."""
    sums = np.zeros(len(points))
    step = max(1, BLOCK_ENTRIES // len(points))
    for start in range(0, len(points), step):
        stop = start + step
        block = kernel(cdist(points[start:stop], points[start:]))
        sums[start:stop] += block.sum(axis=1)
        sums[stop:] += block[:, step:].sum(axis=0)
    return sums


def _sums_between(x: FloatArray, y: FloatArray, kernel: Kernel) -> tuple[FloatArray, FloatArray]:
    by_x, by_y = np.zeros(len(x)), np.zeros(len(y))
    step = max(1, BLOCK_ENTRIES // len(y))
    for start in range(0, len(x), step):
        block = kernel(cdist(x[start : start + step], y))
        by_x[start : start + step] = block.sum(axis=1)
        by_y += block.sum(axis=0)
    return by_x, by_y


def energy_means_on_line(x: FloatArray, y: FloatArray) -> PairMeans:
    """The means of -|x - y| from sorted points: gaps between neighbors, times who is beside."""
    n, m = len(x), len(y)
    points = np.concatenate([x[:, 0], y[:, 0]])
    order = points.argsort()
    gaps = np.diff(points[order])
    of_x = order < n
    below_x, below_y = of_x.cumsum()[:-1], (~of_x).cumsum()[:-1]
    to_x, to_y = np.empty(n + m), np.empty(n + m)
    to_x[order], to_y[order] = _sums_of_gaps(gaps, below_x, n), _sums_of_gaps(gaps, below_y, m)
    return PairMeans(
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
