"""Where real points come from during training, and held-out ones for measuring."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from otgan.critics.training.sampler_signature import same_signature, sampler_signature
from otgan.critics.training.standardization import Scale
from otgan.datasets import DATASETS, GaussianMixture, Sample, Sampler, load
from otgan.datasets.files.read_options import LoadOptions
from otgan.datasets.samplers import as_sampler
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_points

__all__ = ["DataRecord", "TrainingData", "as_training_data"]

HELD_OUT_FRACTION = 0.4
"""Of a finite data set, kept for measuring: two halves, the second one for the floor."""

MIN_POINTS = 10
"""Of a finite data set, so that some can be held out."""

PILOT_POINTS = 4096
"""Points of a sampler from which its center, scale and fingerprint are computed."""


@dataclass(frozen=True)
class DataRecord:
    """What is stored about the data of a run, to tell other data from them.

    Attributes
    ----------
    name : str
        The name of the data set or file; empty for an array or another object.
    path : str
        The absolute path of the file or folder; empty for anything else.
    n : int
        Number of points; 0 for a sampler, which gives any number of them.
    d : int
        Dimension of the points.
    fingerprint : str
        SHA-256 of all points in the order of their split, or of the first ones of a sampler; empty
        for a sampler that gives other points when it is called again with an equal generator.
    signature : list
        Quantiles of the points of such a sampler; else empty.
    reading : dict
        The options that a file was read with, as plain values.
    """

    name: str
    path: str
    n: int
    d: int
    fingerprint: str
    signature: list[Any] = field(default_factory=list, repr=False)
    reading: dict[str, Any] = field(default_factory=dict)

    def difference(self, other: DataRecord) -> str | None:
        """How `other` differs, in words; None if these are the same data."""
        if self.d != other.d:
            return f"points in {other.d} dimensions instead of {self.d}"
        if self.n != other.n:
            return f"{_count(other.n)} instead of {_count(self.n)}"
        alike = same_signature(self.signature, other.signature)
        if self.fingerprint != other.fingerprint or not alike:
            return f"other values in the same shape ({_count(other.n)} in {self.d} dimensions)"
        return None

    @property
    def checkable(self) -> bool:
        """Whether other values would be recognized with certainty."""
        return bool(self.fingerprint)


def _count(n: int) -> str:
    return f"{n:,} points" if n else "a sampler"


@dataclass(frozen=True)
class TrainingData:
    """Training points and held-out points of one distribution, with center and scale.

    Attributes
    ----------
    record : DataRecord
        What the data are, and how they can be loaded again.
    train : Sampler
    halves : pair of Samplers
        Two disjoint held-out sets; `train` itself where that gives new points without end.
    center : ndarray, shape (d,)
    scale : float
        Networks see (x - center) / scale.
    mixture : GaussianMixture or None
        The distribution, where its modes are known.
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

    def second_held_out(self, n: int, rng: np.random.Generator) -> FloatArray:
        """The same from the other half, independent of the first."""
        return _draw(self.halves[1], n, rng)

    def held_out_pair(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Two disjoint real samples of at most `n` points each, from all that was held out.

        Of a finite data set this is a new random split at every call.
        """
        first, second = self.halves
        if not (isinstance(first, Sample) and isinstance(second, Sample)):
            return first.sample(n, rng), second.sample(n, rng)
        pooled = rng.permutation(np.concatenate([first.points, second.points]))
        size = min(n, len(pooled) // 2)
        return pooled[:size], pooled[size : 2 * size]


def as_training_data(data: Any, rng: int = 0, **reading: Unpack[LoadOptions]) -> TrainingData:
    """Anything that can be trained on, as `TrainingData`.

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor or Sampler
        A name or file that :func:`otgan.datasets.load` takes, points of shape (n, d), images of
        shape (n, c, h, w), or a sampler as :func:`otgan.datasets.samplers.as_sampler` knows them.
    rng : int
        Seed of the split of a finite data set.
    **reading
        How a file is read: the options of :func:`otgan.datasets.load_points`.

    Raises
    ------
    InvalidInputError
        Unknown name, bad points, or fewer than ten of them.

    Examples
    --------
    >>> as_training_data("ring8").mixture.modes.shape
    (8, 2)
    """
    if isinstance(data, TrainingData):
        return data
    named = isinstance(data, (str, os.PathLike))
    name = os.fspath(data) if named else ""
    path = str(Path(data).resolve()) if named and name not in DATASETS else ""
    loaded = load(data, **reading) if named else data
    sampler = as_sampler(loaded, "data", np.random.default_rng(rng))
    blank = DataRecord(name, path, 0, 0, "", reading=dict(reading))
    if isinstance(sampler, Sample):
        return _of_points(sampler.points, rng, blank)
    return _of_sampler(sampler, rng, blank)


def _of_sampler(sampler: Sampler, rng: int, blank: DataRecord) -> TrainingData:
    """Data that come from a sampler, described by the first points that it gives."""
    pilot = _pilot_sample(sampler, rng)
    # Rounded, for processors differ in the last digits of sines and exponentials.
    fingerprint, signature = _fingerprint(_rounded(pilot)), []
    if not np.array_equal(pilot, _pilot_sample(sampler, rng)):
        fingerprint, signature = "", sampler_signature(pilot)
    scale = Scale.of_sample(pilot)
    mixture = sampler if isinstance(sampler, GaussianMixture) else None
    record = replace(blank, d=pilot.shape[1], fingerprint=fingerprint, signature=signature)
    return TrainingData(record, sampler, (sampler, sampler), scale.center, scale.spread, mixture)


def _of_points(points: FloatArray, rng: int, blank: DataRecord) -> TrainingData:
    """A finite data set, split at random into training points and two held-out halves."""
    if len(points) < MIN_POINTS:
        raise InvalidInputError(
            f"data must hold at least ten points, so that some can be held out, got {len(points)}; "
            "to fix it, give more points"
        )
    points = points[np.random.default_rng(rng).permutation(len(points))]
    half = math.ceil(HELD_OUT_FRACTION / 2 * len(points))
    halves = Sample(points[:half]), Sample(points[half : 2 * half])
    train = Sample(points[2 * half :])
    scale = Scale.of_sample(train.points)
    n, d = points.shape
    record = replace(blank, n=n, d=d, fingerprint=_fingerprint(points))
    return TrainingData(record, train, halves, scale.center, scale.spread, None)


def _pilot_sample(sampler: Sampler, rng: int) -> FloatArray:
    points = sampler.sample(PILOT_POINTS, np.random.default_rng(rng))
    return as_points(points, f"data.sample({PILOT_POINTS}, rng)")


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
