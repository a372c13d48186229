"""Densities in balls beside a Gaussian: whitening, scores without bias, series, test of fit."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import digamma

from otgan.divergences.gaussian_start import (
    Whitening,
    enough_for_gaussian,
    gaussian_excess,
    gaussian_fits,
    gaussian_kl,
    gaussian_score,
    log_ball_volume,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_whitening_gives_mean_zero_and_covariance_one(d):
    sample = RNG.normal(size=(60, d)) @ RNG.normal(size=(d, d)) + 5
    whitening = Whitening.of(sample)
    assert whitening is not None
    white = whitening(sample)
    assert_allclose(white.mean(axis=0), 0, atol=1e-12)
    assert_allclose(np.atleast_2d(np.cov(white.T)), np.eye(d), atol=1e-10)
    covariance = np.atleast_2d(np.cov(sample.T))
    assert_allclose(2 * whitening.log_scale, np.linalg.slogdet(covariance)[1], rtol=1e-10)


def test_singular_samples_have_no_whitening():
    line = RNG.normal(size=(50, 1))
    for sample in (np.c_[line, 2 * line], np.c_[line, np.ones(50)], RNG.normal(size=(3, 2))):
        assert Whitening.of(sample) is None
        assert not enough_for_gaussian(sample)
    assert not enough_for_gaussian(RNG.normal(size=(16, 2)))
    assert enough_for_gaussian(RNG.normal(size=(17, 2)))


def test_the_volume_of_balls():
    assert_allclose([log_ball_volume(d) for d in (1, 2, 3)], np.log([2, np.pi, 4 * np.pi / 3]))


@pytest.mark.parametrize("d", [1, 4])
def test_scores_of_gaussians_have_no_bias(d):
    entropy = 0.5 * d * np.log(2 * np.pi * math.e)
    pairs = [RNG.normal(size=(2, 30, d)) for _ in range(500)]
    for values, truth in (
        ([gaussian_score(x, x) for x, _ in pairs], -entropy),
        ([gaussian_score(x, y) for x, y in pairs], -entropy),
        ([gaussian_kl(x, y) for x, y in pairs], 0.0),
        ([gaussian_kl(x, y + 0.5) for x, y in pairs], d / 8),
    ):
        known = np.array(values, dtype=float)
        assert_allclose(known.mean(), truth, atol=4 * known.std() / np.sqrt(500))


def test_the_excess_is_what_balls_hold_beyond_the_gaussians_mass():
    # By the noncentral chi-squared distribution function, where densities vary by less than m.
    rng = np.random.default_rng(1)
    sample, x, k = rng.normal(size=(80, 3)), 0.7 * rng.normal(size=(20, 3)), 4
    fitted = Whitening.of(sample)
    assert fitted is not None
    white, at = fitted(sample), fitted(x)
    radii = np.sort(np.linalg.norm(at[:, None] - white, axis=2), axis=1)[:, k - 1]
    mass = stats.ncx2.cdf(radii**2, 3, (at**2).sum(axis=1))
    expected = digamma(k) - np.log(80) - np.log(mass).mean()
    assert_allclose(gaussian_excess(x, sample, (k,)), [expected], rtol=1e-8)


def test_gaussians_fit_and_others_do_not():
    assert gaussian_fits(RNG.normal(size=(800, 3)) @ RNG.normal(size=(3, 3)))
    assert not gaussian_fits(RNG.exponential(size=(800, 1)))
    assert not gaussian_fits(RNG.choice([-4, 4], (800, 1)) + RNG.normal(size=(800, 1)))
    assert not gaussian_fits(RNG.normal(size=(12, 3)))


def test_without_a_covariance_there_is_no_gaussian_kl():
    x = RNG.normal(size=(40, 2))
    assert gaussian_kl(x, x[:4]) is None
    assert gaussian_kl(np.c_[x, x[:, :1]], RNG.normal(size=(40, 3))) is None
