import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad, trapezoid
from scipy.stats import norm

from otgan.errors import InvalidInputError
from otgan.lessons.cover_or_seek import draw, explain, run
from otgan.lessons.cover_or_seek.fitting import Bumps, best_fit, divergence, minima, value_and_slope
from otgan.lessons.cover_or_seek.numbers import switch
from otgan.plot import save
from tests.lessons.cached import numbers_of

NAME = "cover-or-seek"


def pdf(P, x):
    return P.weight * norm.pdf(x, P.left) + (1 - P.weight) * norm.pdf(x, P.right)


def by_quadrature(P, mean, std, pi):
    """JS_π/(π(1 - π)) by SciPy's adaptive quadrature of its definition."""
    low, high = min(P.left, mean) - 9 * max(std, 1), max(P.right, mean) + 9 * max(std, 1)

    def integrand(x):
        p, q = pdf(P, x), norm.pdf(x, mean, std)
        if pi == 0:
            return p * (np.log(pdf(P, x)) - norm.logpdf(x, mean, std))
        if pi == 1:
            return q * (norm.logpdf(x, mean, std) - P.log_pdf(np.array(x)))
        m = pi * p + (1 - pi) * q
        over_p = p * np.log(p / m) if p else 0.0
        over_q = q * np.log(q / m) if q else 0.0
        return over_p / (1 - pi) + over_q / pi

    points = [P.left, P.right, mean, mean - 3 * std, mean + 3 * std]
    return quad(integrand, low, high, points=points, epsabs=1e-11, epsrel=1e-11, limit=500)[0]


places = st.tuples(
    st.floats(0.1, 8),  # separation
    st.floats(0.05, 0.95),  # weight
    st.floats(-5, 5),
    st.floats(0.4, 4),
    st.sampled_from([0, 0.05, 0.5, 0.9, 1]),
)


@settings(max_examples=25, deadline=None)
@given(places)
def test_divergences_are_those_of_adaptive_quadrature(place):
    separation, weight, mean, std, pi = place
    P = Bumps(-separation / 2, separation / 2, weight)
    found = divergence(P, mean, std, pi)
    assert_allclose(found, by_quadrature(P, mean, std, pi), rtol=2e-8, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(places)
def test_slopes_are_derivatives(place):
    separation, weight, mean, std, pi = place
    P = Bumps(-separation / 2, separation / 2, weight)
    _, slope = value_and_slope(P, mean, std, pi)
    size = 1e-5
    in_mean = divergence(P, mean + size * std, std, pi) - divergence(P, mean - size * std, std, pi)
    wider, narrower = std * math.exp(size), std * math.exp(-size)
    in_log_std = divergence(P, mean, wider, pi) - divergence(P, mean, narrower, pi)
    assert_allclose(slope, [in_mean / (2 * size), in_log_std / (2 * size)], rtol=1e-6, atol=1e-6)


def test_the_two_kl_are_the_limits():
    P = Bumps(-2, 2, 0.3)
    for mean, std in ((0.5, 2.0), (2.0, 1.0), (-1.0, 1.5)):
        for end, near in ((0, 1e-9), (1, 1 - 1e-9)):
            there, close = (divergence(P, mean, std, pi) for pi in (end, near))
            assert_allclose(close, there, rtol=3e-4)


def test_js_is_what_the_best_discriminator_is_worth():
    """Of so many real points: π E log D* + (1 - π) E log(1 - D*) is JS_π less an entropy."""
    P, mean, std = Bumps(-2, 2, 0.5), 1.0, 2.0
    x = np.linspace(-20, 20, 40_001)
    p, q = pdf(P, x), norm.pdf(x, mean, std)
    for pi in (0.2, 0.5, 0.9):
        best = pi * p / (pi * p + (1 - pi) * q)
        worth = trapezoid(pi * p * np.log(best) + (1 - pi) * q * np.log1p(-best), x)
        entropy = -pi * math.log(pi) - (1 - pi) * math.log(1 - pi)
        js = pi * (1 - pi) * divergence(P, mean, std, pi)
        assert_allclose(worth, js - entropy, rtol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 15), st.floats(0.02, 0.98))
def test_kl_has_the_moments(separation, weight):
    P = Bumps(-separation / 2, separation / 2, weight)
    [fit] = minima(P, 0)
    variance = 1 + weight * (1 - weight) * separation**2
    assert_allclose(
        [fit.mean, fit.std], [(0.5 - weight) * separation, math.sqrt(variance)], 1e-8, 1e-8
    )


