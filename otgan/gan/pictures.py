"""Images as pixels of pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray

__all__ = ["as_pixels"]


def as_pixels(images: FloatArray, low: float, high: float) -> npt.NDArray[np.uint8]:
    """Gray or color pixels of images of any number of channels.

    Parameters
    ----------
    images : ndarray, shape (n, c, h, w)
        Three channels are red, green and blue. Two, or more than three, are put side by side.
    low, high : float
        The values that become black and white; what lies outside is clipped.

    Returns
    -------
    ndarray, shape (n, h, w) or (n, h, w, 3)

    Examples
    --------
    >>> as_pixels(np.array([[[[0.0, 0.5, 2.0]]]]), 0.0, 1.0).tolist()
    [[[0, 128, 255]]]
    >>> as_pixels(np.zeros((5, 2, 8, 8)), 0.0, 1.0).shape
    (5, 8, 16)
    """
    shades = np.clip((images - low) / (high - low or 1.0), 0.0, 1.0)
    pixels = (255 * shades + 0.5).astype(np.uint8)
    if pixels.shape[1] == 3:
        return pixels.transpose(0, 2, 3, 1)
    return np.concatenate(list(pixels.transpose(1, 0, 2, 3)), axis=2)
