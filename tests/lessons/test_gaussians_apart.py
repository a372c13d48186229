import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose
from scipy.special import ndtr

from otgan.errors import InvalidInputError
from otgan.lessons.densities import Normal, js, kl, tv, w1
from otgan.lessons.gaussians_apart import draw, explain, run
from otgan.lessons.gaussians_apart.numbers import compare
from otgan.plot import save

DELTAS = [0, 0.5, 1, 2, 3, 4, 6, 8, 10]
JS = [
    0, 0.03031130, 0.11142148, 0.33683082, 0.52677731, 0.63272019, 0.68929793, 0.69305365,
    0.69314632,
]  # fmt: skip
TV = [
    0, 0.19741265, 0.38292492, 0.68268949, 0.86638560, 0.95449974, 0.99730020, 0.99993666,
    0.99999943,
]  # fmt: skip


def test_classic_values():
    n = run(deltas=DELTAS)
    assert_allclose(n.kl, np.square(DELTAS) / 2, rtol=1e-11, atol=1e-13)
    assert_allclose(n.js, JS, atol=5.1e-9)
    assert_allclose(n.tv, TV, atol=5.1e-9)
    assert_allclose(n.w1, DELTAS, rtol=1e-11)


def test_slopes_have_their_closed_forms():
    n = run(deltas=DELTAS)
    assert_allclose(n.kl_slope, DELTAS, rtol=1e-11, atol=1e-13)
    assert_allclose(n.w1_slope, 1, rtol=1e-11)
    density = np.exp(-np.square(DELTAS) / 8) / math.sqrt(2 * math.pi)
    assert_allclose(n.tv_slope, density, rtol=1e-10, atol=1e-12)
    twice = [0.397973, 0.449600, 0.137195, 0.0124532, 3.92875e-4]
    assert_allclose(2 * n.js_slope[[2, 3, 5, 6, 7]], twice, rtol=5e-6)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 9))
def test_slopes_are_derivatives(delta):
    step = 1e-4
    n = run(deltas=[delta - step, delta, delta + step])
    for value, slope in (
        (n.kl, n.kl_slope), (n.js, n.js_slope), (n.tv, n.tv_slope), (n.w1, n.w1_slope),
    ):  # fmt: skip
        assert_allclose((value[2] - value[0]) / (2 * step), slope[1], atol=2e-8)


def test_figure_that_shows_no_asymmetry():
    n = run(deltas=[0])
    assert_allclose([n.equal.kl, n.equal.kl_reversed], 0.5, rtol=1e-11)
    assert_allclose(n.unequal.kl, 0.4431471806, atol=5e-11)
    assert_allclose(n.unequal.kl_reversed, 1.3068528194, atol=5e-11)
    assert_allclose(n.unequal.w1, 1.1666309412, atol=5e-11)


means, stds = st.floats(-5, 5), st.floats(-3, 3).map(lambda t: 10**t)


@settings(max_examples=40, deadline=None)
@given(means, stds, means, stds)
def test_quadrature_against_closed_forms(m1, s1, m2, s2):
    P, Q = Normal(m1, s1), Normal(m2, s2)
    delta, s = abs(m1 - m2), abs(s1 - s2)
    exact = math.log(s2 / s1) + (s1**2 + delta**2) / (2 * s2**2) - 0.5
    assert_allclose(kl(P, Q), exact, rtol=1e-9, atol=1e-11)
    if s > 0.01:
        away = math.exp(-(delta**2) / (2 * s**2))
        exact = s * math.sqrt(2 / math.pi) * away + delta * (1 - 2 * ndtr(-delta / s))
        assert_allclose(w1(P, Q), exact, rtol=1e-9, atol=1e-10)
    assert w1(P, Q) >= delta - 1e-10


@settings(max_examples=40, deadline=None)
@given(means, stds, means, stds)
def test_inequalities(m1, s1, m2, s2):
    pair = compare(Normal(m1, s1), Normal(m2, s2))
    slack = 1e-10
    assert pair.tv <= math.sqrt(max(0, pair.kl) / 2) + math.sqrt(slack)
    assert 0.5 * pair.tv**2 <= pair.js + slack
    assert pair.js <= math.log(2) * pair.tv + slack
    assert_allclose(pair.js, js(pair.Q, pair.P), atol=slack)
    assert_allclose(pair.tv, tv(pair.Q, pair.P), atol=slack)


def test_text_holds_the_numbers():
    text = explain(run())
    for number in ("0.4431471806", "1.3068528194", "1.1666309412", "0.336831", "2.23205e-06"):
        assert number in text


def test_any_shifts_can_be_explained_and_drawn(tmp_path):
    for deltas, scale in (([0], 1.0), ([0, 40], 0.1), ([0.5], 9.0)):
        n = run(deltas=deltas, scale=scale)
        assert explain(n)
        save(draw(n), tmp_path / "gaussians.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deltas": [-1]}, "deltas must be non-negative"),
        ({"deltas": [np.inf]}, "deltas must be finite"),
        ({"scale": 0.0}, "positive, finite standard deviation"),
        ({"scale": "2"}, "scale must be a number"),
        ({"deltas": [[0, 1], [1, 2]]}, "deltas must be numbers on the line"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)


def test_whole_numbers_of_numpy_are_numbers():
    assert run(deltas=[1], scale=np.int64(2)).unequal == run(deltas=[1], scale=2.0).unequal


def test_derivatives_from_one_side_are_marked_and_rounding_is_zero():
    text = explain(run(deltas=[0, 1]))
    at_zero, at_one = (line.split() for line in text.splitlines()[4:6])
    assert at_zero == ["0", "0", "0", "0", "0", "0", "0", "0.398942+", "1+"]
    assert not any("+" in cell for cell in at_one)
    assert "e-1" not in "".join(at_zero) and "from the right" in text
    # The slope of JS at 100 is below e^-1250, and quadrature has nothing but rounding.
    assert "at 100, JS pulls with 0, W₁ with 1" in explain(run(deltas=[100]))
