"""Functions of slope one, with their gradients: the potentials of pairs whose W1 is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from otgan.datasets.array_backend import Backend, DeviceConstant, as_backend_points
from otgan.measures import FloatArray

__all__ = ["Linear", "MinFunnel", "Negative", "Potential", "in_blocks"]

BLOCK = 2**18
"""Entries of the temporary arrays of a block of points: 2 MB of float64."""


class Potential(ABC):
    """A 1-Lipschitz function on points, in NumPy or torch."""

    @property
    @abstractmethod
    def d(self) -> int:
        """Dimension of the points."""

    def __call__(self, points: Any) -> Any:
        """Its values.

        Parameters
        ----------
        points : array_like or torch.Tensor, shape (n, d)

        Returns
        -------
        ndarray or torch.Tensor, shape (n,)
            Computed in float64, in the library, device and floating dtype of the points.
        """
        backend, checked, dtype = as_backend_points(points, self.d)
        return backend.cast(self.values(backend, checked), dtype)

    def gradient(self, points: Any) -> Any:
        """Its gradients, shape (n, d), in the library, device and floating dtype of the points."""
        backend, checked, dtype = as_backend_points(points, self.d)
        return backend.cast(self.slopes(backend, checked), dtype)

    @abstractmethod
    def values(self, backend: Backend, points: Any) -> Any:
        """Values at checked points in the working precision of `backend`."""

    @abstractmethod
    def slopes(self, backend: Backend, points: Any) -> Any:
        """Gradients at checked points in the working precision of `backend`."""


@dataclass(frozen=True)
class Linear(Potential):
    """f(x) = ⟨direction, x⟩.

    Attributes
    ----------
    direction : ndarray, shape (d,)
        Of length one.
    """

    direction: FloatArray

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return len(self.direction)

    @cached_property
    def _direction(self) -> DeviceConstant:
        return DeviceConstant(self.direction)

    def values(self, backend: Backend, points: Any) -> Any:
        """Shape (n,)."""
        return points @ self._direction.on(backend)

    def slopes(self, backend: Backend, points: Any) -> Any:
        """The direction, n times."""
        return backend.xp.zeros_like(points) + self._direction.on(backend)


@dataclass(frozen=True)
class Negative(Potential):
    """Minus another potential.

    Attributes
    ----------
    base : Potential
    """

    base: Potential

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.base.d

    def values(self, backend: Backend, points: Any) -> Any:
        """Shape (n,)."""
        return -self.base.values(backend, points)

    def slopes(self, backend: Backend, points: Any) -> Any:
        """Shape (n, d)."""
        return -self.base.slopes(backend, points)


class Nearest(NamedTuple):
    """The funnel that each of n points lies in."""

    index: Any
    """Which, shape (n,)."""
    offset: Any
    """Point minus apex, shape (n, d)."""
    distance: Any
    """Length of the offset, shape (n,)."""


@dataclass(frozen=True)
class MinFunnel(Potential):
    """u(x) = min over k of ‖x - centers[k]‖ + biases[k].

    The gradient is the unit vector away from the apex of the funnel that attains the minimum: of
    one of them where several do, and zero at an apex.

    Attributes
    ----------
    centers : ndarray, shape (k, d)
        The apexes.
    biases : ndarray, shape (k,)
        The heights of the apexes.

    References
    ----------
    Korotin, Kolesov and Burnaev, Kantorovich strikes back! Wasserstein GANs are not optimal
    transport? (NeurIPS 2022), section 4.

    Examples
    --------
    >>> import numpy as np
    >>> u = MinFunnel(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([0.0, 0.5]))
    >>> u([[-1, 2], [3, 0]]), u.gradient([[-1, 2], [3, 0]])
    (array([2. , 2.5]), array([[0., 1.],
           [1., 0.]]))
    """

    centers: FloatArray
    biases: FloatArray

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.centers.shape[1]

    @cached_property
    def _constants(self) -> tuple[DeviceConstant, DeviceConstant, DeviceConstant]:
        squares = (self.centers**2).sum(axis=1)
        return DeviceConstant(self.centers), DeviceConstant(self.biases), DeviceConstant(squares)

    def constants(self, backend: Backend) -> tuple[Any, Any]:
        """Centers and biases on that backend."""
        return self._constants[0].on(backend), self._constants[1].on(backend)

    def nearest(self, backend: Backend, points: Any) -> Nearest:
        """The funnel of each point, shape (n,); O(n k d) time and O(n (k + d)) memory."""
        xp = backend.xp
        centers, biases = self.constants(backend)
        # Products choose the funnel. They lose digits near an apex, where the choice is clear;
        # the distance to the chosen apex is then taken from differences, which lose none.
        squares = xp.sum(points * points, axis=1)[:, None] - 2.0 * (points @ centers.T)
        heights = xp.sqrt(xp.abs(squares + self._constants[2].on(backend))) + biases
        index = xp.argmin(heights, axis=1)
        offset = points - xp.take(centers, index, axis=0)
        return Nearest(index, offset, xp.sqrt(xp.sum(offset * offset, axis=1)))

    def rows(self) -> int:
        """How many points make a block."""
        return max(1, BLOCK // max(self.centers.shape))

    def values(self, backend: Backend, points: Any) -> Any:
        """Shape (n,)."""
        biases = self.constants(backend)[1]

        def block(rows: Any) -> Any:
            near = self.nearest(backend, rows)
            return near.distance + backend.xp.take(biases, near.index, axis=0)

        return in_blocks(block, backend, points, self.rows())

    def slopes(self, backend: Backend, points: Any) -> Any:
        """Shape (n, d)."""

        def block(rows: Any) -> Any:
            return unit(backend, self.nearest(backend, rows))

        return in_blocks(block, backend, points, self.rows())


def unit(backend: Backend, near: Nearest) -> Any:
    """The directions away from the apexes, shape (n, d); zero at an apex."""
    tiny = backend.xp.finfo(backend.dtype).tiny
    return near.offset / (near.distance + float(tiny))[:, None]


def in_blocks(function: Callable[[Any], Any], backend: Backend, points: Any, rows: int) -> Any:
    """`function` of the points, of at most `rows` at a time."""
    if len(points) <= rows:
        return function(points)
    parts = [function(points[i : i + rows]) for i in range(0, len(points), rows)]
    return backend.xp.concat(parts, axis=0)
