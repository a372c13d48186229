"""Stacks of random digits as the channels of an image: a distribution of 10^c known modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from otgan.datasets.distributions import Distribution, ImageShape, Sample, digits
from otgan.datasets.random_source import NumpySource, RandomSource
from otgan.errors import InvalidInputError, require
from otgan.inputs.options import as_count, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, IntArray, as_points

__all__ = ["StackedDigits"]

CLASSES = 10
MOST_CHANNELS = 6
"""A million modes, all of which are counted."""

CLASSIFIER_POINTS = 10_000
"""Digits that the classifier is fitted to, at most: a minute's work on images of 28 x 28."""


@checks_keywords
@dataclass(frozen=True)
class StackedDigits(Distribution):
    """Images of several channels, each an independent, equally likely digit of a data set.

    Their modes are the numbers that the digits make: of three channels 000 to 999. A classifier of
    digits tells which one an image shows.

    Attributes
    ----------
    channels : int
        Digits in an image, one to six.
    digits : Sample
        Images of one channel with labels from 0 to 9; those of scikit-learn if left out, which
        are 8 x 8. With those that :func:`otgan.datasets.load_labeled_images` reads from the files
        of MNIST, this is StackedMNIST.

    Raises
    ------
    InvalidInputError
        Too many channels, or a sample that holds no labeled images of one channel.
    MissingExtraError
        scikit-learn is not installed, which has the digits and the classifier.

    References
    ----------
    Metz et al., Unrolled generative adversarial networks (ICLR 2017), section 3.3.1, who stack the
    digits of MNIST; Srivastava et al., VEEGAN (NeurIPS 2017), section 4.2.

    Examples
    --------
    >>> stacks = StackedDigits(channels=2)
    >>> points, modes = stacks.sample_labeled(500, 0)
    >>> points.shape, stacks.image_shape, stacks.n_modes
    ((500, 128), (2, 8, 8), 100)
    >>> bool(np.mean(stacks.modes_of(points) == modes) > 0.99)
    True
    """

    channels: int = 3
    digits: Sample = field(default_factory=digits, repr=False)

    def __post_init__(self) -> None:
        hint = "pass 2 for a hundred modes, 3 for a thousand"
        channels = as_count(self.channels, "channels", most=MOST_CHANNELS, hint=hint)
        object.__setattr__(self, "channels", channels)
        if not isinstance(self.digits, Sample):
            raise InvalidInputError(
                "digits must be a Sample of images with labels, got "
                f"{type(self.digits).__name__}; to fix it, pass Sample(points, labels=labels, "
                "image_shape=(1, h, w)), or what otgan.datasets.load_labeled_images returns"
            )
        shape, labels = self.digits.image_shape, self.digits.labels
        labeled = labels is not None and labels.min() >= 0 and labels.max() < CLASSES
        if shape is None or shape[0] != 1 or not labeled:
            raise InvalidInputError(
                "digits must be images of one channel with labels from 0 to 9, got "
                f"{len(self.digits.points)} points of image shape {shape} "
                f"{'without labels' if labels is None else 'with labels'}; to fix it, pass "
                "Sample(points, labels=labels, image_shape=(1, h, w))"
            )

    @property
    def d(self) -> int:
        """Numbers of an image."""
        return self.channels * self.digits.d

    @property
    def image_shape(self) -> ImageShape:
        """Channels, height and width."""
        assert self.digits.image_shape is not None
        return (self.channels, *self.digits.image_shape[1:])

    @property
    def n_modes(self) -> int:
        """Ten to the power of the channels."""
        return CLASSES**self.channels

    @property
    def mode_probabilities(self) -> FloatArray:
        """How likely each mode is, shape (n_modes,): nearly all alike."""
        assert self.digits.labels is not None
        digit = np.bincount(self.digits.labels, minlength=CLASSES) / len(self.digits.labels)
        probabilities = np.ones(1)
        for _ in range(self.channels):
            probabilities = np.outer(probabilities, digit).ravel()
        return probabilities

    def sample_labeled(self, n: int, rng: Any = None) -> tuple[FloatArray, IntArray]:
        """The images that `sample` draws with this generator of NumPy, and their modes."""
        source = NumpySource(as_rng(rng))
        which = self._which(as_count(n, "n", least=0), source)
        assert self.digits.labels is not None
        return self._stacks(which, source), self._modes_of_labels(self.digits.labels[which])

    def modes_of(self, points: Any) -> IntArray:
        """The mode that each image shows, as a classifier reads its digits.

        Parameters
        ----------
        points : array_like, shape (n, d)
            A support vector machine has been fitted to the digits of this distribution. O(n) time.

        Returns
        -------
        ndarray of int, shape (n,)
            The number that the digits make, from the first channel to the last.
        """
        rows = as_points(points, "points").reshape(-1, self.digits.d)
        return self._modes_of_labels(self._classifier.predict(rows))

    def classifier_accuracy(self, other: StackedDigits) -> float:
        """The fraction of another distribution's digits that this one's classifier reads right.

        Examples
        --------
        >>> known = digits()
        >>> halves = [Sample(known.points[k::2], known.labels[k::2], (1, 8, 8)) for k in (0, 1)]
        >>> first, second = (StackedDigits(2, half) for half in halves)
        >>> first.classifier_accuracy(second) > 0.97
        True
        """
        return float(np.mean(self._classifier.predict(other.digits.points) == other.digits.labels))

    @cached_property
    def _classifier(self) -> Any:
        require("sklearn", extra="all", purpose="reading the digits")
        from sklearn.svm import SVC

        assert self.digits.labels is not None
        chosen = np.random.default_rng(0).permutation(len(self.digits.points))[:CLASSIFIER_POINTS]
        return SVC(C=10.0).fit(self.digits.points[chosen], self.digits.labels[chosen])

    def _draw(self, n: int, source: RandomSource) -> Any:
        return self._stacks(self._which(n, source), source)

    def _which(self, n: int, source: RandomSource) -> Any:
        return source.integers(len(self.digits.points), n * self.channels)

    def _stacks(self, which: Any, source: RandomSource) -> Any:
        return self.digits._take(which, source).reshape(-1, self.d)

    def _modes_of_labels(self, labels: IntArray) -> IntArray:
        """The numbers that labels make, `channels` of them a number."""
        place = CLASSES ** np.arange(self.channels - 1, -1, -1)
        return labels.reshape(-1, self.channels) @ place
