"""Multilayer perceptrons: the plain ones of critics for vectors, and what images add."""

import pytest
import torch
from torch import nn

from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError
from otgan.gan.networks.mlp import mlp_critic, mlp_generator


def seeded(build):
    torch.manual_seed(0)
    return build()


def test_networks_for_vectors_are_the_plain_ones_to_the_bit():
    pairs = [
        (lambda: mlp_critic((2,), width=8, depth=2), lambda: mlp(2, width=8, depth=2)),
        (lambda: mlp_generator(5, (2,), width=8), lambda: mlp(5, 2, width=8)),
    ]
    for ours, plain in pairs:
        one, other = seeded(ours), seeded(plain)
        assert str(one) == str(other)
        weights = zip(one.parameters(), other.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in weights)


def test_images_are_flattened_and_made():
    generator = mlp_generator(5, (2, 8, 9), width=8, norm="batch")
    images = generator(100 * torch.randn(4, 5))
    assert images.shape == (4, 2, 8, 9) and float(images.detach().abs().max()) <= 1.0
    for norm in (None, "layer", "spectral", "batch"):
        assert mlp_critic((2, 8, 9), width=8, norm=norm)(images).shape == (4, 1)


@pytest.mark.parametrize(("norm", "kind"), [("layer", nn.LayerNorm), ("batch", nn.BatchNorm1d)])
def test_norms_follow_each_hidden_linear_layer(norm, kind):
    kinds = [type(layer) for layer in mlp_critic((2,), width=8, depth=2, norm=norm)]
    assert kinds == [nn.Linear, kind, nn.ReLU] * 2 + [nn.Linear]


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)])
def test_instance_norm_of_vectors_is_refused_with_the_reason(shape):
    with pytest.raises(InvalidInputError, match="nothing but zeros"):
        mlp_critic(shape, norm="instance")


@pytest.mark.parametrize("changes", [{"width": 0}, {"depth": 0}])
def test_sizes_that_are_no_counts_are_refused(changes):
    with pytest.raises(InvalidInputError, match=f"{next(iter(changes))} must be a whole number"):
        mlp_critic((2,), **changes)


def test_a_generator_has_no_layer_norm():
    with pytest.raises(InvalidInputError, match="norm must be one of None, 'batch'"):
        mlp_generator(5, (2,), norm="layer")
