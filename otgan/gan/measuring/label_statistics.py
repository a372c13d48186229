"""Statistics of two samples that many permutations of the labels cost little."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform

from otgan.divergences.pair_means import quadratic_form
from otgan.gan.measuring.bins import Bins
from otgan.label_statistic import BoolArray, LabelStatistic
from otgan.measures import FloatArray

__all__ = [
    "energy_and_neighbors",
    "largest_bin_difference",
    "neighbor_coincidences",
]

NEIGHBORS = 5


def energy_and_neighbors(pool: FloatArray, n: int) -> tuple[LabelStatistic, LabelStatistic]:
    """The squared energy distance and the coincidences of neighbors, from the same distances.

    Parameters
    ----------
    pool : ndarray, shape (N, k)
        Points in a random order, so that ties between neighbors are broken at random.
    n : int
        How many of them a label marks.

    References
    ----------
    Székely and Rizzo, Energy statistics: a class of statistics based on distances (2013).
    """
    distances = squareform(pdist(pool))
    neighbors = neighbor_coincidences(distances, n)
    np.negative(distances, out=distances)
    return quadratic_form(distances, n, len(pool) - n), neighbors


def neighbor_coincidences(distances: FloatArray, n: int, *, k: int = NEIGHBORS) -> LabelStatistic:
    """The fraction of the k nearest neighbors that have the label of their point.

    Repeated points are each other's neighbors, and so are points of a class that one sample lacks.
    Of at most k points all others are neighbors, and no label makes a difference.

    Parameters
    ----------
    distances : ndarray, shape (N, N)
    n : int
        How many of the points a label marks.

    References
    ----------
    Schilling, Multivariate two-sample tests based on nearest neighbors (Journal of the American
    Statistical Association 1986), (2.1).

    Examples
    --------
    >>> line = np.array([[0.0], [1], [10], [11]])
    >>> statistic = neighbor_coincidences(squareform(pdist(line)), 2, k=1)
    >>> statistic.values(np.array([[True, True, False, False], [True, False, True, False]]))
    array([1., 0.])
    """
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    k = min(k, len(distances) - 1)
    nearest = np.argpartition(others, k - 1, axis=1)[:, :k]

    def values(labels: BoolArray) -> FloatArray:
        return np.array([(row[nearest] == row[:, None]).mean() for row in labels])

    return LabelStatistic(n, len(distances) - n, values, batch=64)


def largest_bin_difference(pool: FloatArray, n: int, bins: Bins) -> LabelStatistic:
    """The largest difference between the two samples in the share of points of a bin.

    In units of its standard error if the shares were equal: the test of two proportions. A mode
    that one sample lacks empties a bin.

    References
    ----------
    Richardson and Weiss, On GANs and GMMs (NeurIPS 2018), section 3: they count the bins in which
    this test rejects.

    Examples
    --------
    >>> pool, bins = np.array([[0.0], [1], [10], [11]]), Bins(np.array([[0.0], [10]]), np.eye(1))
    >>> statistic = largest_bin_difference(pool, 2, bins)
    >>> statistic.values(np.array([[True, True, False, False], [True, False, True, False]]))
    array([2., 0.])
    """
    in_bin = np.eye(len(bins.centers))[bins.of(pool)]
    total, m = in_bin.sum(axis=0), len(pool) - n
    varies = (total > 0) & (total < n + m)
    share = total[varies] / (n + m)
    error = np.sqrt(share * (1 - share) * (1 / n + 1 / m))

    def values(labels: BoolArray) -> FloatArray:
        first = (labels @ in_bin)[:, varies]
        gaps = np.abs(first / n - (total[varies] - first) / m) / error
        return gaps.max(axis=1, initial=0.0)

    return LabelStatistic(n, m, values, batch=256)
