"""Points and weights, checked and promoted to float64."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError, UnequalMassError, warn_user
from otgan.inputs.conversion import (
    FloatArray,
    IntArray,
    is_torch,
    plain_float64,
    refuse_mask,
    stacked,
    to_numpy,
)
from otgan.inputs.labels import align_clouds, align_measures
from otgan.inputs.options import as_normalize
from otgan.inputs.tables import read_table

__all__ = [
    "MASS_RTOL",
    "DiscreteMeasure",
    "FloatArray",
    "IntArray",
    "as_float64",
    "as_masses",
    "as_named_samples",
    "as_pair",
    "as_points",
    "as_probabilities",
    "as_samples",
    "as_weights",
    "beyond_dtype",
    "check_equal_mass",
    "frame_of",
    "is_torch",
    "refuse_gradients",
    "refuse_mask",
    "refuse_other_images",
    "refuse_other_order",
    "stacked",
    "to_numpy",
    "to_unit_mass",
    "warn_of_histograms",
    "without_labels",
]

MASS_RTOL = 1e-5
"""Relative difference between two total masses that counts as rounding (float32 sums)."""

NORMALIZE = "pass normalize=True, which divides each by its own sum"

UNMATCHED = ", or call emd with unmatched=price if mass may stay where it is"

NEAR_ONE = 1e-3
"""Allowed error of a sum of probabilities in float16."""

LARGEST_COORDINATE = 1e290
"""Beyond it, differences and sums of coordinates could leave the range of float64."""


@dataclass(frozen=True)
class DiscreteMeasure:
    """A probability measure on finitely many points.

    Build it with :meth:`of`, which checks and normalizes; the constructor trusts its arguments.

    Attributes
    ----------
    points : ndarray, shape (n, d), float64
    masses : ndarray, shape (n,), float64, or None
        Non-negative, summing to one (to `mass` if they were to stay raw); None stands for equal
        weights.
    mass : float
        The total mass before normalization.

    Examples
    --------
    >>> DiscreteMeasure.of([0, 1, 2], [3, 0, 1])
    DiscreteMeasure(n=3, d=1, mass=4)
    """

    points: FloatArray
    masses: FloatArray | None
    mass: float

    @classmethod
    def of(cls, points: Any, weights: Any = None, *, name: str = "x") -> DiscreteMeasure:
        """Check `points` and `weights` and normalize.

        Parameters
        ----------
        points : array_like, shape (n, d) or (n,)
            Any real array, list or torch tensor; one axis means n points on the line.
        weights : array_like, shape (n,), optional
            Non-negative masses; uniform probability weights if omitted.
        name : str
            What the argument is called in error messages.

        Raises
        ------
        InvalidInputError
            Empty input, wrong shape, NaN, infinities, negative weights or zero total mass.
        """
        return _measure(as_float64(points, name), weights, name)

    @classmethod
    def uniform(cls, points: FloatArray) -> DiscreteMeasure:
        """Equal weights on points that have been checked, shape (n, d)."""
        return cls(points, None, 1.0)

    @cached_property
    def weights(self) -> FloatArray:
        """The masses, shape (n,), as an array in any case."""
        return np.full(self.n, 1.0 / self.n) if self.masses is None else self.masses

    @property
    def n(self) -> int:
        """Number of points."""
        return self.points.shape[0]

    @property
    def d(self) -> int:
        """Dimension of the space."""
        return self.points.shape[1]

    def __repr__(self) -> str:
        return f"DiscreteMeasure(n={self.n}, d={self.d}, mass={self.mass:.6g})"


def as_pair(
    x: Any, y: Any, a: Any, b: Any, *, normalize: bool = False, raw: bool = False
) -> tuple[DiscreteMeasure, DiscreteMeasure]:
    """Two measures on the same space with the same mass, or an error.

    Columns with names are matched by them, and weights with an index by the index of their
    points. The two masses may differ with `normalize`, and with `raw`, by which alone weights
    stay as they are.
    """
    normalize = as_normalize(normalize)
    raw = raw and not normalize
    if not (_is_usual(x) and _is_usual(y) and _is_usual(a) and _is_usual(b)):
        x, y, a, b = align_measures(x, y, a, b)
    try:
        points_x, points_y = as_float64(x, "x"), as_float64(y, "y")
        refuse_other_images((points_x, points_y))
        mu, nu = _measure(points_x, a, "x", raw), _measure(points_y, b, "y", raw)
        if mu.d != nu.d:
            raise InvalidInputError(
                f"x and y must have the same number of columns, got {mu.d} and {nu.d}; "
                "to fix it, give both clouds the same coordinates"
            )
    except InvalidInputError:
        refuse_other_order(x, y, a, b)
        raise
    if a is not None and b is not None and not (normalize or raw):
        check_equal_mass(mu.mass, nu.mass)
    return mu, nu


def without_labels(x: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """The same four in matching order, without labels, and lists of tensors as tensors."""
    if _is_usual(x) and _is_usual(y) and _is_usual(a) and _is_usual(b):
        return x, y, a, b
    x, y, a, b = align_measures(x, y, a, b)
    return stacked(x, "x"), stacked(y, "y"), stacked(a, "a"), stacked(b, "b")


def to_unit_mass(weights: Any, name: str) -> Any:
    """Weights divided by their sums along the last axis, where these are positive and finite.

    The others are left to the checks that follow. Gradients flow through tensors.
    """
    if weights is None:
        return None
    if is_torch(weights):
        masses = weights.double()
        total = masses.sum(-1, keepdim=True)
        return masses / total.where(total > 0, 1.0)
    array = as_float64(weights, name)
    total = array.sum(axis=-1, keepdims=True)
    return array / np.where((total > 0) & np.isfinite(total), total, 1.0)


def _is_usual(values: Any) -> bool:
    """Whether these are values without labels; fast, for the most frequent types."""
    return values is None or (type(values) is np.ndarray and values.dtype.kind == "f")


def _measure(points: FloatArray, weights: Any, name: str, raw: bool = False) -> DiscreteMeasure:
    checked = _as_rows(points, name)
    if weights is None:
        return DiscreteMeasure(checked, None, 1.0)
    masses, mass, equal = _weigh(weights, len(checked), f"the weights of {name}")
    if raw:
        return DiscreteMeasure(checked, masses, mass)
    masses /= mass
    return DiscreteMeasure(checked, None if equal else masses, mass)


def refuse_other_images(clouds: Sequence[Any], names: Sequence[str] = ("x", "y")) -> None:
    """Raise on clouds of images, shapes (n, c, h, w), that differ in their last three axes."""
    first: tuple[str, tuple[int, ...]] | None = None
    for cloud, name in zip(clouds, names, strict=True):
        shape = _shape(cloud)
        if len(shape) != 4:
            continue
        first = first or (name, shape[1:])
        if shape[1:] != first[1]:
            raise InvalidInputError(
                f"{first[0]} and {name} must hold images of one shape, got {first[1]} and "
                f"{shape[1:]}; to fix it, resize them, or transpose the channels"
            )


def refuse_other_order(x: Any, y: Any, a: Any, b: Any) -> None:
    """Raise if arguments that do not fit would fit in the order of another function."""
    x, y, a, b = map(_shape, (x, y, a, b))
    order = None
    if len(a) == 2 and x in ((a[0],), (0,)) and y in ((a[1],), (0,)):
        order = "two weights and a cost matrix", "call emd_from_cost(M, a, b)"
    elif len(x) == 2 and y == x[:1] and a == x[1:]:
        order = "a cost matrix and two weights", "call emd_from_cost(M, a, b)"
    elif len(y) == len(b) == 2 and x == y[:1] and a == b[:1]:
        order = "weights before the points of each cloud", "pass x, y, a, b: points, then weights"
    elif len(x) == len(a) == 2 and y == x[:1] and b in ((), a[:1]):
        order = "weights after the points of each cloud", "pass x, y, a, b: points, then weights"
    if order is not None:
        raise InvalidInputError(
            f"x and y must be two clouds of points, got what looks like {order[0]}; to fix it, "
            f"{order[1]}"
        )


def _shape(values: Any) -> tuple[int, ...]:
    """The shape of an array or of lists; empty for what has none."""
    outer = []
    while isinstance(values, (list, tuple)):
        outer.append(len(values))
        values = values[0] if values else None
    return *outer, *getattr(values, "shape", ())


def warn_of_histograms(mu: DiscreteMeasure, nu: DiscreteMeasure) -> None:
    """Warn of two clouds without weights that look like the heights of two histograms."""
    x, y = mu.points, nu.points
    if not (0.0 <= x.item(0) <= 1.0 and 0.0 <= y.item(0) <= 1.0):  # in a tenth of a microsecond
        return
    if mu.masses is not None or nu.masses is not None or x.shape != y.shape:
        return
    if mu.n == 1 or (mu.n == 2 and mu.d > 1):
        return
    sums = float(x.sum()), float(y.sum())
    if max(abs(sums[0] - 1), abs(sums[1] - 1)) > NEAR_ONE or min(x.min(), y.min()) < 0:
        return
    if (x % 1 == 0).all() or (y % 1 == 0).all():
        return
    warn_user(
        "x and y are not negative and sum to one, as histograms do, but were read as positions of "
        "points; if they are histograms, call wasserstein_1d(bins, bins, x, y), which takes them "
        "as weights, or a divergence of histograms"
    )


def beyond_dtype(number: float, dtype: str, hint: str) -> InvalidInputError:
    """The error for a result that is finite, but too large for the dtype of the input."""
    return InvalidInputError(
        f"the distance must fit into the dtype of the points, {dtype}, got {number:.6g}; to fix "
        f"it, convert the points with {hint} first"
    )


def as_samples(x: Any, y: Any, *, least: int = 2) -> tuple[FloatArray, FloatArray]:
    """Two samples of at least `least` points each in the same space, or an error."""
    mu, nu = as_pair(x, y, None, None)
    warn_of_histograms(mu, nu)
    if min(mu.n, nu.n) < least:
        raise InvalidInputError(
            f"x and y must have at least {least} points each for a standard error, got {mu.n} and "
            f"{nu.n}; to fix it, give more points"
        )
    return mu.points, nu.points


def as_named_samples(samples: Mapping[str, Any]) -> list[FloatArray]:
    """Points of several samples in the same space, by their names in errors; shapes (n_k, d).

    Columns with names are matched by those of the first.
    """
    names = list(samples)
    aligned = align_clouds(list(samples.values()), names)
    refuse_other_images(aligned, names)
    points = [as_points(sample, name) for name, sample in zip(names, aligned, strict=True)]
    d = points[0].shape[1]
    for name, sample in zip(names, points, strict=True):
        if sample.shape[1] != d:
            raise InvalidInputError(
                f"{name} must have {d} columns like {names[0]}, got {sample.shape[1]}; to fix it, "
                "give all samples the same coordinates"
            )
    return points


def as_probabilities(
    a: Any, b: Any, n: int, m: int, *, normalize: bool = False
) -> tuple[FloatArray, FloatArray, float]:
    """Two weight vectors normalized to one, and the mass they had before.

    One that is omitted is uniform, and has the mass of the other. The masses may differ with
    `normalize`; the mass is then that of `a`.
    """
    normalize = as_normalize(normalize)
    masses_a, masses_b = as_weights(a, n, "a"), as_weights(b, m, "b")
    total_a, total_b = float(masses_a.sum()), float(masses_b.sum())
    if a is not None and b is not None and not normalize:
        check_equal_mass(total_a, total_b)
    return masses_a / total_a, masses_b / total_b, total_b if a is None else total_a


def as_masses(
    a: Any, b: Any, n: int, m: int, *, normalize: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Two weight vectors whose sums may differ, as they are; uniform ones, of mass one, if omitted.

    With `normalize` each is divided by its own sum.
    """
    masses_a, masses_b = as_weights(a, n, "a"), as_weights(b, m, "b")
    if as_normalize(normalize):
        return masses_a / masses_a.sum(), masses_b / masses_b.sum()
    return masses_a, masses_b


