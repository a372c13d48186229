"""Critic architectures, and what can be said of any critic from its layers."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from otgan.critics.lipschitz import lipschitz_from_weights
from otgan.errors import InvalidInputError

__all__ = [
    "GroupSort",
    "OnOriginalScale",
    "lipschitz_from_weights",
    "mlp",
    "orthogonal_mlp",
    "refuse_batch_norm",
    "scores",
]


class GroupSort(nn.Module):
    """Sort the features within groups: 1-Lipschitz, and it keeps the norm of gradients.

    Parameters
    ----------
    size : int
        Features in a group, a divisor of the layer's width; 2 is also known as MaxMin.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).

    Examples
    --------
    >>> GroupSort(2)(torch.tensor([[3.0, 1.0, 0.0, 5.0]]))
    tensor([[1., 3., 0., 5.]])
    """

    lipschitz = 1.0

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> Tensor:
        """Sort each group of the last axis in ascending order."""
        if self.size == 2:
            pairs = features.unflatten(-1, (-1, 2))
            return torch.stack([pairs.amin(-1), pairs.amax(-1)], dim=-1).flatten(-2)
        return features.unflatten(-1, (-1, self.size)).sort(dim=-1).values.flatten(-2)


class OnOriginalScale(nn.Module):
    """A critic trained on (x - centre) / scale, as a function of x with the same slopes.

    Parameters
    ----------
    critic : torch.nn.Module
        Trained on standardised points.
    centre : torch.Tensor, shape (d,)
    scale : float
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, critic: nn.Module, centre: Tensor, scale: float) -> None:
        super().__init__()
        self.critic = critic
        self.register_buffer("centre", centre)
        self.register_buffer("scale", torch.as_tensor(scale, dtype=centre.dtype))

    @property
    def lipschitz(self) -> nn.Module:
        """The critic inside, which has the same Lipschitz constant."""
        return self.critic

    def forward(self, points: Tensor) -> Tensor:
        """Scale * critic((points - centre) / scale)."""
        return self.scale * self.critic((points - self.centre) / self.scale)


def mlp(d: int, out: int = 1, *, width: int = 128, depth: int = 3) -> nn.Sequential:
    """A plain ReLU network: `depth` hidden layers of `width` units.

    Parameters
    ----------
    d, out : int
        Dimensions of input and output.

    Examples
    --------
    >>> mlp(2, width=8, depth=2)(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise([d] + [width] * depth):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, out))


def orthogonal_mlp(d: int, *, width: int = 128, depth: int = 3) -> nn.Sequential:
    """A critic that is 1-Lipschitz by construction: orthogonal weights and GroupSort.

    Every weight matrix is orthogonal (its singular values are all one) by a Cayley map, so that
    gradients keep their norm on the way through; that is what makes the bound tight.

    Parameters
    ----------
    d : int
        Dimension of the points.
    width, depth : int
        Hidden layers; `width` must be even.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).

    Examples
    --------
    >>> critic = orthogonal_mlp(2, width=8, depth=2)
    >>> round(lipschitz_from_weights(critic), 5)
    1.0
    """
    if width % 2:
        raise InvalidInputError(
            f"width must be even to sort pairs of features, got {width}; to fix it, use {width + 1}"
        )
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise([d] + [width] * depth):
        layers += [_orthogonal(nn.Linear(inputs, outputs)), GroupSort(2)]
    return nn.Sequential(*layers, _orthogonal(nn.Linear(width, 1)))


def scores(critic: nn.Module, points: Tensor) -> Tensor:
    """One number for each point, whether the critic returns shape (n,) or (n, 1)."""
    values = critic(points)
    if values.numel() != len(points):
        raise InvalidInputError(
            f"a critic must return one number for each point, got shape {tuple(values.shape)} "
            f"for {len(points)} points; to fix it, end it with a layer of one output"
        )
    return values.reshape(len(points))


def refuse_batch_norm(critic: nn.Module) -> None:
    """Raise if the critic normalises over the batch: it is then no function of one point."""
    for name, layer in critic.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            raise InvalidInputError(
                f"a critic must score every point by itself, got batch normalisation in layer "
                f"{name!r}, which mixes the points of a batch; to fix it, use nn.LayerNorm"
            )


def _orthogonal(layer: nn.Linear) -> nn.Module:
    nn.init.orthogonal_(layer.weight)
    nn.init.zeros_(layer.bias)
    return parametrizations.orthogonal(layer, orthogonal_map="cayley")
