"""A generator as it is handed out: its points in the units of the data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.measures import FloatArray

__all__ = ["Generator"]


class Generator(nn.Module):
    """Latents to points in the units of the data: ``centre + scale * network(latents)``.

    Parameters
    ----------
    network : torch.nn.Module
        Trained to give points of unit scale.
    centre : ndarray, shape (d,)
    scale : float
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, centre: FloatArray, scale: float) -> None:
        super().__init__()
        self.network = network
        like = next(network.parameters())
        self.register_buffer("centre", torch.as_tensor(centre).to(like))
        self.register_buffer("scale", torch.as_tensor(scale).to(like))

    def forward(self, latents: Tensor) -> Tensor:
        """Points of shape (n, d) for standard normal latents of shape (n, latent_dim)."""
        return self.centre + self.scale * self.network(latents)
