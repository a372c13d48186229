"""Feedforward critics: plain, given the radius, or orthogonal; and a critic on another scale."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from otgan.critics.networks.features import FourierFeatures, WithRadius
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = [
    "MaxMin",
    "OnOriginalScale",
    "fourier_mlp",
    "mlp",
    "orthogonal_mlp",
    "radial_mlp",
]


class MaxMin(nn.Module):
    """Sort pairs of features that lie half the width apart: 1-Lipschitz, and keeps gradient norms.

    The smaller ones come first, then the larger ones. Two halves are sorted several times faster
    than neighbors, and no network can tell the difference.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).

    Examples
    --------
    >>> MaxMin()(torch.tensor([[3.0, 1.0, 0.0, 5.0]]))
    tensor([[0., 1., 3., 5.]])
    """

    lipschitz = 1.0

    def forward(self, features: Tensor) -> Tensor:
        """Smaller and larger ones of the pairs."""
        one, other = features.chunk(2, dim=-1)
        excess = (one - other).relu()
        return torch.cat([one - excess, other + excess], dim=-1)


@checks_keywords
class OnOriginalScale(nn.Module):
    """A critic trained on (x - center) / scale, as a function of x with the same slopes.

    Parameters
    ----------
    critic : torch.nn.Module
        Trained on standardized points.
    center : torch.Tensor, shape (d,)
        In float64 points far from the origin keep their digits: the critic is asked in its own
        dtype once they are centered.
    scale : float
    """

    center: Tensor
    scale: Tensor
    _like: Tensor

    def __init__(self, critic: nn.Module, center: Tensor, scale: float) -> None:
        super().__init__()
        self.critic = critic
        self.register_buffer("center", center)
        self.register_buffer("scale", center.new_tensor(float(scale)))
        own = next((p for p in critic.parameters() if p.is_floating_point()), center)
        self.register_buffer("_like", own.detach().new_empty(0), persistent=False)

    @property
    def lipschitz(self) -> nn.Module:
        """The critic inside, which has the same Lipschitz constant."""
        return self.critic

    def forward(self, points: Tensor) -> Tensor:
        """Scale * critic((points - center) / scale), in the floating dtype of the points."""
        scaled = ((points - self.center) / self.scale).to(self._like.dtype)
        values = self.critic(scaled)
        if points.is_floating_point():  # before the scale, which single precision may not hold
            values = values.to(points.dtype)
        return self.scale * values


@checks_keywords
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


@checks_keywords
def radial_mlp(d: int, *, width: int = 256, depth: int = 2) -> nn.Sequential:
    """A ReLU network that is also given each point's distance from the origin.

    Parameters
    ----------
    d : int
        Dimension of the points.
    width, depth : int
        Hidden layers.

    Examples
    --------
    >>> radial_mlp(3, width=8)(torch.zeros(5, 3)).shape
    torch.Size([5, 1])
    """
    return nn.Sequential(WithRadius(), *mlp(d + 1, width=width, depth=depth))


@checks_keywords
def fourier_mlp(d: int, *, width: int = 64, depth: int = 2) -> nn.Sequential:
    """A ReLU network on Fourier features of points, which learns fine structure as soon as coarse.

    Plain ReLU networks learn coarse structure long before fine one. On features of several
    frequencies a small network tells within a few thousand steps how wide clusters are that are a
    fiftieth of the distances between them.

    Parameters
    ----------
    d : int
        Dimension of the points, which must be standardized.
    width, depth : int
        Hidden layers.

    References
    ----------
    Tancik et al., Fourier features let networks learn high frequency functions in low dimensional
    domains (NeurIPS 2020).

    Examples
    --------
    >>> fourier_mlp(2, width=8)(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """
    features = FourierFeatures(d)
    return nn.Sequential(features, *mlp(features.n_features, width=width, depth=depth))


@checks_keywords
def orthogonal_mlp(d: int, *, width: int = 128, depth: int = 3) -> nn.Sequential:
    """A critic that is 1-Lipschitz by its weights: orthogonal matrices and MaxMin.

    All singular values of every weight matrix are one, so that gradients keep their norm on the
    way through; that is what makes the bound tight. Call `orthonormalize_` after every step.

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
    >>> from otgan.critics.lipschitz.layers import lipschitz_from_weights
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
        layers += [nn.Linear(inputs, outputs), MaxMin()]
    critic = nn.Sequential(*layers, nn.Linear(width, 1))
    for layer in critic:
        if isinstance(layer, nn.Linear):
            nn.init.orthogonal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return critic
