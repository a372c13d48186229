"""Instance noise: its schedule, and what it makes of two points."""

import math

import pytest
import torch
from torch.nn.functional import logsigmoid
from torch.testing import assert_close

from otgan.gan.stabilizers import InstanceNoise
from tests.cases import refused


def seeded(seed=0):
    return torch.Generator("cpu").manual_seed(seed)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("linear", [2.0, 1.5, 1.0, 0.0]),
        ("cosine", [2.0, 1.0 + math.sqrt(0.5), 1.0, 0.0]),
        ("constant", [2.0, 2.0, 2.0, 2.0]),
    ],
)
def test_schedules_by_hand(schedule, expected):
    noise = InstanceNoise(2.0, schedule=schedule)
    assert_close([noise.std_at(done) for done in (0.0, 0.25, 0.5, 1.0)], expected)


def test_noise_is_gaussian_of_that_deviation():
    points = torch.full((200, 1, 10, 10), 3.0)
    noise = InstanceNoise(0.5).perturb(points, 0.5, seeded()) - 3.0  # deviation 0.25
    n = noise.numel()
    assert abs(float(noise.mean())) < 4 * 0.25 / n**0.5
    assert_close(float(noise.std()), 0.25, rtol=4 / (2 * n) ** 0.5, atol=0.0)
    assert_close(float((noise / 0.25).pow(4).mean()), 3.0, rtol=0.0, atol=4 * (96 / n) ** 0.5)


def test_at_the_end_points_are_as_they_were():
    points = torch.randn(5, 2, generator=seeded(1))
    assert torch.equal(InstanceNoise(10.0).perturb(points, 1.0, seeded()), points)


def test_noise_is_new_in_each_call_and_that_of_the_generator():
    points, rng = torch.zeros(4, 2), seeded()
    one, other = (InstanceNoise().perturb(points, 0.0, rng) for _ in range(2))
    assert not torch.equal(one, other)
    assert torch.equal(one, InstanceNoise().perturb(points, 0.0, seeded()))


def test_gradients_go_through_to_the_points():
    points = torch.zeros(4, 2, requires_grad=True)
    InstanceNoise().perturb(points, 0.0, seeded()).sum().backward()
    assert_close(points.grad, torch.ones(4, 2))


def test_two_distinct_points_are_at_a_finite_divergence_under_noise():
    """JS of N(0, 1/4) and N(1, 1/4), which is that of N(0, 1) and N(2, 1)."""
    noise, n = InstanceNoise(0.5), 200_000
    real = noise.perturb(torch.zeros(n, dtype=torch.float64), 0.0, seeded(0))
    fake = noise.perturb(torch.ones(n, dtype=torch.float64), 0.0, seeded(1))
    score_r, score_f = 2.0 - 4.0 * real, 2.0 - 4.0 * fake  # log of the ratio of densities
    js = math.log(2) + 0.5 * (logsigmoid(score_r).mean() + logsigmoid(-score_f).mean())
    assert_close(float(js), 0.33683082, rtol=0.0, atol=4 * 0.5 / n**0.5)


@pytest.mark.parametrize("std", [0.0, -0.1, math.inf, "much"])
def test_deviations_that_are_not_positive_are_refused(std):
    with refused("std must be a positive number", "leave instance noise out"):
        InstanceNoise(std)


@pytest.mark.parametrize("schedule", ["linaer", None])
def test_other_schedules_are_refused(schedule):
    with refused("schedule must be one of constant, linear, cosine", repr(schedule)):
        InstanceNoise(schedule=schedule)
