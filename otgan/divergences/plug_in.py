"""Plug-in estimates of KL and JS from counts: of values that repeat, or of points in bins.

The plug-in values are biased upwards, by (K - 1)/2n for K values even between equal distributions.
The bias to first order in 1/n is subtracted, so that values may be negative, and standard errors
come from the delta method. At equal distributions its first order vanishes: there the counts of
permuted labels, which are multivariate hypergeometric, show how wide an interval must be
(otgan.pooled_null).

Source: Paninski, Estimation of entropy and mutual information (Neural Computation 2003), section 4
for the bias of one entropy; the same expansion gives those of KL and JS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from otgan.divergences.histograms import js_divergence, kl_divergence
from otgan.errors import InvalidInputError
from otgan.estimates import Estimate, normal_interval
from otgan.inputs.options import as_count, as_number
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.pooled_null import PooledNull, count_permutations

__all__ = ["Discrete", "Histogram"]

_FEW_POINTS = 20  # so many may all be different
_CROWDED = 0.1  # fraction of x in one bin that is too much


@checks_keywords
@dataclass(frozen=True)
class Discrete:
    """KL and JS between distributions on values that repeat: counts, categories, rounded numbers.

    Parameters
    ----------
    smoothing : float
        Added to the count of every value that occurs in either sample, in both. 0 leaves the
        counts alone, and refuses an infinite KL.

    Notes
    -----
    O((n + m) log(n + m)) time. No estimator of KL is consistent for all pairs of discrete
    distributions: a value of x that y can show but has not yet shown could cost any amount.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.binomial(3, 0.5, (4000, 1)) * 1.0, rng.binomial(3, 0.4, (4000, 1)) * 1.0
    >>> e = Discrete().kl(x, y, confidence_level=0.95, rng=rng)
    >>> truth = 1.5 * np.log(0.5 / 0.4) + 1.5 * np.log(0.5 / 0.6)
    >>> bool(e.interval[0] < truth < e.interval[1])
    True
    """

    smoothing: float = 0.0

    def __post_init__(self) -> None:
        hint = "pass for example smoothing=0.5"
        if not 0 <= as_number(self.smoothing, "smoothing", "at least 0", hint) < math.inf:
            raise InvalidInputError(
                f"smoothing must be a finite number >= 0, got {self.smoothing!r}; to fix it, {hint}"
            )

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from samples x (n, d) of P and y (m, d) of Q."""
        counts = self._smooth(*self._counts(x, y))
        unseen = int(((counts[0] > 0) & (counts[1] == 0)).sum())
        if unseen:
            fraction = counts[0][counts[1] == 0].sum() / counts[0].sum()
            raise InvalidInputError(
                f"every value in x must occur in y for a finite KL, got {unseen} values "
                f"({fraction:.1%} of x) that do not; to fix it, estimate JS, merge rare values, or "
                "pass method=Discrete(smoothing=0.5), which is then part of the answer"
            )
        null = _pooled_null(*self._counts(x, y), confidence_level, rng, scale=4)
        task = _Task(len(x), len(y), null, "discrete, less bias", confidence_level)
        return _kl_of_counts(counts, task)

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from samples x (n, d) of P and y (m, d) of Q."""
        counts = self._counts(x, y)
        null = _pooled_null(*counts, confidence_level, rng)
        task = _Task(len(x), len(y), null, "discrete, less bias", confidence_level)
        return _js_of_counts(self._smooth(*counts), task)

    def _counts(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        _, which = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
        which = which.ravel()
        size = which.max() + 1
        if 2 * size > len(which) > _FEW_POINTS:
            raise InvalidInputError(
                f"values must repeat to be counted, got {size} different ones among {len(which)} "
                'points; to fix it, round the data, or use method="knn" for distributions '
                "with densities"
            )
        counts_x = np.bincount(which[: len(x)], minlength=size).astype(float)
        counts_y = np.bincount(which[len(x) :], minlength=size).astype(float)
        return counts_x, counts_y

    def _smooth(self, counts_x: FloatArray, counts_y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return counts_x + self.smoothing, counts_y + self.smoothing


@checks_keywords
@dataclass(frozen=True)
class Histogram:
    """KL and JS from counts in bins, in one or two dimensions.

    Bins hold equally many points: of y for KL, so that none of them is empty there, and of both
    samples for JS. In the plane, columns of equal count are cut into cells of equal count.

    Parameters
    ----------
    bins : int, optional
        How many along each axis. By default the square root of the smaller sample in all, at least
        two along an axis.

    Notes
    -----
    O((n + m) log m) time. Merging points into bins can only lower a divergence, so that with few
    bins the value is too small, by an amount that the standard error does not include.
    """

    bins: int | None = None

    def __post_init__(self) -> None:
        if self.bins is not None:
            as_count(self.bins, "bins", least=2)

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from samples x (n, d) of P and y (m, d) of Q, d at most 2."""
        counts = self._counts(x, y, y)
        null = _pooled_null(*counts, confidence_level, rng, scale=4)
        task = _Task(len(x), len(y), null, "histogram, less bias", confidence_level)
        estimate = _kl_of_counts(counts, task)
        crowded, fair = counts[0].max() / len(x), counts[1].max() / len(y)
        if crowded > _CROWDED and crowded > 4 * fair:
            sentence = (
                f"one bin holds {crowded:.0%} of x and {fair:.1%} of y: how the densities vary "
                "inside is lost, and the value is too small"
            )
            estimate = replace(estimate, warnings=(*estimate.warnings, sentence))
        return _warn_coarse_cells(estimate, x, "KL")

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from samples x (n, d) of P and y (m, d) of Q, d at most 2."""
        counts = self._counts(x, y, np.concatenate([x, y]))
        null = _pooled_null(*counts, confidence_level, rng)
        task = _Task(len(x), len(y), null, "histogram, less bias", confidence_level)
        estimate = _js_of_counts(counts, task)
        return _warn_coarse_cells(estimate, x, "JS")

    def _counts(
        self, x: FloatArray, y: FloatArray, reference: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Counts of both samples in the cells that the reference is cut into."""
        d = x.shape[1]
        if d > 2:
            raise InvalidInputError(
                f"x and y must have one or two columns for a histogram, got {d}; to fix it, use "
                'method="knn" or method="classifier"'
            )
        small = min(len(x), len(y))
        along = self.bins or max(2, round(small ** (0.5 / d)))
        if along**d > small:
            raise InvalidInputError(
                f"bins must leave a point for each cell, got {along**d} cells for {small} points; "
                "to fix it, pass fewer bins"
            )
        columns = _cuts(reference[:, 0], along)
        if d == 1:
            rows = None
        else:
            strip = np.searchsorted(columns, reference[:, 0], side="right")
            rows = [_cuts(reference[strip == s, 1], along) for s in range(along)]
        cells_x, cells_y = (_cells(z, columns, rows) for z in (x, y))
        size = along**d
        return (
            np.bincount(cells_x, minlength=size).astype(float),
            np.bincount(cells_y, minlength=size).astype(float),
        )


