"""What generators take: random numbers of one distribution."""

from __future__ import annotations

import torch
from torch import Tensor

from otgan.gan.config import GANConfig

__all__ = ["draw_latents"]


def draw_latents(n: int, config: GANConfig, rng: torch.Generator, device: torch.device) -> Tensor:
    """Gaussian latents, or uniform ones on [-1, 1], shape (n, latent_dim), float32.

    Examples
    --------
    >>> config = GANConfig(latent="uniform", latent_dim=2)
    >>> cpu = torch.device("cpu")
    >>> latents = draw_latents(1000, config, torch.Generator().manual_seed(0), cpu)
    >>> tuple(latents.shape), bool(latents.abs().max() <= 1)
    ((1000, 2), True)
    """
    assert config.latent_dim is not None
    size = (n, config.latent_dim)
    if config.latent == "uniform":
        uniform = torch.rand(size, generator=rng, device=device, dtype=torch.float32)
        return 2.0 * uniform - 1.0
    return torch.randn(size, generator=rng, device=device, dtype=torch.float32)