def check_equal_mass(
    mass_a: float, mass_b: float, *, hint: str = NORMALIZE, otherwise: str = UNMATCHED
) -> None:
    """Raise unless two masses agree to `MASS_RTOL`; `hint` and `otherwise` end the message."""
    if abs(mass_a - mass_b) > MASS_RTOL * max(mass_a, mass_b):
        raise UnequalMassError(
            f"the two total masses must be equal, got {mass_a:.10g} and {mass_b:.10g} "
            f"(they differ by {abs(mass_a - mass_b):.3g}); to fix it, {hint}, "
            f"if they stand for probabilities{otherwise}"
        )


def as_points(points: Any, name: str) -> FloatArray:
    """Points as a float64 array of shape (n, d); images (n, c, h, w) are flattened to rows."""
    return _as_rows(as_float64(points, name), name)


def _as_rows(array: FloatArray, name: str) -> FloatArray:
    given = array
    if array.ndim == 1:
        array = array[:, None]
    elif array.ndim == 4 and array.size:
        array = array.reshape(len(array), -1)
    if array.ndim != 2:
        hint = "flatten every point to one row"
        if array.ndim == 3:
            hint = (
                f"pass {name}.reshape({len(array)}, -1) if it is {len(array)} images or points, or "
                f"call otgan.wasserstein if it is a batch of {len(array)} clouds"
            )
        raise InvalidInputError(
            f"{name} must have shape (n, d), (n,) or (n, c, h, w), got {array.shape}; "
            f"to fix it, {hint}"
        )
    if array.size == 0:
        raise InvalidInputError(
            f"{name} must hold at least one point with one coordinate, got shape {array.shape}; "
            "to fix it, check that the data were loaded"
        )
    least, most = _range(array)
    if not (least >= -LARGEST_COORDINATE and most <= LARGEST_COORDINATE):  # NaN fails this too
        _check_finite(given, name)
        largest = max(-least, most)
        raise InvalidInputError(
            f"{name} must have coordinates of at most {LARGEST_COORDINATE:g}, got {largest:.3g}; "
            "to fix it, rescale the points and multiply the distance back"
        )
    return np.ascontiguousarray(array)