def _warn_coarse_cells(estimate: Estimate, x: FloatArray, what: str) -> Estimate:
    """The estimate, with a warning about cells in the plane, which are wide in both directions."""
    if x.shape[1] == 1:
        return estimate
    sentence = (
        f"this is {what} of the binned distributions, which is less than {what} of the "
        "distributions, in the plane often by a quarter, and the interval does not allow for it; "
        'to avoid bins, use method="knn"'
    )
    return replace(estimate, warnings=(*estimate.warnings, sentence))


def _cuts(values: FloatArray, bins: int) -> FloatArray:
    """Inner edges between bins of equal count, halfway between two of the values."""
    ordered = np.sort(values)
    at = np.arange(1, bins) * len(ordered) // bins
    return 0.5 * (ordered[at - 1] + ordered[at])


def _cells(
    points: FloatArray, columns: FloatArray, rows: list[FloatArray] | None
) -> NDArray[np.intp]:
    """The number of each point's cell: its column, or its row within a column."""
    strip = np.searchsorted(columns, points[:, 0], side="right")
    if rows is None:
        return strip
    cells = np.empty(len(points), dtype=np.intp)
    for s, cuts in enumerate(rows):
        inside = strip == s
        cells[inside] = s * len(rows) + np.searchsorted(cuts, points[inside, 1], side="right")
    return cells


Counts = tuple[FloatArray, FloatArray]
"""How many points of either sample have each value, or lie in each cell."""


class _Task(NamedTuple):
    """What an estimate from counts takes beside the counts."""

    n: int
    m: int
    null: PooledNull
    method: str
    confidence_level: float


