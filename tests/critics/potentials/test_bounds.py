"""What a critic's values prove: never more than the truth, and nearly all of it if it is good."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

import otgan
from otgan.critics.constraints.by_name import as_constraint
from otgan.critics.forward import scores
from otgan.critics.potentials.bounds import (
    certified_lower_bound,
    certified_potentials,
    lower_confidence_bound,
)
from otgan.critics.potentials.mcshane import McShane
from otgan.datasets import absolute_value, cones, dirac_and_sphere, ring8, square_and_zero
from otgan.errors import InvalidInputError

NUMBERS = st.integers(-1000, 1000).map(lambda k: k / 100)


def trained(x, y, steps, constraint="lp"):
    """Values on x and y of a critic trained by the plainest of loops, its step decaying to zero."""
    torch.manual_seed(0)
    rng, rule = torch.Generator().manual_seed(0), as_constraint(constraint)
    x, y = (torch.tensor(z, dtype=torch.float32) for z in (x, y))
    critic = rule.build(x.shape[1], 128, 2)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    for step in range(steps):
        real, fake = (z[torch.randint(len(z), (128,), generator=rng)] for z in (x, y))
        gap = scores(critic, real).mean() - scores(critic, fake).mean()
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        optimizer.zero_grad()
        (rule.penalty(critic, real, fake, rng) - gap).backward()
        optimizer.step()
    with torch.no_grad():
        return tuple(scores(critic, z).double().numpy() for z in (x, y))


@given(
    x=arrays(float, (5, 2), elements=NUMBERS),
    y=arrays(float, (4, 2), elements=NUMBERS),
    h_x=arrays(float, 5, elements=NUMBERS),
    h_y=arrays(float, 4, elements=NUMBERS),
)
@settings(max_examples=60, deadline=None)
def test_any_numbers_make_feasible_potentials(x, y, h_x, h_y):
    pair = certified_potentials(x, y, h_x, h_y)
    assert (pair.f[:, None] + pair.g <= cdist(x, y) + 1e-12).all()
    bound = certified_lower_bound(x, y, h_x, h_y)
    assert 0.0 <= bound == max(0.0, pair.value) <= otgan.emd(x, y).distance + 1e-12


def test_a_reasonable_critic_proves_98_percent_between_ring_and_gaussian():
    rng = np.random.default_rng(0)
    x, y = ring8().sample(2048, rng), rng.normal(size=(2048, 2))
    exact = otgan.emd(x, y).distance
    assert 0.98 * exact <= certified_lower_bound(x, y, *trained(x, y, 150)) <= exact


@pytest.mark.parametrize("pair", [dirac_and_sphere(8), absolute_value(), cones()], ids=repr)
def test_and_nearly_all_of_it_for_simple_pairs(pair):
    rng = np.random.default_rng(0)
    x, y = pair.x.sample(256, rng), pair.y.sample(256, rng)
    bound = certified_lower_bound(x, y, *trained(x, y, 300))
    assert_allclose(bound, otgan.emd(x, y).distance, rtol=2e-4)


def test_and_for_images():
    rng, pair = np.random.default_rng(0), square_and_zero()
    x, y = pair.x.sample(64, rng), pair.y.sample(64, rng)
    assert_allclose(certified_lower_bound(x, y, *trained(x, y, 40)), 35.0, rtol=2e-4)


def test_values_of_the_optimal_critic_prove_everything_on_any_scale():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(80, 4)) + 1, rng.normal(size=(70, 4))
    exact = otgan.emd(x, y)
    for scale in (1e-6, 1.0, 1e6):
        bound = certified_lower_bound(x, y, scale * exact.f, -scale * exact.g)
        assert_allclose(bound, exact.distance, rtol=1e-12 if scale == 1.0 else 1e-4)
        assert bound <= exact.distance * (1 + 1e-12)


def test_a_critic_upside_down_proves_what_no_critic_does():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 2)) + 1, rng.normal(size=(50, 2))
    nearest = max(cdist(x, y).min(axis=axis).mean() for axis in (0, 1))
    assert certified_lower_bound(x, y, -x[:, 0], -y[:, 0]) >= nearest - 1e-12


def test_potentials_are_a_critic_of_every_point():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 3)) + 1, rng.normal(size=(50, 3))
    pair = certified_potentials(x, y, x.sum(axis=1), y.sum(axis=1))
    f = McShane(y, -pair.g)
    f_x, f_y = (f(torch.from_numpy(z)).numpy() for z in (x, y))
    assert f_x.mean() - f_y.mean() >= pair.value - 1e-12


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("sizes", [(400, 400), (12, 100)])
def test_lower_confidence_bound_holds_as_often_as_it_says(shift, sizes):
    """f(x) = 2 x between N(shift, 1) and N(0, 1): optimal up to its slope of 2, W1 = shift."""
    rng, n_runs = np.random.default_rng(4), 2000
    bounds = np.array(
        [
            lower_confidence_bound(
                2 * (rng.normal(size=sizes[0]) + shift), 2 * rng.normal(size=sizes[1]), 2.0
            )
            for _ in range(n_runs)
        ]
    )
    noise = math.sqrt(0.05 * 0.95 / n_runs)
    assert abs((bounds > shift).mean() - 0.05) < 4 * noise
    assert (bounds >= 0).all()
    if shift == 1.0 and sizes == (400, 400):
        assert bounds.mean() > 0.85


def test_lower_confidence_bound_without_noise_or_without_proof():
    assert lower_confidence_bound([3.0, 3.0], [1.0, 1.0], 2.0) == 1.0
    assert lower_confidence_bound([3.0, 4.0], [1.0, 1.0], math.inf) == 0.0
    weak, strong = (
        lower_confidence_bound([3.0, 4.0, 5.0], [1.0, 1.1], confidence_level=c) for c in (0.6, 0.9)
    )
    assert strong < weak


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lower_confidence_bound([1.0], [1.0, 2.0]), "f_x must hold at least two"),
        (lambda: lower_confidence_bound([1.0, 2.0], [1.0, math.nan]), "f_y must hold at least"),
        (lambda: lower_confidence_bound([1.0, 2.0], [1.0, 2.0], 0.0), "lipschitz must be a pos"),
        (
            lambda: lower_confidence_bound([1.0, 2.0], [1.0, 2.0], confidence_level=1.0),
            "confidence_level",
        ),
        (
            lambda: certified_lower_bound([0.0], [1.0], np.array([math.nan]), np.zeros(1)),
            "critic_x must hold 1",
        ),
        (
            lambda: certified_lower_bound([0.0], [1.0], np.ones(1), np.arange(2.0)),
            "critic_y must hold 1",
        ),
    ],
)
def test_errors_say_what_to_do(call, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        call()
    assert "got" in str(error.value) and "to fix it" in str(error.value)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e6, 1e12, 1e30])
def test_bounds_of_critics_of_any_steepness_are_bounds(scale):
    # values of 1e30 swallowed the distances, and "proved" 5e14 of a distance of one third
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)) + [1, 0], rng.normal(size=(25, 2))
    exact = otgan.emd(x, y).distance
    plain = certified_lower_bound(x, y, x[:, 0], y[:, 0])
    for offset in (0.0, 1e9 * scale):
        found = certified_lower_bound(x, y, scale * x[:, 0] + offset, scale * y[:, 0] + offset)
        assert found <= exact * (1 + 1e-12)
        assert_allclose(
            found, plain, rtol=0.02
        )  # the best scale is searched for, and may be missed


@pytest.mark.parametrize("scale", [1.0, 1e20])
def test_bounds_of_critics_that_show_next_to_nothing_are_bounds(scale):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 40, 2))
    for seed in range(20):
        noise = scale * np.random.default_rng(seed).normal(size=80)
        noise -= noise[:40].mean() - noise[40:].mean() - 1e-9 * scale  # the gap is 1e-9 of it
        potentials = certified_potentials(x, y, noise[:40], noise[40:])
        violation = potentials.f[:, None] + potentials.g - np.linalg.norm(x[:, None] - y, axis=2)
        assert violation.max() <= 1e-9
        assert potentials.value <= otgan.emd(x, y).distance
