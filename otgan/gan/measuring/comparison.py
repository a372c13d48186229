"""Real samples in every space, and what generated ones show beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from otgan.gan.measuring.feature_scores import FeatureScores, feature_scores
from otgan.gan.measuring.spaces import Space
from otgan.inference.debiased import FourSamples
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult

__all__ = ["Compared", "RealSamples"]


class Compared(NamedTuple):
    """Two generated samples beside real ones.

    Attributes
    ----------
    distances : mapping of str to FourSamples
        By space: exact W1 between real samples r and r' and generated ones f and f', and its
        debiased value.
    scores : FeatureScores
        Of f beside r, in the last space.
    """

    distances: Mapping[str, FourSamples]
    scores: FeatureScores


@dataclass(frozen=True)
class RealSamples:
    """A real sample and others like it, which show what a perfect generator would.

    What does not depend on the generator is computed once.

    Attributes
    ----------
    spaces : sequence of Space
        Where samples are compared; scores are taken in the last.
    real : ndarray, shape (n, d)
        r.
    others : sequence of ndarray, shape (n, d) each
        Independent of `real`. The first is r'.
    """

    spaces: Sequence[Space]
    real: FloatArray
    others: Sequence[FloatArray]

    @cached_property
    def _measures(self) -> dict[str, list[DiscreteMeasure]]:
        return {
            space.name: [_measure(space, points, "held-out") for points in self._samples]
            for space in self.spaces
        }

    @cached_property
    def within(self) -> dict[str, list[TransportResult]]:
        """Optimal transport of r to each of the others, by space."""
        return {
            name: [solve_measures(first, other) for other in others]
            for name, (first, *others) in self._measures.items()
        }

    def floor(self, space: str) -> float:
        """Mean W1 between real samples: what a perfect generator shows in the mean."""
        return float(np.mean([result.distance for result in self.within[space]]))

    @cached_property
    def floor_scores(self) -> FeatureScores:
        """Mean scores of the others beside r."""
        first, *others = self._measures[self.spaces[-1].name]
        return FeatureScores.mean([feature_scores(first.points, o.points) for o in others])

    def compare(self, fake: FloatArray, second: FloatArray) -> Compared:
        """Generated samples f and f', shape (n, d) each, beside the real ones.

        Five linear programs in each space, and one more the first time.
        """
        distances = {}
        for space in self.spaces:
            generated = [_measure(space, points, "generated") for points in (fake, second)]
            real = self._measures[space.name][:2]
            distances[space.name] = FourSamples.of(
                [*real, *generated], within_x=self.within[space.name][0]
            )
        return Compared(distances, feature_scores(real[0].points, generated[0].points))

    @property
    def _samples(self) -> list[FloatArray]:
        return [self.real, *self.others]


def _measure(space: Space, points: FloatArray, kind: str) -> DiscreteMeasure:
    name = f"the {kind} points"
    if space.name != "points":
        name = f"the {space.name} of {name}"
    return DiscreteMeasure.of(space.of(points), name=name)
