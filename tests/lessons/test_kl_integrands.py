import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import norm

from otgan.errors import InvalidInputError
from otgan.lessons.densities import Normal, js, kl
from otgan.lessons.kl_integrands import draw, explain, run
from otgan.lessons.kl_integrands.numbers import areas, far_bump
from otgan.plot import save


def test_the_figure_as_drawn_and_as_it_should_be():
    n = run(deltas=[0])
    # p log(p/q) = (1/2 - x) p is positive to the left of 1/2
    above = norm.cdf(0.5) / 2 + norm.pdf(0.5)
    for found in (n.drawn.above, n.drawn.above_reversed):
        assert_allclose(found, above, rtol=1e-11)
    for found in (n.drawn.below, n.drawn.below_reversed):
        assert_allclose(found, above - 0.5, rtol=1e-11)
    assert_allclose([n.drawn.kl, n.drawn.kl_reversed], 0.5, rtol=1e-11)
    assert_allclose([n.unequal.kl, n.unequal.kl_reversed], [0.4431471806, 1.3068528194], rtol=1e-9)
    assert_allclose(n.drawn.js, 0.11142148, atol=5.1e-9)


def partial_moments(low, high):
    """∫ x^k φ(x) dx from low to high, k = 0, 1, 2."""
    ends = [norm.pdf([low, high]), np.array([low, high]) * norm.pdf([low, high])]
    mass = norm.cdf(high) - norm.cdf(low)
    return mass, ends[0][0] - ends[0][1], mass + ends[1][0] - ends[1][1]


@settings(max_examples=40, deadline=None)
@given(st.floats(-5, 5), st.floats(0.2, 5))
def test_areas_against_partial_moments(mean, std):
    P, Q = Normal(0, 1), Normal(mean, std)
    pair = areas(P, Q)
    # log(p/q) = a + b x + c x²
    a, b, c = math.log(std) + mean**2 / (2 * std**2), -mean / std**2, (std**-2 - 1) / 2
    if abs(c) > 1e-3 and abs(mean) + abs(std - 1) > 1e-2:
        low, high = sorted(np.roots([c, b, a]).real)
        inside = np.dot([a, b, c], partial_moments(low, high))
        between = pair.above if c < 0 else -pair.below
        assert_allclose(between, inside, rtol=1e-9, atol=1e-11)
    assert_allclose(pair.kl, kl(P, Q), rtol=1e-10, atol=1e-11)
    assert_allclose(pair.kl_reversed, kl(Q, P), rtol=1e-10, atol=1e-11)
    assert pair.js == js(P, Q)
    assert min(pair.above, pair.below, pair.above_reversed, pair.below_reversed) >= 0


@settings(max_examples=20, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.3, 3))
def test_equal_deviations_have_mirrored_areas(m1, m2, std):
    pair = areas(Normal(m1, std), Normal(m2, std))
    assert_allclose(pair.above, pair.above_reversed, rtol=1e-9, atol=1e-11)
    assert_allclose(pair.below, pair.below_reversed, rtol=1e-9, atol=1e-11)
    assert_allclose(pair.kl, (m1 - m2) ** 2 / (2 * std**2), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("weight", [0.01, 0.1, 0.7])
@pytest.mark.parametrize("delta", [0.5, 3.0, 7.0])
def test_a_bump_against_plain_quadrature(weight, delta):
    def p(x):
        return norm.pdf(x)

    def q(x):
        return (1 - weight) * norm.pdf(x) + weight * norm.pdf(x, delta)

    def m(x):
        return (p(x) + q(x)) / 2

    def js_integrand(x):
        return (p(x) * np.log(p(x) / m(x)) + q(x) * np.log(q(x) / m(x))) / 2

    expected = [
        quad(h, -15, delta + 15, points=[0, delta], epsabs=1e-12)[0]
        for h in (
            lambda x: p(x) * np.log(p(x) / q(x)),
            lambda x: q(x) * np.log(q(x) / p(x)),
            js_integrand,
        )
    ]
    assert_allclose(far_bump(weight, delta), expected, rtol=1e-8)


def test_what_kl_disregards():
    n = run(weight=0.2, deltas=[0, 8, 30, 60])
    assert_allclose([n.kl[0], n.kl_reversed[0], n.js[0], n.w1[0]], 0, atol=1e-12)
    assert_allclose(n.kl[2:], -math.log(0.8), rtol=1e-10)
    assert_allclose(n.js[2:], n.js_limit, rtol=1e-10)
    apart = 0.8 * math.log(0.8) + 0.2 * math.log(0.2)  # entropy of the weights, then E (log b/p)
    assert_allclose(n.kl_reversed[2:], apart + 0.2 * np.square([30, 60]) / 2, rtol=1e-10)
    assert_allclose(n.w1, 0.2 * n.deltas)
    assert (n.kl < n.kl_limit).all() or np.isclose(n.kl.max(), n.kl_limit)


def test_w1_is_the_area_between_distribution_functions():
    n = run(weight=0.3, deltas=[4.0])
    between = quad(lambda x: 0.3 * (norm.cdf(x) - norm.cdf(x, 4)), -10, 14, epsabs=1e-12)[0]
    assert_allclose(n.w1, between, rtol=1e-9)


def test_text_holds_the_numbers():
    text = explain(run())
    for number in ("0.697797", "0.197797", "0.443147", "1.306853", "0.1054", "4.674918"):
        assert number in text


def test_any_pair_can_be_explained_and_drawn(tmp_path):
    for options in ({"std": 0.02, "mean": -9.0}, {"std": 30.0}, {"weight": 0.999, "deltas": [0]}):
        n = run(**{"deltas": [0, 9], **options})
        assert explain(n)
        save(draw(n), tmp_path / "integrands.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 0.0}, "weight must be between 0 and 1, got 0.0"),
        ({"weight": math.nan}, "weight must be a number, finite, got nan"),
        ({"std": -1.0}, "positive, finite standard deviation"),
        ({"deltas": [-1]}, "deltas must be non-negative"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)


@pytest.mark.parametrize(("std", "ends"), [(1.0, "for the second pair"), (2.0, "as it should be")])
def test_words_call_the_second_pair_unequal_only_where_it_is(std, ends):
    text = explain(run(deltas=[0, 5], mean=0.0, std=std))
    assert text.splitlines()[0].endswith(ends)
    assert ("Unequal variances show" in text) == (std != 1.0)
