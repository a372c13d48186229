"""The residual network: shapes, numbers of weights by hand, blocks that begin as the identity."""

import math
from typing import Any

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.resnet import ResidualBlock, resnet_critic, resnet_generator
from tests.gan.networks.image_shapes import IMAGES

NORMS = [None, "layer", "instance", "spectral", "batch"]


def n_weights(network):
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("shape", IMAGES)
def test_images_from_latents(shape):
    assert resnet_generator(5, shape, width=2)(torch.randn(3, 5)).shape == (3, *shape)


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("norm", NORMS)
def test_scores_from_images(shape, norm):
    assert resnet_critic(shape, width=2, norm=norm)(torch.randn(3, *shape)).shape == (3, 1)


def test_every_pixel_counts():
    torch.manual_seed(0)
    points = torch.randn(1, 1, 11, 13, requires_grad=True)
    resnet_critic((1, 11, 13), width=8)(points).sum().backward()
    assert points.grad is not None and bool((points.grad != 0).all())


def block_weights(channels):
    """1 x 1 to twice the channels; 3 x 3 in groups of 16; 1 x 1 back, without a bias."""
    hidden = 2 * channels
    return (channels * hidden + hidden) + (hidden * 16 * 9 + hidden) + hidden * channels


def test_the_weights_of_a_critic_by_hand():
    # Maps of 8, 4 and 2 pixels with 8, 16 and 32 channels; 1 x 1 between; depthwise 2 x 2; linear.
    expected = 8 + sum(map(block_weights, (8, 16, 32))) + 8 * 16 + 16 * 32 + 32 * 4 + (32 + 1)
    assert n_weights(resnet_critic((1, 8, 8), width=8)) == expected


def test_the_weights_of_a_generator_by_hand():
    expected = 5 * 32 + 32 * 4 + sum(map(block_weights, (32, 16, 8))) + 32 * 16 + 16 * 8 + 8
    assert n_weights(resnet_generator(5, (1, 8, 8), width=8)) == expected


def test_blocks_begin_as_the_identity_and_learn():
    block: Any = ResidualBlock(4, (8, 8), 3)
    points = torch.randn(2, 4, 8, 8)
    assert torch.equal(block(points), points)
    block(points).square().sum().backward()
    assert bool(block.residual[-1].weight.grad.any())


def test_the_initial_weights_of_a_block():
    torch.manual_seed(0)
    first: Any = ResidualBlock(64, (8, 8), 16).residual[0]
    # He's gain for LeakyReLU(0.2) over sqrt(64) inputs, and a half for 16 blocks.
    expected = math.sqrt(2 / 1.04) * 0.5 / 8
    assert_allclose(float(first.weight.std().detach()), expected, rtol=0.05)


def test_it_begins_with_scores_of_unit_scale_at_any_depth():
    torch.manual_seed(0)
    for side in (8, 16, 32):
        colors = torch.randn(20, 3, 1, 1).expand(20, 3, side, side)  # averages keep their scale
        scores = [resnet_critic((3, side, side), width=16)(colors).detach() for _ in range(20)]
        assert_allclose(float(torch.cat(scores).square().mean().sqrt()), 1.0, atol=0.5)


def test_there_is_no_normalization_and_no_tanh():
    networks = [resnet_generator(5, (1, 8, 8), width=8), resnet_critic((1, 8, 8), width=8)]
    layers = {type(layer) for network in networks for layer in network.modules()}
    assert layers == {
        *(nn.Sequential, nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.LeakyReLU, ResidualBlock),
        *(nn.Flatten, nn.Unflatten, nn.Upsample, nn.AvgPool2d),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (2,)}, "'resnet' must be given images of shape"),
        ({"shape": (1, 65, 64)}, "with sides from 8 to 64, got 65 x 64"),
        ({"norm": "none"}, "norm must be one of None, 'layer'"),
        ({"width": 2000}, "width must be at most 1,024"),
    ],
)
def test_refusals(changes, message):
    shape = changes.pop("shape", (1, 8, 8))
    with pytest.raises(InvalidInputError, match=message):
        resnet_critic(shape, **changes)