def _kl_of_counts(counts: Counts, task: _Task) -> Estimate:
    """KL with the first-order bias Σ (1 - p)/2n + Σ (p/q - p)/2m subtracted."""
    p, q = _frequencies(counts)
    present = p > 0
    ratio = np.where(present, p, 0.0) / np.where(present, q, 1.0)
    plug_in = float(kl_divergence(p, q))
    bias = 0.5 * (present.sum() - 1) / task.n
    bias += 0.5 * float((ratio * (1 - q))[present].sum()) / task.m
    log_ratio = np.log(ratio, out=np.zeros_like(ratio), where=present)
    se = math.sqrt(_variance(log_ratio, p) / task.n + _variance(ratio, q) / task.m)
    return _estimate(task, plug_in, bias, se, len(p))


def _js_of_counts(counts: Counts, task: _Task) -> Estimate:
    """JS with the first-order bias of its three entropies subtracted."""
    n, m = task.n, task.m
    p, q = _frequencies(counts)
    middle = 0.5 * (p + q)
    plug_in = float(js_divergence(p, q))
    own = 0.25 * ((1 - p)[p > 0].sum() / n + (1 - q)[q > 0].sum() / m)
    mixture = 0.125 * float(((p * (1 - p) / n + q * (1 - q) / m) / middle).sum())
    log_p, log_q = xlogy(p > 0, p / middle), xlogy(q > 0, q / middle)
    se = 0.5 * math.sqrt(_variance(log_p, p) / n + _variance(log_q, q) / m)
    estimate = _estimate(task, plug_in, own - mixture, se, len(p))
    if (p * q).any():
        return estimate
    # Both distributions may give so much mass to common values, and show none: that takes its
    # fraction of JS.
    common = -math.log((1 - task.confidence_level) / 2) / min(n, m)
    low, high = estimate.interval
    low = min(low, estimate.value * (1 - min(1.0, common)))
    return replace(estimate, interval=(low, high))


def _frequencies(counts: Counts) -> Counts:
    """Relative frequencies of the values that occur in either sample."""
    counts_x, counts_y = counts
    seen = counts_x + counts_y > 0
    return counts_x[seen] / counts_x.sum(), counts_y[seen] / counts_y.sum()


def _pooled_null(
    counts_x: FloatArray,
    counts_y: FloatArray,
    confidence_level: float,
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
) -> PooledNull:
    """From JS, finite for all labels; near equal distributions KL is four times as large."""
    n, pooled = int(counts_x.sum()), counts_x + counts_y
    values = [_plug_in_js(counts_x, counts_y)]
    for _ in range(count_permutations(confidence_level, cheap=True)):
        drawn = rng.multivariate_hypergeometric(
            pooled.astype(np.int64), n, method="marginals"
        ).astype(float)
        values.append(_plug_in_js(drawn, pooled - drawn))
    return PooledNull.from_values(np.array(values), scale=scale)


def _plug_in_js(counts_x: FloatArray, counts_y: FloatArray) -> float:
    p, q = counts_x / counts_x.sum(), counts_y / counts_y.sum()
    middle = p + q
    fractions = np.divide([p, q], 0.5 * middle, out=np.ones((2, len(p))), where=middle > 0)
    return 0.5 * float((xlogy(p, fractions[0]) + xlogy(q, fractions[1])).sum())


def _variance(values: FloatArray, weights: FloatArray) -> float:
    mean = float((weights * values).sum())
    return float((weights * (values - mean) ** 2).sum())


def _estimate(task: _Task, plug_in: float, bias: float, se: float, cells: int) -> Estimate:
    value, bias = float(plug_in - bias), float(bias)
    normal = normal_interval(value, se, task.confidence_level)
    high = task.null.largest_square(value, task.confidence_level)
    widened = task.null.include_zero(se, normal, task.confidence_level, high=high)
    warnings = widened.warnings
    if bias > max(2 * se, 0.1):
        warnings += (
            f"the bias {bias:.3g} of {cells} cells was subtracted, which is accurate only to first "
            "order; more points or fewer cells help",
        )
    return Estimate(
        value=value,
        se=widened.se,
        interval=widened.interval,
        method=task.method,
        n=task.n,
        m=task.m,
        confidence_level=task.confidence_level,
        diagnostics={
            "cells": float(cells),
            "plug_in": plug_in,
            "bias": bias,
            "null_pvalue": task.null.pvalue,
        },
        warnings=warnings,
    )
