"""Bins in which two samples are counted: by classes, or by k-means."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from otgan.gan.measuring.bins import bins_of

RNG = np.random.default_rng(0)
LABELS = np.arange(600) % 3
SHEAR = np.array([[1.0, 4.0], [0.0, 0.3]])
"""Classes overlap along one direction, and are apart along another."""
POINTS = (RNG.normal(size=(600, 2)) + 4 * np.eye(3, 2)[LABELS]) @ SHEAR


def test_without_classes_bins_come_from_the_given_points_alone_and_are_the_same_again():
    assert_array_equal(bins_of(POINTS, rng=1).centers, bins_of(POINTS, rng=1).centers)
    assert bins_of(POINTS).centers.shape == (20, 2)
    assert bins_of(POINTS[:50]).centers.shape == (5, 2)
    repeated = np.repeat([[2.0], [1.0]], 30, axis=0)
    assert_array_equal(bins_of(repeated).centers, [[1.0], [2.0]])


def test_centers_are_the_means_of_classes_whatever_these_are_called():
    means = np.stack([POINTS[k::3].mean(axis=0) for k in range(3)])
    assert_allclose(bins_of(POINTS, LABELS).centers, means, rtol=1e-12)
    assert_allclose(bins_of(POINTS, LABELS * 7 - 3).centers, means, rtol=1e-12)


def test_a_point_is_in_the_class_that_is_nearest_by_mahalanobis_distance():
    bins = bins_of(POINTS, LABELS)
    within = POINTS - bins.centers[LABELS]
    covariance = within.T @ within / 600
    covariance += 0.001 * np.trace(covariance) / 2 * np.eye(2)
    gaps = POINTS[:, None] - bins.centers
    distances = np.einsum("nbi,ij,nbj->nb", gaps, np.linalg.inv(covariance), gaps)
    assert_array_equal(bins.of(POINTS), distances.argmin(axis=1))


def test_most_points_are_in_the_bin_of_their_class_where_nearest_means_mislead():
    by_mean = ((POINTS[:, None] - bins_of(POINTS, LABELS).centers) ** 2).sum(axis=-1).argmin(axis=1)
    assert (bins_of(POINTS, LABELS).of(POINTS) == LABELS).mean() > 0.95
    assert (by_mean == LABELS).mean() < 0.9


def test_classes_without_variance_and_features_that_are_constant_do_no_harm():
    assert_array_equal(bins_of(np.eye(2), np.arange(2)).of(np.eye(2)), [0, 1])
    flat = np.column_stack([POINTS, np.ones(600)])
    assert (bins_of(flat, LABELS).of(flat) == LABELS).mean() > 0.95
