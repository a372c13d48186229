"""Between points in the units of the data and points as networks see them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.gan.networks.packing import packed
from otgan.measures import FloatArray

__all__ = ["Units"]


@dataclass(frozen=True, eq=False)
class Units:
    """Center and scale of the data: networks see (x - center) / scale.

    Attributes
    ----------
    center : ndarray, shape (d,)
    scale : float
    shape : tuple of int
        Of a point as networks see it: (d,), or channels, height and width of an image.

    Examples
    --------
    >>> import numpy as np
    >>> units = Units(np.array([1.0, 2.0]), 4.0, (2,))
    >>> seen = units.standardize(np.array([[5.0, 2.0]]), torch.device("cpu"))
    >>> seen.tolist(), units.restore(seen).tolist()
    ([[1.0, 0.0]], [[5.0, 2.0]])
    """

    center: FloatArray
    scale: float
    shape: tuple[int, ...]

    def standardize(self, points: FloatArray, device: torch.device) -> Tensor:
        """Points of shape (n, d) as networks see them, shape (n, *shape), float32."""
        centered = (points - self.center) / self.scale
        rows = torch.as_tensor(centered, dtype=torch.float32, device=device)
        return rows.reshape(len(rows), *self.shape)

    def restore(self, points: Tensor) -> FloatArray:
        """What a generator gave, shape (n, *shape), in the units of the data, shape (n, d)."""
        return self.center + self.scale * points.double().cpu().flatten(1).numpy()

    def critic(self, critic: nn.Module, *, pack: int, device: torch.device) -> nn.Module:
        """A critic as a function of points in the units of the data, in evaluation mode."""
        center = torch.as_tensor(self.center, dtype=torch.float64, device=device)
        center = center.reshape(1, *self.shape).expand(pack, *self.shape)
        return OnOriginalScale(critic.eval(), packed(center, pack)[0], self.scale)
