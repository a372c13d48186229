"""Ground distances with parameters of their own, computed for whole arrays of points at once.

Each is an object that is passed as ``metric=``. Those of Torus, GreatCircle, and the norms in
SciPyMetric, have bounds between boxes of points, so that large clouds are compared without a
matrix. All costs of others are stored.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from otgan.errors import InvalidInputError
from otgan.inputs.options import as_choice, as_flag, as_positive
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_float64, as_points
from otgan.normed_points import NormedPoints

__all__ = ["SCIPY_METRICS", "ArrayMetric", "GreatCircle", "SciPyMetric", "Torus"]

WEIGHTED = (
    *("braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "euclidean"),
    *("hamming", "sqeuclidean"),
)
SCIPY_METRICS: Mapping[str, set[str]] = {
    **{name: {"w"} for name in WEIGHTED},
    "jensenshannon": set(),
    "mahalanobis": {"VI"},
    "minkowski": {"p", "w"},
    "seuclidean": {"V"},
}
"""SciPy's distances between real vectors, and the options of each."""

NORMS: Mapping[str, float] = {
    "cityblock": 1.0,
    "euclidean": 2.0,
    "sqeuclidean": 2.0,
    "chebyshev": math.inf,
}
"""SciPy's names of norms of Minkowski, and of the square of one, with their orders."""

MAX_ORDER = 20.0
"""Of a norm of Minkowski: powers of higher orders underflow for points that are close."""

ROUNDED_POLE = float(np.finfo(np.float32).eps)
"""By this fraction float32 may round the latitude of a pole up."""


