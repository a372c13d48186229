"""Standardization of data: one center, and one scale for all coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from otgan.measures import FloatArray

__all__ = ["Scale"]


@dataclass(frozen=True)
class Scale:
    """Networks see (x - center) / spread: about one in every coordinate.

    Attributes
    ----------
    center : ndarray, shape (d,)
    spread : float
    """

    center: FloatArray
    spread: float

    @classmethod
    def of_pair(cls, x: FloatArray, y: FloatArray) -> Scale:
        """For two samples: the midpoint of the means, and the root mean square around it."""
        center = x.mean(axis=0) / 2 + y.mean(axis=0) / 2
        extent = max(float(np.abs(points - center).max()) for points in (x, y)) or 1.0
        squares = [np.square((points - center) / extent).mean() for points in (x, y)]
        return cls(center, extent * math.sqrt(sum(squares) / 2) or 1.0)

    @classmethod
    def of_sample(cls, points: FloatArray) -> Scale:
        """For one sample: its mean, and the mean standard deviation of its coordinates."""
        if (points == points[0]).all():  # whose deviation may be that of a rounded mean
            return cls(points[0].copy(), 1.0)
        return cls(points.mean(axis=0), float(points.std(axis=0).mean()) or 1.0)

    def standardize(
        self, points: FloatArray, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Points in units of the data as networks see them."""
        scaled = (points - self.center) / self.spread
        return torch.as_tensor(scaled, dtype=dtype, device=device)
