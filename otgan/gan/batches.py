"""The batches of a run: real points and latents for each step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch

from otgan.gan.config import GANConfig
from otgan.gan.distributed import ALONE, Processes
from otgan.gan.game import Batch
from otgan.gan.latents import draw_latents
from otgan.gan.monitor import Monitor
from otgan.gan.stabilizers.base import Stabilizer

__all__ = ["Batches"]

NUMBERS_AT_ONCE = 2**15
"""Coordinates and latents that are drawn together, at most."""


@dataclass(frozen=True)
class Batches:
    """Real points and latents for a step and purpose, the same whenever they are drawn.

    Several processes all draw the same batch, and each then takes its share.
    """

    config: GANConfig
    monitor: Monitor
    labeled: bool = False
    processes: Processes = ALONE
    _last: dict[tuple[int, str], Batch] = field(default_factory=dict, init=False, repr=False)

    def of_step(self, step: int, count: int) -> Iterator[Batch]:
        """The `count` batches of one step of the generator.

        Those of some steps on end are drawn at once, which is faster. Their `rng` is one of the
        step, and goes on from batch to batch.
        """
        config = self.config
        rng, done = self._rng(step), (step - 1) / config.steps
        assert config.latent_dim is not None
        numbers = config.batch_size * (math.prod(self.monitor.data.shape) + config.latent_dim)
        together = max(1, NUMBERS_AT_ONCE // numbers)  # batches that are drawn at once
        steps = max(1, together // count)
        block, place = divmod(step - 1, steps)
        for turn in range(place * count, (place + 1) * count):
            part, row = divmod(turn, together)
            size = min(together, steps * count - part * together)
            drawn = self._drawn(block, f"{count} batches a step, {part}", size)
            rows = drawn.rows(slice(row * config.batch_size, (row + 1) * config.batch_size))
            batch = replace(rows, rng=rng, done=done)
            with self.processes.sharing(batch, config.pack) as share:
                yield share

    def _rng(self, step: int) -> torch.Generator:
        """For everything but points and latents; noise is of each process's own."""
        own = self.processes.size > 1 and self._adds_noise
        purpose = f"step, process {self.processes.rank}" if own else "step"
        return self.monitor.streams.torch(step, purpose, self.monitor.device)

    def _drawn(self, block: int, purpose: str, batches: int) -> Batch:
        """These batches in a row, which are kept until others are asked for."""
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
        return Batch(monitor.standardize(points), latents, rng, labels=labels)

    @cached_property
    def _adds_noise(self) -> bool:
        """Whether what the critic sees takes random numbers, and nobody knows how many."""
        chosen = self.config.chosen_stabilizers
        return any(type(one).perturb is not Stabilizer.perturb for one in chosen)
