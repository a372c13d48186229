"""DCGAN for images with sides from 8 to 64: strided convolutions, and nothing else that scales."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from otgan.gan.networks.names import CRITIC_NORMS, GENERATOR_NORMS
from otgan.gan.networks.norms import centers_channels, norm_layers
from otgan.gan.networks.sizes import as_image_shape, halved
from otgan.gan.networks.spectral import normalize_spectrally
from otgan.inputs.options import as_choice, as_count
from otgan.keywords import checks_keywords

__all__ = ["dcgan_critic", "dcgan_generator"]

STD = 0.02
"""Deviation of all initial weights."""


@checks_keywords
def dcgan_generator(
    latent_dim: int, shape: tuple[int, ...], *, width: int = 64, norm: str | None = "batch"
) -> nn.Sequential:
    """Latents to images in [-1, 1]: a projection, then transposed 4 x 4 convolutions of stride 2.

    From 4 x 4 to 64 x 64 these are four, as published; other sizes are doubled from half their
    size, odd ones with one row or column more. Between them ReLU, at the end tanh.

    Parameters
    ----------
    latent_dim : int
    shape : tuple of int
        Of one image, (c, h, w) with sides from 8 to 64.
    width : int
        Channels before the last layer; twice as many before each earlier one. 128 as published.
    norm : {"batch", None}
        After each layer but the last.

    Returns
    -------
    torch.nn.Sequential
        Weights are drawn from N(0, 0.02), those of batch normalization from N(1, 0.02).

    Raises
    ------
    InvalidInputError

    References
    ----------
    Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional
    generative adversarial networks (ICLR 2016), section 3 and Figure 1.

    Examples
    --------
    >>> import torch
    >>> dcgan_generator(16, (1, 28, 28), width=4)(torch.zeros(5, 16)).shape
    torch.Size([5, 1, 28, 28])
    """
    channels, height, breadth = as_image_shape(shape, "dcgan")
    norm = as_choice(norm, "norm", GENERATOR_NORMS)
    sizes = halved(height, breadth)[::-1]
    widths = _widths(width, len(sizes) - 1)[::-1]
    h, w = sizes[0]
    project = nn.Linear(as_count(latent_dim, "latent_dim"), widths[0] * h * w, bias=norm is None)
    layers = [project, nn.Unflatten(1, (widths[0], h, w))]
    changes = zip(pairwise([*widths, channels]), pairwise(sizes), strict=True)
    for (inputs, outputs), ((h, w), size) in changes:
        layers += [*norm_layers(norm, (inputs, h, w)), nn.ReLU()]
        odd = (size[0] - 2 * h, size[1] - 2 * w)
        bias = norm is None or size == sizes[-1]  # batch normalization follows all but the last
        layers.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, output_padding=odd, bias=bias))
    return _initialized(nn.Sequential(*layers, nn.Tanh()))


@checks_keywords
def dcgan_critic(
    shape: tuple[int, ...], *, width: int = 64, norm: str | None = None
) -> nn.Sequential:
    """Images to scores: 4 x 4 convolutions of stride 2 with LeakyReLU(0.2), then a linear layer.

    Parameters
    ----------
    shape : tuple of int
        Of one image, (c, h, w) with sides from 8 to 64.
    width : int
        Channels after the first layer; twice as many after each further one.
    norm : {None, "layer", "instance", "spectral", "batch"}
        After each convolution but the first; spectral on all weights.

    Returns
    -------
    torch.nn.Sequential
        It ends in Flatten and Linear: all but the last layer gives features. Weights are drawn
        from N(0, 0.02).

    Raises
    ------
    InvalidInputError

    References
    ----------
    Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional
    generative adversarial networks (ICLR 2016), section 3.

    Examples
    --------
    >>> import torch
    >>> dcgan_critic((3, 32, 32), width=4)(torch.zeros(5, 3, 32, 32)).shape
    torch.Size([5, 1])
    """
    channels, height, breadth = as_image_shape(shape, "dcgan")
    norm = as_choice(norm, "norm", CRITIC_NORMS)
    _, *sizes = halved(height, breadth)
    widths = _widths(width, len(sizes))
    layers = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
    for (inputs, filters), (h, w) in zip(pairwise(widths), sizes[1:], strict=True):
        bias = not centers_channels(norm)
        layers.append(nn.Conv2d(inputs, filters, 4, 2, 1, bias=bias))
        layers += [*norm_layers(norm, (filters, h, w)), nn.LeakyReLU(0.2)]
    h, w = sizes[-1]
    last = nn.Linear(widths[-1] * h * w, 1)
    critic = _initialized(nn.Sequential(*layers, nn.Flatten(), last))
    if norm == "spectral":
        normalize_spectrally(critic, (channels, height, breadth))
    return critic


def _widths(width: int, count: int) -> list[int]:
    """Channels from the image inwards."""
    first = as_count(width, "width", most=1024)
    return [first * 2**k for k in range(count)]


def _initialized(network: nn.Sequential) -> nn.Sequential:
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, STD)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, STD)
    return network
