"""The one door where points and weights are checked, and promoted to float64."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError, UnequalMassError

__all__ = [
    "MASS_RTOL",
    "DiscreteMeasure",
    "FloatArray",
    "as_count",
    "as_float64",
    "as_order",
    "as_pair",
    "as_points",
    "as_positive",
    "as_probabilities",
    "as_samples",
    "as_weights",
    "check_equal_mass",
    "is_torch",
    "refuse_gradients",
    "refuse_mask",
    "to_numpy",
]

FloatArray = npt.NDArray[np.float64]

MASS_RTOL = 1e-5
"""Relative difference between two total masses that counts as rounding (float32 sums)."""

LARGEST_COORDINATE = 1e290
"""Beyond it, differences and sums of coordinates could leave the range of float64."""


@dataclass(frozen=True)
class DiscreteMeasure:
    """A probability measure on finitely many points.

    Build it with :meth:`of`, which checks and normalises; the constructor trusts its arguments.

    Attributes
    ----------
    points : ndarray, shape (n, d), float64
    masses : ndarray, shape (n,), float64, or None
        Non-negative, summing to one; None stands for equal weights.
    mass : float
        The total mass before normalisation.

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
        """Check `points` and `weights` and normalise.

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
        checked = as_points(points, name)
        if weights is None:
            return cls(checked, None, 1.0)
        masses, mass, equal = _weigh(weights, len(checked), f"the weights of {name}")
        masses /= mass
        return cls(checked, None if equal else masses, mass)

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


def as_pair(x: Any, y: Any, a: Any, b: Any) -> tuple[DiscreteMeasure, DiscreteMeasure]:
    """Two measures on the same space with the same mass, or an error that says why not."""
    mu = DiscreteMeasure.of(x, a, name="x")
    nu = DiscreteMeasure.of(y, b, name="y")
    if mu.d != nu.d:
        raise InvalidInputError(
            f"x and y must have the same number of columns, got {mu.d} and {nu.d}; "
            "to fix it, give both clouds the same coordinates"
        )
    if a is not None and b is not None:
        check_equal_mass(mu.mass, nu.mass)
    return mu, nu


def as_samples(x: Any, y: Any, *, least: int = 2) -> tuple[FloatArray, FloatArray]:
    """Two samples of at least `least` points each in the same space, or an error."""
    mu, nu = as_pair(x, y, None, None)
    if min(mu.n, nu.n) < least:
        raise InvalidInputError(
            f"x and y must have at least {least} points each for a standard error, got {mu.n} and "
            f"{nu.n}; to fix it, give more points"
        )
    return mu.points, nu.points


def as_probabilities(a: Any, b: Any, n: int, m: int) -> tuple[FloatArray, FloatArray, float]:
    """Two weight vectors normalised to one, and the mass they had before.

    One that is omitted is uniform, and has the mass of the other.
    """
    masses_a, masses_b = as_weights(a, n, "a"), as_weights(b, m, "b")
    total_a, total_b = float(masses_a.sum()), float(masses_b.sum())
    if a is not None and b is not None:
        check_equal_mass(total_a, total_b)
    return masses_a / total_a, masses_b / total_b, total_b if a is None else total_a


def check_equal_mass(mass_a: float, mass_b: float) -> None:
    """Raise unless two total masses agree to `MASS_RTOL`."""
    if abs(mass_a - mass_b) > MASS_RTOL * max(mass_a, mass_b):
        raise UnequalMassError(
            f"the two total masses must be equal, got {mass_a:.10g} and {mass_b:.10g} "
            f"(they differ by {abs(mass_a - mass_b):.3g}); to fix it, divide each by its own sum "
            "if they stand for probabilities"
        )


def as_points(points: Any, name: str) -> FloatArray:
    """Points as a float64 array of shape (n, d)."""
    array = as_float64(points, name)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise InvalidInputError(
            f"{name} must have shape (n, d) or (n,), got {array.shape}; "
            "to fix it, flatten every point to one row"
        )
    if array.size == 0:
        raise InvalidInputError(
            f"{name} must hold at least one point with one coordinate, got shape {array.shape}; "
            "to fix it, check that the data were loaded"
        )
    least, most = _range(array)
    if not (least >= -LARGEST_COORDINATE and most <= LARGEST_COORDINATE):  # NaN fails this too
        _check_finite(array, name)
        largest = max(-least, most)
        raise InvalidInputError(
            f"{name} must have coordinates of at most {LARGEST_COORDINATE:g}, got {largest:.3g}; "
            "to fix it, rescale the points and multiply the distance back"
        )
    return np.ascontiguousarray(array)


def as_weights(weights: Any, n: int, name: str) -> FloatArray:
    """Raw, checked, not yet normalised weights; uniform ones of total mass one if omitted."""
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
        raise InvalidInputError(
            f"{name} must have a positive, finite sum, got {total:.6g}; "
            "to fix it, give at least one point a positive weight"
        )
    return array, total, least == most


def as_count(value: Any, name: str, *, least: int = 1, mend: str = "pass one") -> int:
    """A whole number of at least `least`; `mend` ends the sentence that is said otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidInputError(
            f"{name} must be a whole number of at least {least}, got {value!r}; to fix it, {mend}"
        )
    return int(value)


