"""What is stored about the data of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from otgan.critics.training.sampler_signature import same_signature

__all__ = ["DataRecord"]


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
    shape : tuple of int
        Of a point: (d,), or channels, height and width of an image.
    fingerprint : str
        SHA-256 of all points in the order of their split, or of the first ones of a sampler; empty
        for a sampler that gives other points when it is called again with an equal generator.
    signature : list
        Quantiles of the points of such a sampler; else empty.
    reading : dict
        The options that a file was read with, as plain values.
    flips : bool
        Whether training images are mirrored at random.
    labels : str or None
        SHA-256 of the labels in the same order; empty without labels, None where a run of a draft
        did not record them.
    names : list of str
        Of the coordinates, where a file names its columns; else empty.
    is_stream : bool
        Whether the points came one after another, from an `IterableDataset`.
    """

    name: str
    path: str
    n: int
    shape: tuple[int, ...]
    fingerprint: str
    signature: list[Any] = field(default_factory=list, repr=False)
    reading: dict[str, Any] = field(default_factory=dict)
    flips: bool = False
    is_stream: bool = False
    labels: str | None = None
    names: list[str] = field(default_factory=list, compare=False)

    @property
    def d(self) -> int:
        """Numbers of a point."""
        return math.prod(self.shape)

    @property
    def why_not_resumable(self) -> str | None:
        """Why a run on these data cannot be resumed, in words; None if it can."""
        if not self.is_stream:
            return None
        return (
            "points of an IterableDataset come in an order that starts anew with every program, so "
            "that a resumed run would train on other points than one that was never stopped"
        )

    def difference(self, other: DataRecord) -> str | None:
        """How `other` differs, in words; None if these are the same data."""
        if self.d != other.d:
            return f"points in {other.d} dimensions instead of {self.d}"
        if self.shape != other.shape:
            return f"points of shape {other.shape} instead of {self.shape}"
        if self.flips != other.flips:
            return f"flips={other.flips} instead of {self.flips}"
        if self.n != other.n:
            return f"{_count(other.n)} instead of {_count(self.n)}"
        alike = same_signature(self.signature, other.signature)
        if self.fingerprint != other.fingerprint or not alike:
            return f"other values in the same shape ({_count(other.n)} in {self.d} dimensions)"
        if self.labels is not None and self.labels != other.labels:
            both = self.labels and other.labels
            return "other labels" if both else f"{_labeled(other)} instead of {_labeled(self)}"
        return None

    @property
    def checkable(self) -> bool:
        """Whether other values would be recognized with certainty."""
        return bool(self.fingerprint)


def _count(n: int) -> str:
    return f"{n:,} points" if n else "a sampler"


def _labeled(record: DataRecord) -> str:
    return "points with labels" if record.labels else "points without labels"
