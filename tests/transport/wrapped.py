"""Every distance that cells bound, and points for it on both sides of its seams."""

from typing import Any

import numpy as np

import otgan

METRICS: list[Any] = [
    "euclidean",
    "cityblock",
    "chebyshev",
    otgan.SciPyMetric("minkowski", {"p": 3}),
    otgan.SciPyMetric("minkowski", {"p": 1.5, "w": [2.0, 0.5]}),
    otgan.Torus(2.0),
    otgan.Torus((1.5, np.inf)),
    otgan.GreatCircle(),
    otgan.GreatCircle(radius=6371.0, degrees=True),
]


def draw_points(rng, metric, n, m):
    """Two clouds in the plane, or on the sphere, poles and the date line among them."""
    if not isinstance(metric, otgan.GreatCircle):
        return rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 0.5
    turn = 360.0 if metric.degrees else 2 * np.pi
    clouds = []
    for size in (n, m):
        upright = np.arcsin(rng.uniform(-1, 1, size)) / (2 * np.pi) * turn
        clouds.append(np.column_stack([upright, rng.uniform(-turn, turn, size)]))
    clouds[0][0, 0], clouds[1][0, 0] = turn / 4, -turn / 4
    return clouds[0], clouds[1]
