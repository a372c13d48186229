"""Standard errors from subsamples, for estimators that the bootstrap breaks.

Drawing with replacement repeats points, and a repeated point is its own nearest neighbor. Smaller
samples drawn without replacement are samples of the same distribution. The spread of an estimator
over them, brought to the full size by the square root of the fraction that each of them holds, is
its standard error.

Sources: Politis and Romano, Large sample confidence regions based on subsamples (Annals of
Statistics 1994); Shao and Wu, A general theory for jackknife variance estimation (Annals of
Statistics 1989), for parts that are not small.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["SMALLEST_SAMPLE", "check_subsamples", "subsample_spread"]

SMALLEST_SAMPLE = 16
"""Fewer points than this have no subsamples to speak of."""

_LARGEST = 250  # points in a subsample: more cost time, and say little more
_COUNT, _FEWEST = 100, 40


def check_subsamples(n: int, m: int) -> None:
    """Raise unless samples of these sizes have a standard error worth the name."""
    if min(n, m) < SMALLEST_SAMPLE:
        raise InvalidInputError(
            f"a standard error needs at least {SMALLEST_SAMPLE} points in each sample, got {n} and "
            f"{m}; to fix it, give more points"
        )


def subsample_spread(
    estimator: Callable[[FloatArray, FloatArray], FloatArray],
    x: FloatArray,
    y: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Estimates from subsamples, centered, and scaled to the spread of the estimator of all points.

    Parameters
    ----------
    estimator : callable
        Takes two samples, returns an array of estimates.
    x, y : ndarray, shapes (n, d) and (m, d)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (B, ...)
        Its standard deviation over the first axis is the standard error. Half of the points, but
        at most 250, make a subsample; B falls from 100 to 40 as the samples grow, so that beyond
        some ten thousand points the time is a fraction of the estimate's own.

    Raises
    ------
    InvalidInputError
        Fewer than 16 points in a sample.
    """
    n, m = len(x), len(y)
    check_subsamples(n, m)
    small = min(n, m)
    size = min(small // 2, max(_LARGEST, 4 * x.shape[1]))  # the latter for covariances
    fraction = size / small
    count = max(_FEWEST, min(_COUNT, 2_000_000 // small))
    sizes = round(fraction * n), round(fraction * m)
    estimates = np.array(
        [
            estimator(
                x[rng.choice(n, sizes[0], replace=False)],
                y[rng.choice(m, sizes[1], replace=False)],
            )
            for _ in range(count)
        ]
    )
    # a part's estimate varies about that of the whole by 1/size - 1/n, not by 1/size
    return (estimates - estimates.mean(axis=0)) * math.sqrt(fraction / (1 - fraction))