def as_positive(value: Any, name: str, *, mend: str = "pass one") -> float:
    """A positive, finite number; `mend` ends the sentence that is said otherwise."""
    number = isinstance(value, (int, float, np.integer, np.floating))
    if isinstance(value, bool) or not number or not 0 < value < np.inf:
        raise InvalidInputError(
            f"{name} must be a positive number, got {value!r}; to fix it, {mend}"
        )
    return float(value)


def as_order(p: float) -> float:
    """The order p of a Wasserstein distance, finite and at least one."""
    if isinstance(p, bool) or not isinstance(p, (int, float, np.integer, np.floating)):
        raise InvalidInputError(
            f"p must be a number >= 1, got {p!r}; to fix it, pass p=1 or another order"
        )
    if not 1 <= p < np.inf:
        raise InvalidInputError(
            f"p must be finite and >= 1, got {p!r}; to fix it, pass p=1 for the earth mover's "
            "distance (below 1, raise the ground metric to the power and use p=1)"
        )
    return float(p)


def is_torch(value: Any) -> bool:
    """Whether `value` is a torch tensor, told without importing torch."""
    return hasattr(value, "detach") and type(value).__module__.partition(".")[0] == "torch"


def refuse_gradients(function: str, *samples: Any) -> None:
    """Raise on tensors through which a function that returns plain numbers would lose gradients."""
    for sample in samples:
        parts = sample if isinstance(sample, (list, tuple)) else (sample,)
        wanting = [part for part in parts if is_torch(part) and part.requires_grad]
        if wanting and sys.modules["torch"].is_grad_enabled():
            raise InvalidInputError(
                f"tensors for {function} must not require gradients, as it returns numbers "
                "without them, got one that does; to fix it, train with otgan.wasserstein, which "
                "has gradients, or pass x.detach() for the number alone"
            )


def to_numpy(value: Any) -> Any:
    """A torch tensor as a NumPy array on the CPU; anything else unchanged."""
    if not is_torch(value):
        return value
    tensor = value.detach().cpu().resolve_conj()
    return (tensor if tensor.is_complex() else tensor.double()).numpy()


def as_float64(values: Any, name: str) -> FloatArray:
    """A new float64 array from any array of real numbers, NaN and infinities included."""
    if type(values) is np.ndarray and values.dtype == np.float64:
        return values.copy()  # nothing below can be wrong with it
    refuse_mask(values, name)
    try:
        array = np.asarray(to_numpy(values))
        if array.dtype.kind not in "fiub":
            raise TypeError(f"an array of dtype {array.dtype}")
        with np.errstate(over="ignore"):  # long doubles may turn into infinities
            return array.astype(np.float64)
    except (TypeError, ValueError) as reason:
        raise InvalidInputError(
            f"{name} must be an array of real numbers, got {reason}; "
            "to fix it, check that every row has the same length and holds only numbers"
        ) from None


def refuse_mask(values: Any, name: str) -> None:
    """Raise on masked entries, which plain arrays would quietly unmask."""
    if np.ma.is_masked(values):
        raise InvalidInputError(
            f"{name} must not hold masked entries, got {int(np.ma.count_masked(values))} of them; "
            "to fix it, remove them with .compressed(), or fill them with .filled(value)"
        )


def _range(array: FloatArray) -> tuple[float, float]:
    """Least and greatest entry, NaN if there is one; short arrays in a third of the time of min."""
    flat = array.ravel()
    return flat.item(flat.argmin()), flat.item(flat.argmax())


def _check_finite(array: FloatArray, name: str) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidInputError(
            f"{name} must be finite, got {array[first]} at index {first} "
            f"({int(bad.sum())} such entries); to fix it, drop or fill these entries"
        )
