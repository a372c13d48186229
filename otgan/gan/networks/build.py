"""The built-in networks by name."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.dcgan import dcgan_critic, dcgan_generator
from otgan.gan.networks.fourier import fourier_critic
from otgan.gan.networks.mlp import mlp_critic, mlp_generator
from otgan.gan.networks.names import NETWORKS
from otgan.gan.networks.packing import packed_shape
from otgan.gan.networks.resnet import resnet_critic, resnet_generator
from otgan.gan.networks.sizes import as_shape
from otgan.inputs.options import as_choice, as_count
from otgan.keywords import checks_keywords

__all__ = ["NetworkSettings", "build_critic", "build_generator"]

SIZE = ("width", "depth")
BUILT = tuple(name for name in NETWORKS if name != "auto")


class NetworkSettings(Protocol):
    """What networks are built from: a `GANConfig` for points of one shape, or the like of it."""

    @property
    def network(self) -> str:
        """One of mlp, fourier, dcgan and resnet."""

    @property
    def latent_dim(self) -> int | None:
        """Dimensions of the latents."""

    @property
    def width(self) -> int | None:
        """Units of a hidden layer, or channels of the feature maps at the image's size."""

    @property
    def depth(self) -> int:
        """Hidden layers of an mlp."""

    @property
    def critic_size(self) -> tuple[int | None, int]:
        """Width and depth of the critic."""

    @property
    def critic_norm(self) -> str | None:
        """None, layer, instance, spectral or batch."""

    @property
    def generator_norm(self) -> str | None:
        """None or batch."""

    @property
    def pack(self) -> int:
        """Points that the critic scores at once."""


@checks_keywords
def build_generator(settings: NetworkSettings, shape: tuple[int, ...]) -> nn.Module:
    """The generator of these settings, drawn from torch's global generator.

    Parameters
    ----------
    settings : NetworkSettings
    shape : tuple of int
        Of one point, (d,) or (c, h, w).

    Returns
    -------
    torch.nn.Module
        From latents (n, latent_dim) to points ``(n, *shape)``.

    Raises
    ------
    InvalidInputError
        Convolutions for vectors, or for images with sides that are not from 8 to 64; a norm that
        the network does not have.

    Examples
    --------
    >>> import torch
    >>> from otgan.gan.config import GANConfig
    >>> config = GANConfig(width=8).for_shape((1, 8, 8))
    >>> build_generator(config, (1, 8, 8))(torch.zeros(5, config.latent_dim)).shape
    torch.Size([5, 1, 8, 8])
    """
    network, norm = as_choice(settings.network, "network", BUILT), settings.generator_norm
    width = as_count(settings.width, "width")
    latents = as_count(settings.latent_dim, "latent_dim")
    if network in ("mlp", "fourier"):
        return mlp_generator(latents, shape, width=width, depth=settings.depth, norm=norm)
    if network == "dcgan":
        return dcgan_generator(latents, shape, width=width, norm=norm)
    if norm is not None:
        raise InvalidInputError(
            f"generator_norm must be None for network 'resnet', which does without, got {norm!r}; "
            "to fix it, leave it out, or use network='dcgan'"
        )
    return resnet_generator(latents, shape, width=width)


@checks_keywords
def build_critic(settings: NetworkSettings, shape: tuple[int, ...]) -> nn.Module:
    """The critic of these settings, drawn from torch's global generator.

    Parameters
    ----------
    settings : NetworkSettings
    shape : tuple of int
        Of one point, (d,) or (c, h, w); the critic takes packs of ``settings.pack`` points.

    Returns
    -------
    torch.nn.Module
        From packs (n, pack c, h, w) or (n, pack d) to scores (n, 1).

    Raises
    ------
    InvalidInputError
        As for `build_generator`.

    Examples
    --------
    >>> import torch
    >>> from otgan.gan.config import GANConfig
    >>> config = GANConfig(width=8, pack=2).for_shape((1, 8, 8))
    >>> build_critic(config, (1, 8, 8))(torch.zeros(5, 2, 8, 8)).shape
    torch.Size([5, 1])
    """
    network, norm = as_choice(settings.network, "network", BUILT), settings.critic_norm
    width, depth = (as_count(n, w) for n, w in zip(settings.critic_size, SIZE, strict=True))
    packs = packed_shape(as_shape(shape), as_count(settings.pack, "pack"))
    if network == "mlp":
        return mlp_critic(packs, width=width, depth=depth, norm=norm)
    if network == "fourier":
        return fourier_critic(packs, width=width, depth=depth, norm=norm)
    build = dcgan_critic if network == "dcgan" else resnet_critic
    return build(packs, width=width, norm=norm)
