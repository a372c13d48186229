"""A generator as it is handed out: its points in the units of the data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.measures import FloatArray

__all__ = ["Generator"]


class Generator(nn.Module):
    """Latents to points in the units of the data: ``center + scale * network(latents)``.

    Parameters
    ----------
    network : torch.nn.Module
        Trained to give points as networks see them.
    center : ndarray, shape (d,)
    scale : float
    shape : tuple of int
        Of one point, (d,) or (c, h, w).
    """

    center: Tensor
    scale: Tensor

    def __init__(
        self, network: nn.Module, center: FloatArray, scale: float, shape: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.network = network
        like = next(network.parameters())
        self.register_buffer("center", torch.as_tensor(center.reshape(shape)).to(like))
        self.register_buffer("scale", torch.as_tensor(scale).to(like))

    def forward(self, latents: Tensor) -> Tensor:
        """Points of shape (n, d) or (n, c, h, w) for latents of shape (n, latent_dim)."""
        return self.center + self.scale * self.network(latents)
