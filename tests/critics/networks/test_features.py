"""Features of points: what they are, that they are fixed, and their derivatives."""

import pytest
import torch
from torch.autograd.functional import jvp, vjp

from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.networks.features import FREQUENCIES, SCALES, FourierFeatures, WithRadius
from otgan.critics.networks.feedforward import fourier_mlp


def test_features_are_the_points_their_sines_and_cosines():
    features = FourierFeatures(1, scales=(1.0,), frequencies=2)
    features.frequencies.copy_(torch.tensor([[torch.pi / 2, torch.pi]]))
    found = features(torch.tensor([[1.0], [0.5]]))
    half = 0.5**0.5
    expected = [[1.0, 1.0, 0.0, 0.0, -1.0], [0.5, half, 1.0, half, 0.0]]
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-6, rtol=0)


def test_frequencies_have_the_deviations_asked_for():
    torch.manual_seed(0)
    features = FourierFeatures(2, scales=(1.0, 50.0), frequencies=4000)
    low, high = features.frequencies.split(4000, dim=1)
    # The standard error of the deviation of 8,000 numbers is 0.8 %.
    assert float(low.std()) == pytest.approx(1.0, rel=0.03)
    assert float(high.std()) == pytest.approx(50.0, rel=0.03)


def test_frequencies_are_saved_and_not_trained():
    features = FourierFeatures(3)
    assert not list(features.parameters()) and set(features.state_dict()) == {"frequencies"}
    assert features(torch.zeros(5, 3)).shape == (5, features.n_features)
    assert features.n_features == 3 + 2 * FREQUENCIES * len(SCALES)


@pytest.mark.parametrize("build", [WithRadius, lambda: FourierFeatures(3)])
def test_products_with_the_jacobian_are_those_of_autograd(build):
    torch.manual_seed(0)
    features = build().double()
    points, tangents = torch.randn(2, 20, 3, dtype=torch.float64)
    values, moved = jvp(features, points, tangents)
    gradients = torch.randn_like(values)
    torch.testing.assert_close(features.pushforward(values, tangents), moved)
    _, by_points = vjp(features, points, gradients)
    torch.testing.assert_close(features.pullback(values, gradients), by_points)
    assert features.n_coordinates(values.shape[1]) == 3


def test_the_norm_of_the_jacobian_is_the_same_everywhere():
    torch.manual_seed(0)
    features = FourierFeatures(3, scales=(0.5, 2.0), frequencies=4).double()
    for point in torch.randn(5, 3, dtype=torch.float64):
        jacobian = torch.autograd.functional.jacobian(lambda p: features(p[None])[0], point)
        assert float(torch.linalg.matrix_norm(jacobian, 2)) == pytest.approx(features.lipschitz)


def test_weights_bound_the_slopes_of_a_network_on_features():
    torch.manual_seed(0)
    critic = fourier_mlp(2, width=16)
    points = torch.randn(2000, 2).requires_grad_()
    (slopes,) = torch.autograd.grad(critic(points).sum(), points)
    assert float(slopes.norm(dim=1).max()) <= lipschitz_from_weights(critic) * (1 + 1e-6)
