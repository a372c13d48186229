"""Exact W1 of generated and real samples in one space, its floor, and its debiased value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from otgan.estimates import standard_error_of_mean
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult

__all__ = ["RealSamples", "WassersteinScores", "debiased"]


class WassersteinScores(NamedTuple):
    """Distances of one generated sample.

    Attributes
    ----------
    w1 : float
        Exact W1 to the real sample.
    floor : float
        Mean exact W1 of independent real samples: what a perfect generator shows in the mean.
    debiased, debiased_se : float
        ``W(r, f) - [W(r, r') + W(f, f')] / 2`` and its standard error. Zero in the mean for a
        perfect generator, and above it for blurred or repeated points, whose `w1` may lie below
        the floor.
    within : float
        W(f, f'): how far generated samples lie from each other.
    """

    w1: float
    floor: float
    debiased: float
    debiased_se: float
    within: float


@dataclass(frozen=True)
class RealSamples:
    """Real points of one space, with others that show what real samples are apart.

    Attributes
    ----------
    real : ndarray, shape (n, k)
    others : sequence of ndarray, shape (n, k)
        Independent of `real`. The first is r'; the floor is the mean over all.
    """

    real: FloatArray
    others: tuple[FloatArray, ...]

    @cached_property
    def measure(self) -> DiscreteMeasure:
        """`real` as a measure, checked once."""
        return DiscreteMeasure.of(self.real, name="the held-out points")

    @cached_property
    def within(self) -> tuple[TransportResult, ...]:
        """Optimal transport of `real` to each of the others, computed once a run."""
        others = [DiscreteMeasure.of(other, name="the held-out points") for other in self.others]
        return tuple(solve_measures(self.measure, other) for other in others)

    @cached_property
    def floor(self) -> float:
        """Mean W1 between real samples."""
        return float(np.mean([result.distance for result in self.within]))

    def to(self, fake: DiscreteMeasure) -> TransportResult:
        """Optimal transport of the real sample to a generated one."""
        return solve_measures(self.measure, fake)

    def scores(
        self, between: TransportResult, fake: DiscreteMeasure, second: DiscreteMeasure
    ) -> WassersteinScores:
        """Scores of generated points f, given ``between = self.to(f)`` and independent others f'.

        One linear program more, for W(f, f').
        """
        within_fake = solve_measures(fake, second)
        value, se = debiased(between, self.within[0], within_fake)
        return WassersteinScores(between.distance, self.floor, value, se, within_fake.distance)


def debiased(
    between: TransportResult, within_real: TransportResult, within_fake: TransportResult
) -> tuple[float, float]:
    """``D = W(r, f) - [W(r, r') + W(f, f')] / 2`` and its standard error.

    Moving one point changes a distance by the change of its Kantorovich potential, so the error is
    that of sums of potentials over four independent samples (delta method). It does not count that
    potentials are estimated, which makes it too large rather than too small where the
    distributions are equal.

    Parameters
    ----------
    between, within_real, within_fake : TransportResult
        From r to f, from r to r', and from f to f', of order 1.

    References
    ----------
    Genevay, Peyré and Cuturi, Learning generative models with Sinkhorn divergences (AISTATS 2018),
    (5), for the debiasing; del Barrio, González-Sanz and Loubes, Central limit theorems for general
    transportation costs (2021), for the variance of potentials.
    """
    value = between.distance - (within_real.distance + within_fake.distance) / 2
    changes = (
        between.f - within_real.f / 2,
        between.g - within_fake.f / 2,
        within_real.g / 2,
        within_fake.g / 2,
    )
    return value, math.hypot(*(standard_error_of_mean(change) for change in changes))
