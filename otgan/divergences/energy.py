"""The energy distance of two distributions, its square without bias, and the test statistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.spatial.distance import pdist, squareform

from otgan.costs import PointCost
from otgan.divergences.pair_means import (
    PairMeans,
    SquaredDistance,
    biased_values,
    energy_means_on_line,
    null_of,
    quadratic_form,
    squared_area_on_line,
)
from otgan.estimates import Estimate
from otgan.inputs.options import as_confidence, as_flag, as_rng
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray, LabelStatistic, check_pool_size
from otgan.measures import FloatArray, as_samples, refuse_gradients

__all__ = ["Energy", "energy_distance", "energy_distance_squared"]


@checks_keywords
@dataclass(frozen=True)
class Energy:
    """The squared energy distance between samples, as a statistic of :func:`two_sample_test`.

    Every point is paired with itself too (a V-statistic), so that it is never negative. It is the
    square of ``scipy.stats.energy_distance``, and of :func:`energy_distance`.

    References
    ----------
    Székely and Rizzo, Energy statistics: a class of statistics based on distances (2013).
    """

    name: ClassVar[str] = "energy"

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """On the line, one sort; otherwise all distances, once."""
        if x.shape[1] == 1:
            return squared_area_on_line(x, y)
        check_pool_size(len(x), len(y), self.name)
        matrix = squareform(pdist(np.concatenate([x, y])))
        np.negative(matrix, out=matrix)
        return quadratic_form(matrix, len(x), len(y))

    def values(self, x: FloatArray, y: FloatArray, labels: BoolArray) -> FloatArray:
        """Under one batch of labels, without the matrix of all distances in memory."""
        if x.shape[1] == 1:
            return squared_area_on_line(x, y).values(labels)
        return biased_values(x, y, np.negative, labels)

    def means(self, x: FloatArray, y: FloatArray) -> PairMeans:
        """Mean distances, negative, of each point to the others."""
        return energy_means_on_line(x, y) if x.shape[1] == 1 else PairMeans.of(x, y, np.negative)


@checks_keywords
def energy_distance(x: Any, y: Any, *, rng: Any = 0, confidence_level: float = 0.95) -> Estimate:
    """Energy distance ``(2 E|X - Y| - E|X - X'| - E|Y - Y'|)^(1/2)`` of the distributions.

    It is a metric for distributions with finite means, in the root of the unit of x; its square is
    at most 2 W1. On the line it is (2 ∫ (F - G)²)^(1/2), with distribution functions F and G, as
    ``scipy.stats.energy_distance``.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    rng : int or numpy.random.Generator, default 0
        Permutes the labels.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        `value` is the distance of the two samples, which is too large in the mean, and positive
        for equal distributions. The interval is for the distributions: the roots of that of
        :func:`energy_distance_squared`, whose diagnostics these are too; `unbiased` is its value.
        Where equal distributions are possible it begins at zero, and a warning says so.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, or a confidence_level outside (0, 1).

    See Also
    --------
    energy_distance_squared : the square, without bias.
    two_sample_test : whether the distributions differ at all.

    Notes
    -----
    Time and memory are those of :func:`energy_distance_squared`.

    Source: Székely and Rizzo, Energy statistics: a class of statistics based on distances, 2013.

    Examples
    --------
    >>> print(f"{float(energy_distance([0, 1], [2, 3])):.6f}")  # √(2 · 2 - 1/2 - 1/2)
    1.732051
    """
    return _compared("energy_distance", x, y, rng, confidence_level).root()


@checks_keywords
def energy_distance_squared(
    x: Any, y: Any, *, unbiased: bool = True, rng: Any = 0, confidence_level: float = 0.95
) -> Estimate:
    """Squared energy distance ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` of the distributions.

    It is zero only for equal distributions with finite means, in the units of x, and at most 2 W1.
    On the line it is 2 ∫ (F - G)², with distribution functions F and G.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    unbiased : bool, default True
        Whether the means leave out the pairs of a point with itself: a U-statistic, whose
        mean is the squared distance of the distributions, and which may be negative. Otherwise a
        V-statistic: the squared distance of the two samples, never negative, and too large in the
        mean.
    rng : int or numpy.random.Generator, default 0
        Permutes the labels.
    confidence_level : float, default 0.95
        Level of the interval, which is for the distributions, around the unbiased value in either
        case: its ends, like that value, may be negative.

    Returns
    -------
    Estimate
        Diagnostics: `unbiased`; `biased`; `root`, that of the biased value; and `null_pvalue`, how
        often permuted labels give such a value. If equal distributions are possible by that, the
        interval is wide enough to hold zero, and a warning says so.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, or a confidence_level outside (0, 1).

    See Also
    --------
    energy_distance : its root, as in SciPy.

    Notes
    -----
    ``otgan.divergences.pair_means`` describes the standard error and the interval.

    O((n + m) (log(n + m) + B)) time on the line; otherwise O((n + m)² (d + B)), with the distances
    held in blocks of 16 MiB, and B = 199 permutations at 95 %, which look at 5,000 points at most.

    Source: Székely and Rizzo, Energy statistics: a class of statistics based on distances, 2013.

    Examples
    --------
    >>> float(energy_distance_squared([0, 1], [2, 3], unbiased=False))  # 2 · 2 - 1/2 - 1/2
    3.0
    >>> float(energy_distance_squared([0, 1], [2, 3]))  # 2 · 2 - 1 - 1
    2.0
    """
    unbiased = as_flag(unbiased, "unbiased", "pass one of them")
    compared = _compared("energy_distance_squared", x, y, rng, confidence_level)
    return compared.squared(unbiased=unbiased)


def _compared(name: str, x: Any, y: Any, rng: Any, confidence_level: float) -> SquaredDistance:
    refuse_gradients(name, x, y)
    x, y = as_samples(x, y)
    PointCost.between(x, y, "euclidean", 1.0)  # refuses coordinates that would overflow
    statistic = Energy()
    means = statistic.means(x, y)
    level = as_confidence(confidence_level)
    null = null_of(statistic, means, (x, y), level, as_rng(rng))
    return SquaredDistance("energy distance", means, null, level)
