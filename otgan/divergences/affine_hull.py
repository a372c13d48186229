"""Coordinates in the affine hull of two samples, where alone they have densities."""

from __future__ import annotations

import numpy as np

from otgan.divergences.gaussian_start import Whitening
from otgan.errors import DuplicateSamplesError
from otgan.measures import FloatArray

__all__ = ["project_to_affine_hull"]

_NO_WIDTH = 1e-5  # of that of the widest direction: the points do not spread along it


def project_to_affine_hull(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coordinates in the affine hull of both samples, if that is of lower dimension.

    Fewer points than twice the dimensions do not show that they do.

    Examples
    --------
    >>> x, y = np.array([[0.0, 1.0], [1.0, 1.0], [3.0, 1.0]]), np.array([[2.0, 1.0], [7.0, 1.0]])
    >>> [z.shape for z in project_to_affine_hull(x, y)]
    [(3, 1), (2, 1)]
    """
    both = np.concatenate([x, y])
    if len(both) <= 2 * both.shape[1] or Whitening.of(both) is not None:
        return x, y
    centered = both - both.mean(axis=0)
    scales = np.linalg.norm(centered, axis=0)
    units = np.where(scales > 0, scales, 1.0)
    _, widths, axes = np.linalg.svd(centered / units, full_matrices=False)
    rank = int((widths > _NO_WIDTH * widths[0]).sum()) if widths[0] > 0 else 0
    if rank == 0:
        raise DuplicateSamplesError(
            "x and y must hold different points, got the same one everywhere; to fix it, check "
            "that the data were loaded"
        )
    inside = centered @ (axes[:rank] / units).T
    return np.ascontiguousarray(inside[: len(x)]), np.ascontiguousarray(inside[len(x) :])