def as_weights(weights: Any, n: int, name: str) -> FloatArray:
    """Raw, checked, not yet normalized weights; uniform ones of total mass one if omitted."""
    if weights is None:
        return np.full(n, 1.0 / n)
    return _weigh(weights, n, name)[0]


def _weigh(weights: Any, n: int, name: str) -> tuple[FloatArray, float, bool]:
    """Checked weights, their sum, and whether all are equal."""
    array = as_float64(weights, name)
    if array.shape != (n,):
        raise InvalidInputError(
            f"{name} must have shape ({n},), one weight for each point, got {array.shape}; "
            "to fix it, give as many weights as points"
        )
    least, most = _range(array)
    if most <= LARGEST_COORDINATE:  # far from overflow; errstate takes as long as a short sum
        total = float(array.sum())
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(array.sum())
    if not (least >= 0 and 0 < total < np.inf):
        _check_finite(array, name)
        if least < 0:
            worst = int(array.argmin())
            raise InvalidInputError(
                f"{name} must be non-negative, got {array[worst]:.6g} at position {worst}; "
                "to fix it, remove or clip the negative ones"
            )
        hint = "divide all by the largest" if total else "give at least one point a positive weight"
        raise InvalidInputError(
            f"{name} must have a positive, finite sum, got {total:.6g}; to fix it, {hint}"
        )
    return array, total, least == most


