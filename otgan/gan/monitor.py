"""Measure a generator in exact distance, beside the floor that perfect samples reach."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint, HeldOutGap
from otgan.critics.forward import scores
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.lipschitz.sampled import sampled_lipschitz
from otgan.critics.networks.mlp import OnOriginalScale
from otgan.critics.potentials.bounds import (
    LowerBounds,
    certified_lower_bound,
    certified_lower_bounds,
)
from otgan.gan.data import Source
from otgan.gan.modes import mode_coverage
from otgan.gan.randomness import Randomness
from otgan.gan.records import Record
from otgan.measures import FloatArray, frame_of
from otgan.transport.exact import emd

__all__ = ["Evaluation", "Measurement", "Monitor"]


class Measurement(NamedTuple):
    """A record with the points it was measured on."""

    record: Record
    real: FloatArray
    generated: FloatArray


@dataclass(frozen=True)
class Evaluation:
    """A generator judged on held-out real points, averaged over several draws.

    Attributes
    ----------
    exact_w1, floor : float
        Mean exact W1 of generated against real samples, and of real against real ones.
    exact_w1_se, floor_se, excess_se : float
        Standard errors of the two, and of their difference, from the spread over the draws. Each
        draw compares the same real sample with both, so the difference is known better than
        either. For a finite data set the draws are splits of the same held-out points, and the
        errors do not count that there are only so many of these.
    points, draws : int
        Size of each sample, and number of draws.
    modes, of : int
        Modes captured (by all generated points together), and modes there are; 0 if unknown.
    high_quality, reverse_kl : float
        NaN if the modes are unknown.
    """

    exact_w1: float
    floor: float
    exact_w1_se: float
    floor_se: float
    excess_se: float
    points: int
    draws: int
    modes: int
    of: int
    high_quality: float
    reverse_kl: float

    @property
    def ratio(self) -> float:
        """exact_w1 / floor: 1 is perfect."""
        return self.exact_w1 / self.floor if self.floor > 0 else math.inf


FLOOR_DRAWS = 8
"""Real samples that the floor is averaged over."""


@dataclass(frozen=True)
class Monitor:
    """Compares generated points with held-out real ones, exactly.

    The same real points and latents serve every measurement of a run, so that its curve shows
    the generator and not the luck of the draw. The final judgement, `evaluate`, draws afresh.
    """

    source: Source
    rule: Constraint | None
    points: int
    latent_dim: int
    randomness: Randomness
    device: torch.device

    @cached_property
    def real(self) -> FloatArray:
        """The held-out real points of every measurement."""
        return self.source.held_out(self.points, self.randomness.numpy(0, "monitor"))

    @cached_property
    def floor_draws(self) -> FloatArray:
        """Exact W1 of these points to other real samples of the same size: a perfect generator."""
        rngs = (self.randomness.numpy(draw, "floor") for draw in range(FLOOR_DRAWS))
        others = (self.source.held_out_too(len(self.real), rng) for rng in rngs)
        return np.array([emd(self.real, other).distance for other in others])

    def looks_perfect(self, w1: float) -> bool:
        """Whether some perfect sample was as far away: W1 cannot tell such generators apart."""
        return bool(w1 <= self.floor_draws.max())

    def measure(
        self, step: int, generator: nn.Module, critic: nn.Module | None, seconds: float
    ) -> Measurement:
        """One row of metrics, and the points it is about."""
        fake = self.generate(generator, len(self.real), 0, "monitor latents")
        exact = emd(self.real, fake)
        estimate, proved = self._dual_side(step, critic, self.real, fake, exact.lower)
        coverage = self._coverage(fake)
        floor = float(self.floor_draws.mean())
        distances = (proved.critic, exact.distance, floor)
        record = Record(step, seconds, estimate, *distances, *coverage, proved.zero)
        return Measurement(record, self.real, fake)

    def generate(self, generator: nn.Module, n: int, step: int, purpose: str) -> FloatArray:
        """Generated points in the units of the data, shape (n, d)."""
        rng = self.randomness.torch(step, purpose, self.device)
        with torch.no_grad():
            latents = torch.randn(
                n, self.latent_dim, generator=rng, device=self.device, dtype=torch.float32
            )
            points = generator(latents).double().cpu().numpy()
        return self.source.center + self.source.scale * points

    def evaluate(self, generator: nn.Module, *, points: int, draws: int = 16) -> Evaluation:
        """Judge a generator on new draws of real points, and new latents."""
        distances, floors, generated = [], [], []
        for draw in range(draws):
            rng = self.randomness.numpy(draw, "evaluation")
            real, other = self.source.new_pair(points, rng)
            fake = self.generate(generator, len(real), draw, "evaluation latents")
            distances.append(emd(real, fake).distance)
            floors.append(emd(real, other).distance)
            generated.append(fake)
        modes, quality, kl = self._coverage(np.concatenate(generated))
        known = self.source.mixture
        return Evaluation(
            exact_w1=float(np.mean(distances)),
            floor=float(np.mean(floors)),
            exact_w1_se=_standard_error(distances),
            floor_se=_standard_error(floors),
            excess_se=_standard_error(np.subtract(distances, floors)),
            points=len(generated[0]),
            draws=draws,
            modes=0 if known is None else int(modes),
            of=0 if known is None else len(known.modes),
            high_quality=quality,
            reverse_kl=kl,
        )

    def snapshot(self, found: Measurement, critic: nn.Module | None) -> dict[str, FloatArray]:
        """What is worth drawing later: the points, and in the plane the critic on a grid."""
        arrays = {"real": found.real, "generated": found.generated}
        if critic is not None and self.source.d == 2:
            x, y = np.linspace(*frame_of(found.real), 81).T
            grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
            values = self.critic_values(critic, grid).reshape(81, 81)
            arrays |= {"grid_x": x, "grid_y": y, "critic": values}
        return arrays

    def critic_values(self, critic: nn.Module, points: FloatArray) -> FloatArray:
        """The critic on points in the units of the data, scaled to have the same slopes."""
        with torch.no_grad():
            values = scores(critic, self.standardize(points))
        return values.double().cpu().numpy() * self.source.scale

    def on_original_scale(self, critic: nn.Module) -> nn.Module:
        """The critic as a function of points in the units of the data, in evaluation mode."""
        center = torch.as_tensor(self.source.center, dtype=torch.float64, device=self.device)
        return OnOriginalScale(critic.eval(), center, self.source.scale)

    def standardize(self, points: FloatArray) -> Tensor:
        """Points as the networks see them."""
        centered = (points - self.source.center) / self.source.scale
        return torch.as_tensor(centered, dtype=torch.float32, device=self.device)

    def _dual_side(
        self,
        step: int,
        critic: nn.Module | None,
        real: FloatArray,
        fake: FloatArray,
        exact_lower: float,
    ) -> tuple[float, LowerBounds]:
        """The critic's estimate, and the lower bounds that it and the zero critic prove."""
        if critic is None or self.rule is None:
            zero = certified_lower_bound(real, fake, np.zeros(len(real)), np.zeros(len(fake)))
            return exact_lower, LowerBounds(exact_lower, min(zero, exact_lower))
        f_real, f_fake = self.critic_values(critic, real), self.critic_values(critic, fake)
        rng = self.randomness.torch(step, "slopes", self.device)
        steepest = sampled_lipschitz(critic, self.standardize(real), self.standardize(fake), rng)
        gap = float(f_real.mean() - f_fake.mean()) / self.source.scale
        # No penalty: it measures the excess of an optimal critic, and this one never is in a game.
        reading = HeldOutGap(gap, math.nan, lipschitz_from_weights(critic), steepest)
        estimate = self.rule.distance(reading)
        return estimate * self.source.scale, certified_lower_bounds(real, fake, f_real, f_fake)

    def _coverage(self, fake: FloatArray) -> tuple[float, float, float]:
        if self.source.mixture is None:
            return math.nan, math.nan, math.nan
        coverage = mode_coverage(fake, self.source.mixture)
        return coverage.modes, coverage.high_quality, coverage.reverse_kl


def _standard_error(values: Any) -> float:
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))
