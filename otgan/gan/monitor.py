"""Measurements of a generator in exact distance, beside the floor that perfect samples reach."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import HeldOutGap
from otgan.critics.forward import evaluating, scores
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.lipschitz.sampled import sampled_lipschitz
from otgan.critics.potentials.bounds import (
    LowerBounds,
    certified_lower_bounds,
    zero_lower_bound,
)
from otgan.gan.config import GANConfig
from otgan.gan.data import TrainingData
from otgan.gan.divergence import refuse_broken_points
from otgan.gan.latents import draw_latents
from otgan.gan.measuring.bins import Bins, bins_of
from otgan.gan.measuring.comparison import Compared, RealSamples
from otgan.gan.measuring.features import Features, training_points
from otgan.gan.measuring.spaces import Patches, Space, unchanged
from otgan.gan.modes import ModeCoverage
from otgan.gan.networks.packing import packed
from otgan.gan.random_streams import RandomStreams
from otgan.gan.records import COLUMN_PREFIXES, Record
from otgan.gan.state import TrainState
from otgan.gan.units import Units
from otgan.measures import FloatArray, frame_of

__all__ = ["Measurement", "Monitor"]

FLOOR_DRAWS = 8
"""Real samples that the floor is averaged over."""

GRID_SIDE = 81
"""Points on each side of the grid on which a critic in the plane is stored."""


class Measurement(NamedTuple):
    """A record with the points that it was measured on."""

    record: Record
    real: FloatArray
    generated: FloatArray


@dataclass(frozen=True)
class Monitor:
    """Compares generated points with held-out real ones, exactly.

    The same real points and latents serve every measurement of a run, so that its curve shows
    the generator and not the luck of the draw. The final evaluation draws new ones.

    Attributes
    ----------
    data : TrainingData
    config : GANConfig
        Resolved for the shape of the data.
    streams : RandomStreams
    device : torch.device
    features : Features or None
        In what samples are compared, besides points.
    """

    data: TrainingData
    config: GANConfig
    streams: RandomStreams
    device: torch.device
    features: Features | None = None

    @cached_property
    def units(self) -> Units:
        """Between the data and the networks."""
        return Units(self.data.center, self.data.scale, self.data.shape)

    @property
    def real(self) -> FloatArray:
        """The held-out real points of every measurement, shape (n, d)."""
        return self.real_samples.real

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """Where samples are compared: patches of images, points, and features if there are any.

        Scores are taken in the last.
        """
        spaces = [Space("points", unchanged)]
        if len(self.data.shape) == 3:
            spaces.insert(0, Space("patches", Patches(self.data.shape, rng=self.config.rng)))
        if self.features is not None:
            spaces.append(Space("features", self.features))
        return tuple(spaces)

    @cached_property
    def real_samples(self) -> RealSamples:
        """These points, and other real samples of the same size."""
        real = self.data.held_out(self.config.monitor_points, self.streams.numpy(0, "monitor"))
        rngs = (self.streams.numpy(draw, "floor") for draw in range(FLOOR_DRAWS))
        others = [self.data.second_held_out(len(real), rng) for rng in rngs]
        return RealSamples(self.spaces, real, others)

    @cached_property
    def bins(self) -> Bins:
        """Bins of the last space, from training points."""
        train = self.spaces[-1].of(training_points(self.data, self.config.rng))
        return bins_of(train, self.data.train_classes, self.config.rng)

    def measure(self, state: TrainState, seconds: float) -> Measurement:
        """One row of metrics, and the points that it is about."""
        n, real = len(self.real), self.real_samples
        fake, second = (self.generate(state.averaged, n, i, "monitor latents") for i in range(2))
        for points in (fake, second):
            refuse_broken_points(torch.from_numpy(points), state.step - 1)
        found = real.compare(fake, second)
        exact = found.distances["points"].transports[0, 2]
        estimate, bounds = self._dual_side(state, fake, exact.lower)
        record = Record(
            step=state.step,
            seconds=seconds,
            critic_loss=float(state.critic_loss),
            generator_loss=float(state.generator_loss),
            critic_estimate=estimate,
            w1_lower=bounds.critic,
            w1_lower_zero=bounds.zero,
            **self._distances(found),
            **asdict(found.scores),
            frechet_floor=real.floor_scores.frechet,
            **self._mode_columns(fake),
        )
        return Measurement(record, self.real, fake)

    def _distances(self, found: Compared) -> dict[str, float]:
        """The columns of every space: exact W1, floor, debiased W1 and its error."""
        columns: dict[str, float] = {}
        for name, four in found.distances.items():
            prefix = COLUMN_PREFIXES[name]
            columns |= {
                f"{prefix}w1" if prefix else "exact_w1": four.transports[0, 2].distance,
                f"{prefix}floor": self.real_samples.floor(name),
                f"{prefix}debiased_w1": four.value,
                f"{prefix}debiased_w1_se": four.se,
            }
        return columns

    def _mode_columns(self, fake: FloatArray) -> dict[str, float]:
        found = self.coverage(fake)
        if found is None:
            return {}
        return {
            "modes": found.modes,
            "high_quality": found.high_quality,
            "reverse_kl": found.reverse_kl,
        }

    def generate(self, generator: nn.Module, n: int, step: int, purpose: str) -> FloatArray:
        """Generated points in the units of the data, shape (n, d)."""
        rng = self.streams.torch(step, purpose, self.device)
        layers = self.streams.seeding(step, f"{purpose}, layers", self.device)
        with torch.no_grad(), evaluating(generator), layers:  # which may draw noise of their own
            return self.units.restore(generator(draw_latents(n, self.config, rng, self.device)))

    def snapshot(self, found: Measurement, critic: nn.Module | None) -> dict[str, FloatArray]:
        """Arrays to be drawn later: the points, and in the plane the critic on a grid."""
        arrays = {"real": found.real, "generated": found.generated}
        if critic is not None and self.data.shape == (2,) and self.config.pack == 1:
            x, y = np.linspace(*frame_of(found.real), GRID_SIDE).T
            grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
            values = self.critic_values(critic, grid).reshape(GRID_SIDE, GRID_SIDE)
            arrays |= {"grid_x": x, "grid_y": y, "critic": values}
        return arrays

    def critic_values(self, critic: nn.Module, points: FloatArray) -> FloatArray:
        """The critic on points in the units of the data, scaled to have the same slopes."""
        with torch.no_grad():
            values = scores(critic, self.standardize(points))
        return values.double().cpu().numpy() * self.data.scale

    def standardize(self, points: FloatArray) -> Tensor:
        """Points as the networks see them."""
        return self.units.standardize(points, self.device)

    def _dual_side(
        self, state: TrainState, fake: FloatArray, exact_lower: float
    ) -> tuple[float, LowerBounds]:
        """The critic's estimate, and the lower bounds that it and the zero critic prove."""
        real, critic = self.real, state.critic
        if critic is None:
            zero = zero_lower_bound(real, fake)
            return exact_lower, LowerBounds(exact_lower, min(zero, exact_lower))
        on_real, on_fake = (self._scores(state, critic, points) for points in (real, fake))
        estimate = self._estimate(state, on_real, on_fake, fake)
        if (
            self.config.pack > 1 or state.game.separate
        ):  # no function of single points, and no potential
            return estimate, LowerBounds(math.nan, zero_lower_bound(real, fake))
        values = [v.double().cpu().numpy() * self.data.scale for v in (on_real, on_fake)]
        return estimate, certified_lower_bounds(real, fake, values[0], values[1])

    @torch.no_grad()
    def _scores(self, state: TrainState, critic: nn.Module, points: FloatArray) -> Tensor:
        """The critic on packs of points; in batches as large as in training if it mixes them."""
        pack = self.config.pack
        whole = len(points) - len(points) % pack
        packs = packed(self.standardize(points[:whole]), pack)
        if not state.game.separate or not len(packs):  # few held-out points make no pack
            return scores(critic, packs)
        size = min(self.config.batch_size // pack, len(packs))
        batches = packs[: len(packs) - len(packs) % size].split(size)
        return torch.cat([scores(critic, batch) for batch in batches])

    def _estimate(
        self, state: TrainState, on_real: Tensor, on_fake: Tensor, fake: FloatArray
    ) -> float:
        """The divergence of the objective; W1 of Wasserstein critics is in units of the data."""
        constraint, objective = state.game.constraint, state.game.objective
        found = objective.divergence(on_real.double(), on_fake.double())
        if objective.divergence_name != "W1":
            return found
        if constraint is not None and self.config.pack == 1 and not state.game.separate:
            assert state.critic is not None
            points = self.standardize(self.real), self.standardize(fake)
            rng = self.streams.torch(state.step, "slopes", self.device)
            steepest = sampled_lipschitz(state.critic, *points, rng)
            upper = lipschitz_from_weights(state.critic)
            # No penalty: it measures the excess of an optimal critic; this one never is in a game.
            found = constraint.distance(HeldOutGap(found, math.nan, upper, steepest))
        return found * self.data.scale

    def coverage(self, fake: FloatArray) -> ModeCoverage | None:
        """Of the modes, where they are known."""
        return None if self.data.modes is None else self.data.modes.coverage(fake)
