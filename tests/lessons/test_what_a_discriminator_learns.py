"""Discriminators of thin sets against their geometry; gradients against what formulas say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from otgan.critics.networks.feedforward import mlp
from otgan.gan.objectives.adversarial import Minimax, NonSaturating, Wasserstein
from otgan.lessons.what_a_discriminator_learns import explain, run
from otgan.lessons.what_a_discriminator_learns.fixed_generator import Ring, gradient_norm
from otgan.lessons.what_a_discriminator_learns.thin_sets import (
    PAIRS,
    SLOPE,
    WAVE,
    share_within,
)
from tests.lessons.cached import numbers_of

MEASURED = Path(__file__).parents[2] / "benchmarks" / "results" / "fixed_generator.json"


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("what-a-discriminator-learns")


# ---------------------------------------------------------------- thin sets


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.meets], ids=lambda p: p.name)
@pytest.mark.parametrize("distance", [0.01, 0.3])
def test_the_part_near_the_other_set_is_proportional_to_the_distance(pair, distance):
    n = 200_000
    points = pair.sample(n, 1, torch.Generator().manual_seed(0)).double().numpy()
    other = -SLOPE * points[:, 0]
    if pair.surface:
        other -= WAVE * np.sin(2 * points[:, 1])
    near = (np.abs(points[:, -1] - other) < distance).mean()
    expected = share_within(distance)
    assert abs(near - expected) < 5 * math.sqrt(expected / n)


def test_lines_in_space_do_not_come_near():
    [pair] = [pair for pair in PAIRS if not pair.meets]
    one, other = (pair.sample(500, sign, torch.Generator().manual_seed(0)) for sign in (1, -1))
    assert torch.cdist(one, other).min() >= 0.6 - 1e-6


def assert_separated(n, accuracy):
    for s in n.separations:
        assert s.accuracy[-1] >= accuracy, s.name
        assert s.accuracy[0] < 0.7
        # The loss shows JS from below: log 2 for sets that share nothing.
        assert 0.9 * math.log(2) < s.js[-1] < math.log(2)
        # A network that is right on either side, but for a strip, is wrong in that strip alone.
        assert s.real_scores.shape == (len(s.steps), len(s.real))


def test_discriminators_tell_thin_sets_apart(numbers):
    assert_separated(numbers, accuracy=0.98)


# ---------------------------------------------------------------- gradients


def test_a_gradient_is_the_slope_of_the_loss_times_that_of_the_critic():
    """Of a generator that only shifts and a linear critic, both are known."""
    shift, critic = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
    with torch.no_grad():
        shift.weight.zero_()
        shift.bias.copy_(torch.tensor([1.0, -2.0]))
        critic.weight.copy_(torch.tensor([[3.0, 4.0]]))
        critic.bias.fill_(-1.0)
    latents = torch.zeros(5, 2)
    score = 3 - 8 - 1  # at all points
    slopes = {
        Minimax(): 1 / (1 + math.exp(-score)),
        NonSaturating(): 1 / (1 + math.exp(score)),
        Wasserstein(): 1.0,
    }
    for loss, slope in slopes.items():
        assert_allclose(gradient_norm(shift, critic, loss, latents), 5 * slope, rtol=1e-6)


def test_a_gradient_may_be_smaller_than_float32_holds():
    generator, critic = mlp(2, 2, width=8, depth=1), torch.nn.Linear(2, 1)
    with torch.no_grad():
        critic.bias.fill_(-200.0)
    norm = gradient_norm(generator, critic, Minimax(), torch.zeros(4, 2))
    assert 1e-100 < norm < 1e-80


def test_the_ring_lies_in_a_plane():
    ring = Ring(64, rng=0)
    points = ring.sample(500)
    assert np.linalg.matrix_rank(points.numpy(), tol=1e-3) == 2
    assert_allclose(np.linalg.norm(ring.seen(points), axis=1), math.sqrt(2), atol=0.1)


def assert_gradients(n, falls, drift):
    """In a large space the first gradient falls so many times, the last one stays."""
    for one in n.fixed:
        if one.dimensions > 2:
            assert one.falls[0] >= falls, one
            assert one.drift[2] <= drift, one
            assert one.falls[1] < 1, one  # -log D: it grows
    assert min(one.falls[0] for one in n.fixed if one.dimensions == 2) < 1


def test_the_saturating_gradient_vanishes_and_that_of_a_wasserstein_critic_stays(numbers):
    assert_gradients(numbers, falls=50, drift=0.2)


def test_slopes_explain_the_gradients(numbers):
    """Where D is nearly 0, the two classical gradients differ by the factor D of each point."""
    one = numbers.fixed[0]
    slope = 1 / (1 + np.exp(-one.fake_scores[-1]))
    ratio = one.norms[0, -1] / one.norms[1, -1]
    assert slope.min() / 10 < ratio < slope.max() * 10


def test_trainings_are_the_beginnings_of_those_that_were_measured(numbers):
    found = json.loads(MEASURED.read_text())["0"]
    for one in numbers.fixed:
        [kept] = [
            k
            for k in found["fixed"]
            if (k["dimensions"], k["stage"]) == (one.dimensions, one.stage)
        ]
        at = np.searchsorted(found["steps"], one.steps)
        assert (np.array(found["steps"])[at] == one.steps).all()
        early = one.steps <= 50  # later, rounding on another machine may count
        expected = np.array(kept["norms"])[:, at]
        assert_allclose(one.norms[:, early], expected[:, early], rtol=0.02)
        assert_allclose(one.w1, kept["w1"], rtol=0.01)


def test_what_was_measured_keeps_both_bars():
    for seed, found in json.loads(MEASURED.read_text()).items():
        steps = np.array(found["steps"])
        assert steps[-1] == 2000
        assert min(found["accuracy"].values()) >= 0.999
        embedded = [one for one in found["fixed"] if one["dimensions"] == 64]
        assert [one["stage"] for one in embedded] == [1, 10, 25]
        for one in embedded:
            saturating, _, critic = np.array(one["norms"])
            assert saturating[0] / saturating[-1] >= 50, (seed, one["stage"])
            later = critic[steps >= 200]
            assert np.abs(later / later[0] - 1).max() <= 0.2, (seed, one["stage"])


def test_text_holds_the_numbers(numbers):
    text = explain(numbers)
    for s in numbers.separations:
        assert f"{s.accuracy[-1]:.4%}" in text and f"{s.js[-1]:.4f}" in text
    for f in numbers.fixed:
        assert f"{f.w1:.2f}" in text and f"{f.norms[0, -1]:.2g}" in text


@pytest.mark.slow
def test_the_whole_lesson():
    n = run()
    assert_separated(n, accuracy=0.999)
    assert_gradients(n, falls=50, drift=0.2)
    assert [f.stage for f in n.fixed] == [1, 10, 25, 1, 10, 25]
    assert all(f.steps[-1] == 2000 for f in n.fixed)
