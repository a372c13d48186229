"""Which distance of points costs come from, and to which power, as compiled loops take it."""

from __future__ import annotations

from typing import NamedTuple

from otgan.measures import FloatArray
from otgan.normed_points import NormedPoints

__all__ = ["CHEBYSHEV", "CITYBLOCK", "EUCLIDEAN", "MINKOWSKI", "NORMS", "SPHERE", "TORUS", "Norm"]

CHEBYSHEV, CITYBLOCK, EUCLIDEAN, MINKOWSKI, TORUS, SPHERE = range(6)

NORMS = {
    "chebyshev": CHEBYSHEV,
    "cityblock": CITYBLOCK,
    "euclidean": EUCLIDEAN,
    "minkowski": MINKOWSKI,
    "torus": TORUS,
    "sphere": SPHERE,
}
"""Codes of the distances in :class:`otgan.metrics.NormedPoints`."""


class Norm(NamedTuple):
    """A distance of two points to a power.

    There are two types of it, with an extent and without. Loops leave out all that is for wrapped
    spaces when they are compiled for the latter.

    Attributes
    ----------
    code : int
    power : float
    root : float
        Loops first compute the distance to this power: 2 for Euclidean ones, which are sums then.
    exponent : float
        And then the cost as a power of that: a division less in loops that must not raise.
    extent : ndarray or None
        The periods of a torus, shape (d,); the diameter of a sphere, shape (1,); nothing, shape
        (0,), for a norm of Minkowski; None for the other norms.
    """

    code: int
    power: float
    root: float
    exponent: float
    extent: FloatArray | None

    @classmethod
    def of(cls, points: NormedPoints) -> Norm:
        """That by which points are compared."""
        if points.norm not in ("minkowski", "torus", "sphere"):
            return cls.named(points.norm, points.power)
        root = {"minkowski": points.order, "torus": 2.0, "sphere": 1.0}[points.norm]
        power = float(points.power)
        return cls(NORMS[points.norm], power, root, power / root, points.extent)

    @classmethod
    def named(cls, name: str, power: float) -> Norm:
        """The Euclidean, cityblock or Chebyshev distance to a power."""
        root = 2.0 if name == "euclidean" else 1.0
        return cls(NORMS[name], float(power), root, power / root, None)