@pytest.mark.parametrize(
    ("separation", "weight", "pi"),
    [(6, 0.5, 0.5), (6, 0.5, 1), (9, 0.5, 0.5), (6.5, 0.4, 0.5), (5, 0.4, 1), (3, 0.2, 0.9)],
)
def test_no_point_of_a_grid_is_lower(separation, weight, pi):
    P = Bumps(-separation / 2, separation / 2, weight)
    best = best_fit(P, pi)
    means = np.linspace(P.left - 1, P.right + 1, 45)
    stds = np.exp(np.linspace(math.log(0.6), math.log(P.std * 1.5), 30))
    grid = np.array([[divergence(P, m, s, pi) for s in stds.tolist()] for m in means.tolist()])
    assert grid.min() >= best.value
    # and the lowest of them is a neighbor of the best fit, or of its mirror image
    i, j = np.unravel_index(grid.argmin(), grid.shape)
    mirrored = [best.mean, -best.mean] if weight == 0.5 else [best.mean]
    assert min(abs(means[i] - m) for m in mirrored) <= means[1] - means[0]
    assert abs(math.log(stds[j] / best.std)) <= math.log(stds[1] / stds[0])
    for fit in minima(P, pi):
        assert_allclose(value_and_slope(P, fit.mean, fit.std, pi)[1], 0, atol=1e-9)


def test_far_bumps_are_worth_what_their_weights_say():
    """A Q on one of two bumps that do not overlap: M is a mixture of the two, in each place."""
    P = Bumps(-10, 10, 0.5)
    for pi in (0.3, 0.5, 0.8):
        mine = pi / 2 + (1 - pi)
        over_p = 0.5 * math.log(0.5 / mine) + 0.5 * math.log(1 / pi)
        js = pi * over_p + (1 - pi) * math.log(1 / mine)
        fit = next(fit for fit in minima(P, pi) if not fit.covers)
        assert_allclose(fit.value * pi * (1 - pi), js, rtol=1e-9)
    assert_allclose(best_fit(P, 1).value, math.log(2), rtol=1e-9)
    assert_allclose(best_fit(P, 1).std, 1, rtol=1e-9)


def test_at_a_switch_both_kinds_are_equally_good():
    for weight, pi in ((0.5, 0.5), (0.5, 1.0), (0.4, 0.75)):
        at = switch(weight, pi)
        found = minima(Bumps(-at / 2, at / 2, weight), pi)
        covering, seeking = (
            next(fit.value for fit in found if fit.covers == kind) for kind in (True, False)
        )
        assert_allclose(covering, seeking, rtol=1e-5)
    assert switch(0.5, 0.01) == math.inf


def test_classic_case():
    n = numbers_of(NAME)
    forward, middle, reverse = n.fits
    assert_allclose([forward.mean, forward.std], [0, math.sqrt(10)], atol=1e-9)
    assert forward.covers and middle.covers and not reverse.covers
    assert (n.table.argmin(axis=0) == np.arange(3)).all()
    assert (np.diff(n.switches) < 0).all()
    assert_allclose(n.switches[[2, 5]], [8.48942, 5.60017], atol=2e-5)
    # until there JS covers, and its width is nearly that of KL(P‖Q)
    nearer = n.separations < 8.4
    assert_allclose(n.stds[1, nearer], n.stds[0, nearer], rtol=0.02)
    assert_allclose(n.stds[1, ~nearer], 1, atol=1e-3)


def test_text_holds_the_numbers():
    text = explain(numbers_of(NAME))
    for number in ("3.1623", "3.1198", "2.9843", "8.4894", "17.3684", "8.49 on"):
        assert number in text


def test_any_case_can_be_explained_and_drawn(tmp_path):
    for options in ({"separation": 0.01}, {"weight": 0.98, "pi": 0.03}, {"separation": 12.0}):
        n = run(**options)
        assert explain(n)
        save(draw(n), tmp_path / "cover.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separation": 0.0}, "separation must be above 0 and at most 20, got 0.0"),
        ({"separation": math.nan}, "separation must be a number"),
        ({"weight": 1.0}, "weight must be between 0 and 1, got 1.0"),
        ({"pi": 0.0}, "pi must be between 0 and 1, got 0.0"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)
