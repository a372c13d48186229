"""Mode metrics against what a perfect sampler must score."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2

from otgan.datasets import GaussianMixture, Sample, StackedDigits, grid25, ring8
from otgan.errors import InvalidInputError
from otgan.gan.modes import mode_coverage
from tests.cases import mistyped


@pytest.mark.parametrize(("distribution", "kl"), [(ring8(), 0.0014), (grid25(), 0.0048)])
def test_a_perfect_sampler_scores_the_ceiling(distribution, kl):
    """1 - exp(-9/2) = 98.89 % of the points; the KL of 2,500 multinomial draws is (k-1)/2n."""
    rng = np.random.default_rng(0)
    scores = [mode_coverage(distribution.sample(2500, rng), distribution) for _ in range(40)]
    assert {score.modes for score in scores} == {len(distribution.modes)}
    quality = [score.high_quality for score in scores]
    assert_allclose(np.mean(quality), 1 - math.exp(-4.5), atol=4 * 0.0021 / math.sqrt(40))
    spread = kl * math.sqrt(2 / (len(distribution.modes) - 1))
    expected = (len(distribution.modes) - 1) / (2 * 2500)
    assert_allclose(
        np.mean([s.reverse_kl for s in scores]), expected, atol=4 * spread / math.sqrt(40)
    )


def test_collapse_and_misses():
    distribution = ring8()
    collapsed = mode_coverage(np.repeat(distribution.modes[:1], 10, axis=0), distribution)
    assert (collapsed.modes, collapsed.high_quality) == (1, 1.0)
    assert_allclose(collapsed.reverse_kl, math.log(8))
    missed = mode_coverage([[0.0, 0.0]], distribution)
    assert (missed.modes, missed.high_quality, missed.reverse_kl) == (0, 0.0, math.inf)


def test_the_threshold_is_three_standard_deviations():
    distribution = ring8()
    edge = distribution.modes[0] + np.array([[2.999, 0.0], [3.001, 0.0]]) * distribution.std
    assert mode_coverage(edge, distribution).high_quality == 0.5


def test_the_widths_of_modes_are_those_of_true_points():
    """With m points a mode, a standard deviation errs by 1 / sqrt(2 m d)."""
    for d in (1, 2, 5):
        mixture = GaussianMixture(np.array([[0.0] * d, [10.0] * d]), 0.1)
        found = mode_coverage(mixture.sample(20_000, np.random.default_rng(0)), mixture)
        assert_allclose([found.narrowest, found.widest], 1.0, atol=4 / math.sqrt(20_000 * d))


def test_narrow_and_wide_modes_are_told_apart():
    mixture, rng = (
        GaussianMixture(np.array([[0.0, 0.0], [10.0, 0.0]]), 1.0),
        np.random.default_rng(0),
    )
    narrow = 0.5 * rng.normal(size=(5000, 2)) + [0.7, 0.0]  # about its own mean, not the mode's
    wide = 1.2 * rng.normal(size=(5000, 2)) + [10.0, 0.0]
    found = mode_coverage(np.concatenate([narrow, wide]), mixture)
    truncated = chi2.cdf(9, 4) / chi2.cdf(9, 2)
    edge = 9 / 1.44
    cut = 1.2 * math.sqrt(chi2.cdf(edge, 4) / chi2.cdf(edge, 2))  # three of the mixture's
    assert_allclose(found.narrowest, 0.5 / math.sqrt(truncated), rtol=0.03)
    assert_allclose(found.widest, cut / math.sqrt(truncated), rtol=0.03)


def test_two_points_of_a_mode_by_hand():
    mixture = GaussianMixture(np.array([[0.0, 0.0]]), 1.0)
    found = mode_coverage([[0.5, 0.0], [-0.5, 0.0]], mixture)
    # Squares .25 + .25 over (2 - 1) degrees of freedom in two coordinates.
    assert_allclose(found.widest, math.sqrt(0.25 / (chi2.cdf(9, 4) / chi2.cdf(9, 2))))
    assert math.isnan(mode_coverage([[0.5, 0.0]], mixture).widest)


def test_the_grid_and_ring_of_veegan():
    ring, grid = ring8(radius=1.0, std=0.01), grid25(spacing=2.0, std=0.05)
    assert_allclose(np.linalg.norm(ring.modes, axis=1), 1.0)
    assert sorted({float(x) for x in grid.modes[:, 0]}) == [-4.0, -2.0, 0.0, 2.0, 4.0]
    for mixture in (ring, grid):
        found = mode_coverage(mixture.sample(2500, np.random.default_rng(0)), mixture)
        assert found.modes == found.of and 0.98 < found.high_quality < 0.993
        assert 0.8 < found.narrowest < 1.0 < found.widest < 1.2


def test_modes_of_stacked_digits_are_counted_by_what_they_show():
    stacks = StackedDigits(channels=2)
    points, modes = stacks.sample_labeled(3000, 0)
    found = mode_coverage(points, stacks)
    assert (found.modes, found.of, found.high_quality) == (100, 100, 1.0)
    assert_allclose(found.reverse_kl, 99 / 6000, rtol=0.5)
    assert math.isnan(found.widest)
    few = points[modes < 10]  # a first digit that is always zero
    expected = math.log(1 / np.mean(stacks.digits.labels == 0))
    collapsed = mode_coverage(few, stacks)
    assert collapsed.modes == 10
    assert_allclose(collapsed.reverse_kl, expected + 9 / (2 * len(few)), atol=0.02)


def test_what_has_no_known_modes_and_points_that_do_not_fit_are_named():
    with pytest.raises(
        InvalidInputError, match="GaussianMixture or of StackedDigits, got a Sample"
    ):
        mode_coverage([[0.0]], mistyped(Sample(np.zeros((3, 1)))))
    with pytest.raises(
        InvalidInputError, match=r"the 2 numbers of the distribution's points, got 3"
    ):
        mode_coverage(np.zeros((4, 3)), ring8())
