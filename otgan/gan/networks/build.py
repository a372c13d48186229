"""The built-in networks by name."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.dcgan import dcgan_critic, dcgan_generator
from otgan.gan.networks.mlp import mlp_critic, mlp_generator
from otgan.gan.networks.names import CRITIC_NORMS, GENERATOR_NORMS, NETWORKS, as_choice
from otgan.gan.networks.packing import packed_shape
from otgan.gan.networks.resnet import resnet_critic, resnet_generator
from otgan.gan.networks.sizes import as_shape
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords

__all__ = ["NetworkSettings", "build_critic", "build_generator", "build_networks"]

MLP_WIDTH, CONVOLUTION_WIDTH = 128, 32
"""Widths where none is given."""


class NetworkSettings(Protocol):
    """What networks are built from: any object with these attributes."""

    @property
    def network(self) -> str:
        """One of auto, mlp, dcgan, resnet; auto is mlp for vectors and dcgan for images."""

    @property
    def latent_dim(self) -> int | None:
        """Dimensions of the latents; a number where a generator is built."""

    @property
    def width(self) -> int | None:
        """Units of a hidden layer (128), or channels of the widest feature maps (32)."""

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
    ...     network="auto", latent_dim=8, width=None, depth=3,
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
    network, width = _network_and_width(settings, shape)
    norm = as_choice(settings.generator_norm, "generator_norm", GENERATOR_NORMS)
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
    network, width = _network_and_width(settings, shape)
    norm = as_choice(settings.critic_norm, "critic_norm", CRITIC_NORMS)
    packs = packed_shape(as_shape(shape), as_count(settings.pack, "pack"))
    if network == "mlp":
        return mlp_critic(packs, width=width, depth=settings.depth, norm=norm)
    build = dcgan_critic if network == "dcgan" else resnet_critic
    return build(packs, width=width, norm=norm)


def _network_and_width(settings: NetworkSettings, shape: tuple[int, ...]) -> tuple[str, int]:
    """The network by its name, ``"auto"`` resolved, and its width."""
    network = as_choice(settings.network, "network", NETWORKS)
    if network == "auto":
        network = "dcgan" if len(as_shape(shape)) == 3 else "mlp"
    if settings.width is not None:
        return network, settings.width
    return network, MLP_WIDTH if network == "mlp" else CONVOLUTION_WIDTH
