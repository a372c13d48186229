"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from otgan.gan.config import GANConfig
from otgan.gan.game import Batch
from otgan.gan.latents import draw_latents
from otgan.gan.monitor import Monitor

__all__ = ["Batches"]

AT_ONCE = 8
"""Most batches that are drawn together."""


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn."""

    config: GANConfig
    monitor: Monitor
    labeled: bool = False

    def of_step(self, step: int, count: int) -> Iterator[Batch]:
        """The `count` batches of one step of the generator, several drawn at once: that is faster.

        Their `rng` is the same, and goes on from batch to batch.
        """
        size = self.config.batch_size
        for first in range(0, count, AT_ONCE):
            drawn = self.draw(step, f"batches {first}", size * min(AT_ONCE, count - first))
            for rows in range(0, len(drawn.latents), size):
                part = slice(rows, rows + size)
                labels = None if drawn.labels is None else drawn.labels[part]
                yield replace(
                    drawn, real=drawn.real[part], latents=drawn.latents[part], labels=labels
                )

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
