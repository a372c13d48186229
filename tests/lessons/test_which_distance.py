"""Distances of changed distributions: closed forms against quadrature and large samples."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import dblquad, quad
from scipy.special import ndtri
from scipy.stats import norm

from otgan import (
    energy_distance_squared,
    frechet_distance,
    kl_from_samples,
    mmd_squared,
    sinkhorn_divergence,
    sliced_wasserstein,
    wasserstein_1d,
)
from otgan.divergences.closed_forms import Gaussian, js, kl, total_variation, wasserstein
from otgan.lessons.which_distance import explain
from otgan.lessons.which_distance.closed_forms import (
    _entropic,
    of_moved_uniform,
    of_rotation,
    of_rounding,
)
from otgan.lessons.which_distance.distances import NAMES
from otgan.lessons.which_distance.mixtures import NORMAL, Mixture, of_mixtures
from otgan.lessons.which_distance.numbers import (
    HUMPS,
    OUTLYING,
    RARE,
    TESTED,
    _changes,
    _of,
    _rotated,
    _rounded,
    _shifted,
)
from otgan.lessons.which_distance.shifts import equivalent_shifts, of_scaled_shift, of_shift
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("which-distance")


def test_shift_has_its_closed_forms():
    values = of_shift(1)
    assert_allclose(
        astuple(values),
        [0.5, 0.5, 0.11142148, 0.38292492, 0.54180658, 0.1772676349, 1, 1, 1, 1],
        atol=5e-9,
    )
    assert_allclose([of_shift(1, d).sliced for d in (2, 3, 10)], [2 / math.pi, 0.5, 0.2586899392])


@pytest.mark.parametrize("shift", [1e-3, 0.3, 1.0, 4.0])
def test_ruler_returns_the_shift(shift):
    assert_allclose(astuple(equivalent_shifts(of_shift(shift))), shift, rtol=1e-6)


def test_noise_weakens_slices_and_kernels_and_nothing_else(numbers):
    # E|θ₁| is about √(2/(π d)).
    for d, seen in zip(numbers.dimensions.tolist(), numbers.noise, strict=True):
        for name in ("kl", "kl_back", "js", "tv", "w1", "sinkhorn", "frechet"):
            assert_allclose(getattr(seen, name), 1, rtol=1e-9)
        assert_allclose(seen.sliced, math.sqrt(2 / (math.pi * d)), rtol=0.3 / d)
    for name in ("energy", "mmd", "sliced"):
        assert (np.diff([getattr(seen, name) for seen in numbers.noise]) < 0).all()
    assert numbers.noise_power[0] == 1
    assert numbers.noise_power[-1] < numbers.noise_power[0]
    # 20 distances with deviations of about 0.1 each.
    assert abs(numbers.sampled - numbers.sampled_equal) < 0.2
    assert numbers.sampled_equal > 10


def test_units(numbers):
    plain, scaled = (numbers.change(name).values for name in ("shift", "units"))
    for name in ("kl", "kl_back", "js", "tv"):
        assert getattr(plain, name) == getattr(scaled, name)
    for name in ("energy", "sliced", "w1", "frechet"):
        assert_allclose(getattr(scaled, name), 1000 * getattr(plain, name))
    assert_allclose(scaled.sinkhorn, 1e6 * plain.sinkhorn)
    assert scaled.mmd < plain.mmd / 500
    assert_allclose(of_scaled_shift(1, 1).mmd, plain.mmd)
    assert_allclose(numbers.affine[0], 0.5 * (3.5 + 1 + 2 - 3), rtol=1e-12)
    assert_allclose(numbers.affine[1], numbers.affine[0], rtol=1e-10)


def test_disjoint_distributions_are_all_alike_to_divergences(numbers):
    parted = numbers.apart >= math.sqrt(12)
    for shift, values in zip(numbers.apart[parted], np.array(numbers.moved)[parted], strict=True):
        assert values.kl == values.kl_back == math.inf
        assert_allclose([values.tv, values.js], [1, math.log(2)], rtol=1e-12)
        assert_allclose(values.energy, 2 * shift - math.sqrt(12) * 2 / 3, rtol=1e-10)
        assert_allclose([values.w1, values.sliced, values.frechet], shift)
        assert_allclose(values.sinkhorn, shift**2)
    ceiling = numbers.moved[-1].mmd
    assert_allclose(of_moved_uniform(40).mmd, ceiling, rtol=1e-9)
    assert_allclose(
        [v.mmd for v in np.array(numbers.moved)[numbers.apart >= 7]], ceiling, rtol=2e-3
    )
    assert all(value == 0 for value in astuple(of_moved_uniform(0)))


def test_mixture_of_one_part_is_a_normal_distribution():
    values, (P, Q) = of_mixtures(NORMAL, Mixture.of((1, 1, 2))), (Gaussian(0, 1), Gaussian(1, 4))
    assert_allclose(values.kl, kl(P, Q), rtol=1e-12)
    assert_allclose(values.kl_back, kl(Q, P), rtol=1e-12)
    assert_allclose(values.js, js(P, Q), rtol=1e-10)
    assert_allclose(values.tv, total_variation(P, Q), rtol=1e-10)
    assert_allclose(values.w1, wasserstein(P, Q), rtol=1e-10)
    assert_allclose(values.frechet, wasserstein(P, Q, p=2), rtol=1e-12)
    assert_allclose(
        values.energy, 2 * quad(lambda x: (norm.cdf(x) - norm.cdf(x, 1, 2)) ** 2, -20, 25)[0]
    )
    # A hundred points have a little less variance than their distribution.
    assert_allclose(
        values.sinkhorn, 1 + _entropic(1, 4) - (_entropic(1, 1) + _entropic(4, 4)) / 2, rtol=0.02
    )


@pytest.mark.parametrize("Q", [OUTLYING, RARE, HUMPS])
def test_mixtures_by_quadrature(Q):
    values = of_mixtures(NORMAL, Q)
    x, coarse = np.linspace(-15, 35, 20_001, retstep=True)
    p, q = (
        norm.pdf(x[:, None], distribution.means, distribution.deviations) @ distribution.weights
        for distribution in (NORMAL, Q)
    )
    F, G = (
        norm.cdf(x[:, None], distribution.means, distribution.deviations) @ distribution.weights
        for distribution in (NORMAL, Q)
    )
    assert_allclose(values.tv, coarse * np.abs(p - q).sum() / 2, rtol=1e-4)
    assert_allclose(values.w1, coarse * np.abs(F - G).sum(), rtol=1e-4)
    assert_allclose(values.energy, 2 * coarse * np.square(F - G).sum(), rtol=1e-6)
    seen = (p > 0) & (q > 0)
    relative = coarse * (p[seen] * np.log(p[seen] / q[seen])).sum()
    assert_allclose(values.kl, relative, rtol=1e-6)


def test_outlier_and_lost_mode_are_shares_of_a_shift(numbers):
    outlier, lost = numbers.change("outlier"), numbers.change("lost mode")
    for values, share, far in ((outlier.values, 0.01, 20), (lost.values, 0.05, 10)):
        whole = of_shift(far)
        assert_allclose(values.w1, share * far, rtol=1e-10)
        assert_allclose(values.tv, share * whole.tv, rtol=1e-10)
        assert_allclose(values.energy, share**2 * whole.energy, rtol=1e-8)
        assert_allclose(values.mmd, share**2 * whole.mmd, rtol=1e-8)
    assert_allclose(outlier.values.kl, -math.log(0.99), rtol=1e-9)
    # Of N(0, 1), less than one millionth lies nearer to the lost mode.
    assert_allclose(lost.values.kl_back, -math.log(0.95), rtol=1e-5)
    mean, variance = 0.01 * 20, 1 + 0.01 * 0.99 * 400
    assert_allclose(outlier.values.frechet, math.hypot(mean, math.sqrt(variance) - 1))
    assert lost.values.kl > 40 * lost.values.kl_back
    curves = numbers.outlier
    assert_allclose(curves["w1"], 0.01 * numbers.outlier_at)
    assert_allclose(curves["tv"][-6:], curves["tv"][-1], rtol=1e-9)
    assert_allclose(curves["frechet"][-1], 1000 * 0.01**0.5, rtol=0.01)
    for name in set(NAMES) - {"sinkhorn", "sliced"}:
        assert (np.diff(curves[name]) > -1e-9).all()


def test_rotation_moves_mass_along_the_optimal_potential(numbers):
    values = numbers.change("rotation").values
    a, b = 1.9, 0.1
    assert_allclose(values.w1, 2 / math.sqrt(math.pi) * (math.sqrt(a) - math.sqrt(b)))
    rng = np.random.default_rng(0)
    x, y = _rotated(200_000, rng)
    turn = np.array([[1, 1], [-1, 1]]) / math.sqrt(2)
    f_x, f_y = ((np.abs(z @ turn.T) @ [1, -1]) / math.sqrt(2) for z in (x, y))  # slope one
    se = math.sqrt((f_x.var() + f_y.var()) / 200_000)
    assert abs(f_x.mean() - f_y.mean() - values.w1) <= 4 * se
    assert_allclose(
        values.frechet, wasserstein(*(Gaussian([0, 0], [[1, r], [r, 1]]) for r in (0.9, -0.9)), p=2)
    )
    assert values.sliced < values.w1 < values.frechet
    assert_allclose(np.cov(x.T)[0, 1], 0.9, atol=0.02)
    for k in range(2):  # the marginals are the same distribution
        assert wasserstein_1d(x[:, k], y[:, k]) < 4 * 1.8220433 / math.sqrt(200_000)


def test_rotation_by_quadrature():
    a, b = 1.5, 0.5
    values = of_rotation(0.5)

    def p(y, x):
        return norm.pdf(x, 0, math.sqrt(a)) * norm.pdf(y, 0, math.sqrt(b))

    def shared(y, x):
        here, there = p(y, x), p(x, y)
        return here * math.log(2 * here / (here + there)) if here else 0.0

    assert_allclose(values.js, dblquad(shared, -7, 7, -7, 7, epsabs=1e-5)[0], atol=1e-5)
    P, Q = (Gaussian([0, 0], [[1, r], [r, 1]]) for r in (0.5, -0.5))
    assert_allclose([values.kl, values.kl_back], kl(P, Q))
    points = ndtri((np.arange(2000) + 0.5) / 2000)
    x, y = math.sqrt(a) * points, math.sqrt(b) * points
    ratio = x[:, None] ** 2 - y**2  # p > q where it is positive
    swapped = y[:, None] ** 2 - x**2
    assert_allclose(values.tv, (ratio > 0).mean() - (swapped > 0).mean(), atol=2e-3)


def test_humps_are_nothing_to_frechet(numbers):
    values = numbers.change("humps").values
    assert_allclose([HUMPS.mean, HUMPS.deviation], [0, 1], atol=1e-15)
    assert values.frechet < 1e-12
    assert min(values.tv, values.w1, values.kl, values.kl_back) > 0.3


def test_rounding_is_all_to_divergences_and_little_to_transport(numbers):
    values = numbers.change("rounding").values
    assert values.kl == values.kl_back == math.inf
    assert (values.tv, values.js) == (1, math.log(2))
    assert_allclose(values.w1, 0.1 / 4, rtol=1e-6)
    for step in (0.1, 1.0):
        cells = [
            quad(lambda x, c: abs(x - c) * norm.pdf(x), c - step / 2, c, (c,))[0]
            + quad(lambda x, c: abs(x - c) * norm.pdf(x), c, c + step / 2, (c,))[0]
            for c in step * np.arange(-90, 91)
        ]
        assert_allclose(of_rounding(step).w1, math.fsum(cells), rtol=1e-9)
    assert numbers.change("rounding").power <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 40)


def test_functions_of_otgan_show_these_values_in_samples(numbers):
    rng = np.random.default_rng(1)
    for name, *_, sampler in _changes():
        if name == "units":  # whose bandwidth is that of the others
            continue
        values = numbers.change(name).values
        x, y = sampler(1500, rng)
        d = x.shape[1] if x.ndim == 2 else 1
        e, k = energy_distance_squared(x, y), mmd_squared(x, y, bandwidth=math.sqrt(d))
        assert abs(e.value - values.energy) <= 4 * e.se + 2e-3
        assert abs(k.value - values.mmd) <= 4 * k.se + 2e-3
        s = sliced_wasserstein(x, y)
        assert abs(s.value - values.sliced) <= 4 * s.se + s.diagnostics["null_level"]
        if d > 2:  # a sampled covariance of a hundred coordinates is far from the distribution's
            continue
        f = frechet_distance(x, y)
        assert abs(f.value - values.frechet) <= 4 * f.se + 0.1
    x, y = _shifted(1, 1)(500, rng)
    found = sinkhorn_divergence(x, y, p=2, reg=1.0)
    assert abs(found.value - 1) <= 4 * found.se
    x, y = _of(HUMPS)(2000, rng)
    found = kl_from_samples(y, x)
    assert abs(found.value - numbers.change("humps").values.kl_back) <= 4 * found.se + 0.02


def test_a_test_finds_what_is_plain(numbers):
    power = {change.name: change.power for change in numbers.changes}
    for plain in ("shift", "units", "disjoint", "rotation"):
        assert power[plain] > 0.9
    for hidden in ("outlier", "rounding"):
        assert power[hidden] < 0.4
    x, y = _rounded(1000, np.random.default_rng(0))
    assert len(np.unique(y)) < 100 < len(np.unique(x))


def test_text_holds_the_numbers(numbers):
    text = explain(numbers).replace("\n  ", " ")
    for change in numbers.changes:
        assert change.what in text
    assert f"{TESTED} points each" in text
    assert "= 1.1985" in text
    assert "Fréchet is 0," in text
