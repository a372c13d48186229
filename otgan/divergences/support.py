"""Whether the values of two samples can be counted together: only what both can show counts.

Counts compare values by equality. Numbers that should be equal, and are not to the last digit, and
measurements that were rounded to different grids, seem to be as far apart as distributions can be.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["check_same_values", "refuse_other_grids", "warn_different_grids"]

_ROUNDING = 1e-12
"""Of the largest value: what arithmetic in float64 leaves between numbers that should be equal."""

_ON_GRID = 1e-6
"""Of a step: how far from a grid a value on it may lie."""

_SHARED = 0.7
"""Of the points in the common range: how many must have a value that the other sample shows."""


_A_GRID = 3
"""Values that show a grid, at least."""


def check_same_values(x: FloatArray, y: FloatArray, *, counted: bool = True) -> None:
    """Raise if numbers that seem to be meant as equal differ in their last digits.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
    counted : bool
        Whether values are to repeat; if not, nearly equal ones come by chance too.

    Raises
    ------
    InvalidInputError
        Values of one sample that are those of the other in lower precision; and, if they are
        counted, values of one column within 1e-12 of its largest.
    """
    for of_x, of_y in zip(x.T, y.T, strict=True):
        pair = _in_two_precisions(of_x, of_y) or (_nearly_equal(of_x, of_y) if counted else None)
        if pair is not None:
            raise InvalidInputError(
                f"equal values must be equal to the last digit, got {pair[0]!r} and {pair[1]!r}; "
                "to fix it, round both samples alike, for example np.round(x, 6), after converting "
                "them to float64"
            )


def refuse_other_grids(x: FloatArray, y: FloatArray) -> None:
    """Raise if the ranges of two samples overlap in a column, and yet they take other values there.

    Raises
    ------
    InvalidInputError
        Two grids without a value in common; or with few, unless all values are whole: those may
        be categories.
    """
    for j, (of_x, of_y) in enumerate(zip(x.T, y.T, strict=True)):
        values_x, values_y = np.unique(of_x), np.unique(of_y)
        grids = all(
            _A_GRID <= len(values) < len(points)
            for values, points in ((values_x, of_x), (values_y, of_y))
        )
        if not grids or _same_grid(values_x, values_y):
            continue
        fractions = _fractions(of_x, of_y)
        whole = all((values == np.round(values)).all() for values in (values_x, values_y))
        if max(fractions) == 0 or (min(fractions) < _SHARED and not whole):
            where = "" if x.shape[1] == 1 else f" in column {j}"
            raise InvalidInputError(
                f"x and y must take the same values{where} to be counted, got "
                f"{fractions[0]:.0%} of x and {fractions[1]:.0%} of y, in their common range, that "
                'the other shows; to fix it, round both to one grid, use ties="jitter" for rounded '
                "measurements, or pass categories as text"
            )


def warn_different_grids(x: FloatArray, y: FloatArray) -> tuple[str, ...]:
    """A warning for samples whose values lie on different grids, or none.

    Examples
    --------
    >>> warn_different_grids(np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]]))
    ()
    >>> tenths = np.arange(0, 2, 0.1)[:, None]
    >>> len(warn_different_grids(np.array([[0.0], [1.0]]), np.round(tenths, 1)))
    1
    """
    for of_x, of_y in zip(x.T, y.T, strict=True):
        same_grid = _same_grid(np.unique(of_x), np.unique(of_y))
        if min(_fractions(of_x, of_y)) < _SHARED and not same_grid:
            return (
                "the values of x and y lie on different grids, and counts take a value that only "
                "one sample shows for a difference of the distributions; if they are rounded "
                "measurements, round both to the coarser grid",
            )
    return ()


def _nearly_equal(of_x: FloatArray, of_y: FloatArray) -> tuple[float, float] | None:
    """Two values that may differ only by rounding in float64."""
    both = np.union1d(of_x, of_y)
    near = np.flatnonzero(np.diff(both) <= _ROUNDING * np.abs(both).max())
    return (float(both[near[0]]), float(both[near[0] + 1])) if len(near) else None


def _in_two_precisions(of_x: FloatArray, of_y: FloatArray) -> tuple[float, float] | None:
    """A value of one sample that is in the other in lower precision, as all of its values are."""
    for precision in (np.float32, np.float16):
        low_x, low_y = (bool((_in(precision, z) == z).all()) for z in (of_x, of_y))
        if low_x == low_y:
            continue
        coarse, fine = (of_x, np.unique(of_y)) if low_x else (of_y, np.unique(of_x))
        lowered = _in(precision, fine)
        broken = fine != np.round(fine)  # large whole numbers come near to others by chance
        twins = broken & (lowered != fine) & np.isin(lowered, coarse) & ~np.isin(fine, coarse)
        enough = 1 if precision is np.float32 else 0.5 * broken.sum()
        if twins.any() and twins.sum() >= enough:
            first = int(np.flatnonzero(twins)[0])
            return float(fine[first]), float(lowered[first])
    return None


def _in(precision: Any, values: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(precision).astype(np.float64)


def _fractions(of_x: FloatArray, of_y: FloatArray) -> tuple[float, float]:
    """Of the points of each sample in the common range, how many show a value of the other.

    One where there is no such range, or none of its points.
    """
    low, high = max(of_x.min(), of_y.min()), min(of_x.max(), of_y.max())

    def fraction(own: FloatArray, other: FloatArray) -> float:
        inside = own[(low <= own) & (own <= high)]
        return float(np.isin(inside, other).mean()) if len(inside) else 1.0

    return fraction(of_x, of_y), fraction(of_y, of_x)


def _same_grid(of_x: FloatArray, of_y: FloatArray) -> bool:
    """Whether both samples lie on one grid, whose step each of them shows."""
    steps = [float(np.diff(values).min()) for values in (of_x, of_y) if len(values) > 1]
    if not steps:
        return False
    step = min(steps)
    if max(steps) > step * (1 + _ON_GRID):
        return False
    both = (np.union1d(of_x, of_y) - of_x[0]) / step
    return bool((np.abs(both - np.round(both)) <= _ON_GRID * np.maximum(1, np.abs(both))).all())
