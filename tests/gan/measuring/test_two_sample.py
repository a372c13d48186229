"""The test against real data: statistics by hand, its level, and what it tells apart."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from scipy.stats import chi2_contingency

from otgan.divergences.energy import Energy
from otgan.gan.measuring.bins import Bins, bins_of
from otgan.gan.measuring.label_statistics import (
    energy_and_neighbors,
    largest_bin_difference,
    neighbor_coincidences,
)
from otgan.gan.measuring.two_sample import _corrected, real_data_test


def test_neighbors_of_four_points_by_hand():
    # nearest two of 0: 1, 3; of 1: 0, 3; of 3: 1, 0; of 9: 3, 1
    distances = squareform(pdist(np.array([[0.0], [1], [3], [9]])))
    labels = np.array([[True, True, False, False], [True, False, False, True]])
    # 0 and 1 are alike, 3 has none alike, 9 has 3; then 1 and 3 have each other
    assert_allclose(neighbor_coincidences(distances, 2, k=2).values(labels), [3 / 8, 2 / 8])


def test_of_fewer_points_than_neighbors_are_asked_for_all_others_are_neighbors():
    distances = squareform(pdist(np.array([[0.0], [1], [3], [9]])))
    labels = np.array([[True, True, False, False], [True, False, False, True]])
    assert_allclose(neighbor_coincidences(distances, 2).values(labels), [1 / 3, 1 / 3])


def test_the_largest_difference_of_a_bin_is_the_test_of_two_proportions():
    rng = np.random.default_rng(0)
    pool, centers = rng.normal(size=(50, 2)), rng.normal(size=(4, 2))
    labels = np.stack([rng.permutation(50) < 20 for _ in range(3)])
    nearest = ((pool[:, None] - centers) ** 2).sum(axis=-1).argmin(axis=1)
    expected = [
        max(
            chi2_contingency(
                [
                    np.bincount(row[nearest == k], minlength=2),
                    np.bincount(row[nearest != k], minlength=2),
                ],
                correction=False,
            )[0]
            for k in range(4)
        )
        for row in labels
    ]  # chi-squared of the table is the square of the difference in standard errors
    found = largest_bin_difference(pool, 20, Bins(centers, np.eye(2))).values(labels)
    assert_allclose(found**2, expected, rtol=1e-12)


def test_one_bin_for_all_says_nothing():
    pool = np.zeros((4, 1))
    labels = np.array([[True, False, False, False]])
    assert_array_equal(
        largest_bin_difference(pool, 1, Bins(np.zeros((1, 1)), np.eye(1))).values(labels), [0]
    )


def test_energy_is_that_of_the_two_sample_test():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(9, 3))
    labels = np.stack([rng.permutation(21) < 12 for _ in range(4)])
    expected = Energy().prepare(x, y, rng).values(labels)
    energy, _ = energy_and_neighbors(np.concatenate([x, y]), 12)
    assert_allclose(energy.values(labels), expected, rtol=1e-9)


def test_the_largest_statistic_is_compared_with_the_largest_of_each_permutation():
    # deviations from the mean 0: of "a" 3, -3, 0, 0; of "b" 1, 1, -1, -1
    found = _corrected({"a": np.array([3.0, -3, 0, 0]), "b": np.array([1.0, 1, -1, -1])})
    # over all labelings a is at 3 / sqrt(18 / 4) = 1.41 and b at 1; columns have the maxima
    # 1.41, 1, 0 and 0. Among permuted ones a has mean -1 and deviation sqrt 2, b -1/3 and sqrt(8)/3
    assert [row.name for row in found] == ["a", "b"]
    assert_allclose([row.z for row in found], [4 / 2**0.5, 2**0.5], rtol=1e-12)
    pvalues = {row.name: row.pvalue for row in found}
    assert pvalues == {"a": 1 / 4, "b": 2 / 4}


def test_a_statistic_that_never_varies_says_nothing():
    found = _corrected({"a": np.full(5, 2.0), "b": np.array([2.0, 1, 1, 0, 0])})
    assert {row.name: row.pvalue for row in found}["a"] == 1.0
    assert found[0].name == "b"


def spaces_of(points):
    return {"points": points, "squares": points**2}


def test_equal_distributions_are_told_apart_at_most_as_often_as_the_level():
    told = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        real, fake, train = rng.normal(size=(3, 30, 2)).round(1)  # with ties
        bins = bins_of(train**2, rng=seed)
        test = real_data_test(spaces_of(real), spaces_of(fake), bins, n_resamples=19, rng=seed)
        told += test.pvalue <= 0.05
    assert 2 <= told <= 20  # binomial: 10 in the mean, beyond either with probability 0.001


@pytest.mark.parametrize("defect", ["shifted", "repeated", "a mode lost"])
def test_defects_are_told(defect):
    rng = np.random.default_rng(0)
    modes = np.array([[0.0, 0], [3, 0], [0, 3], [3, 3], [6, 0]])
    real, fake, train = (modes[rng.integers(5, size=200)] for _ in range(3))
    if defect == "a mode lost":
        fake = modes[rng.integers(4, size=200)]
    real, fake, train = (points + 0.3 * rng.normal(size=(200, 2)) for points in (real, fake, train))
    if defect == "shifted":
        fake += 0.4
    if defect == "repeated":
        fake = fake[rng.integers(50, size=200)]
    test = real_data_test(spaces_of(real), spaces_of(fake), bins_of(train**2), rng=0)
    assert test.is_told and test.pvalue == 1 / 500
    assert test.statistics[0].z > 3


def test_swapping_the_order_of_points_within_samples_changes_nothing_that_counts():
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(2, 60, 2))
    bins = bins_of(real)
    first = real_data_test({"points": real}, {"points": fake}, bins, rng=0)
    second = real_data_test({"points": real[::-1]}, {"points": fake[::-1]}, bins, rng=0)
    for one, other in itertools.product(first.statistics, second.statistics):
        if one.name == other.name:
            assert_allclose(one.z, other.z, atol=0.6)  # permutations differ


def test_the_result_is_plain_and_its_main_number_is_the_pvalue():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 40, 2))
    test = real_data_test({"points": real}, {"points": fake + 3}, bins_of(real), n_resamples=39)
    assert float(test) == test.pvalue == test.to_dict()["pvalue"] == 1 / 40
    assert test.to_dict()["is_told"] is False  # the level is 0.01
