"""Distributions to sample from, in NumPy or torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from otgan.datasets.array_backend import DeviceConstant
from otgan.datasets.random_source import NumpySource, RandomSource, as_random_source
from otgan.errors import InvalidInputError, require
from otgan.inputs.options import as_count, as_positive, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, IntArray

__all__ = [
    "Ball",
    "Cube",
    "Distribution",
    "GaussianMixture",
    "ImageShape",
    "Sample",
    "Sampler",
    "Shifted",
    "Spheres",
    "SwissRoll",
    "digits",
    "grid25",
    "ring8",
    "swissroll",
]


ImageShape = tuple[int, int, int]
"""Channels, height and width."""


class Sampler(Protocol):
    """Anything that draws independent points."""

    @property
    def d(self) -> int:
        """Dimension of the points."""
        ...

    def sample(self, n: int, rng: Any) -> Any:
        """Draw `n` points, shape (n, d)."""
        ...


class Distribution(ABC):
    """A distribution that can be sampled in NumPy and in torch.

    In torch nothing waits for the device, and shapes depend on `n` alone: after one call has
    brought the distribution's constants to the device, sampling can be captured in a CUDA graph
    (register the generator with the graph).
    """

    @property
    @abstractmethod
    def d(self) -> int:
        """Dimension of the points."""

    @property
    def image_shape(self) -> ImageShape | None:
        """Channels, height and width, where each point is an image in a row; else None."""
        return None

    def sample(self, n: int, rng: Any = None, *, dtype: Any = None) -> Any:
        """Draw `n` independent points.

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator, torch.Generator or int, optional
            Decides the array library and the device; an integer seeds a generator of NumPy, and a
            fresh one is made if omitted.
        dtype : str or dtype, optional
            Of the points: float64 for NumPy and float32 for torch if omitted. Computed in float64
            in either case (in float32 on Apple's GPUs, which have no other).

        Returns
        -------
        ndarray or torch.Tensor, shape (n, d)

        Raises
        ------
        InvalidInputError
            A negative or broken `n`, a generator of another kind, no floating dtype.
        """
        n = as_count(n, "n", least=0)
        source = as_random_source(rng)
        points = self._draw(n, source)
        return source.backend.cast(points, source.dtype if dtype is None else dtype)

    @abstractmethod
    def _draw(self, n: int, source: RandomSource) -> Any:
        """Points in the working precision of the backend of `source`."""


@checks_keywords
@dataclass(frozen=True)
class GaussianMixture(Distribution):
    """Equally likely round Gaussians.

    Attributes
    ----------
    modes : ndarray, shape (k, d)
        Their centers.
    std : float
        Their common standard deviation, in every coordinate.
    """

    modes: FloatArray
    std: float

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.modes.shape[1]

    @cached_property
    def _modes(self) -> DeviceConstant:
        return DeviceConstant(self.modes)

    def _draw(self, n: int, source: RandomSource) -> Any:
        which = source.integers(len(self.modes), n)
        centers = source.backend.xp.take(self._modes.on(source.backend), which, axis=0)
        return centers + self.std * source.normal(n, self.d)


@checks_keywords
@dataclass(frozen=True)
class SwissRoll(Distribution):
    """The spiral of the swiss roll, seen from the side, with Gaussian noise.

    Attributes
    ----------
    noise : float
        Standard deviation before scaling.
    scale : float
        What the coordinates are divided by.
    """

    noise: float = 0.25
    scale: float = 7.5

    @property
    def d(self) -> int:
        """Two."""
        return 2

    def _draw(self, n: int, source: RandomSource) -> Any:
        xp = source.backend.xp
        angle = 1.5 * np.pi * (1.0 + 2.0 * source.uniform(n))
        spiral = angle[:, None] * xp.stack([xp.cos(angle), xp.sin(angle)], axis=1)
        return (spiral + self.noise * source.normal(n, 2)) / self.scale


@checks_keywords
@dataclass(frozen=True)
class Sample(Distribution):
    """A finite set of points, drawn with replacement.

    Attributes
    ----------
    points : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,), or None
        The class of each point, where it is known.
    image_shape : tuple of int, or None
        Channels, height and width of the images that the rows hold in this order; None if the
        points are no images.
    flips : bool
        Whether each image that is drawn is mirrored, left to right, with probability one half.
    names : tuple of str
        Of the d coordinates, where a file named them; else empty.

    Raises
    ------
    InvalidInputError
        Flips of points that are no images.

    Examples
    --------
    >>> Sample(np.eye(4), labels=np.array([0, 0, 1, 1]), image_shape=(1, 2, 2)).d
    4
    """

    points: FloatArray
    labels: IntArray | None = None
    image_shape: ImageShape | None = None
    flips: bool = False
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.flips and self.image_shape is None:
            raise InvalidInputError(
                "flips=True must come with images, got points of "
                f"{self.points.shape[1]} numbers without an image shape; to fix it, pass an array "
                "of shape (n, c, h, w), or leave the flips out"
            )

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.points.shape[1]

    @cached_property
    def _points(self) -> DeviceConstant:
        return DeviceConstant(self.points)

    def sample_labeled(self, n: int, rng: Any = None) -> tuple[FloatArray, IntArray]:
        """The points that `sample` draws with this generator of NumPy, and their labels.

        Raises
        ------
        InvalidInputError
            The points have no labels.
        """
        if self.labels is None:
            raise InvalidInputError(
                "labels must be known where points are drawn with them, got points without labels; "
                "to fix it, pass Sample(points, labels=labels)"
            )
        source = NumpySource(as_rng(rng))
        which = source.integers(len(self.points), as_count(n, "n", least=0))
        return self._take(which, source), self.labels[which]

    def _draw(self, n: int, source: RandomSource) -> Any:  # with replacement
        return self._take(source.integers(len(self.points), n), source)

    def _take(self, which: Any, source: RandomSource) -> Any:
        """These points, each mirrored or not if `flips`."""
        xp = source.backend.xp
        points = xp.take(self._points.on(source.backend), which, axis=0)
        if not self.flips or self.image_shape is None:
            return points
        images = xp.reshape(points, (-1, *self.image_shape))
        mirrored = xp.reshape(xp.flip(images, axis=3), points.shape)
        return xp.where(source.integers(2, len(which))[:, None] == 1, mirrored, points)


@checks_keywords
@dataclass(frozen=True)
class Cube(Distribution):
    """The uniform distribution on [-half_width, half_width]^d.

    Attributes
    ----------
    dimension : int
    half_width : float
    """

    dimension: int
    half_width: float

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.dimension

    def _draw(self, n: int, source: RandomSource) -> Any:
        return self.half_width * (2.0 * source.uniform(n, self.d) - 1.0)


@checks_keywords
@dataclass(frozen=True)
class Ball(Distribution):
    """The uniform distribution on a ball about the origin, its radii raised to a power.

    A radius r becomes radius (r / radius)^power.

    Attributes
    ----------
    dimension : int
    radius : float
    power : float
        One leaves the ball uniform.
    """

    dimension: int
    radius: float
    power: float = 1.0

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.dimension

    def _draw(self, n: int, source: RandomSource) -> Any:
        # The fraction of the ball within radius r is (r / radius)^d.
        radii = self.radius * source.uniform(n, 1) ** (self.power / self.d)
        return radii * _directions(n, self.d, source)


@checks_keywords
@dataclass(frozen=True)
class Spheres(Distribution):
    """Equally likely spheres of one radius, with the uniform distribution on each.

    Attributes
    ----------
    centers : ndarray, shape (k, d)
    radius : float
    """

    centers: FloatArray
    radius: float

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.centers.shape[1]

    @cached_property
    def _centers(self) -> DeviceConstant:
        return DeviceConstant(self.centers)

    def _draw(self, n: int, source: RandomSource) -> Any:
        which = source.integers(len(self.centers), n)
        centers = source.backend.xp.take(self._centers.on(source.backend), which, axis=0)
        return centers + self.radius * _directions(n, self.d, source)


@checks_keywords
@dataclass(frozen=True)
class Shifted(Distribution):
    """Another distribution, moved.

    Attributes
    ----------
    base : Sampler
        It must understand the generators that it will be given.
    shift : ndarray, shape (d,)
    """

    base: Sampler
    shift: FloatArray

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.base.d

    @cached_property
    def _shift(self) -> DeviceConstant:
        return DeviceConstant(self.shift)

    def _draw(self, n: int, source: RandomSource) -> Any:
        backend = source.backend
        if isinstance(self.base, Distribution):
            points = self.base._draw(n, source)
        else:
            points = backend.cast(self.base.sample(n, source.rng), backend.dtype)
        return points + self._shift.on(backend)


@checks_keywords
def ring8(*, radius: float = 2.0 / 1.414, std: float = 0.02 / 1.414) -> GaussianMixture:
    """Eight Gaussians on a circle, with the constants of the WGAN-GP paper's toy experiments.

    Parameters
    ----------
    radius, std : float
        Of the circle, and of each Gaussian in every coordinate. Those of the VEEGAN paper are
        1 and 0.01.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), and their code:
    radius 2 and standard deviation 0.02, divided by 1.414. Srivastava et al., VEEGAN (NeurIPS
    2017), section 4.1.

    Examples
    --------
    >>> ring8().modes.shape, round(ring8().std, 5)
    ((8, 2), 0.01414)
    """
    radius, std = as_positive(radius, "radius"), as_positive(std, "std")
    angle = 2.0 * np.pi * np.arange(8) / 8
    return GaussianMixture(radius * np.column_stack([np.cos(angle), np.sin(angle)]), std)


@checks_keywords
def grid25(*, spacing: float = 2.0 / 2.828, std: float = 0.05 / 2.828) -> GaussianMixture:
    """Twenty-five Gaussians on a grid, with the constants of the WGAN-GP paper's experiments.

    Parameters
    ----------
    spacing, std : float
        Between neighboring centers, and of each Gaussian in every coordinate. Those of the VEEGAN
        paper are 2 and 0.05.

    References
    ----------
    Gulrajani et al. (NeurIPS 2017), and their code: centers 2 * {-2, ..., 2}², standard
    deviation 0.05, divided by 2.828. Srivastava et al., VEEGAN (NeurIPS 2017), section 4.1.

    Examples
    --------
    >>> grid25().modes.shape
    (25, 2)
    """
    axis = as_positive(spacing, "spacing") * np.arange(-2, 3)
    modes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return GaussianMixture(modes, as_positive(std, "std"))


@checks_keywords
def swissroll() -> SwissRoll:
    """The swiss roll with the constants of the WGAN-GP paper: noise 0.25, divided by 7.5."""
    return SwissRoll()


@checks_keywords
def digits() -> Sample:
    """The 1,797 handwritten digits of scikit-learn: 8 x 8 gray values in [0, 1], with labels.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    require("sklearn", extra="all", purpose="loading the digits")
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return Sample(loaded.data / 16.0, loaded.target.astype(np.int64), (1, 8, 8))


def _directions(n: int, d: int, source: RandomSource) -> Any:
    """Uniform on the unit sphere."""
    xp = source.backend.xp
    points = source.normal(n, d)
    return points / xp.sqrt(xp.sum(points * points, axis=1))[:, None]
