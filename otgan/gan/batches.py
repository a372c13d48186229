"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from otgan.gan.config import GANConfig
from otgan.gan.game import Batch
from otgan.gan.latents import draw_latents
from otgan.gan.monitor import Monitor

__all__ = ["Batches"]

NUMBERS_AT_ONCE = 2**15
"""Coordinates and latents that are drawn together, at most."""


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn."""

    config: GANConfig
    monitor: Monitor
    labeled: bool = False
    _last: dict[tuple[int, str], Batch] = field(default_factory=dict, init=False, repr=False)

    def of_step(self, step: int, count: int) -> Iterator[Batch]:
        """The `count` batches of one step of the generator.

        Those of some steps on end are drawn at once, which is faster. Their `rng` is one of the
        step, and goes on from batch to batch.
        """
        config, streams = self.config, self.monitor.streams
        rng = streams.torch(step, "step", self.monitor.device)
        done = (step - 1) / config.steps
        assert config.latent_dim is not None
        numbers = config.batch_size * (math.prod(self.monitor.data.shape) + config.latent_dim)
        together = max(1, NUMBERS_AT_ONCE // numbers)  # batches that are drawn at once
        steps = max(1, together // count)
        block, place = divmod(step - 1, steps)
        for turn in range(place * count, (place + 1) * count):
            part, row = divmod(turn, together)
            size = min(together, steps * count - part * together)
            drawn = self._drawn(block, f"{count} batches a step, {part}", size)
            rows = slice(row * config.batch_size, (row + 1) * config.batch_size)
            labels = None if drawn.labels is None else drawn.labels[rows]
            yield Batch(drawn.real[rows], drawn.latents[rows], rng, done, labels)

    def _drawn(self, block: int, purpose: str, batches: int) -> Batch:
        """What was drawn last, if that is asked for again."""
        if (block, purpose) not in self._last:
            self._last.clear()
            self._last[block, purpose] = self.draw(block, purpose, batches * self.config.batch_size)
        return self._last[block, purpose]

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
