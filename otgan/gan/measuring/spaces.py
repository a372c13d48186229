"""The spaces in which samples are compared: points, patches of images, power spectra, features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from otgan.measures import FloatArray

__all__ = ["PATCH_SIDE", "Patches", "Space", "power_spectra", "unchanged"]

PATCH_SIDE = 7
"""Pixels on a side of a patch, as far as the image has them."""

SPECTRAL_NOISE = 0.01
"""Standard deviation of noise, over the range of the pixels, whose power is added to spectra."""


@dataclass(frozen=True)
class Space:
    """A map of points into vectors, whose Euclidean distances are compared.

    Attributes
    ----------
    name : str
        "points", "patches" or "features".
    of : callable
        From points stored flat, shape (n, d), to vectors, shape (n, k).
    """

    name: str
    of: Callable[[FloatArray], FloatArray]


def unchanged(points: FloatArray) -> FloatArray:
    """The points themselves."""
    return points


@dataclass(frozen=True)
class Patches:
    """One square patch of each image, at a place that depends on its row alone.

    The same places serve real and generated images. One patch an image keeps the patches
    independent of each other, which standard errors need.

    Attributes
    ----------
    shape : tuple of int
        Channels, height and width of an image.
    side : int
        Pixels on a side of a patch.
    rng : int
        Seed of the places.

    Examples
    --------
    >>> Patches((1, 3, 3), side=3)(np.arange(18).reshape(2, 9)).shape
    (2, 9)
    >>> Patches((3, 8, 8), side=7)(np.zeros((5, 192))).shape
    (5, 147)
    """

    shape: tuple[int, ...]
    side: int = PATCH_SIDE
    rng: int = 0

    def __call__(self, points: FloatArray) -> FloatArray:
        """Patches of images that are stored flat, shape (n, c h w); shape (n, c side²)."""
        images = points.reshape(len(points), *self.shape)
        rng = np.random.default_rng(self.rng)
        height, width = self.shape[1:]
        side = min(self.side, height, width)
        corners = rng.integers([height - side + 1, width - side + 1], size=(len(points), 2))
        rows, columns = (corner[:, None] + np.arange(side) for corner in corners.T)
        each = np.arange(len(points))[:, None, None]
        # Indices on both sides of the slice: channels come last.
        return images[each, :, rows[:, :, None], columns[:, None, :]].reshape(len(points), -1)


def power_spectra(points: FloatArray, shape: tuple[int, ...], unit: float) -> FloatArray:
    """Logarithms of the power of images at each spatial frequency, whatever its direction.

    Blur takes power away from high frequencies, and noise adds it.

    Parameters
    ----------
    points : ndarray, shape (n, c h w)
    shape : tuple of int
        Channels, height and width.
    unit : float
        The range of the pixels. The power of noise of a hundredth of it is added, so that
        logarithms exist and rounding does not count.

    Returns
    -------
    ndarray, shape (n, k)
        For radial frequencies 0, 1, ... in cycles over the shorter side, up to half its pixels.

    References
    ----------
    Durall, Keuper and Keuper, Watch your up-convolution (CVPR 2020), (4): the azimuthal integral.

    Examples
    --------
    >>> stripes = np.tile([[1.0, -1.0]], (4, 2))  # the highest frequency there is
    >>> int(power_spectra(stripes.reshape(1, 16), (1, 4, 4), 2.0).argmax())
    2
    """
    height, width = shape[1:]
    images = points.reshape(len(points), *shape)
    power = (np.abs(np.fft.fft2(images)) ** 2).mean(axis=1).reshape(len(points), -1)
    across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    radius = np.round(min(height, width) * np.hypot(*across)).astype(int).ravel()
    rings = [radius == k for k in range(min(height, width) // 2 + 1)]
    floor = height * width * (SPECTRAL_NOISE * unit) ** 2
    return np.log(np.stack([power[:, ring].mean(axis=1) for ring in rings], axis=1) + floor)
