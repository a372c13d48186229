"""Features of points that a critic is given and that are not learned, with their derivatives."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from otgan.inputs.options import as_count, as_positive
from otgan.keywords import checks_keywords

__all__ = ["FREQUENCIES", "SCALES", "FourierFeatures", "PointFeatures", "WithRadius"]

SCALES = (1.0, 4.0, 16.0, 50.0)
"""Deviations of the frequencies, for standardized points: the last sees clusters of width 1/50."""

FREQUENCIES = 16
"""Random frequencies of each scale."""


class PointFeatures(nn.Module):
    """Features of points, and products with their Jacobian J, for gradients without autograd."""

    @property
    @abstractmethod
    def lipschitz(self) -> float:
        """A bound of the norm of J."""

    @abstractmethod
    def n_coordinates(self, n_features: int) -> int:
        """Dimensions of points that have so many features."""

    @abstractmethod
    def pullback(self, features: Tensor, gradients: Tensor) -> Tensor:
        """The gradients by the points, shape (n, d), from those by their features: Jᵀ g."""

    @abstractmethod
    def pushforward(self, features: Tensor, tangents: Tensor) -> Tensor:
        """The derivatives of the features along tangents of the points, shape (n, d): J t."""


class WithRadius(PointFeatures):
    """Points together with their distance from the origin, centered: ``(x, |x| - √d)``.

    Of all distances a network of linear layers finds this one hardest in many dimensions, and
    potentials of distributions that differ in spread need it most. It is near √d for standardized
    points.
    """

    lipschitz = math.sqrt(2.0)

    def forward(self, points: Tensor) -> Tensor:
        """Append one column, shape (n, d + 1)."""
        return torch.cat([points, _radius(points) - math.sqrt(points.shape[1])], dim=1)

    def n_coordinates(self, n_features: int) -> int:
        """All but one."""
        return n_features - 1

    def pullback(self, features: Tensor, gradients: Tensor) -> Tensor:
        """The gradient of the radius is ``x / |x|``."""
        return gradients[:, :-1] + gradients[:, -1:] * self._outward(features)

    def pushforward(self, features: Tensor, tangents: Tensor) -> Tensor:
        """The part of a tangent that points outward is appended."""
        outward = torch.sum(tangents * self._outward(features), dim=1, keepdim=True)
        return torch.cat([tangents, outward], dim=1)

    @staticmethod
    def _outward(features: Tensor) -> Tensor:
        points = features[:, :-1]
        return points / _radius(points)


def _radius(points: Tensor) -> Tensor:
    """Distances from the origin, shape (n, 1)."""
    # The tiny constant keeps the root differentiable at the origin.
    return (points.square().sum(dim=1, keepdim=True) + 1e-12).sqrt()


@checks_keywords
class FourierFeatures(PointFeatures):
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

    References
    ----------
    Tancik et al., Fourier features let networks learn high frequency functions in low dimensional
    domains (NeurIPS 2020).

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

    @property
    def lipschitz(self) -> float:
        """The norm of J at every point: Jᵀ J = I + W Wᵀ, since cos² + sin² = 1."""
        norm = torch.linalg.matrix_norm(self.frequencies.double(), 2)
        return math.sqrt(1.0 + float(norm) ** 2)

    def forward(self, points: Tensor) -> Tensor:
        """Features (n, d + 2 columns) of points (n, d)."""
        phases = points @ self.frequencies
        return torch.cat([points, phases.sin(), phases.cos()], dim=1)

    def n_coordinates(self, n_features: int) -> int:
        """The rows of W."""
        return len(self.frequencies)

    def pullback(self, features: Tensor, gradients: Tensor) -> Tensor:
        """The gradient of sin(x W) is cos(x W) Wᵀ, that of cos(x W) is -sin(x W) Wᵀ."""
        (_, sines, cosines), (by_points, by_sines, by_cosines) = map(
            self._parts, (features, gradients)
        )
        by_phases = (by_sines * cosines).addcmul_(by_cosines, sines, value=-1.0)
        return torch.addmm(by_points, by_phases, self.frequencies.T)

    def pushforward(self, features: Tensor, tangents: Tensor) -> Tensor:
        """The phases move by t W."""
        _, sines, cosines = self._parts(features)
        moved = tangents @ self.frequencies
        return torch.cat([tangents, moved * cosines, -moved * sines], dim=1)

    def _parts(self, features: Tensor) -> Any:
        """Coordinates, sines and cosines."""
        d, columns = self.frequencies.shape
        return features.split([d, columns, columns], dim=1)
