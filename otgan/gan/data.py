"""Where real points come from during training, and held-out ones for measuring."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from otgan.critics.training.sampler_signature import sampler_signature
from otgan.critics.training.standardization import Scale
from otgan.datasets import DATASETS, Sample, Sampler, StackedDigits, load
from otgan.datasets.files.read_options import LoadOptions
from otgan.datasets.samplers import CheckedSampler, as_sampler
from otgan.datasets.torch_data import item_shape
from otgan.errors import InvalidInputError
from otgan.gan.data_record import DataRecord
from otgan.gan.modes import KnownModes, known_modes
from otgan.inputs.options import as_flag
from otgan.measures import FloatArray, IntArray, as_points

__all__ = ["TrainingData", "as_training_data"]

HELD_OUT_FRACTION = 0.4
"""Of a finite data set, kept for measuring: two halves, the second one for the floor."""

MIN_POINTS = 10
"""Of a finite data set, so that some can be held out."""

SCALES = (1e-100, 1e100)
"""Of data that can be trained on: squares of their distances stay far from under- and overflow."""

PILOT_POINTS = 4096
"""Points of a sampler from which its center, scale and fingerprint are computed."""


@dataclass(frozen=True)
class TrainingData:
    """Training points and held-out points of one distribution, with center and scale.

    Points are stored in rows, shape (n, d), whatever the shape of one of them.

    Attributes
    ----------
    record : DataRecord
        What the data are, and how they can be loaded again.
    train : Sampler
    halves : pair of Samplers
        Two disjoint held-out sets; `train` itself where that gives new points without end.
    center : ndarray, shape (d,)
    scale : float
        Networks see (x - center) / scale: for vectors the mean and the mean standard deviation of
        the coordinates; for images the middle of the range of their values and half of it, so that
        networks see [-1, 1].
    modes : KnownModes or None
        What counts the modes that generated points cover, where they are known.
    """

    record: DataRecord
    train: Sampler
    halves: tuple[Sampler, Sampler]
    center: FloatArray
    scale: float
    modes: KnownModes | None

    @property
    def d(self) -> int:
        """Numbers of a point."""
        return self.train.d

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a point as networks see it: (d,), or channels, height and width of an image."""
        return self.record.shape

    @property
    def n_train(self) -> int:
        """Number of training points; 0 for a sampler, which gives any number of them."""
        return len(self.train.points) if isinstance(self.train, Sample) else 0

    @property
    def train_labels(self) -> IntArray | None:
        """The class of each training point, in their order; None if unknown."""
        return self.train.labels if isinstance(self.train, Sample) else None

    @property
    def train_classes(self) -> IntArray | None:
        """The labels, if all training points have one and they tell two classes at least."""
        labels = self.train_labels
        told = labels is not None and labels.min() >= 0 and labels.min() < labels.max()
        return labels if told else None

    def as_images(self) -> TrainingData:
        """The same data with points that are images; themselves where they are already.

        Raises
        ------
        InvalidInputError
            The points are vectors, of which nobody said what images they are.
        """
        if len(self.shape) == 3:
            return self
        image_shape = self.train.image_shape if isinstance(self.train, Sample) else None
        if not isinstance(self.train, Sample) or image_shape is None:
            raise InvalidInputError(
                f"data must be images for a network of convolutions, got points of {self.d} "
                "numbers; to fix it, pass an array of shape (n, c, h, w) or a folder of pictures, "
                'or train a network for vectors (network="mlp")'
            )
        center, scale = _center_and_scale(self.train.points, image_shape)
        record = replace(self.record, shape=image_shape)
        return replace(self, record=record, center=center, scale=scale)

    def require_labels(self, classes: int | None = None) -> IntArray:
        """The labels of the training points, if there is one of 0, 1, ... for each of them.

        Parameters
        ----------
        classes : int, optional
            Labels must be below it.

        Raises
        ------
        InvalidInputError
            No labels, or others.
        """
        if self.train_labels is None:
            raise InvalidInputError(
                "data must hold a label for each point where the objective needs their classes, "
                f"got {_count_of(self.n_train)} without labels; to fix it, pass a "
                "torch.utils.data.TensorDataset(points, labels) or another data set of (point, "
                "label), with whole numbers as labels"
            )
        least, most = int(self.train_labels.min()), int(self.train_labels.max())
        if least < 0 or (classes is not None and most >= classes):
            wanted = "whole numbers from 0" + ("" if classes is None else f" to {classes - 1}")
            more = least >= 0 and classes is not None
            other = f", or pass otgan.gan.objectives.SemiSupervised({most + 1})" if more else ""
            raise InvalidInputError(
                f"labels must be {wanted}, got {least} to {most}; to fix it, number the classes "
                f"0, 1, 2, ...{other}"
            )
        return self.train_labels

    def labeled_batch(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """`n` training points, the same that ``train.sample(n, rng)`` draws, and their labels."""
        self.require_labels()
        assert isinstance(self.train, Sample)
        return self.train.sample_labeled(n, rng)

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


def as_training_data(
    data: Any, rng: int = 0, *, flips: bool = False, **reading: Unpack[LoadOptions]
) -> TrainingData:
    """Anything that can be trained on, as `TrainingData`.

    Arrays, files and items of three axes a point, folders of pictures and IDX files are images of
    shape (c, h, w); all else are vectors, also the rows of a `Sample` such as ``"digits"``, until
    `TrainingData.as_images` is called.

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor, data set or Sampler
        A name or file that :func:`otgan.datasets.load` takes, points of shape (n, d), images of
        shape (n, c, h, w), a data set of PyTorch, or a sampler as
        :func:`otgan.datasets.samplers.as_sampler` knows them.
    rng : int
        Seed of the split of a finite data set; of stacked digits, of the digits.
    flips : bool
        Whether training images are mirrored, left to right, with probability one half each time
        that they are drawn. Held-out images are not.
    **reading
        How a file is read: the options of :func:`otgan.datasets.load_points`.

    Raises
    ------
    InvalidInputError
        Unknown name, bad points, fewer than ten of them, flips of what is no image, or options of
        reading for data that are not read.

    Examples
    --------
    >>> as_training_data("ring8").modes.mixture.modes.shape
    (8, 2)
    >>> as_training_data(np.zeros((20, 3, 8, 8))).shape
    (3, 8, 8)
    """
    if isinstance(data, TrainingData):
        return data
    known = isinstance(data, str) and data in DATASETS
    in_a_file = not known and isinstance(data, (str, os.PathLike))
    if reading and not in_a_file:
        option = next(iter(reading))
        what = f"the data set {data!r}, which is made" if known else f"a {type(data).__name__}"
        raise InvalidInputError(
            f"{option}= (--{option}) must come with a file or folder, which it says how to read, "
            f"got {what}; to fix it, leave it out"
        )
    given = load(data) if known else data
    loaded = load(data, **reading) if in_a_file else given
    _refuse_without_channels(loaded)
    sampler = as_sampler(loaded, "data", np.random.default_rng(rng))
    name = os.fspath(data) if known or in_a_file else ""
    path = str(Path(data).resolve()) if in_a_file else ""
    is_image = sampler.image_shape is not None and not isinstance(given, Sample)
    shape = sampler.image_shape if is_image else None
    _refuse_channels_last(shape)
    blank = DataRecord(name, path, 0, shape or (sampler.d,), "", reading=dict(reading))
    names = list(sampler.names) if isinstance(sampler, Sample) else []
    flips = as_flag(flips, "flips", "pass True for pictures without writing")
    blank = replace(blank, names=names, flips=flips)
    if isinstance(sampler, Sample):
        return _of_points(sampler, rng, blank)
    _refuse_flips(blank)
    return _of_sampler(sampler, rng, blank)


def _of_sampler(sampler: Sampler, rng: int, blank: DataRecord) -> TrainingData:
    """Data that come from a sampler, described by the first points that it gives."""
    halves = sampler, sampler
    if isinstance(sampler, StackedDigits):  # images to measure show digits never trained on
        parts = [replace(sampler, digits=part) for part in _split(sampler.digits, rng)]
        sampler, halves = parts[2], (parts[0], parts[1])
    pilot = _pilot_sample(sampler, rng)
    # Rounded, for processors differ in the last digits of sines and exponentials.
    fingerprint, signature = _fingerprint(_rounded(pilot)), []
    if not np.array_equal(pilot, _pilot_sample(sampler, rng)):
        fingerprint, signature = "", sampler_signature(pilot)
    center, scale = _center_and_scale(pilot, blank.shape)
    is_stream = isinstance(sampler, CheckedSampler) and sampler.is_stream
    record = replace(blank, fingerprint=fingerprint, signature=signature, is_stream=is_stream)
    return TrainingData(record, sampler, halves, center, scale, known_modes(sampler))


def _of_points(sample: Sample, rng: int, blank: DataRecord) -> TrainingData:
    """A finite data set, split at random into training points and two held-out halves."""
    first, second, train = _split(sample, rng)
    center, scale = _center_and_scale(train.points, blank.shape)
    ordered = np.concatenate([part.points for part in (first, second, train)])
    train = replace(train, flips=blank.flips)
    labels = [part.labels for part in (first, second, train) if part.labels is not None]
    record = replace(
        blank,
        n=len(sample.points),
        fingerprint=_fingerprint(ordered),
        labels=_fingerprint(np.concatenate(labels)) if labels else "",
    )
    return TrainingData(record, train, (first, second), center, scale, None)


def _split(sample: Sample, rng: int) -> tuple[Sample, Sample, Sample]:
    """Two held-out halves, and training points."""
    n = len(sample.points)
    if n < MIN_POINTS:
        raise InvalidInputError(
            f"data must hold at least ten points, so that some can be held out, got {n}; "
            "to fix it, give more points"
        )
    order = np.random.default_rng(rng).permutation(n)
    half = math.ceil(HELD_OUT_FRACTION / 2 * n)
    first, second, train = (_part_of(sample, part) for part in np.split(order, [half, 2 * half]))
    return first, second, train


def _part_of(sample: Sample, which: IntArray) -> Sample:
    labels = None if sample.labels is None else sample.labels[which]
    return replace(sample, points=sample.points[which], labels=labels)


def _center_and_scale(points: FloatArray, shape: tuple[int, ...]) -> tuple[FloatArray, float]:
    """What brings vectors to about one in every coordinate, and images to [-1, 1]."""
    _refuse_extents(points)
    if len(shape) == 1:
        scale = Scale.of_sample(points)
        return scale.center, scale.spread
    low, high = float(points.min()), float(points.max())
    return np.full(points.shape[1], low / 2 + high / 2), high / 2 - low / 2 or 1.0


def _refuse_extents(points: FloatArray) -> None:
    """Raise on data that are too large or too near to each other to be measured."""
    extent = float((points.max(axis=0) / 2 - points.min(axis=0) / 2).max())
    if extent and not SCALES[0] <= extent <= SCALES[1]:
        raise InvalidInputError(
            f"data must spread over at least {SCALES[0]:g} and at most {SCALES[1]:g}, got points "
            f"within {extent:.3g} of their middle; to fix it, measure them in another unit"
        )


def _refuse_flips(record: DataRecord) -> None:
    if record.flips:
        raise InvalidInputError(
            "flips=True must come with a finite set of images, got a sampler; to fix it, let it "
            "mirror its images itself"
        )


def _refuse_without_channels(data: Any) -> None:
    """Raise on images of shape (n, h, w), which might be anything."""
    item = item_shape(data, "data")
    if item is not None and len(item) == 2:
        raise InvalidInputError(
            f"images must have shape (c, h, w), got items of shape {item}, without an axis of "
            "channels; to fix it, let the data set return image[None] if they are gray, or "
            "image.flatten() if they are no images"
        )
    if getattr(data, "ndim", None) == 3:
        raise InvalidInputError(
            f"images must have shape (n, c, h, w), got {tuple(data.shape)}, without an axis of "
            "channels; to fix it, pass images[:, None] if they are gray, or "
            "points.reshape(len(points), -1) if they are no images"
        )


def _refuse_channels_last(shape: tuple[int, ...] | None) -> None:
    if shape is not None and shape[2] in (1, 3, 4) and shape[0] > 4:
        height, width, channels = shape
        raise InvalidInputError(
            f"images must have shape (n, c, h, w), got (n, {height}, {width}, {channels}), with "
            "the channels last; to fix it, pass images.transpose(0, 3, 1, 2), or permute each item "
            "of a data set"
        )


def _count_of(n: int) -> str:
    return f"{n:,} points" if n else "a sampler"


def _pilot_sample(sampler: Sampler, rng: int) -> FloatArray:
    points = sampler.sample(PILOT_POINTS, np.random.default_rng(rng))
    return as_points(points, f"data.sample({PILOT_POINTS}, rng)")


def _fingerprint(values: FloatArray | IntArray) -> str:
    shape, kind = f"{values.shape} ".encode(), "<f8" if values.dtype.kind == "f" else "<i8"
    plain = np.ascontiguousarray(values, kind) + 0  # there are two zeros, and they are equal
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
