"""Estimates from two samples of one distribution, and intervals that must hold zero."""

import numpy as np
import pytest

import otgan
from tests.divergences.intervals import held


def test_kl_and_js_of_counts_of_a_sample_against_itself_may_be_zero():
    integers = np.random.default_rng(0).integers(0, 20, 2000)
    for sample in (np.arange(11.0), integers):
        for estimate in (otgan.kl_from_samples, otgan.js_from_samples):
            found = estimate(sample, sample, ties="discrete")
            assert found.value < 0  # the bias of counts was taken off
            assert held(found, 0) and found.interval[0] < 0 < found.interval[1] and found.se > 0
            assert any("equal distributions" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_no_distance_of_a_sample_to_itself_excludes_zero(d):
    x = np.random.default_rng(d).normal(size=(80, d))
    for distance in (
        otgan.energy_distance_squared,
        otgan.mmd_squared,
        otgan.sinkhorn_divergence,
        otgan.sliced_wasserstein,
        otgan.max_sliced_wasserstein,
        otgan.frechet_distance,
    ):
        found = distance(x, x)
        assert held(found, 0) and found.interval[1] > 0, found
        assert any("equal distributions" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_the_debiased_distance_of_a_sample_to_itself_does_not_exclude_zero(d):
    x = np.random.default_rng(d).normal(size=(80, d))
    found = otgan.debiased_wasserstein(x, x[::-1])
    assert found.value < -3 * found.se  # copies are nearer than other points of the distribution
    assert held(found, 0) and held(found, found.value)
    assert any("the same points" in sentence for sentence in found.warnings)
    assert otgan.debiased_wasserstein(x, np.append(x[:1], x[1:] + 5, axis=0)).warnings == ()


def test_intervals_of_two_samples_of_one_distribution_hold_zero_as_often_as_they_say():
    rng = np.random.default_rng(4)
    pairs = [rng.normal(size=(2, 30, 2)) for _ in range(200)]
    for distance in (otgan.energy_distance_squared, otgan.mmd_squared):
        assert np.mean([held(distance(x, y), 0) for x, y in pairs]) >= 0.93
    counts = [rng.poisson(3, (2, 60)) for _ in range(200)]
    assert (
        np.mean([held(otgan.js_from_samples(*pair, ties="discrete"), 0) for pair in counts]) >= 0.93
    )


def test_a_value_outside_of_its_interval_says_so():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(100, 10)), rng.normal(size=(100, 10)) + 0.3
    for found in (
        otgan.sinkhorn_divergence(x, y),
        otgan.sliced_wasserstein(x, y),
        otgan.frechet_distance(x, y),
        otgan.energy_distance_squared(x[:20], y[:20], unbiased=False),
        otgan.mmd_squared(x, y + 1, unbiased=False, confidence_level=0.5),
    ):
        outside = any("outside its interval" in sentence for sentence in found.warnings)
        assert outside == (not held(found, found.value))
    assert not held(otgan.sinkhorn_divergence(x, y), otgan.sinkhorn_divergence(x, y).value)
