"""Clipped and penalized critics: what formulas allow, and what is said of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.critics.networks.feedforward import mlp
from otgan.lessons.clipping_and_penalties import explain, run
from otgan.lessons.clipping_and_penalties.records import BINS, layer_factors, steepest
from otgan.lessons.clipping_and_penalties.trained import WIDTH, layer_norms, pair
from otgan.lessons.clipping_and_penalties.web_page import page_data
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("clipping-and-penalties")


# ---------------------------------------------------------------- formulas


def test_norms_by_layer_by_hand():
    """Of w3 relu(w2 relu(w1 x)) with all units on: w3 w2 w1, w3 w2, w3."""
    layers = [nn.Linear(1, 1) for _ in range(3)]
    with torch.no_grad():
        for layer, weight, bias in zip(layers, (2.0, -3.0, 5.0), (0.0, 100.0, 0.0), strict=True):
            layer.weight.fill_(weight)
            layer.bias.fill_(bias)
    critic = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    found = layer_norms(critic, torch.ones(4, 1))
    assert_allclose(found, np.repeat([[30.0], [15.0], [5.0]], 4, axis=1))


@pytest.mark.parametrize("equal", [False, True])
def test_a_layer_at_the_limits_changes_gradients_as_is_said(equal):
    """Half the units on, drawn at random; signs at random, or all equal."""
    width, limit = 4096, 0.01
    random = np.random.default_rng(0)
    signs = np.ones((width, width)) if equal else random.choice([-1.0, 1.0], (width, width))
    on = random.random(width) < 0.5
    back = np.ones(width) if equal else random.normal(size=width)
    factor = np.linalg.norm(limit * signs.T @ (on * back)) / np.linalg.norm(back)
    assert_allclose(factor, layer_factors(limit, width)[int(equal)], rtol=0.05)


def test_the_steepest_network_has_all_weights_at_the_limit():
    critic = mlp(2, width=16, depth=3)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.fill_(0.01)
    found = layer_norms(critic, torch.rand(5, 2))[0]
    assert_allclose(found, steepest(0.01, 16, 3), rtol=1e-6)


def test_noise_moves_points_by_its_mean_length_at_most():
    x, y = pair(20_000, np.random.default_rng(0))
    assert x.shape == y.shape == (20_000, 2)
    # The means agree, the variances differ by that of the noise.
    assert_allclose(y.var(axis=0) - x.var(axis=0), 0.3**2, atol=0.03)


# ---------------------------------------------------------------- critics


def assert_bounds(n):
    for c in n.critics:
        assert c.norms.shape == (len(n.steps), c.depth + 1)
        assert (c.counts.sum(axis=1) == c.counts[0].sum()).all() and c.counts.shape[1] == BINS
        if c.name == "clip":
            assert (c.reach == c.limit).all()
            assert (c.slope <= steepest(c.limit, n.width, c.depth) * (1 + 1e-5)).all()
            assert (c.norms[:, :-1] <= c.norms[:, 1:] * c.limit * n.width * (1 + 1e-5)).all()
            assert (c.at_limit * c.counts[0].sum() <= c.counts[:, 0] + c.counts[:, -1]).all()
            # A gap over the largest slope is of a function that is 1-Lipschitz where it was met.
            assert (c.reading <= n.w1 + 4 * n.w1_se + 0.02).all()
        else:
            assert (c.at_limit == 0).all() and 0.5 < c.slope[-1] < 1.5


def assert_window(n, explodes):
    """Deep critics: below, gradients vanish; above, they explode; penalized, they do neither."""
    deep = n.depths[-1]
    factors = {c: n.critic("clip", deep, c).factor[-1] for c in n.limits}
    assert factors[0.001] < 0.01 < factors[0.01] < 0.1 and factors[0.1] > explodes
    for name in ("gp", "lp"):
        for depth in n.depths:
            assert 1 / 1.2 < n.critic(name, depth).factor[-1] < 1.2
    assert n.critic("clip", deep, 0.001).gap[-1] == 0  # flat in float64
    gaps = [n.critic("clip", n.depths[0], c).gap[-1] for c in n.limits]
    assert gaps == sorted(gaps)


def test_nothing_is_steeper_than_its_weights_allow(numbers):
    assert numbers.width == WIDTH
    assert_bounds(numbers)


def test_gradients_vanish_below_the_window_and_explode_above(numbers):
    assert_window(numbers, explodes=1.2)


def test_weights_lie_at_the_limits(numbers):
    """Weights of a new layer are uniform within 1/8, so that clipping puts most at the limits."""
    for limit in numbers.limits:
        c = numbers.critic("clip", numbers.depths[-1], limit)
        assert_allclose(c.at_limit[0], 1 - 0.99 * limit * math.sqrt(WIDTH), atol=0.01)


def test_the_page_keeps_what_surfaces_were(numbers):
    for kept, c in zip(page_data(numbers)["critics"], numbers.critics, strict=True):
        lowest = c.heights.min(axis=(1, 2))[:, None, None]
        span = np.array(kept["span"])[:, None, None]
        error = np.abs(np.array(kept["heights"]) * span + lowest - c.heights)
        assert (error <= 0.0006 * span + 1e-15 * np.abs(c.heights)).all()


def test_text_holds_the_numbers(numbers):
    text = explain(numbers)
    for c in numbers.critics:
        assert f"{c.norms[-1, 0]:.2g}" in text and f"{c.gap[-1]:.2g}" in text
    assert f"W₁ = {numbers.w1:.3f}" in text


@pytest.mark.slow
def test_the_whole_lesson():
    n = run()
    assert_bounds(n)
    assert_window(n, explodes=2.0)
    assert len(n.limits) == 12
    changes = {c: np.divide(*n.critic("clip", 12, c).norms[-1, [0, -1]]) for c in n.limits}
    assert [c for c, change in changes.items() if 0.1 < change < 10] == [0.05]
    for depth in n.depths:
        lp, gp = n.critic("lp", depth), n.critic("gp", depth)
        assert gp.gap[-1] < 0.5 * n.w1 < 0.8 * n.w1 < lp.gap[-1] < n.w1 + 4 * n.w1_se
