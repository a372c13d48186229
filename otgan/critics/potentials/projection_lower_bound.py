"""A fast lower bound of W1 by maps to the line, from which penalty weights are chosen."""

from __future__ import annotations

import numpy as np

from otgan.critics.vectors import unit_vectors
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.line import line_distance

__all__ = ["projection_lower_bound"]

N_DIRECTIONS = 16
"""Random directions that points are projected on."""


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
    directions = rng.standard_normal((N_DIRECTIONS, x.shape[1]))
    lines = np.vstack([directions, means[0] - means[1]])
    images = [(x @ line, y @ line) for line in unit_vectors(lines)]
    images += [(_distances(x, mean), _distances(y, mean)) for mean in means]
    return max(line_distance(_on_the_line(of_x), _on_the_line(of_y), 1.0) for of_x, of_y in images)


def _distances(points: FloatArray, center: FloatArray) -> FloatArray:
    return np.linalg.norm(points - center, axis=1)


def _on_the_line(image: FloatArray) -> DiscreteMeasure:
    return DiscreteMeasure.uniform(image[:, None])
