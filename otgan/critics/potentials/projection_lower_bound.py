"""A fast lower bound of W1 by maps to the line, from which penalty weights are chosen."""

from __future__ import annotations

import numpy as np

from otgan.critics.vectors import unit_vectors
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.line import line_distance
from otgan.transport.rounding import EPS

__all__ = ["projection_lower_bound"]

N_DIRECTIONS = 16
"""Random directions that points are projected on."""


def projection_lower_bound(x: FloatArray, y: FloatArray) -> float:
    """The largest W1 among images of two samples on the line: at most their W1.

    The images are projections (on the difference of the means, and on random directions) and
    distances from the mean of either sample; all of these maps are 1-Lipschitz, so none of them
    moves the samples further apart. Of that, what rounding may have added is taken off. O(n d)
    time.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)

    Returns
    -------
    float
        Positive, unless all images agree to rounding.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> round(projection_lower_bound(x, x + [3.0, 0.0, 4.0]), 6)
    5.0
    """
    rng = np.random.default_rng(0)
    means = x.mean(axis=0), y.mean(axis=0)
    directions = rng.standard_normal((N_DIRECTIONS, x.shape[1]))
    lines = np.vstack([directions, means[0] - means[1]])
    images = [(x @ line, y @ line) for line in unit_vectors(lines)]
    images += [(_distances(x, mean), _distances(y, mean)) for mean in means]
    greatest = max(
        line_distance(_on_the_line(of_x), _on_the_line(of_y), 1.0) for of_x, of_y in images
    )
    return max(0.0, greatest - _rounding(greatest, x, y))


def _rounding(distance: float, x: FloatArray, y: FloatArray) -> float:
    """How much rounding may have added to the distance between images of x and y on the line.

    An image of x_i is a sum of d products, off by no more than d + 4 units in the last place of
    ``|x_i|``, and a distance from a mean by as many of twice that; the distance is a sum of
    n + m - 1 products at most.
    """
    (n, d), m = x.shape, len(y)
    radius = max(float(np.linalg.norm(points, axis=1).max()) for points in (x, y))
    return EPS * ((n + m) * distance + 4 * (d + 4) * radius)


def _distances(points: FloatArray, center: FloatArray) -> FloatArray:
    return np.linalg.norm(points - center, axis=1)


def _on_the_line(image: FloatArray) -> DiscreteMeasure:
    return DiscreteMeasure.uniform(image[:, None])
