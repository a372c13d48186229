"""Mode metrics against what a perfect sampler must score."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.datasets import grid25, ring8
from otgan.gan.modes import mode_coverage


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