def frame_of(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest corner, shapes (d,), of a box around points, shape (n, d), with a margin.

    Examples
    --------
    >>> frame_of(np.array([[0.0, 3.0], [10.0, 3.0]]))
    (array([-1.5,  1.5]), array([11.5,  4.5]))
    """
    low, high = points.min(axis=0), points.max(axis=0)
    width = high - low
    # A constant coordinate gets the margin of the others, or one by its own size.
    extent = np.where(width > 0.0, width, width.max() or np.maximum(1.0, np.abs(low)))
    return low - 0.15 * extent, high + 0.15 * extent


def refuse_gradients(function: str, *samples: Any) -> None:
    """Raise on tensors that require gradients, for a function that returns plain numbers."""
    for sample in samples:
        parts = sample if isinstance(sample, (list, tuple)) else (sample,)
        requiring = [part for part in parts if is_torch(part) and part.requires_grad]
        if requiring and sys.modules["torch"].is_grad_enabled():
            raise InvalidInputError(
                f"tensors for {function} must not require gradients, as it returns numbers "
                "without them, got one that does; to fix it, train with otgan.wasserstein, which "
                "has gradients, or pass x.detach() for the number alone"
            )


def as_float64(values: Any, name: str) -> FloatArray:
    """A new float64 array from any array or table of real numbers, NaN and infinities included."""
    if type(values) is np.ndarray and values.dtype == np.float64:
        return values.copy()  # needs none of the checks below
    table = read_table(values, name)
    return plain_float64(values, name) if table is None else table.values


def _range(array: FloatArray) -> tuple[float, float]:
    """Least and greatest entry, NaN if there is one; short arrays in a third of the time of min."""
    entries = array.ravel()
    return entries.item(entries.argmin()), entries.item(entries.argmax())


def _check_finite(array: FloatArray, name: str) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        index = first if len(first) > 1 else first[0]
        raise InvalidInputError(
            f"{name} must be finite, got {array[first]} at index {index} "
            f"({int(bad.sum())} such entries); to fix it, drop or fill these entries"
        )
