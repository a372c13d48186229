"""Points on sets whose dimension is known, and in the range of a generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from otgan.measures import FloatArray

__all__ = ["Generator", "ball", "cube", "meeting", "placed", "sphere", "swiss_roll"]

Sampler = Callable[[np.random.Generator, int, int], FloatArray]


BEND = 2.0
"""Deviation of what enters the hidden layer: so large that its range is not nearly flat."""


def cube(rng: np.random.Generator, n: int, k: int) -> FloatArray:
    """Uniform in the cube [0, 1]^k."""
    return rng.random((n, k))


def ball(rng: np.random.Generator, n: int, k: int) -> FloatArray:
    """Standard normal in k dimensions, a ball without an edge."""
    return rng.normal(size=(n, k))


def sphere(rng: np.random.Generator, n: int, k: int) -> FloatArray:
    """Uniform on the unit sphere of k + 1 dimensions, which has k."""
    points = rng.normal(size=(n, k + 1))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def swiss_roll(rng: np.random.Generator, n: int) -> FloatArray:
    """A rectangle that is rolled up in three dimensions."""
    angle = 1.5 * np.pi * (1 + 2 * rng.random(n))
    return np.column_stack([angle * np.cos(angle), 21 * rng.random(n), angle * np.sin(angle)])


def placed(rng: np.random.Generator, points: FloatArray, ambient: int) -> FloatArray:
    """The same points in a space of more dimensions, turned at random; distances are kept."""
    turned, _ = np.linalg.qr(rng.normal(size=(ambient, points.shape[1])))
    return points @ turned.T


class Generator:
    """A network with one hidden layer of tanh and random weights, a generator before training.

    Parameters
    ----------
    rng : numpy.random.Generator
    latent : int
        Dimensions of z.
    ambient : int
        Dimensions of G(z).
    width : int
        Of the hidden layer.
    """

    def __init__(
        self, rng: np.random.Generator, latent: int, ambient: int, width: int = 128
    ) -> None:
        self.inner = BEND * rng.normal(size=(width, latent)) / np.sqrt(latent)
        self.outer = rng.normal(size=(ambient, width)) / np.sqrt(width)

    def __call__(self, z: FloatArray) -> FloatArray:
        """G(z), shape (n, ambient), for z of shape (n, latent)."""
        return np.tanh(z @ self.inner.T) @ self.outer.T

    def rank(self, z: FloatArray) -> int:
        """The largest rank of the Jacobian of G at these z: the dimension of the range there."""
        slopes = 1 - np.tanh(z @ self.inner.T) ** 2
        jacobians = np.einsum("ah,nh,hl->nal", self.outer, slopes, self.inner)
        return int(np.linalg.matrix_rank(jacobians).max())


def meeting(rng: np.random.Generator, first: int, second: int, ambient: int) -> int | None:
    """The dimension of what two flat sets in general position share; None if they do not meet.

    Parameters
    ----------
    rng : numpy.random.Generator
    first, second : int
        Their dimensions.
    ambient : int
        That of the space.

    Returns
    -------
    int or None

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> meeting(rng, 1, 1, 2), meeting(rng, 1, 1, 3), meeting(rng, 2, 2, 3)
    (0, None, 1)
    """
    directions = rng.normal(size=(ambient, first + second))
    apart = rng.normal(size=(ambient, 1))
    rank = int(np.linalg.matrix_rank(directions))
    if np.linalg.matrix_rank(np.hstack([directions, apart])) > rank:
        return None
    return first + second - rank
