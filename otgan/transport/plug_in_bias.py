"""The bias of plug-in distances, which are too large: what halves and mixtures of samples show.

Intervals of such distances allow for the bias by what halves of the samples add to the value, and
hold zero where permuted labels show such values (otgan.pooled_null). There they reach up to the sum
of the value and of what equal distributions show, by the triangle inequality.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from otgan.estimates import (
    Estimate,
    interval_of_power,
    normal_interval,
    root_and_error,
    rooted,
)
from otgan.measures import FloatArray
from otgan.pooled_null import PooledNull

__all__ = [
    "PlugInCost",
    "bias_warnings",
    "halves_of",
    "interval_without_bias",
    "pooled_samples",
    "subsample",
]


def pooled_samples(
    x: FloatArray, y: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Samples of the same sizes from the points of both, with their means made equal."""
    points = rng.permutation(np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)]))
    return points[: len(x)], points[len(x) :]


def halves_of(
    x: FloatArray, y: FloatArray, rng: np.random.Generator
) -> list[tuple[FloatArray, FloatArray]]:
    """Both samples cut in two at random."""
    of_x, of_y = (np.array_split(rng.permutation(points), 2) for points in (x, y))
    return list(zip(of_x, of_y, strict=True))


def subsample(
    x: FloatArray, y: FloatArray, total: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """`total` of the points of both samples, at random, in proportion to their sizes."""
    fraction = total / (len(x) + len(y))
    some_x, some_y = (rng.permutation(z)[: max(2, round(fraction * len(z)))] for z in (x, y))
    return some_x, some_y


def interval_without_bias(
    cost: float,
    se: float,
    of_halves: float,
    p: float,
    sizes: tuple[int, int],
    confidence_level: float,
    null_level: float = 0.0,
) -> tuple[float, float]:
    """The interval for the distributions, where half the points show `of_halves` instead of `cost`.

    The excess of the halves is all of the bias if that falls as 1/n (Quenouille's jackknife), and
    1/(1 + √2) of it if it falls as n^(-1/2). The lower end allows for the second, and for
    `null_level`. Student's quantile is taken, with one less than the least of `sizes`.
    """
    excess, df = max(of_halves - cost, 0.0), min(sizes) - 1
    bias = max((1 + math.sqrt(2)) * excess, null_level)
    low, _ = normal_interval(cost - bias, se, confidence_level, df=df)
    _, high = interval_of_power(cost - excess, se, p, confidence_level, df=df)
    return low, high


def bias_warnings(cost: float, se: float, of_halves: float) -> tuple[str, ...]:
    """A sentence, where the value is too large for the distributions by more than its error."""
    if of_halves - cost <= se:
        return ()
    return (
        "the value is too large for the distributions, by more than its standard error, as half "
        "the points show one that is larger still; the interval allows for that, and more points "
        "help",
    )


class PlugInCost(NamedTuple):
    """A mean cost W_p^p of two samples along lines, and what shows its bias.

    Attributes
    ----------
    cost, se : float
        Of the samples, and its standard error.
    null_level : float
        The cost after the samples were pooled and split at random.
    of_halves : float
        The mean cost of halves of the samples.
    null : PooledNull
        Costs under permuted labels.
    """

    cost: float
    se: float
    null_level: float
    of_halves: float
    null: PooledNull

    def estimate(
        self,
        method: str,
        p: float,
        sizes: tuple[int, int],
        confidence_level: float,
        *,
        least_se: float = 0.0,
        diagnostics: Mapping[str, float],
        warnings: tuple[str, ...] = (),
    ) -> Estimate:
        """The distance, root taken, with an interval that allows for the bias."""
        widened = self.null.include_zero(
            self.se,
            interval_without_bias(self.cost, self.se, self.of_halves, p, sizes, confidence_level),
            confidence_level,
            high=self._largest_cost(p, confidence_level),
        )
        value, se = root_and_error(self.cost, widened.se, p)
        return Estimate(
            value=value,
            se=max(least_se, se),
            interval=rooted(widened.interval, p),
            method=f"{method}, p = {p:g}",
            n=sizes[0],
            m=sizes[1],
            confidence_level=confidence_level,
            diagnostics={
                "null_level": root_and_error(self.null_level, 0.0, p)[0],
                "of_halves": root_and_error(self.of_halves, 0.0, p)[0],
                "null_pvalue": self.null.pvalue,
                **diagnostics,
            },
            warnings=widened.warnings
            + bias_warnings(self.cost, self.se, self.of_halves)
            + warnings,
        )

    def _largest_cost(self, p: float, confidence_level: float) -> float:
        """The largest cost that is compatible with that of the samples near equal distributions.

        By the triangle inequality, W of the distributions exceeds W of the samples by at most what
        samples of equal distributions show: on the line W_p is a norm of quantile functions.
        """
        _, noise = normal_interval(self.null_level, self.se, confidence_level)
        return (self.cost ** (1 / p) + noise ** (1 / p)) ** p