class ArrayMetric(ABC):
    """A symmetric distance between points; a subclass says what it is for whole arrays."""

    @abstractmethod
    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, d), and of y, shape (m, d)."""

    def pairs(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between the points of x and of y, both of shape (k, d), one by one."""
        one_by_one = zip(x[:, None], y[:, None], strict=True)
        return np.array([self.matrix(u, v)[0, 0] for u, v in one_by_one])

    def normed(self, x: FloatArray, y: FloatArray) -> NormedPoints | None:
        """Points whose norm of differences, or other distance that cells bound, is this one.

        None where there is none: then all costs are stored.
        """
        return None

    def __call__(self, u: Any, v: Any) -> float:
        """The distance of two points, shape (d,), or of two numbers."""
        x, y = (np.atleast_1d(as_float64(z, name)) for z, name in ((u, "u"), (v, "v")))
        if x.ndim != 1 or x.shape != y.shape:
            raise InvalidInputError(
                f"u and v must be two points of the same shape (d,), got {x.shape} and {y.shape}; "
                "to fix it, call .matrix(x, y) for the distances between all points of two arrays"
            )
        return float(self.matrix(as_points(x[None], "u"), as_points(y[None], "v"))[0, 0])


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
        if periods.ndim > 1 or periods.size == 0 or not (periods > 0).all():
            raise InvalidInputError(
                f"period must be a positive number, or one for each coordinate, got "
                f"{self.period!r}; to fix it, pass inf for coordinates that do not return"
            )
        # Of numbers alone, so that tori can be compared and hashed.
        object.__setattr__(
            self, "period", tuple(periods.tolist()) if periods.ndim else float(periods)
        )

    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, d), and of y, shape (m, d)."""
        x, y, periods = self._wrapped(x, y)
        squares = np.zeros((len(x), len(y)))
        for k, period in enumerate(periods):
            apart = np.abs(x[:, k, None] - y[:, k])
            squares += np.minimum(apart, period - apart) ** 2
        return np.sqrt(squares)

    def pairs(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between the points of x and of y, both of shape (k, d), one by one."""
        x, y, periods = self._wrapped(x, y)
        apart = np.abs(x - y)
        distances: FloatArray = np.linalg.norm(np.minimum(apart, periods - apart), axis=1)
        return distances

    def normed(self, x: FloatArray, y: FloatArray) -> NormedPoints:
        """The points within half a period of zero."""
        x, y, periods = self._wrapped(x, y)
        center = np.where(np.isinf(periods), x.mean(axis=0) / 2 + y.mean(axis=0) / 2, 0.0)
        return NormedPoints(x - center, y - center, "torus", extent=periods)

    def _wrapped(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The points within half a period of zero, and the period of each coordinate."""
        d = x.shape[1]
        if np.ndim(self.period) == 1 and np.shape(self.period) != (d,):
            raise InvalidInputError(
                f"period must be one number, or one for each of {d} coordinates, got "
                f"{self.period!r}; to fix it, pass inf for coordinates that do not return"
            )
        periods = np.broadcast_to(np.asarray(self.period, float), (d,)).copy()
        returns = np.isfinite(periods)
        x, y = np.array(x, float), np.array(y, float)
        for points in (x, y):
            # Both steps are exact: x % period, from 0 up, would round what is just below zero.
            rest = np.fmod(points[:, returns], periods[returns])
            points[:, returns] = rest - periods[returns] * np.rint(rest / periods[returns])
        return x, y, periods


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

    Notes
    -----
    Distances are right to some 1e-15 of the radius, a few nanometers on the Earth, wherever the
    points are.

    References
    ----------
    Kahan, How futile are mindless assessments of roundoff in floating-point computation? (2006),
    section 12, for the angle between two vectors.

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
        u, v = self._vectors(x), self._vectors(y)
        return 2 * self.radius * np.arctan2(cdist(u, v), cdist(u, -v))

    def pairs(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between the points of x and of y, both of shape (k, 2), one by one."""
        u, v = self._vectors(x), self._vectors(y)
        chords = np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1)
        distances: FloatArray = 2 * self.radius * np.arctan2(*chords)
        return distances

    def normed(self, x: FloatArray, y: FloatArray) -> NormedPoints:
        """The points in space."""
        _, exponent = math.frexp(self.radius)
        u, v = (np.ldexp(self._vectors(points), exponent) for points in (x, y))
        return NormedPoints(u, v, "sphere", extent=np.array([2.0 * self.radius]))

    def _vectors(self, points: FloatArray) -> FloatArray:
        """Vectors of length radius, shape (n, 3), divided by a power of two to be of about one.

        They are rounded as those of length radius are, with which cells are compared. Half the
        angle between two of them has the tangent |u - v| / |u + v|, which is as right for points
        that are opposite to each other as for others.
        """
        lat, lon = self._angles(points)
        level = np.cos(lat)
        units = np.column_stack([level * np.cos(lon), level * np.sin(lon), np.sin(lat)])
        mantissa, _ = math.frexp(self.radius)
        return mantissa * units

    def _angles(self, points: FloatArray) -> FloatArray:
        """Latitudes and longitudes in radians, shape (2, n)."""
        quarter, unit = (90.0, "degrees") if self.degrees else (np.pi / 2, "radians")
        if points.shape[1] != 2 or (np.abs(points[:, 0]) > quarter * (1 + ROUNDED_POLE)).any():
            got = f"shape {points.shape}"
            if points.shape[1] == 2:
                got = f"a latitude of {points[np.abs(points[:, 0]).argmax(), 0]:.8g}"
            raise InvalidInputError(
                f"points on a sphere must be pairs (latitude, longitude) in {unit}, latitudes from "
                f"{-quarter:.8g} to {quarter:.8g}, got {got}; to fix it, put latitudes first, or "
                "set degrees=True for angles in degrees"
            )
        lat, lon = np.clip(points[:, 0], -quarter, quarter), points[:, 1]
        angles = np.array([lat, lon])
        return np.radians(angles) if self.degrees else angles


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

    Notes
    -----
    ``"minkowski"`` of an order up to 20, or of infinite order without weights, has cells, and
    stores no matrix between large clouds, and so have ``"cityblock"``, ``"euclidean"``,
    ``"sqeuclidean"`` and ``"chebyshev"``. All costs of others are stored, for 2**28 pairs at most.

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
            keys = f"with keys among {', '.join(sorted(known))}" if known else "without any keys"
            raise InvalidInputError(
                f"options of {self.name!r} must be a dictionary {keys}, got {self.options!r}; to "
                "fix it, leave others out"
            )
        needed = {"mahalanobis": "VI", "seuclidean": "V"}.get(self.name)
        if needed is not None and needed not in self.options:
            raise InvalidInputError(
                f"options of {self.name!r} must hold {needed!r}, got {self.options!r}; to fix it, "
                "pass it, as it would otherwise depend on the points that happen to be compared"
            )
        order = _reals(self.options.get("p", 2))
        if order.shape != () or not order >= 1:
            raise InvalidInputError(
                f"p of {self.name!r} must be a number of at least 1, got {self.options['p']!r}; "
                "to fix it, leave it out, or pass one"
            )
        # What was checked stays as it is, whatever becomes of the dictionary.
        object.__setattr__(self, "options", deepcopy(dict(self.options)))

    def matrix(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between all points of x, shape (n, d), and of y, shape (m, d)."""
        self._check_sizes(x.shape[1])
        distances: FloatArray = cdist(x, y, self.name, **self.options)
        return distances

    def pairs(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The distances between the points of x and of y, both of shape (k, d), one by one."""
        if (stretch := self._stretch(x.shape[1])) is None:
            return super().pairs(x, y)
        distances: FloatArray = np.linalg.norm(stretch * (x - y), self._order, axis=1)
        return distances**self._power

    def normed(self, x: FloatArray, y: FloatArray) -> NormedPoints | None:
        """The points as they are for a norm of Minkowski, or stretched by its weights."""
        if (stretch := self._stretch(x.shape[1])) is None:
            return None
        order = self._order
        center = x.mean(axis=0) / 2 + y.mean(axis=0) / 2
        norm = {1.0: "cityblock", 2.0: "euclidean", np.inf: "chebyshev"}.get(order, "minkowski")
        x, y = stretch * (x - center), stretch * (y - center)
        return NormedPoints(x, y, norm, self._power, order=order)

    @property
    def _order(self) -> float:
        return NORMS.get(self.name, float(self.options.get("p", 2.0)))

    @property
    def _power(self) -> float:
        """Of the norm."""
        return 2.0 if self.name == "sqeuclidean" else 1.0

    def _stretch(self, d: int) -> FloatArray | None:
        """What weights multiply coordinates by in a norm; None for what has no cells."""
        self._check_sizes(d)
        order = self._order
        if self.name not in {"minkowski", *NORMS} or MAX_ORDER < order < np.inf:
            return None
        if np.isinf(order) and "w" in self.options:
            return None
        stretch: FloatArray = np.asarray(self.options.get("w", np.ones(d)), float) ** (1 / order)
        return stretch

    def _check_sizes(self, d: int) -> None:
        """Refuse arrays of other shapes than those of d coordinates, where SciPy may not."""
        for key, axes in {"w": 1, "V": 1, "VI": 2}.items():
            if key not in self.options:
                continue
            # SciPy reads other memory where VI has another shape.
            given = _reals(self.options[key])
            wrong = given.shape != (d,) * axes or not np.isfinite(given).all()
            if wrong or (axes == 1 and not (given >= 0).all()):
                raise InvalidInputError(
                    f"{key} of {self.name!r} must hold finite numbers of shape {(d,) * axes} for "
                    f"points of {d} coordinates, not negative ones if it is w or V, got "
                    f"{self.options[key]!r}; to fix it, pass one for each coordinate, or pair"
                )


def _reals(value: Any) -> FloatArray:
    """An array of floats, or NaN where it is none: text and truth values are no numbers."""
    try:
        given = np.asarray(value)
        return np.asarray(given if given.dtype.kind in "iufO" else np.nan, float)
    except (TypeError, ValueError):
        return np.array(np.nan)
