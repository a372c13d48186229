"""DCGAN: shapes at many sizes, numbers of weights worked out by hand, the published weights."""

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.dcgan import dcgan_critic, dcgan_generator
from tests.gan.networks.image_shapes import IMAGES

NORMS = [None, "layer", "instance", "spectral", "batch"]


def n_weights(network):
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("norm", [None, "batch"])
def test_images_from_latents(shape, norm):
    torch.manual_seed(0)
    images = dcgan_generator(5, shape, width=4, norm=norm)(torch.randn(3, 5))
    assert images.shape == (3, *shape)
    assert float(images.detach().abs().max()) <= 1.0


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("norm", NORMS)
def test_scores_from_images(shape, norm):
    assert dcgan_critic(shape, width=4, norm=norm)(torch.randn(3, *shape)).shape == (3, 1)


@pytest.mark.parametrize("shape", [(1, 11, 13), (1, 28, 28)])
def test_every_pixel_counts(shape):
    torch.manual_seed(0)
    points = torch.randn(1, *shape, requires_grad=True)
    dcgan_critic(shape, width=8)(points).sum().backward()
    assert points.grad is not None and bool((points.grad != 0).all())
    generator = dcgan_generator(5, shape, width=8)
    one, other = (generator.eval()(torch.randn(1, 5)) for _ in range(2))
    assert bool((one != other).all())


def test_the_weights_of_a_critic_by_hand():
    # 28 -> 14 -> 7: 4 x 4 kernels from 1 to 8 and from 8 to 16 channels; 16 * 7 * 7 features.
    expected = (16 * 1 * 8 + 8) + (16 * 8 * 16 + 16) + (784 + 1)
    assert n_weights(dcgan_critic((1, 28, 28), width=8)) == expected


def test_the_weights_of_a_generator_by_hand():
    # Latents to 16 x 7 x 7; batch norm; 16 to 8 channels; batch norm; 8 to 1 channel with a bias.
    expected = 10 * 784 + 2 * 16 + 16 * 16 * 8 + 2 * 8 + (16 * 8 * 1 + 1)
    assert n_weights(dcgan_generator(10, (1, 28, 28), width=8)) == expected


def test_the_published_layers_at_64_pixels():
    maps = []
    generator = dcgan_generator(100, (3, 64, 64), width=128)
    for layer in generator:
        layer.register_forward_hook(lambda layer, inputs, values: maps.append(values.shape[1:]))
    generator(torch.zeros(2, 100))
    sizes = dict.fromkeys(tuple(shape) for shape in maps if len(shape) == 3)
    assert list(sizes) == [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)]


def test_initial_weights_are_the_published_ones():
    torch.manual_seed(0)
    for network in (dcgan_generator(64, (3, 32, 32)), dcgan_critic((3, 32, 32))):
        for layer in network:
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                assert_allclose(float(layer.weight.std().detach()), 0.02, rtol=0.05)
                assert layer.bias is None or not bool(layer.bias.any())
    norms = [
        layer for layer in dcgan_generator(8, (3, 32, 32)) if isinstance(layer, nn.BatchNorm2d)
    ]
    gains = torch.cat([norm.weight.detach() for norm in norms])
    assert_allclose([float(gains.mean()), float(gains.std())], [1.0, 0.02], atol=0.003)


def test_batch_norm_is_neither_on_the_output_nor_on_the_first_layer():
    *_, last, tanh = dcgan_generator(5, (1, 28, 28), width=4)
    assert isinstance(last, nn.ConvTranspose2d) and isinstance(tanh, nn.Tanh)
    first, activation, second, norm, *_ = dcgan_critic((1, 28, 28), width=4, norm="batch")
    assert isinstance(first, nn.Conv2d) and isinstance(activation, nn.LeakyReLU)
    assert isinstance(second, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)


def test_the_same_seed_gives_the_same_weights():
    def built(rng):
        torch.manual_seed(rng)
        return dcgan_critic((1, 8, 8), width=4, norm="spectral").state_dict()

    first, again, other = built(0), built(0), built(1)
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    assert not torch.equal(
        first["0.parametrizations.weight.original"], other["0.parametrizations.weight.original"]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (2,)}, "'dcgan' must be given images of shape"),
        ({"shape": (1, 4, 4)}, "with sides from 8 to 64, got 4 x 4"),
        ({"norm": "layers"}, "did you mean 'layer'"),
        ({"width": 0}, "width must be a whole number"),
    ],
)
def test_refusals(changes, message):
    shape = changes.pop("shape", (1, 8, 8))
    with pytest.raises(InvalidInputError, match=message):
        dcgan_critic(shape, **changes)
