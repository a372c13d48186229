"""Where real points come from during training, and held-out ones for measuring."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from otgan.critics.training.outline import outline, same_outline
from otgan.datasets import DATASETS, GaussianMixture, Sample, Sampler, load
from otgan.datasets.files.read_options import LoadOptions
from otgan.datasets.samplers import as_sampler
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_points

__all__ = ["DataRecord", "Source", "as_source"]

HELD_OUT = 0.4
"""Share of a finite data set that is kept for measuring: two halves, one for the floor."""


SURVEY = 4096
"""Points of a sampler from which center, scale and fingerprint are taken."""


@dataclass(frozen=True)
class DataRecord:
    """What the data of a run were, as the run remembers them.

    Attributes
    ----------
    name : str
        How the data were named; empty if they were given as an array or an object.
    path : str
        Where they lay, resolved; empty for what is no file or folder.
    n : int
        How many points; 0 for a sampler, which has no end of them.
    d : int
    fingerprint : str
        SHA-256 of all points in the order of their split, or of a sampler's first ones; empty for
        a sampler that gives other points when it is asked again with an equal generator.
    outline : list
        Quantiles of such a sampler's points; else empty.
    reading : dict
        The options that a file was read with, in plain values.
    """

    name: str
    path: str
    n: int
    d: int
    fingerprint: str
    outline: list[Any] = field(default_factory=list, repr=False)
    reading: dict[str, Any] = field(default_factory=dict)

    def difference(self, other: DataRecord) -> str | None:
        """In which way `other` are other data, in words; None if they are the same."""
        if self.d != other.d:
            return f"points in {other.d} dimensions instead of {self.d}"
        if self.n != other.n:
            return f"{_count(other.n)} instead of {_count(self.n)}"
        alike = same_outline(self.outline, other.outline)
        if self.fingerprint != other.fingerprint or not alike:
            return f"other values in the same shape ({_count(other.n)} in {self.d} dimensions)"
        return None

    @property
    def checkable(self) -> bool:
        """Whether other data would be noticed by their values."""
        return bool(self.fingerprint)


def _count(n: int) -> str:
    return f"{n:,} points" if n else "a sampler"


@dataclass(frozen=True)
class Source:
    """Training points and held-out points of one distribution, with the scale of its coordinates.

    Attributes
    ----------
    record : DataRecord
        What the data are, and how they can be loaded again.
    train : Sampler
    halves : pair of Samplers
        Two disjoint held-out sets; `train` itself where it gives fresh points without end.
    center : ndarray, shape (d,)
    scale : float
        Networks see (x - center) / scale.
    mixture : GaussianMixture or None
        The modes, where they are known.
    """

    record: DataRecord
    train: Sampler
    halves: tuple[Sampler, Sampler]
    center: FloatArray
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


def as_source(data: Any, seed: int = 0, **reading: Unpack[LoadOptions]) -> Source:
    """Anything that can be trained on, as a `Source`.

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor or Sampler
        A name or file that :func:`otgan.datasets.load` takes, points of shape (n, d), images of
        shape (n, c, h, w), or a sampler as :func:`otgan.datasets.samplers.as_sampler` knows them.
    seed : int
        Of the split of a finite data set.
    **reading
        How a file is read: the options of :func:`otgan.datasets.load_points`.

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
    named = isinstance(data, (str, os.PathLike))
    name = os.fspath(data) if named else ""
    path = str(Path(data).resolve()) if named and name not in DATASETS else ""
    sampler = load(data, **reading) if named else data
    rng = np.random.default_rng(seed)
    sampler = as_sampler(sampler, "data", np.random.default_rng(seed))
    if not isinstance(sampler, Sample):
        survey = _survey(sampler, rng)
        # Rounded, for processors differ in the last digits of sines and exponentials.
        again = _survey(sampler, np.random.default_rng(seed))
        seen, outlined = _fingerprint(_rounded(survey)), []
        if not np.array_equal(survey, again):
            seen, outlined = "", outline(survey)
        center, scale = _center_and_scale(survey)
        mixture = sampler if isinstance(sampler, GaussianMixture) else None
        record = DataRecord(name, path, 0, survey.shape[1], seen, outlined, dict(reading))
        return Source(record, sampler, (sampler, sampler), center, scale, mixture)
    points = sampler.points[rng.permutation(len(sampler.points))]
    if len(points) < 10:
        raise InvalidInputError(
            f"data must hold at least ten points, so that some can be held out, got {len(points)}; "
            "to fix it, give more points"
        )
    half = math.ceil(HELD_OUT / 2 * len(points))
    halves = Sample(points[:half]), Sample(points[half : 2 * half])
    train = Sample(points[2 * half :])
    center, scale = _center_and_scale(train.points)
    n, d = points.shape
    record = DataRecord(name, path, n, d, _fingerprint(points), [], dict(reading))
    return Source(record, train, halves, center, scale, None)


def _survey(sampler: Sampler, rng: np.random.Generator) -> FloatArray:
    return as_points(sampler.sample(SURVEY, rng), f"data.sample({SURVEY}, rng)")


def _fingerprint(points: FloatArray) -> str:
    shape = f"{points.shape} ".encode()
    plain = np.ascontiguousarray(points, "<f8") + 0.0  # there are two zeros, and they are equal
    return hashlib.sha256(shape + plain.tobytes()).hexdigest()


def _rounded(points: FloatArray) -> FloatArray:
    """To 24 bits, as single precision rounds, without its limits."""
    mantissa, exponent = np.frexp(points)
    return np.ldexp(np.round(mantissa * 2**24), exponent - 24)


def _draw(sampler: Sampler, n: int, rng: np.random.Generator) -> FloatArray:
    if not isinstance(sampler, Sample):
        return sampler.sample(n, rng)
    # Without replacement: repeated points would make the sample look smaller than it is.
    return sampler.points[rng.permutation(len(sampler.points))[:n]]


def _center_and_scale(points: FloatArray) -> tuple[FloatArray, float]:
    return points.mean(axis=0), float(points.std(axis=0).mean()) or 1.0
