"""Fourier features: what they are, that they are fixed, and what a network on them refuses."""

import pytest
import torch
from torch import nn

from otgan import GANConfig
from otgan.errors import InvalidInputError
from otgan.gan.networks.build import build_critic
from otgan.gan.networks.fourier import FREQUENCIES, SCALES, FourierFeatures, fourier_critic


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


def test_the_critic_is_an_mlp_on_features():
    features, first, *others = fourier_critic((2,), width=8, depth=2)
    assert isinstance(features, FourierFeatures) and first.in_features == features.n_features
    assert [type(layer) for layer in others] == [nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize(
    ("shape", "norm", "message"),
    [((1, 8, 8), None, "must be given vectors"), ((2,), "layer", "critic_norm must be None")],
)
def test_images_and_norms_are_refused(shape, norm, message):
    with pytest.raises(InvalidInputError, match=message):
        fourier_critic(shape, norm=norm)


def test_settings_build_it_for_packs():
    config = GANConfig(network="fourier", width=8, batch_size=6, pack=3).for_shape((2,))
    assert build_critic(config, (2,))(torch.zeros(5, 6)).shape == (5, 1)
