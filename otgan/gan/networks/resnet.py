"""A small residual network without normalization, of the kind of R3GAN."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from otgan.gan.networks.names import CRITIC_NORMS
from otgan.gan.networks.norms import norm_layers
from otgan.gan.networks.sizes import as_image_shape, halved
from otgan.gan.networks.spectral import normalize_spectrally
from otgan.inputs.options import as_choice, as_count
from otgan.keywords import checks_keywords

__all__ = ["ResidualBlock", "resnet_critic", "resnet_generator"]

SLOPE = 0.2
"""Of LeakyReLU for negative values."""

GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))
"""What keeps the variance of values through LeakyReLU."""

GROUP = 16
"""Channels in a group of the 3 x 3 convolutions."""


class ResidualBlock(nn.Module):
    """points + residual(points): 1 x 1, grouped 3 x 3 and 1 x 1 convolutions on twice the channels.

    Parameters
    ----------
    channels : int
    size : (int, int)
        Of the feature maps.
    blocks : int
        Of the whole network: the more, the smaller are the initial weights.
    norm : {None, "layer", "instance", "spectral", "batch"}
        After the first two convolutions. The last one begins at zero, so that every block is the
        identity at first; but not under spectral normalization, which would divide by zero.

    References
    ----------
    Huang, Gokaslan, Kuleshov and Tompkin, The GAN is dead; long live the GAN! (NeurIPS 2024),
    section 4; Zhang, Dauphin and Ma, Fixup initialization (ICLR 2019), section 3.
    """

    def __init__(
        self, channels: int, size: tuple[int, int], blocks: int, norm: str | None = None
    ) -> None:
        super().__init__()
        hidden = 2 * channels
        groups = hidden // GROUP if hidden % GROUP == 0 else 1
        gain = GAIN * blocks ** (-1 / 4)  # Fixup with m = 3 layers: L ** (-1 / (2 m - 2))
        self.residual = nn.Sequential(
            _scaled(nn.Conv2d(channels, hidden, 1), gain),
            *norm_layers(norm, (hidden, *size)),
            nn.LeakyReLU(SLOPE),
            _scaled(nn.Conv2d(hidden, hidden, 3, padding=1, groups=groups), gain),
            *norm_layers(norm, (hidden, *size)),
            nn.LeakyReLU(SLOPE),
            _scaled(nn.Conv2d(hidden, channels, 1, bias=False), float(norm == "spectral")),
        )

    def forward(self, points: Tensor) -> Tensor:
        """Feature maps of the same shape (n, channels, h, w)."""
        return points + self.residual(points)


@checks_keywords
def resnet_generator(latent_dim: int, shape: tuple[int, ...], *, width: int = 64) -> nn.Sequential:
    """Latents to images: a learned basis of the coarsest size, and a residual block at every size.

    Between sizes the channels are changed by 1 x 1 convolutions, and the maps are interpolated
    bilinearly. As in R3GAN there is no tanh at the end: the network is linear there, and may
    leave [-1, 1].

    Parameters
    ----------
    latent_dim : int
    shape : tuple of int
        Of one image, (c, h, w) with sides from 8 to 64.
    width : int
        Channels at the image's size; twice as many at each coarser one, up to eight times.

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    InvalidInputError

    References
    ----------
    Huang, Gokaslan, Kuleshov and Tompkin, The GAN is dead; long live the GAN! A modern GAN
    baseline (NeurIPS 2024), section 4, here with one block at a size where it has two.

    Examples
    --------
    >>> import torch
    >>> resnet_generator(16, (1, 28, 28), width=4)(torch.zeros(5, 16)).shape
    torch.Size([5, 1, 28, 28])
    """
    channels, height, breadth = as_image_shape(shape, "resnet")
    sizes = halved(height, breadth, up=True)[::-1]
    first, *widths = _widths(width, len(sizes))[::-1]
    latents = as_count(latent_dim, "latent_dim")
    layers: list[nn.Module] = [
        _scaled(nn.Linear(latents, first, bias=False), 1.0),
        nn.Unflatten(1, (first, 1, 1)),
        _basis(nn.ConvTranspose2d(first, first, sizes[0], groups=first, bias=False)),
        ResidualBlock(first, sizes[0], len(sizes)),
    ]
    for (inputs, outputs), size in zip(pairwise([first, *widths]), sizes[1:], strict=True):
        layers += [
            _scaled(nn.Conv2d(inputs, outputs, 1, bias=False), 1.0),
            nn.Upsample(size, mode="bilinear"),
            ResidualBlock(outputs, size, len(sizes)),
        ]
    return nn.Sequential(*layers, _scaled(nn.Conv2d(widths[-1], channels, 1, bias=False), 1.0))


@checks_keywords
def resnet_critic(
    shape: tuple[int, ...], *, width: int = 64, norm: str | None = None
) -> nn.Sequential:
    """Images to scores: a residual block at every size, and averages of 2 x 2 pixels between.

    Parameters
    ----------
    shape : tuple of int
        Of one image, (c, h, w) with sides from 8 to 64.
    width : int
        Channels at the image's size; twice as many at each coarser one, up to eight times.
    norm : {None, "layer", "instance", "spectral", "batch"}
        None as published. Spectral normalization makes each block at most 2-Lipschitz: the
        identity and its residual add up.

    Returns
    -------
    torch.nn.Sequential
        It ends in Flatten and Linear: all but the last layer gives features.

    Raises
    ------
    InvalidInputError

    References
    ----------
    Huang, Gokaslan, Kuleshov and Tompkin, The GAN is dead; long live the GAN! A modern GAN
    baseline (NeurIPS 2024), section 4, here with one block at a size where it has two.

    Examples
    --------
    >>> import torch
    >>> resnet_critic((3, 32, 32), width=4)(torch.zeros(5, 3, 32, 32)).shape
    torch.Size([5, 1])
    """
    channels, height, breadth = as_image_shape(shape, "resnet")
    norm = as_choice(norm, "norm", CRITIC_NORMS)
    sizes = halved(height, breadth, up=True)
    widths = _widths(width, len(sizes))
    layers: list[nn.Module] = [_scaled(nn.Conv2d(channels, widths[0], 1, bias=False), 1.0)]
    for (inputs, filters), size in zip(pairwise(widths), sizes, strict=False):
        odd = any(side % 2 for side in size)
        layers += [
            ResidualBlock(inputs, size, len(sizes), norm),
            nn.AvgPool2d(2, ceil_mode=odd),
            _scaled(nn.Conv2d(inputs, filters, 1, bias=False), 1.0),
        ]
    last = widths[-1]
    layers += [
        ResidualBlock(last, sizes[-1], len(sizes), norm),
        _scaled(nn.Conv2d(last, last, sizes[-1], groups=last, bias=False), 1.0),
        nn.Flatten(),
        _scaled(nn.Linear(last, 1), 1.0),
    ]
    critic = nn.Sequential(*layers)
    if norm == "spectral":
        normalize_spectrally(critic, (channels, height, breadth))
    return critic


def _widths(width: int, count: int) -> list[int]:
    """Channels from the image inwards."""
    first = as_count(width, "width", most=1024)
    return [first * min(2**k, 8) for k in range(count)]


def _scaled(layer: nn.Linear | nn.Conv2d, gain: float) -> nn.Module:
    """Weights of deviation gain / sqrt(inputs of a unit), and biases of zero."""
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _basis(layer: nn.ConvTranspose2d) -> nn.Module:
    """One standard normal map for each channel, which the projected latent multiplies."""
    nn.init.normal_(layer.weight)
    return layer
