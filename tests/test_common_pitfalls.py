"""Ordinary input to which other packages return a wrong number, without an error."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment

import otgan
from otgan.errors import DuplicateSamplesError


@pytest.mark.parametrize(("n", "m"), [(2000, 500), (500, 2000)])
def test_kl_of_samples_of_unequal_sizes(n, m):
    # divided by the wrong size: -9 and +3.8 for .4431
    rng = np.random.default_rng(0)
    e = otgan.kl_from_samples(rng.normal(size=n), 1 + 2 * rng.normal(size=m))
    assert abs(e.value - 0.4431471806) < 4 * e.se < 0.25


def test_distances_of_points_in_the_plane():
    # flattened to the line: .98 for some 10
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 2)) * [1, 10], rng.normal(size=(400, 2)) * [10, 1]
    r = otgan.emd(x, y)
    costs = np.linalg.norm(x[:, None] - y, axis=2)
    rows, columns = linear_sum_assignment(costs)
    assert_allclose(r.cost, costs[rows, columns].mean(), rtol=1e-9)
    assert r.distance > 5 * otgan.wasserstein_1d(x.ravel(), y.ravel())


def test_w2_of_samples_of_unequal_sizes():
    # interpolated quantiles: 0 for √(1/3)
    assert_allclose(otgan.wasserstein_1d([0, 1, 2], [0, 2], p=2), math.sqrt(1 / 3))
    assert_allclose(otgan.wasserstein([0, 1, 2], [0, 2], p=2), math.sqrt(1 / 3))


def test_kl_of_repeated_rows():
    # distances of zero replaced by the smallest float: 704 nats
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(300, 2))
    method = otgan.NearestNeighbors(k=5)
    with pytest.raises(DuplicateSamplesError, match="250 repeated rows in x"):
        otgan.kl_from_samples(np.repeat(x, 6, axis=0), y, method=method)
    dropped = otgan.kl_from_samples(np.repeat(x, 6, axis=0), y, method=method, ties="drop")
    assert abs(dropped.value) < 4 * dropped.se < 1


def test_kl_of_equal_distributions_has_mean_zero():
    # negative estimates set to zero: a mean of +.047, and half of the values exactly 0
    rng = np.random.default_rng(0)
    values = np.array(
        [
            otgan.NearestNeighbors(k=5, start="none").kl_value(
                rng.normal(size=(300, 1)), rng.normal(size=(300, 1))
            )
            for _ in range(200)
        ]
    )
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(200)
    assert (values < 0).mean() > 0.3
    assert not (values == 0).any()


def test_js_of_histograms_one_rounding_apart():
    # a root of a negative number: nan
    p = np.array([np.nextafter(0.5, 0), 1 - np.nextafter(0.5, 0)])
    assert_allclose(otgan.js_distance(p, p[::-1]), 0, atol=1e-15)
    assert otgan.js_divergence(p, p[::-1]) >= 0


def test_js_beside_a_denormal_mass():
    # an overflowing ratio: inf
    assert_allclose(otgan.js_divergence([0, 1], [5e-324, 1]), 0, atol=1e-300)
    assert math.isfinite(otgan.js_distance([0, 1], [5e-324, 1]))


def test_js_of_unequal_samples_weighs_both_distributions_alike():
    # the pooled sample taken for the mixture: a bias that n/m decides
    rng = np.random.default_rng(0)
    truth = 0.33683082
    for n, m in ((4000, 500), (500, 4000)):
        x, y = rng.normal(size=n), rng.normal(2, 1, size=m)
        for method in ("knn", "histogram", "kde", "classifier"):
            e = otgan.js_from_samples(x, y, method=method)
            assert abs(e.value - truth) < 4 * e.se + 0.005, method
