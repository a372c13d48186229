"""What the lesson `what-a-discriminator-learns` keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["LOSSES", "SETTLED", "Fixed", "Separation", "WhatADiscriminatorLearns"]

LOSSES = ("saturating", "non-saturating", "Wasserstein")
"""Of the generator: E log(1 - D), -E log D, and -E f of a critic f."""

SETTLED = 200
"""Steps after which a Wasserstein critic should show what it shows."""


@dataclass(frozen=True, repr=False)
class Separation(Record):
    """Two thin sets, and a discriminator that learns to tell points of them apart.

    Attributes
    ----------
    name : str
    real, fake : ndarray, shape (n, d)
        Some points of both.
    meet : bool
        Whether the sets have points in common.
    steps : ndarray, shape (k,)
        Steps of the discriminator at which it was looked at.
    accuracy : ndarray, shape (k,)
        Fraction of new points, as many of each set, whose set it tells.
    js : ndarray, shape (k,)
        log 2 - loss / 2, in nats: what the discriminator proves of JS, up to the error of these
        points.
    real_scores, fake_scores : ndarray, shape (k, n)
        Its logits at the points.
    """

    name: str
    real: FloatArray
    fake: FloatArray
    meet: bool
    steps: FloatArray
    accuracy: FloatArray
    js: FloatArray
    real_scores: FloatArray
    fake_scores: FloatArray


@dataclass(frozen=True, repr=False)
class Fixed(Record):
    """A generator that is trained no further, and critics that are, from scratch.

    Attributes
    ----------
    stage : int
        For how many stages it was trained.
    dimensions : int
        Of the space in which the ring lies in a plane.
    w1 : float
        Exact W₁ between points of it and of the data.
    real, fake : ndarray, shapes (n, 2)
        Some points in the plane of the ring.
    steps : ndarray, shape (k,)
        Steps of the critics at which they were looked at.
    norms : ndarray, shape (3, k)
        Norm of the gradient of the generator's loss with respect to its parameters, for each of
        `LOSSES`.
    fake_scores : ndarray, shape (k, n)
        The discriminator's logits at those of the generated points.
    """

    stage: int
    dimensions: int
    w1: float
    real: FloatArray
    fake: FloatArray
    steps: FloatArray
    norms: FloatArray
    fake_scores: FloatArray

    @property
    def falls(self) -> FloatArray:
        """First norm over last, for each of `LOSSES`: above one where the gradient falls."""
        return np.asarray(self.norms[:, 0] / self.norms[:, -1])

    @property
    def drift(self) -> FloatArray:
        """By what fraction of itself the norm at step `SETTLED` changes later, at most."""
        settled = self.norms[:, self.steps >= SETTLED]
        return np.asarray(np.abs(settled / settled[:, :1] - 1).max(axis=1))


@checks_keywords
@dataclass(frozen=True, repr=False)
class WhatADiscriminatorLearns(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    separations : tuple of Separation
        Two lines in the plane, two lines in space, two surfaces in space.
    fixed : tuple of Fixed
        The ring in a plane of a larger space after each stage, then the ring in the plane.
    """

    separations: tuple[Separation, ...]
    fixed: tuple[Fixed, ...]
