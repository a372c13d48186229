"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from otgan.gan.config import GANConfig
from otgan.gan.distributed import ALONE, Processes
from otgan.gan.game import Batch
from otgan.gan.latents import draw_latents
from otgan.gan.monitor import Monitor
from otgan.gan.stabilizers.base import Stabilizer

__all__ = ["Batches"]

AT_ONCE = 8
"""Most batches that are drawn together."""


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn.

    Several processes all draw the same batch, and each then takes its share.
    """

    config: GANConfig
    monitor: Monitor
    labeled: bool = False
    processes: Processes = ALONE

    def of_step(self, step: int, count: int) -> Iterator[Batch]:
        """The `count` batches of one step of the generator, several drawn at once: that is faster.

        Their `rng` is the same, and goes on from batch to batch.
        """
        size = self.config.batch_size
        for first in range(0, count, AT_ONCE):
            purpose = f"batches {first}"
            drawn = self.draw(step, purpose, size * min(AT_ONCE, count - first))
            if self.processes.size > 1 and self._adds_noise:
                own = f"{purpose}, process {self.processes.rank}"
                rng = self.monitor.streams.torch(step, own, self.monitor.device)
                drawn = replace(drawn, rng=rng)
            for start in range(0, len(drawn.latents), size):
                batch = drawn.rows(slice(start, start + size))
                with self.processes.sharing(batch, self.config.pack) as share:
                    yield share

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

    @cached_property
    def _adds_noise(self) -> bool:
        """Whether what the critic sees takes random numbers, and nobody knows how many."""
        chosen = self.config.chosen_stabilizers
        return any(type(one).perturb is not Stabilizer.perturb for one in chosen)
