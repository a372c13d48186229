"""Intervals that hold zero where permuted labels say that two distributions may be equal."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan.pooled_null import (
    MAX_PERMUTATIONS,
    PooledNull,
    count_permutations,
    extend_to_zero,
    permuted_labels,
)


def test_the_least_number_of_labels_reaches_the_level():
    for confidence_level in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999):
        count = count_permutations(confidence_level, cheap=False)
        values = np.concatenate([[2.0], np.linspace(0, 1, count)])
        null = PooledNull.from_values(values)
        assert_allclose(null.pvalue, 1 / (1 + count))
        interval = 1.8, 2.2
        assert null.include_zero(0.1, interval, confidence_level, high=0).interval == interval
        fewer = PooledNull.from_values(values[:-1])
        assert fewer.include_zero(0.1, interval, confidence_level, high=0).interval[0] < 0
    assert count_permutations(1 - 1e-12, cheap=True) == MAX_PERMUTATIONS


def test_labels_are_those_of_the_samples_and_then_random():
    labels = permuted_labels(3, 5, 0.95, np.random.default_rng(0), cheap=True)
    assert labels.shape == (200, 8) and (labels.sum(axis=1) == 3).all()
    assert labels[0].tolist() == [True] * 3 + [False] * 5
    assert_allclose(labels[1:].mean(axis=0), 3 / 8, atol=4 * np.sqrt(15 / 64 / 199))


def test_the_test_holds_its_level():
    rng = np.random.default_rng(1)
    values = rng.exponential(size=(4000, 40))
    rejected = np.mean([PooledNull.from_values(row).pvalue <= 0.025 for row in values])
    assert_allclose(rejected, 0.025, atol=4 * np.sqrt(0.025 * 0.975 / 4000))


def test_the_upper_end_is_that_of_a_squared_normal_number():
    # λ ((Z + μ)² - 1) with λ = 2: an upper bound for λ μ² holds with probability 0.975 at least
    rng = np.random.default_rng(2)
    unit = 2.0
    null = PooledNull(1.0, np.sqrt(2) * unit)
    for shift in (0.0, 0.5, 1.0, 2.0, 3.0):
        values = unit * ((rng.normal(size=2000) + shift) ** 2 - 1)
        ends = [null.largest_square(v, 0.95) for v in values]
        assert np.mean(np.array(ends) >= unit * shift**2) >= 0.975 - 4 * 0.0035


def test_many_points_spare_permutations_only_where_chi_squares_allow_it():
    # two equal weights: P(sum > q times its mean) = exp(-q)
    for q in (8.0, 12.0):
        bound = PooledNull.by_tail_bound(q, 1.0, 0.95)
        assert (bound is not None) == (q == 12.0)
        assert stats.chi2.sf(q, 1) >= np.exp(-q)
    assert PooledNull.by_tail_bound(1.0, 0.0, 0.95) is None


def test_an_interval_below_zero_is_extended_and_others_are_left():
    assert extend_to_zero((-3.0, -2.0)) == (-3.0, 0.5)
    assert extend_to_zero((-1.0, 0.0)) == (-1.0, 0.0)


def test_many_points_are_as_few_near_the_null(monkeypatch):
    monkeypatch.setattr("otgan.divergences.pair_means.MAX_PERMUTED_POINTS", 60)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 100, 2))
    few = otgan.energy_distance_squared(x, y)
    assert few.interval[0] <= 0 <= few.interval[1]
    monkeypatch.undo()
    whole = otgan.energy_distance_squared(x, y)
    assert_allclose(few.se, whole.se, rtol=0.5)  # brought to the size of the samples
    far = otgan.energy_distance_squared(x, y + 3)
    monkeypatch.setattr("otgan.divergences.pair_means.MAX_PERMUTED_POINTS", 60)
    assert otgan.energy_distance_squared(x, y + 3).interval == far.interval


@pytest.mark.parametrize(
    ("distance", "module"),
    [
        (otgan.sliced_wasserstein, "sliced"),
        (otgan.sinkhorn_divergence, "sinkhorn"),
    ],
)
def test_permuting_a_part_of_the_points_spreads_as_all_of_them(distance, module, monkeypatch):
    x, y = np.random.default_rng(7).normal(size=(2, 300, 2))
    whole = distance(x, x)
    monkeypatch.setattr(f"otgan.transport.{module}.MAX_RELABELED_POINTS", 200)
    part = distance(x, x)
    assert_allclose(part.se, whole.se, rtol=0.5)
    assert part.interval[0] <= 0 < part.interval[1]
    assert distance(x, y + 2).interval[0] > 0


@pytest.mark.parametrize("confidence_level", [0.8, 0.9])
def test_other_levels_hold_zero_too(confidence_level):
    rng = np.random.default_rng(4)
    pairs = [rng.normal(size=(2, 25, 1)) for _ in range(100)]
    for distance in (otgan.mmd_squared, otgan.frechet_distance):
        ends = [distance(x, y, confidence_level=confidence_level).interval for x, y in pairs]
        assert np.mean([low <= 0 <= high for low, high in ends]) >= confidence_level


@pytest.mark.parametrize("shift", [0.1, 0.3, 0.5, 0.8])
def test_near_equal_distributions_are_covered(shift):
    # Gaussian kernel of width 1 between N(0, 1) and N(δ, 1): 2/√3 (1 - exp(-δ²/6))
    truth = 2 / np.sqrt(3) * (1 - np.exp(-(shift**2) / 6))
    rng = np.random.default_rng(5)
    pairs = [rng.normal(size=(2, 60, 1)) + [[[0.0]], [[shift]]] for _ in range(150)]
    ends = [otgan.mmd_squared(x, y, bandwidth=1.0).interval for x, y in pairs]
    assert np.mean([low <= truth <= high for low, high in ends]) >= 0.95 - 3 * 0.018


DISTANCES = [
    otgan.energy_distance_squared,
    otgan.mmd_squared,
    otgan.sinkhorn_divergence,
    otgan.sliced_wasserstein,
    otgan.max_sliced_wasserstein,
    otgan.frechet_distance,
]


@pytest.mark.slow
@pytest.mark.parametrize("d", [1, 3, 10])
@pytest.mark.parametrize("distance", DISTANCES)
def test_equal_distributions_are_held_in_200_repetitions(distance, d):
    rng = np.random.default_rng([6, d])
    pairs = [rng.normal(size=(2, 50, d)) for _ in range(200)]
    ends = [distance(x, y).interval for x, y in pairs]
    assert np.mean([low <= 0 <= high for low, high in ends]) >= 0.93
    alone = [distance(x, x).interval for x, _ in pairs[:20]]
    assert all(low <= 0 < high for low, high in alone)
