"""Critics on Fourier features: their layers, what they refuse, and how settings build them."""

import pytest
import torch
from torch import nn

from otgan import GANConfig
from otgan.critics.networks.features import FourierFeatures
from otgan.errors import InvalidInputError
from otgan.gan.networks.build import build_critic
from otgan.gan.networks.fourier import fourier_critic


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
