"""Bins of a space in which the points of two samples are counted."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from scipy.cluster.vq import kmeans2, vq

from otgan.measures import FloatArray, IntArray

__all__ = ["Bins", "bins_of"]

BINS = 20

SHRINKAGE = 0.001
"""What is added to the variances within classes, as a part of their mean."""


class Bins(NamedTuple):
    """A point is in the bin of the center that is nearest to it after a linear map.

    Attributes
    ----------
    centers : ndarray, shape (b, k)
        In the units of the points.
    whitening : ndarray, shape (k, k)
        The map, by which rows are multiplied.
    """

    centers: FloatArray
    whitening: FloatArray

    def of(self, points: FloatArray) -> IntArray:
        """The bin of each of the points, shape (n, k)."""
        nearest: IntArray = vq(points @ self.whitening, self.centers @ self.whitening)[0]
        return nearest


def bins_of(points: FloatArray, labels: IntArray | None = None, rng: int = 0) -> Bins:
    """The classes of a linear discriminant analysis, or 20 bins by k-means without classes.

    They must not depend on the points that are tested.

    Parameters
    ----------
    points : ndarray, shape (n, k)
        Real points.
    labels : ndarray of int, shape (n,), optional
        Their classes.
    rng : int, default 0
        Seed of k-means.

    References
    ----------
    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), section 4.3.2:
    the nearest mean of a class, once the covariance within classes has been made the identity.

    Examples
    --------
    Classes that overlap along one axis are told by the other.

    >>> points = np.array([[0.0, 0.0], [9, 1], [-9, -1], [0, 1], [9, 2], [-9, 0]])
    >>> bins_of(points, np.array([0, 0, 0, 1, 1, 1])).of(np.array([[0.0, 0.2], [9.0, 1.9]]))
    array([0, 1], dtype=int32)
    """
    unchanged = np.eye(points.shape[1])
    if labels is None:
        return Bins(_by_k_means(points, rng), unchanged)
    classes, index = np.unique(labels, return_inverse=True)
    means = np.stack([points[index == own].mean(axis=0) for own in range(len(classes))])
    within = points - means[index]
    covariance = within.T @ within / len(points)
    mean_variance = np.trace(covariance) / len(covariance)
    if mean_variance == 0:
        return Bins(means, unchanged)
    inverse = np.linalg.inv(covariance + SHRINKAGE * mean_variance * unchanged)
    return Bins(means, np.linalg.cholesky(inverse))


def _by_k_means(points: FloatArray, rng: int) -> FloatArray:
    bins = max(2, min(BINS, len(points) // 10))
    distinct = np.unique(points, axis=0)
    if len(distinct) <= bins:
        return distinct
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a bin that became empty does no harm
        centers: FloatArray = kmeans2(points, bins, minit="++", rng=np.random.default_rng(rng))[0]
    return centers
