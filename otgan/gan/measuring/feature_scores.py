"""Scores of generated feature vectors beside real ones: Fréchet distance, precision, recall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from otgan.divergences.frechet import squared_frechet
from otgan.divergences.prdc import prdc
from otgan.measures import FloatArray

__all__ = ["FeatureScores", "feature_scores"]

NEIGHBOR = 5
"""Of :func:`otgan.prdc`."""


@dataclass(frozen=True)
class FeatureScores:
    """Scores of generated vectors beside real ones; NaN where there are too few points.

    Attributes
    ----------
    frechet : float
        Squared Fréchet distance, as FID is reported; it needs more points than dimensions.
    precision, recall, density, coverage : float
        As in :func:`otgan.prdc`.
    """

    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float

    @classmethod
    def mean(cls, scores: Sequence[FeatureScores]) -> FeatureScores:
        """The mean of each."""
        return cls(*np.mean([astuple(each) for each in scores], axis=0).tolist())


def feature_scores(real: FloatArray, fake: FloatArray) -> FeatureScores:
    """All scores of generated vectors, shape (m, k), beside real ones, shape (n, k).

    O((n + m) k² + (n² + n m + m²) k) time.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(50, 2))
    >>> found = feature_scores(points, points)  # each point, too, is in the balls around points
    >>> found.precision, found.recall, found.density, found.coverage
    (1.0, 1.0, 1.2, 1.0)
    """
    fewest, k = min(len(real), len(fake)), real.shape[1]
    frechet = squared_frechet(real, fake) if fewest > max(k, 2) else math.nan
    if fewest <= NEIGHBOR:
        return FeatureScores(frechet, *[math.nan] * 4)
    found = prdc(real, fake, k=NEIGHBOR)
    return FeatureScores(frechet, found.precision, found.recall, found.density, found.coverage)
