"""Critic networks, and the Lipschitz constants that their weights prove."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from otgan.critics.forward import scores
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.networks.features import WithRadius
from otgan.critics.networks.feedforward import (
    OnOriginalScale,
    mlp,
    orthogonal_mlp,
    radial_mlp,
)
from otgan.errors import InvalidInputError


def steepest(critic, d, seed=0):
    points = torch.randn(2000, d, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    (gradient,) = torch.autograd.grad(scores(critic, points).sum(), points)
    return float(gradient.norm(dim=1).max())


@pytest.mark.parametrize("d", [1, 2, 64, 200])
def test_orthogonal_network_is_proved_one_lipschitz_and_keeps_gradients(d):
    critic = orthogonal_mlp(d, width=32, depth=3)
    assert_allclose(lipschitz_from_weights(critic), 1.0, rtol=1e-5)
    assert steepest(critic, d) <= 1.0 + 1e-5
    if d >= 32:  # no layer is wider than the one before, so each keeps the gradient's norm
        assert_allclose(steepest(critic, d), 1.0, rtol=1e-5)


@pytest.mark.parametrize("build", [mlp, orthogonal_mlp])
def test_weights_bound_every_sampled_slope(build):
    torch.manual_seed(0)
    critic = build(5, width=16, depth=2)
    assert steepest(critic, 5) <= lipschitz_from_weights(critic) * (1 + 1e-6)


def test_the_radius_is_a_distance_from_the_origin():
    points = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    features = WithRadius()(points)
    torch.testing.assert_close(features[:, :2], points)
    torch.testing.assert_close(
        features[:, 2], torch.tensor([5.0, 0.0]) - math.sqrt(2), atol=2e-6, rtol=0
    )
    features[:, 2].sum().backward()
    torch.testing.assert_close(points.grad, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


def test_a_network_with_radius_is_bounded_by_its_weights():
    torch.manual_seed(0)
    critic = radial_mlp(5, width=16)
    assert steepest(critic, 5) <= lipschitz_from_weights(critic) * (1 + 1e-6)


def test_original_scale_keeps_slopes_and_lipschitz_bound():
    critic = orthogonal_mlp(2, width=8, depth=2)
    whole = OnOriginalScale(critic, torch.tensor([5.0, -3.0]), 30.0)
    points = torch.tensor([[6.0, 1.0], [7.0, -2.0]])
    expected = 30.0 * critic((points - whole.center) / 30.0)
    torch.testing.assert_close(whole(points), expected)
    assert_allclose(lipschitz_from_weights(whole), 1.0, rtol=1e-5)


def test_odd_width_cannot_be_sorted_in_pairs():
    with pytest.raises(InvalidInputError, match=r"width must be even.*got 7.*use 8"):
        orthogonal_mlp(2, width=7)


def test_same_seed_same_network():
    networks = []
    for _ in range(2):
        torch.manual_seed(3)
        networks.append(mlp(2, width=8))
    for first, second in zip(*(net.parameters() for net in networks), strict=True):
        np.testing.assert_array_equal(first.detach().numpy(), second.detach().numpy())
