import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

from otgan import wasserstein_1d
from otgan.errors import InvalidInputError
from otgan.lessons.xy_game import explain, run
from otgan.lessons.xy_game.numbers import simultaneous

starts = st.tuples(st.floats(-10, 10), st.floats(-10, 10)).filter(lambda s: math.hypot(*s) > 1e-3)
etas = st.floats(1e-3, 0.95)


def ratio(path):
    radius = np.hypot(*path.T)
    return radius / radius[0]


def test_classic_values():
    n = run()
    growth = ratio(n.simultaneous)[[1, 10, 100, 500, 1000]]
    assert_allclose(growth[:4], [1.0049876, 1.0510101, 1.6446318, 12.032156], rtol=5e-8)
    assert_allclose(growth[4], 144.772772, atol=5e-7)
    assert_allclose(ratio(n.extragradient)[-1], 0.0069108, atol=5e-8)
    radius = np.hypot(*n.alternating.T)
    assert_allclose([radius.min(), radius.max()], [1.3452, 1.4142], atol=5e-5)
    assert_allclose(n.band, [1.3452, 1.4142], atol=5e-5)
    assert_allclose(n.invariant, 1.9, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(starts, etas)
def test_distributions_hold_for_any_start_and_step(start, eta):
    n = run(eta=eta, start=start, steps=200)
    t = np.arange(201)
    assert_allclose(ratio(n.simultaneous), n.growth**t, rtol=1e-11)
    assert_allclose(ratio(n.extragradient), n.shrinkage**t, rtol=1e-11)
    assert_allclose(n.invariant, n.invariant[0], rtol=1e-10)
    radius = np.hypot(*n.alternating.T)
    low, high = n.band
    assert (radius >= low * (1 - 1e-9)).all() and (radius <= high * (1 + 1e-9)).all()


@given(st.floats(-5, 5), st.floats(-5, 5), etas)
def test_it_is_the_dirac_wgan(x, y, eta):
    """Data at 0, generator at x, critic t -> -y t: the score E_r f - E_g f is xy."""

    def score(x, y):
        return -y * 0.0 - (-y * x)

    step = 1e-3  # the score is bilinear: central differences are exact
    down = (score(x + step, y) - score(x - step, y)) / (2 * step)
    up = (score(x, y + step) - score(x, y - step)) / (2 * step)
    assert_allclose(simultaneous(x, y, eta), (x - eta * down, y + eta * up), atol=1e-10)
    # With the slope held to [-1, 1], the best score is the distance between the two points.
    best = max(score(x, slope) for slope in (-1.0, 1.0))
    assert_allclose(best, wasserstein_1d([0.0], [x]), rtol=1e-15)


def test_text_holds_the_numbers():
    text = explain(run())
    for number in ("144.77277", "1.0049876", "0.00691083", "[1.3452, 1.4142]"):
        assert number in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eta": 0}, "eta must be between 0 and 1"),
        ({"eta": 1.0}, "eta must be between 0 and 1"),
        ({"eta": math.inf}, "eta must be between 0 and 1"),
        ({"eta": math.nan}, "eta must be a number, finite"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"start": (1, 2, 3)}, "start must hold two numbers"),
        ({"start": (1, math.nan)}, "start must be finite"),
        ({"start": (0, 0)}, "start must hold two numbers, not both zero"),
        ({"eta": 0.9, "steps": 3000}, "radius must stay finite"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)
