"""Ground distances with parameters of their own, computed for whole arrays of points at once.

Each is an object that is passed as ``metric=``. All costs are stored, n m of them, as those of a
cost matrix are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from otgan.errors import InvalidInputError
from otgan.inputs.options import as_choice, as_flag, as_positive
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray

__all__ = ["SCIPY_METRICS", "ArrayMetric", "GreatCircle", "SciPyMetric", "Torus"]

WEIGHTED = (
    *("braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "euclidean"),
    *("hamming", "sqeuclidean"),
)
SCIPY_METRICS: Mapping[str, set[str]] = {
    **{name: {"w"} for name in WEIGHTED},
    "jensenshannon": {"base"},
    "mahalanobis": {"VI"},
    "minkowski": {"p", "w"},
    "seuclidean": {"V"},
}
"""SciPy's distances between real vectors, and the options of each."""


class ArrayMetric(ABC):
    """A symmetric distance between points; a subclass says what it is for whole arrays."""

    @abstractmethod
    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, d), and of y, shape (m, d)."""

    def __call__(self, u: Any, v: Any) -> float:
        """The distance of two points, shape (d,)."""
        return float(self.matrix(np.atleast_2d(u), np.atleast_2d(v))[0, 0])


@checks_keywords
@dataclass(frozen=True)
class Torus(ArrayMetric):
    """The Euclidean distance on a torus: coordinates that return after a period.

    On one coordinate it is the shorter way around a circle, as between times of day or angles.

    Parameters
    ----------
    period : float or sequence of float
        Of every coordinate, or of each; ``inf`` for one that does not return.

    Examples
    --------
    Eleven in the evening and one in the morning are two hours apart:

    >>> Torus(24)([23.0], [1.0])
    2.0
    """

    period: float | Sequence[float]

    def __post_init__(self) -> None:
        periods = _reals(self.period)
        if isinstance(self.period, bool) or periods.ndim > 1 or not (periods > 0).all():
            raise InvalidInputError(
                f"period must be a positive number, or one for each coordinate, got "
                f"{self.period!r}; to fix it, pass inf for coordinates that do not return"
            )
        # Of numbers alone, so that tori can be compared and hashed.
        object.__setattr__(self, "period", tuple(periods) if periods.ndim else float(periods))

    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, d), and of y, shape (m, d)."""
        d = x.shape[1]
        if np.ndim(self.period) == 1 and np.shape(self.period) != (d,):
            raise InvalidInputError(
                f"period must be one number, or one for each of {d} coordinates, got "
                f"{self.period!r}; to fix it, pass inf for coordinates that do not return"
            )
        squares = np.zeros((len(x), len(y)))
        for k, period in enumerate(np.broadcast_to(np.asarray(self.period, float), (d,))):
            apart = np.abs(x[:, k, None] - y[:, k])
            if np.isfinite(period):
                apart %= period
                np.minimum(apart, period - apart, out=apart)
            squares += apart**2
        return np.sqrt(squares)


