"""A critic for vectors that sees fine structure: an MLP on random Fourier features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.mlp import mlp_critic
from otgan.gan.networks.sizes import as_shape
from otgan.inputs.options import as_count, as_positive
from otgan.keywords import checks_keywords

__all__ = ["FREQUENCIES", "SCALES", "FourierFeatures", "fourier_critic"]

SCALES = (1.0, 4.0, 16.0, 50.0)
"""Deviations of the frequencies, for standardized points: the last sees clusters of width 1/50."""

FREQUENCIES = 16
"""Random frequencies of each scale."""


class FourierFeatures(nn.Module):
    """Points beside sines and cosines of them: [x, sin(x W), cos(x W)].

    The columns of W are drawn once, Gaussian with a deviation that is their scale, from torch's
    global generator; they are not trained.

    Parameters
    ----------
    d : int
        Dimensions of the points.
    scales : sequence of float
    frequencies : int
        Of each scale.

    Examples
    --------
    >>> FourierFeatures(2, scales=(1.0, 10.0), frequencies=3)(torch.zeros(5, 2)).shape
    torch.Size([5, 14])
    """

    frequencies: Tensor

    def __init__(
        self, d: int, scales: Sequence[float] = SCALES, frequencies: int = FREQUENCIES
    ) -> None:
        super().__init__()
        deviations = torch.tensor([as_positive(scale, "scales") for scale in scales])
        per_column = deviations.repeat_interleave(as_count(frequencies, "frequencies"))
        self.register_buffer("frequencies", per_column * torch.randn(d, len(per_column)))

    @property
    def n_features(self) -> int:
        """Columns of what is returned."""
        d, columns = self.frequencies.shape
        return d + 2 * columns

    def forward(self, points: Tensor) -> Tensor:
        """Features (n, d + 2 columns) of points (n, d)."""
        phases = points @ self.frequencies
        return torch.cat([points, phases.sin(), phases.cos()], dim=1)


@checks_keywords
def fourier_critic(
    shape: tuple[int, ...],
    *,
    width: int = 64,
    depth: int = 2,
    norm: str | None = None,
) -> nn.Sequential:
    """A ReLU network from random Fourier features of vectors to scores.

    ReLU networks learn coarse structure long before fine one. With features of several frequencies
    a small critic tells within a few thousand steps how wide clusters are that are a fiftieth of
    the distances between them.

    Parameters
    ----------
    shape : tuple of int
        Of one point, (d,).
    width, depth : int
        Hidden layers.
    norm : None

    Returns
    -------
    torch.nn.Sequential
        `FourierFeatures` with `SCALES` and `FREQUENCIES`, and then an MLP.

    Raises
    ------
    InvalidInputError
        Images, or a norm.

    References
    ----------
    Tancik et al., Fourier features let networks learn high frequency functions in low dimensional
    domains (NeurIPS 2020).

    Examples
    --------
    >>> fourier_critic((2,), width=8)(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """
    if norm is not None:
        raise InvalidInputError(
            f"critic_norm must be None for network 'fourier', got {norm!r}; to fix it, leave it "
            "out, or use network='mlp'"
        )
    sizes = as_shape(shape)
    if len(sizes) == 3:
        raise InvalidInputError(
            f"network 'fourier' must be given vectors, got images of shape {sizes}; to fix it, use "
            "network='dcgan'"
        )
    features = FourierFeatures(sizes[0])
    return nn.Sequential(features, *mlp_critic((features.n_features,), width=width, depth=depth))
