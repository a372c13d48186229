import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

from otgan import emd_from_cost, wasserstein_1d
from otgan.errors import InvalidInputError
from otgan.lessons.two_halves_of_duality import draw, explain, run
from otgan.lessons.two_halves_of_duality.functions import FAR, FUNCTIONS, NEAR
from otgan.lessons.two_halves_of_duality.numbers import lower_envelope
from otgan.lessons.two_halves_of_duality.unknown_slope import KNOTS
from otgan.plot import save

ROUNDING = 1e-12


@st.composite
def allowed_prices(draw):
    """Points on the line, whole numbers half of the time, and prices below their distances."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = rng.integers(1, 8, size=2)
    x, y = rng.normal(scale=2, size=n), rng.normal(scale=2, size=m)
    if draw(st.booleans()):
        x, y = x.round(), y.round()
    f = rng.normal(size=n)
    most = (np.abs(x[:, None] - y) - f[:, None]).min(axis=0)
    return {"x": x, "y": y, "f": f, "g": most - rng.exponential(size=m)}


def test_classic_numbers():
    n = run()
    assert_allclose(n.values, [0, 1.25, 1.5, 1.5, 1.5], rtol=1e-14)
    assert_allclose([n.score, n.distance, n.independent], [1.25, 1.75, 3.375], rtol=1e-14)
    c = n.critic
    assert_allclose([c.score, c.lipschitz, c.between, c.among_x], [2.5, 2.5, 2, 0.5], rtol=1e-14)
    assert_allclose([c.proved, c.measured, c.guessed], [1, 1.25, 5], rtol=1e-14)


@settings(max_examples=60, deadline=None)
@given(allowed_prices(), st.integers(0, 2**32 - 1))
def test_prices_earn_what_any_plan_costs_less_its_slack(prices, seed):
    n = run(**prices)
    C = np.abs(n.x[:, None] - n.y)
    assert (n.slack >= -ROUNDING).all()
    random = emd_from_cost(np.random.default_rng(seed).random(C.shape)).plan.toarray()
    for plan in (random, n.plan, np.full(C.shape, 1 / C.size)):
        assert_allclose((plan * (C - n.slack)).sum(), n.values[0], rtol=1e-11, atol=1e-11)
        assert n.values[0] <= (plan * C).sum() + ROUNDING
    assert_allclose(n.distance, wasserstein_1d(n.x, n.y), rtol=1e-11, atol=ROUNDING)


@settings(max_examples=60, deadline=None)
@given(allowed_prices())
def test_one_function_does_for_two_prices(prices):
    n = run(**prices)
    at_x, at_y = lower_envelope(n.y, -n.g, n.x), lower_envelope(n.y, -n.g, n.y)
    assert (at_x >= n.f - ROUNDING).all() and (at_y <= -n.g + ROUNDING).all()
    assert n.values[0] - ROUNDING <= n.score <= n.distance + ROUNDING
    line = np.linspace(-9, 9, 500)
    assert np.abs(np.diff(lower_envelope(n.y, -n.g, line)) / np.diff(line)).max() <= 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(allowed_prices())
def test_transforms_never_lower_and_stop_after_two(prices):
    n = run(**prices)
    assert (np.diff(n.values) >= -ROUNDING).all()
    assert_allclose(n.values[2:], n.values[2], rtol=1e-11, atol=1e-11)
    assert n.values[-1] <= n.distance + ROUNDING


@settings(max_examples=30, deadline=None)
@given(allowed_prices())
def test_the_best_prices_and_the_best_plan_meet(prices):
    n = run(**prices)
    assert_allclose(n.best_f.mean() + n.best_g.mean(), n.distance, rtol=1e-9, atol=1e-9)
    best = run(x=n.x, y=n.y, f=n.best_f, g=n.best_g - 1e-9)
    assert_allclose(best.score, n.distance, rtol=1e-7, atol=1e-7)
    assert_allclose(n.best / n.K, n.distance, rtol=1e-8, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(allowed_prices(), st.integers(0, 2**32 - 1))
def test_over_its_slope_no_critic_is_above_w1(prices, seed):
    heights = np.random.default_rng(seed).normal(size=len(KNOTS))
    c = run(**prices, heights=heights).critic
    assert c.proved <= wasserstein_1d(prices["x"], prices["y"]) + ROUNDING
    assert c.measured <= wasserstein_1d(prices["x"], prices["y"]) + ROUNDING
    assert c.between <= c.lipschitz * (1 + 1e-12) and c.among_x <= c.lipschitz * (1 + 1e-12)
    larger = run(**prices, heights=10 * heights).critic
    assert_allclose([larger.score, larger.lipschitz], [10 * c.score, 10 * c.lipschitz], rtol=1e-11)
    assert_allclose([larger.proved, larger.measured], [c.proved, c.measured], rtol=1e-9, atol=1e-14)


def test_functions_are_as_steep_as_their_formulas_say():
    absolute, sine, square, root = run().functions
    assert_allclose([*absolute.far, *absolute.near], 1, rtol=1e-12)
    assert max(*sine.far, *sine.near) <= 1
    assert_allclose(square.far, 2 * np.array(FAR) + 1, rtol=1e-12)
    assert_allclose(square.near, NEAR, rtol=1e-12)
    assert_allclose(root.near, 1 / np.sqrt(NEAR), rtol=1e-12)
    claim = [one.name for one in run().functions if one.continuously_differentiable]
    assert claim == ["sin x", "x²"]  # and of these the second is not Lipschitz
    assert [np.isfinite(one.lipschitz) for one in run().functions] == [True, True, False, False]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_slopes_stay_below_the_constant_or_exceed_any(function):
    far = np.array([function.value(t) for t in np.linspace(0, 1e4, 5001)])
    near = np.array([function.value(t) for t in np.geomspace(1e-12, 1, 5001)])
    steepest = max(
        np.abs(np.diff(far) / 2).max(),
        np.abs(np.diff(near) / np.diff(np.geomspace(1e-12, 1, 5001))).max(),
    )
    assert steepest <= 1 + 1e-6 if np.isfinite(function.lipschitz) else steepest > 1e3


def test_text_holds_the_numbers():
    text = explain(run())
    for number in ("W₁ = 1.75", "1.5", "17.5", "2.5", "201", "1000"):
        assert number in text


def test_any_points_can_be_drawn(tmp_path):
    save(draw(run(x=[0], y=[0], heights=[0] * 9)), tmp_path / "one.png")
    save(draw(run(x=[9, -7.5, 3], y=[100], g=[2])), tmp_path / "far.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": [[1, 2]]}, "x must be numbers on the line"),
        ({"x": []}, "x must hold at least one"),
        ({"y": [np.nan]}, "y must be finite"),
        ({"f": [1, 2]}, "f must hold 4 numbers, got 2"),
        (
            {"g": [0, 1.5, 0, 0]},
            "at most .*, got 1.5 for a distance of 1; to fix it, lower g by 0.5",
        ),
        ({"K": [1, 0]}, "K must be positive, got 0"),
        ({"heights": [1]}, "heights must hold 9 numbers"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)
