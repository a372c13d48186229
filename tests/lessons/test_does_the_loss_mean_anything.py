"""Losses beside exact distances: of two trainings, and as measured over seeds."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from otgan.lessons.does_the_loss_mean_anything import explain
from otgan.lessons.does_the_loss_mean_anything.numbers import DISTANCES, LOSSES
from otgan.lessons.measured import over_seeds
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("does-the-loss-mean-anything")


def test_the_critic_of_the_wgan_alone_follows_the_distance(numbers):
    gan, wgan = (curve.correlations["critic_estimate"] for curve in numbers.curves)
    assert gan < 0.5 < 0.9 < wgan


def test_correlations_are_those_of_the_curves(numbers):
    for curve in numbers.curves:
        used = slice(curve.until_floor)
        for loss in LOSSES:
            expected = spearmanr(getattr(curve, loss)[used], curve.debiased_w1[used]).statistic
            assert_allclose(curve.correlations[loss], expected, rtol=1e-12)


def test_debiased_w1_is_above_its_error_until_the_floor(numbers):
    for curve in numbers.curves:
        before = slice(curve.until_floor - 1)
        assert (curve.debiased_w1[before] > 2 * curve.debiased_w1_se[before]).all()
        assert (curve.exact_w1 > 0).all() and curve.floor > 0


def test_every_loss_and_distance_has_all_objectives(numbers):
    names = {found.name for found in numbers.measured}
    for loss in LOSSES:
        for distance in DISTANCES:
            assert {found.name for found in numbers.of(loss, distance)} == names
    assert len(numbers.measured) == len(names) * len(LOSSES) * len(DISTANCES)
    assert all(np.abs(found.correlations).max() <= 1 for found in numbers.measured)


def test_what_is_told_from_zero_is_far_from_it(numbers):
    """A mean within two standard errors of zero is told by no test at 5 %."""
    for found in numbers.measured:
        mean = over_seeds(found.correlations)
        assert not found.told_from_zero or abs(mean.mean) > 2 * mean.se
        assert not math.isnan(mean.se)


def test_the_text_ranks_objectives_by_their_estimates(numbers):
    text = " ".join(explain(numbers).split())
    shown = text.partition("most to the least: ")[2].partition(". A star")[0]
    means = [float(part.split()[-1]) for part in shown.split(";")]
    assert means == sorted(means, reverse=True) and len(means) == 6
    assert shown.startswith("wasserstein, lp 0.99")
