"""Figures of images: over training, beside real ones, and beside their nearest neighbors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from otgan.gan.pictures import as_pixels
from otgan.measures import FloatArray
from otgan.plot import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["labeled_images"]

MARGIN = 1
"""Pixels between images, white."""


def labeled_images(
    rows: Sequence[tuple[str, FloatArray]], low: float, high: float, *, lines: int = 1
) -> Figure:
    """Blocks of images under each other, with a label above each.

    Parameters
    ----------
    rows : sequence of (str, ndarray)
        Labels, and images of shape (n, c, h, w); the same n in every block.
    low, high : float
        The values that become black and white.
    lines : int
        Lines over which the images of a block are spread.

    Returns
    -------
    matplotlib.figure.Figure
    """
    blocks = [(label, tiled(as_pixels(images, low, high), lines)) for label, images in rows]
    height, width = blocks[0][1].shape[:2]
    with panels(len(blocks), 1, width=8.6, height=8.4 * height / width + 0.3) as (figure, axes):
        for axis, (label, picture) in zip(axes, blocks, strict=True):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            axis.set_title(label, fontsize=9, parse_math=False)
        return figure


def tiled(pixels: npt.NDArray[np.uint8], lines: int) -> npt.NDArray[np.uint8]:
    """Pictures of shape (n, h, w) or (n, h, w, 3) side by side in that many lines, as one picture.

    Examples
    --------
    >>> tiled(np.zeros((6, 8, 8), dtype=np.uint8), 2).shape
    (17, 26)
    """
    columns = -(-len(pixels) // lines)
    blank = np.full_like(pixels[:1], 255)
    pixels = np.concatenate([pixels, blank.repeat(columns * lines - len(pixels), axis=0)])
    spaced = np.pad(
        pixels,
        [(0, 0), (0, MARGIN), (0, MARGIN), *[(0, 0)] * (pixels.ndim - 3)],
        constant_values=255,
    )
    grid = spaced.reshape(lines, columns, *spaced.shape[1:])
    whole = np.concatenate(list(np.concatenate(list(grid.swapaxes(0, 1)), axis=2)), axis=0)
    return whole[:-MARGIN, :-MARGIN]
