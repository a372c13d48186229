"""Sampled slopes: those of critics that have one slope, and never more than the layers allow."""

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.lipschitz.sampled import sampled_lipschitz
from otgan.critics.networks.feedforward import mlp


def seeded():
    return torch.Generator().manual_seed(0)


def test_the_slope_of_a_linear_critic():
    critic = torch.nn.Linear(3, 1)
    x, y = torch.randn(50, 3), torch.randn(40, 3)
    slope = sampled_lipschitz(critic, x, y, seeded())
    assert_allclose(slope, float(critic.weight.detach().norm()), rtol=1e-6)


def test_the_slope_of_a_quadratic_critic_is_that_at_the_farthest_point():
    class Quadratic(nn.Module):
        def forward(self, points):
            return points.square().sum(dim=1)

    x, y = torch.zeros(4, 2), torch.tensor([[3.0, 4.0]])
    assert_allclose(sampled_lipschitz(Quadratic(), x, y, seeded()), 10.0, rtol=1e-6)


@pytest.mark.parametrize("d", [1, 8])
def test_it_is_at_most_what_the_weights_allow(d):
    torch.manual_seed(d)
    critic, x, y = mlp(d, width=16, depth=2), torch.randn(64, d), torch.randn(32, d) + 1
    assert 0 < sampled_lipschitz(critic, x, y, seeded()) <= lipschitz_from_weights(critic)