@checks_keywords
@dataclass(frozen=True)
class GreatCircle(ArrayMetric):
    """The distance on a sphere between points that are given as (latitude, longitude).

    Parameters
    ----------
    radius : float, default 1
        Of the sphere, in units of distance: 6371.009 for kilometers on the Earth.
    degrees : bool, default False
        Whether angles are in degrees, not in radians (as those of scikit-learn's ``"haversine"``).

    References
    ----------
    Sinnott, Virtues of the haversine (1984).

    Examples
    --------
    >>> round(GreatCircle(radius=6371.009, degrees=True)([52.52, 13.4], [48.86, 2.35]), 1)
    877.1
    """

    radius: float = 1.0
    degrees: bool = False

    def __post_init__(self) -> None:
        as_positive(self.radius, "radius", hint="pass that of the sphere, in units of distance")
        as_flag(self.degrees, "degrees", "pass True for angles in degrees")

    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, 2), and of y, shape (m, 2)."""
        (lat_x, lon_x), (lat_y, lon_y) = (self._angles(points) for points in (x, y))
        across = np.sin((lat_x[:, None] - lat_y) / 2) ** 2
        along = np.sin((lon_x[:, None] - lon_y) / 2) ** 2
        haversine = np.clip(across + np.cos(lat_x)[:, None] * np.cos(lat_y) * along, 0.0, 1.0)
        return 2 * self.radius * np.arctan2(np.sqrt(haversine), np.sqrt(1 - haversine))

    def _angles(self, points: FloatArray) -> FloatArray:
        """Latitudes and longitudes in radians, shape (2, n)."""
        quarter, unit = (90.0, "degrees") if self.degrees else (np.pi / 2, "radians")
        if points.shape[1] != 2 or (np.abs(points[:, 0]) > quarter * (1 + 1e-12)).any():
            got = f"shape {points.shape}"
            if points.shape[1] == 2:
                got = f"a latitude of {points[np.abs(points[:, 0]).argmax(), 0]:.6g}"
            raise InvalidInputError(
                f"points on a sphere must be pairs (latitude, longitude) in {unit}, latitudes from "
                f"{-quarter:.4g} to {quarter:.4g}, got {got}; to fix it, put latitudes first, or "
                "set degrees=True for angles in degrees"
            )
        return (np.radians(points) if self.degrees else points).T


@checks_keywords
@dataclass(frozen=True, eq=False)
class SciPyMetric(ArrayMetric):
    """A distance between real vectors of SciPy's ``cdist``, by its name.

    Parameters
    ----------
    name : str
        One of `SCIPY_METRICS`: ``"minkowski"``, ``"canberra"``, ``"braycurtis"``,
        ``"correlation"``, ``"hamming"``, ``"jensenshannon"``, ``"mahalanobis"``, ``"seuclidean"``
        and those that :func:`otgan.emd` takes by name. SciPy's others are for booleans, and would
        take every number but zero for True.
    options : dict, optional
        What SciPy needs beside it: ``{"p": 3}`` for minkowski, ``{"VI": ...}`` for mahalanobis,
        ``{"V": ...}`` for seuclidean. The latter two need theirs, since SciPy would otherwise
        estimate it from whichever points it is given.

    Examples
    --------
    >>> round(SciPyMetric("minkowski", {"p": 3})([0.0, 0.0], [1.0, 1.0]), 6)
    1.259921
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        as_choice(self.name, "name", tuple(SCIPY_METRICS))
        known = SCIPY_METRICS[self.name]
        if not isinstance(self.options, Mapping) or not self.options.keys() <= known:
            raise InvalidInputError(
                f"options of {self.name!r} must be a dictionary with keys among "
                f"{', '.join(sorted(known))}, got {self.options!r}; to fix it, leave others out"
            )
        needed = {"mahalanobis": "VI", "seuclidean": "V"}.get(self.name)
        if needed is not None and needed not in self.options:
            raise InvalidInputError(
                f"options of {self.name!r} must hold {needed!r}, got {self.options!r}; to fix it, "
                "pass it, as it would otherwise depend on the points that happen to be compared"
            )
        for key, least in {"p": 1.0, "base": 0.0}.items():
            value = _reals(self.options.get(key, 2))
            if value.shape != () or not value >= least:
                raise InvalidInputError(
                    f"{key} of {self.name!r} must be a number of at least {least:g}, got "
                    f"{self.options[key]!r}; to fix it, leave it out, or pass one"
                )

    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, d), and of y, shape (m, d)."""
        d = x.shape[1]
        for key, axes in {"w": 1, "V": 1, "VI": 2}.items():
            if key not in self.options:
                continue
            # SciPy reads other memory where VI has another shape.
            given = _reals(self.options[key])
            if given.shape != (d,) * axes or (axes == 1 and not (given >= 0).all()):
                raise InvalidInputError(
                    f"{key} of {self.name!r} must hold numbers of shape {(d,) * axes} for points "
                    f"of {d} coordinates, not negative ones if it is w or V, got "
                    f"{self.options[key]!r}; to fix it, pass one for each coordinate, or pair"
                )
        distances: FloatArray = cdist(x, y, self.name, **self.options)
        return distances


def _reals(value: Any) -> FloatArray:
    """An array of floats, or NaN where it cannot be one."""
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        return np.array(np.nan)
