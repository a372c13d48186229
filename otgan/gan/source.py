"""Where real points come from during training, and held-out ones for measuring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from otgan.datasets import GaussianMixture, Sample, Sampler, load
from otgan.datasets.samplers import as_sampler
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["Source", "as_source"]

HELD_OUT = 0.4
"""Share of a finite data set that is kept for measuring: two halves, one for the floor."""


@dataclass(frozen=True)
class Source:
    """Training points and held-out points of one law, with the scale of its coordinates.

    Attributes
    ----------
    name : str
        How the data can be loaded again; empty if they were given as an array or an object.
    train : Sampler
    halves : pair of Samplers
        Two disjoint held-out sets; `train` itself where it gives fresh points without end.
    centre : ndarray, shape (d,)
    scale : float
        Networks see (x - centre) / scale.
    mixture : GaussianMixture or None
        The modes, where they are known.
    """

    name: str
    train: Sampler
    halves: tuple[Sampler, Sampler]
    centre: FloatArray
    scale: float
    mixture: GaussianMixture | None

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.train.d

    def held_out(self, n: int, rng: np.random.Generator) -> FloatArray:
        """At most `n` real points that are never trained on."""
        return _draw(self.halves[0], n, rng)

    def held_out_too(self, n: int, rng: np.random.Generator) -> FloatArray:
        """The same from the other half, independent of the first."""
        return _draw(self.halves[1], n, rng)

    def new_pair(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Two disjoint real samples of at most `n` points each, from all that was held out.

        Of a finite data set this is a new random split at every call.
        """
        first, second = self.halves
        if not (isinstance(first, Sample) and isinstance(second, Sample)):
            return first.sample(n, rng), second.sample(n, rng)
        pooled = rng.permutation(np.concatenate([first.points, second.points]))
        size = min(n, len(pooled) // 2)
        return pooled[:size], pooled[size : 2 * size]


def as_source(data: Any, seed: int = 0) -> Source:
    """Anything that can be trained on, as a `Source`.

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor or Sampler
        A name or file that :func:`otgan.datasets.load` takes, points of shape (n, d), images of
        shape (n, c, h, w), or a sampler as :func:`otgan.datasets.samplers.as_sampler` knows them.
    seed : int
        Of the split of a finite data set.

    Raises
    ------
    InvalidInputError
        Unknown name, bad points, or fewer than ten of them.

    Examples
    --------
    >>> as_source("ring8").mixture.modes.shape
    (8, 2)
    """
    if isinstance(data, Source):
        return data
    named = isinstance(data, (str, Path))
    name = str(data) if named else ""
    sampler = load(data) if named else data
    rng = np.random.default_rng(seed)
    sampler = as_sampler(sampler, "data", np.random.default_rng(seed))
    if not isinstance(sampler, Sample):
        centre, scale = _centre_and_scale(sampler.sample(4096, rng))
        mixture = sampler if isinstance(sampler, GaussianMixture) else None
        return Source(name, sampler, (sampler, sampler), centre, scale, mixture)
    points = sampler.points[rng.permutation(len(sampler.points))]
    if len(points) < 10:
        raise InvalidInputError(
            f"data must hold at least ten points, so that some can be held out, got {len(points)}; "
            "to fix it, give more points"
        )
    half = math.ceil(HELD_OUT / 2 * len(points))
    halves = Sample(points[:half]), Sample(points[half : 2 * half])
    train = Sample(points[2 * half :])
    centre, scale = _centre_and_scale(train.points)
    return Source(name, train, halves, centre, scale, None)


def _draw(sampler: Sampler, n: int, rng: np.random.Generator) -> FloatArray:
    if not isinstance(sampler, Sample):
        return sampler.sample(n, rng)
    # Without replacement: repeated points would make the sample look smaller than it is.
    return sampler.points[rng.permutation(len(sampler.points))[:n]]


def _centre_and_scale(points: FloatArray) -> tuple[FloatArray, float]:
    return points.mean(axis=0), float(points.std(axis=0).mean()) or 1.0
