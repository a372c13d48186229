"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from otgan.gan.config import GANConfig
from otgan.gan.game import Batch
from otgan.gan.latents import draw_latents
from otgan.gan.monitor import Monitor

__all__ = ["Batches"]


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn."""

    config: GANConfig
    monitor: Monitor
    labeled: bool = False

    def draw(self, step: int, purpose: str, size: int | None = None) -> Batch:
        """What a step is made of: real points, latents, and the generator of the rest."""
        monitor, size = self.monitor, size or self.config.batch_size
        numbers, labels = monitor.streams.numpy(step, purpose), None
        if self.labeled:
            points, classes = monitor.data.labeled_batch(size, numbers)
            labels = torch.as_tensor(classes, device=monitor.device)
        else:
            points = monitor.data.train.sample(size, numbers)
        rng = monitor.streams.torch(step, purpose, monitor.device)
        latents = draw_latents(size, self.config, rng, monitor.device)
        done = min(1.0, max(0, step - 1) / self.config.steps)
        return Batch(monitor.standardize(points), latents, rng, done, labels)
