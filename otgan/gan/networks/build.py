"""The built-in networks by name."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.dcgan import dcgan_critic, dcgan_generator
from otgan.gan.networks.mlp import mlp_critic, mlp_generator
from otgan.gan.networks.packing import packed_shape
from otgan.gan.networks.resnet import resnet_critic, resnet_generator
from otgan.gan.networks.sizes import as_shape
from otgan.gan.settings import NETWORKS
from otgan.inputs.options import as_choice, as_count
from otgan.keywords import checks_keywords

__all__ = ["NetworkSettings", "build_critic", "build_generator", "build_networks"]

BUILT = tuple(name for name in NETWORKS if name != "auto")


class NetworkSettings(Protocol):
    """What networks are built from: a `GANConfig` for points of one shape, or the like of it."""

    @property
    def network(self) -> str:
        """One of mlp, dcgan and resnet."""

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
    def critic_norm(self) -> str | None:
        """None, layer, instance, spectral or batch."""

    @property
    def generator_norm(self) -> str | None:
        """None or batch."""

    @property
    def pack(self) -> int:
        """Points that the critic scores at once."""


@checks_keywords
def build_networks(
    settings: NetworkSettings, shape: tuple[int, ...]
) -> tuple[nn.Module, nn.Module]:
    """The generator and the critic of these settings, drawn from torch's global generator.

    Parameters
    ----------
    settings : NetworkSettings
    shape : tuple of int
        Of one point, (d,) or (c, h, w).

    Returns
    -------
    generator, critic : torch.nn.Module
        From latents (n, latent_dim) to points (n, *shape), and from packs of points to scores.

    Raises
    ------
    InvalidInputError
        Convolutions for vectors or for images with sides that are not from 8 to 64; norms that the
        networks do not have.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> settings = SimpleNamespace(
    ...     network="dcgan", latent_dim=8, width=16, depth=3,
    ...     critic_norm=None, generator_norm="batch", pack=1,
    ... )
    >>> generator, critic = build_networks(settings, (1, 8, 8))
    >>> import torch
    >>> critic(generator(torch.zeros(2, 8))).shape
    torch.Size([2, 1])
    """
    generator = build_generator(settings, shape)
    return generator, build_critic(settings, shape)


@checks_keywords
def build_generator(settings: NetworkSettings, shape: tuple[int, ...]) -> nn.Module:
    """The generator of these settings; see `build_networks`.

    Parameters
    ----------
    settings : NetworkSettings
    shape : tuple of int
        Of one point, (d,) or (c, h, w).

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    InvalidInputError
    """
    network, norm = as_choice(settings.network, "network", BUILT), settings.generator_norm
    width = as_count(settings.width, "width")
    latents = as_count(settings.latent_dim, "latent_dim")
    if network == "mlp":
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
    """The critic of these settings; see `build_networks`.

    Parameters
    ----------
    settings : NetworkSettings
    shape : tuple of int
        Of one point, (d,) or (c, h, w); the critic takes packs of ``settings.pack`` points.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    InvalidInputError
    """
    network, norm = as_choice(settings.network, "network", BUILT), settings.critic_norm
    width = as_count(settings.width, "width")
    packs = packed_shape(as_shape(shape), as_count(settings.pack, "pack"))
    if network == "mlp":
        return mlp_critic(packs, width=width, depth=settings.depth, norm=norm)
    build = dcgan_critic if network == "dcgan" else resnet_critic
    return build(packs, width=width, norm=norm)
