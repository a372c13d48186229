"""Shapes of one point: vectors (d,) and images (c, h, w), and the sizes an image is halved to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from otgan.errors import InvalidInputError
from otgan.inputs.options import as_count

__all__ = ["as_image_shape", "as_shape", "fits_convolutions", "halved"]

SMALLEST, LARGEST = 8, 64
"""Sides of images that convolutional networks are built for here."""

COARSEST = 8
"""A side below this is not halved again: 64 x 64 ends at 4 x 4, as published."""


def as_shape(shape: Any) -> tuple[int, ...]:
    """The shape of one point, (d,) or (c, h, w).

    Raises
    ------
    InvalidInputError
        Another number of axes, or sizes that are not positive whole numbers.

    Examples
    --------
    >>> as_shape([3, 32, 32])
    (3, 32, 32)
    """
    if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) not in (1, 3):
        raise InvalidInputError(
            f"shape must be (d,) for vectors or (c, h, w) for images, got {shape!r}; to fix it, "
            "pass the shape of one point, without the axis of the batch"
        )
    hint = "pass the shape of one point"
    return tuple(as_count(size, "each size in shape", hint=hint) for size in shape)


def as_image_shape(shape: Any, network: str) -> tuple[int, int, int]:
    """The shape (c, h, w) of images that a convolutional network takes: sides from 8 to 64.

    Examples
    --------
    >>> as_image_shape((2,), "dcgan")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: network 'dcgan' must be given images of shape (c, h, w), got \
vectors of shape (2,); to fix it, use network='mlp', or reshape the data
    """
    sizes = as_shape(shape)
    if len(sizes) != 3:
        raise InvalidInputError(
            f"network {network!r} must be given images of shape (c, h, w), got vectors of shape "
            f"{sizes}; to fix it, use network='mlp', or reshape the data"
        )
    channels, height, width = sizes
    if min(height, width) < SMALLEST or max(height, width) > LARGEST:
        raise InvalidInputError(
            f"network {network!r} must be given images with sides from {SMALLEST} to {LARGEST}, "
            f"got {height} x {width}; to fix it, resize the images, use network='mlp', or pass "
            "modules of your own"
        )
    return channels, height, width


def halved(height: int, width: int, *, up: bool = False) -> list[tuple[int, int]]:
    """Sizes of an image that is halved until a side is below 8, and twice at least.

    Parameters
    ----------
    height, width : int
    up : bool
        Whether halves of odd sizes are rounded up.

    Returns
    -------
    list of (int, int)
        The image's size first.

    Examples
    --------
    >>> halved(28, 28), halved(11, 13, up=True)
    ([(28, 28), (14, 14), (7, 7)], [(11, 13), (6, 7), (3, 4)])
    """
    sizes = [(height, width)]
    while min(sizes[-1]) >= COARSEST or len(sizes) < 3:
        h, w = sizes[-1]
        sizes.append(((h + up) // 2, (w + up) // 2))
    return sizes


def fits_convolutions(shape: tuple[int, ...]) -> bool:
    """Whether convolutional networks are built here for images of that shape.

    Examples
    --------
    >>> fits_convolutions((1, 28, 28)), fits_convolutions((1, 4, 4)), fits_convolutions((2,))
    (True, False, False)
    """
    return len(shape) == 3 and all(SMALLEST <= side <= LARGEST for side in shape[1:])
