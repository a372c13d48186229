"""A cheap sense of how far apart two distributions are, by which penalties are scaled."""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.distances import wasserstein_1d

__all__ = ["projection_lower_bound"]

DIRECTIONS = 16


def projection_lower_bound(x: FloatArray, y: FloatArray) -> float:
    """The largest W1 among images of two samples on the line: at most their W1.

    The images are projections (on the difference of the means, and on random directions) and
    distances from the mean of either sample; all of these maps are 1-Lipschitz, so none of them
    moves the samples further apart. O(n d) time.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)

    Returns
    -------
    float
        Positive, unless all images agree.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> round(projection_lower_bound(x, x + [3.0, 0.0, 4.0]), 6)
    5.0
    """
    rng = np.random.default_rng(0)
    means = x.mean(axis=0), y.mean(axis=0)
    directions = rng.standard_normal((DIRECTIONS, x.shape[1]))
    lines = np.vstack([directions, means[0] - means[1]])
    norms = np.linalg.norm(lines, axis=1, keepdims=True)
    lines = np.divide(lines, norms, out=np.zeros_like(lines), where=norms > 0)
    images = [(x @ line, y @ line) for line in lines]
    images += [tuple(np.linalg.norm(points - mean, axis=1) for points in (x, y)) for mean in means]
    return max(float(wasserstein_1d(*image)) for image in images)
