"""Points with the norm, or other distance between boxes, by which large clouds are searched."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray

__all__ = ["NormedPoints"]


class NormedPoints(NamedTuple):
    """Two clouds, and by which distance of their points to which power they are compared.

    Attributes
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
    norm : str
        Of x_i - y_j: ``"euclidean"``, ``"cityblock"``, ``"chebyshev"`` or ``"minkowski"``;
        ``"torus"``, the Euclidean one of coordinates that return; ``"sphere"``, the length of the
        great circle between points on a sphere about zero.
    power : float
    order : float
        Of the norm ``"minkowski"``.
    extent : ndarray
        The periods of a torus, shape (d,), ``inf`` of coordinates that do not return; the diameter
        of a sphere, shape (1,).
    """

    x: FloatArray
    y: FloatArray
    norm: str
    power: float = 1.0
    order: float = 1.0
    extent: FloatArray = np.empty(0)

    def scaled(self, unit: float) -> NormedPoints:
        """The same with coordinates that are counted in this unit."""
        return self._replace(x=self.x / unit, y=self.y / unit, extent=self.extent / unit)

    def longest(self) -> float:
        """A distance that no two of the points exceed: of the corners of their box, or all."""
        if self.norm == "sphere":
            return float(self.extent[0]) * np.pi / 2
        low = np.minimum(self.x.min(axis=0), self.y.min(axis=0))
        sides = np.maximum(self.x.max(axis=0), self.y.max(axis=0)) - low
        if self.norm == "torus":
            sides = np.minimum(sides, self.extent / 2)
        orders = {"cityblock": 1.0, "chebyshev": np.inf, "minkowski": self.order}
        return float(np.linalg.norm(sides, orders.get(self.norm, 2.0)))
