"""Critics trained apart and averaged."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

import otgan
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.constraints.debiasing import debiased_penalty
from otgan.critics.constraints.penalties import DivergencePenalty, GradientPenalty
from otgan.critics.estimation.result import DualEstimate
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.networks.ensemble import Ensemble, members_of
from otgan.critics.networks.feedforward import OnOriginalScale, mlp, radial_mlp
from otgan.critics.training.options import FitOptions
from otgan.datasets import funnel_pair
from otgan.errors import InvalidInputError


def trained_network(estimate: DualEstimate) -> nn.Module:
    """What was trained, which takes standardized points."""
    assert isinstance(estimate.critic, OnOriginalScale)
    return estimate.critic.critic


def linear(slopes):
    layer = nn.Linear(len(slopes), 1)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(slopes))
    return layer


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_bound_of_a_mean_is_the_mean_of_the_bounds(count):
    members = [mlp(3, width=8, depth=2) for _ in range(count)]
    bounds = [lipschitz_from_weights(member) for member in members]
    assert_allclose(lipschitz_from_weights(Ensemble(members)), sum(bounds) / count, rtol=1e-12)
    assert members_of(Ensemble(members)) == members


@pytest.mark.parametrize("members", [[], [mlp]])
def test_an_ensemble_has_members(members):
    with pytest.raises(InvalidInputError, match="members must be one critic or more"):
        Ensemble(members)


def test_one_critic_pays_its_own_penalty():
    rule, critic = CONSTRAINTS["lp"], linear([3.0, 4.0])
    x, y = torch.zeros(8, 2), torch.ones(8, 2)
    assert debiased_penalty(rule, critic, x, y, seeded()) == rule.penalty(critic, x, y, seeded())
    alone = debiased_penalty(rule, Ensemble([critic]), x, y, seeded())
    assert alone == rule.penalty(critic, x, y, seeded())


@pytest.mark.parametrize("count", [2, 3, 8])
@pytest.mark.parametrize("rule", [GradientPenalty(2.0), DivergencePenalty(2.0, power=2.0)])
def test_noise_of_members_does_not_pay(count, rule):
    # Both are quadratic in the slope, so this is the unbiased estimate of the mean's square.
    least = 1.0 if isinstance(rule, GradientPenalty) else 0.0
    slopes = 3.0 + torch.rand(count, generator=seeded(), dtype=torch.float64)
    members = Ensemble(linear([slope]) for slope in slopes)
    x, y = torch.zeros(1, 1), torch.ones(1, 1)
    expected = 2.0 * ((slopes.mean() - least) ** 2 - slopes.var() / count)
    assert_allclose(
        debiased_penalty(rule, members, x, y, seeded()).item(), expected.item(), rtol=1e-5
    )


def test_all_members_are_looked_at_in_the_same_points():
    critic = mlp(2, width=16, depth=2)
    x, y = torch.randn(50, 2, generator=seeded(1)), torch.randn(50, 2, generator=seeded(2)) + 9.0
    rule = CONSTRAINTS["gp"]
    twice = debiased_penalty(rule, Ensemble([critic, critic]), x, y, seeded())
    assert_allclose(twice.item(), rule.penalty(critic, x, y, seeded()).item(), rtol=1e-5)


def test_members_are_trained_each_by_itself():
    # Distributions of one point each: all batches are alike.
    x, y = torch.zeros(64, 2), torch.ones(64, 2)
    options: dict[str, Any] = {"steps": 20, "device": "cpu", "options": FitOptions(batch_size=8)}
    alone, both = (
        trained_network(otgan.estimate_w1(x, y, "spectral", network=network, **options))
        for network in (build, lambda d: Ensemble([build(d), build(d)]))
    )
    assert isinstance(both, Ensemble)
    one, other = both.members
    for weight, same, another in zip(*(c.parameters() for c in (alone, one, other)), strict=True):
        assert torch.equal(weight, same)
        assert not torch.equal(weight, another)


def build(d):
    return CONSTRAINTS["spectral"].build(d, 16, 2)


def test_two_critics_are_nearer_the_truth_than_one():
    # Over ten seeds one critic is 0.53 ± 0.03 below 1.60, two are 0.39 ± 0.03 below.
    pair = funnel_pair(8, 16, rng=5)
    errors, penalties = np.zeros((3, 2)), np.zeros((3, 2))
    for seed in range(3):
        options = FitOptions(batch_size=128, test_points=2**13, rng=seed)
        for k, network in enumerate((small, lambda d: Ensemble([small(d), small(d)]))):
            found = otgan.estimate_w1(
                pair.x, pair.y, "lp", steps=200, network=network, device="cpu", options=options
            )
            errors[seed, k], penalties[seed, k] = abs(found.value - pair.w1), found.penalty
            assert found.population_low <= pair.w1
    one, both = errors.mean(axis=0)
    assert both < one
    one, both = penalties.mean(axis=0)
    assert both < one


def small(d):
    return radial_mlp(d, width=32, depth=2)


def test_the_default_of_lp_is_two():
    x, y = torch.zeros(64, 2), torch.ones(64, 2)
    critic = trained_network(otgan.estimate_w1(x, y, "lp", steps=1, device="cpu"))
    assert len(members_of(critic)) == 2
