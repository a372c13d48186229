"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from otgan.gan.config import GANConfig
from otgan.gan.distributed import ALONE, Processes
from otgan.gan.game import Batch
from otgan.gan.latents import draw_latents
from otgan.gan.monitor import Monitor
from otgan.gan.stabilizers.base import Stabilizer

__all__ = ["Batches"]


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn.

    Several processes all draw the same batch, and each then takes its share.
    """

    config: GANConfig
    monitor: Monitor
    labeled: bool = False
    processes: Processes = ALONE

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
        batch = Batch(monitor.standardize(points), latents, rng, done, labels)
        return batch if self.processes.count == 1 else self._share(batch, step, purpose)

    def _share(self, batch: Batch, step: int, purpose: str) -> Batch:
        batch = self.processes.share(batch, self.config.pack)
        if all(type(s).perturb is Stabilizer.perturb for s in self.config.chosen_stabilizers):
            return batch
        # Noise takes any number of random numbers: each process has a generator of its own.
        own = f"{purpose} of process {self.processes.rank}"
        return replace(batch, rng=self.monitor.streams.torch(step, own, self.monitor.device))
