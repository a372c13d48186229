"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from otgan.gan.config import GANConfig
from otgan.gan.monitor import Monitor

__all__ = ["Batches"]


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn."""

    config: GANConfig
    monitor: Monitor

    def draw(
        self, step: int, purpose: str, size: int | None = None
    ) -> tuple[Tensor, Tensor, torch.Generator]:
        """Standardized real points, latents, and the generator that drew the latents."""
        monitor, size = self.monitor, size or self.config.batch_size
        points = monitor.data.train.sample(size, monitor.streams.numpy(step, purpose))
        rng = monitor.streams.torch(step, purpose, monitor.device)
        latents = torch.randn(
            size,
            self.config.latent_dim,
            generator=rng,
            device=monitor.device,
            dtype=torch.float32,
        )
        return monitor.standardize(points), latents, rng
