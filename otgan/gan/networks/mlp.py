"""Multilayer perceptrons for vectors and images."""

from __future__ import annotations

import math

from torch import nn

from otgan.critics.networks.feedforward import mlp
from otgan.gan.networks.names import CRITIC_NORMS, GENERATOR_NORMS
from otgan.gan.networks.norms import norm_layers
from otgan.gan.networks.sizes import as_shape
from otgan.gan.networks.spectral import normalize_spectrally
from otgan.inputs.options import as_choice, as_count
from otgan.keywords import checks_keywords

__all__ = ["mlp_critic", "mlp_generator"]


@checks_keywords
def mlp_generator(
    latent_dim: int,
    shape: tuple[int, ...],
    *,
    width: int = 128,
    depth: int = 3,
    norm: str | None = None,
) -> nn.Sequential:
    """A ReLU network from latents to points: unbounded for vectors, in [-1, 1] for images.

    Parameters
    ----------
    latent_dim : int
    shape : tuple of int
        Of one point, (d,) or (c, h, w).
    width, depth : int
        Hidden layers.
    norm : {None, "batch"}
        Between each hidden layer and its ReLU.

    Returns
    -------
    torch.nn.Sequential
        For vectors without a norm the same as ``mlp(latent_dim, d)``, to the bit.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> import torch
    >>> mlp_generator(4, (1, 8, 8), width=8)(torch.zeros(5, 4)).shape
    torch.Size([5, 1, 8, 8])
    """
    norm = as_choice(norm, "norm", GENERATOR_NORMS)
    sizes = as_shape(shape)
    inputs = as_count(latent_dim, "latent_dim")
    layers = _hidden_and_last(inputs, math.prod(sizes), width, depth, norm)
    if len(sizes) == 3:
        layers += [nn.Tanh(), nn.Unflatten(1, sizes)]
    return nn.Sequential(*layers)


@checks_keywords
def mlp_critic(
    shape: tuple[int, ...],
    *,
    width: int = 128,
    depth: int = 3,
    norm: str | None = None,
) -> nn.Sequential:
    """A ReLU network from points to scores; images are flattened first.

    Parameters
    ----------
    shape : tuple of int
        Of one point, (d,) or (c, h, w).
    width, depth : int
        Hidden layers.
    norm : {None, "layer", "spectral", "batch"}
        Between each hidden layer and its ReLU; spectral on all weights.

    Returns
    -------
    torch.nn.Sequential
        For vectors without a norm the same as ``mlp(d)``, to the bit.

    Raises
    ------
    InvalidInputError
        Also instance normalization, which vectors do not have.

    Examples
    --------
    >>> import torch
    >>> mlp_critic((1, 8, 8), width=8, norm="layer")(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 1])
    """
    norm = as_choice(norm, "norm", CRITIC_NORMS)
    sizes = as_shape(shape)
    layers = _hidden_and_last(math.prod(sizes), 1, width, depth, norm)
    critic = nn.Sequential(*([nn.Flatten()] if len(sizes) == 3 else []), *layers)
    if norm == "spectral":
        normalize_spectrally(critic, sizes)
    return critic


def _hidden_and_last(
    inputs: int, outputs: int, width: int, depth: int, norm: str | None
) -> list[nn.Module]:
    """The layers of `mlp`, with a norm after each hidden linear one."""
    width, depth = as_count(width, "width"), as_count(depth, "depth")
    *hidden, last = mlp(inputs, outputs, width=width, depth=depth)
    layers: list[nn.Module] = []
    for layer in hidden:
        layers.append(layer)
        if isinstance(layer, nn.Linear):
            layers += norm_layers(norm, (width,))
    return [*layers, last]
