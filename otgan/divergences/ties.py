"""What to do with points that are equal, where a method needs distributions with densities."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from otgan.errors import DuplicateSamplesError
from otgan.inputs.options import as_choice
from otgan.measures import FloatArray

__all__ = ["Ties", "check_ties", "count_ties", "hold_copies", "settle_ties"]

Ties = Literal["raise", "drop", "jitter", "discrete"]


def count_ties(x: FloatArray, y: FloatArray) -> tuple[int, int, int]:
    """Rows of `x` that repeat earlier ones, the same for `y`, and distinct rows that both hold.

    O((n + m) log(n + m)) time.
    """
    if _plainly_distinct(np.concatenate([x, y])):
        return 0, 0, 0
    distinct_x, distinct_y = _distinct(x), _distinct(y)
    shared = len(distinct_x) + len(distinct_y) - len(_distinct(np.concatenate([x, y])))
    return len(x) - len(distinct_x), len(y) - len(distinct_y), shared


def hold_copies(x: FloatArray, y: FloatArray) -> bool:
    """Whether points that hardly repeat are in both samples, which so are not independent.

    Values that repeat more often are those of distributions without densities, which may share
    them.

    Examples
    --------
    >>> x = np.arange(5.0)[:, None]
    >>> hold_copies(x, x), hold_copies(x, x + 0.5), hold_copies(np.repeat(x, 3, axis=0), x)
    (True, False, False)
    """
    repeated_x, repeated_y, shared = count_ties(x, y)
    distinct = len(x) + len(y) - repeated_x - repeated_y - shared
    return shared > 0 and 2 * distinct >= len(x) + len(y)


def settle_ties(
    x: FloatArray, y: FloatArray, ties: Ties, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, dict[str, float]]:
    """Samples without equal points, and what was done to them.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        `y` may be empty.
    ties : {"raise", "drop", "jitter"}
        "drop" keeps one of each group of equal points, those of both samples in neither; "jitter"
        adds to every coordinate uniform noise as wide as the smallest step between its values in
        the same sample, as if rounding were undone: the samples may be rounded to different grids.
    rng : numpy.random.Generator
        For "jitter".

    Returns
    -------
    x, y : ndarray
        The very arrays that came in, if no two points are equal.
    done : dict of str to float
        Empty, or how many points were dropped, or the largest width of the noise.

    Raises
    ------
    DuplicateSamplesError
        Equal points, and ``ties="raise"``.
    """
    repeated_x, repeated_y, shared = count_ties(x, y)
    if not (repeated_x or repeated_y or shared):
        return x, y, {}
    if ties == "raise":
        raise DuplicateSamplesError(
            "x and y must be samples of distributions with densities, which never repeat a point, "
            f"got {repeated_x} repeated rows in x, {repeated_y} in y, and {shared} that both hold; "
            'to fix it, pass ties="discrete" for counts and categories, ties="jitter" for rounded '
            'measurements, or ties="drop" for rows that were copied by mistake'
        )
    if ties == "jitter":
        widths = [_steps(z) for z in (x, y) if len(z)]
        noisy_x = x + widths[0] * (rng.random(x.shape) - 0.5)
        noisy_y = y + widths[-1] * (rng.random(y.shape) - 0.5)
        return noisy_x, noisy_y, {"jitter": float(np.max(widths))}
    kept_x, kept_y = _drop(x, y)
    if len(kept_x) < 2 or (len(y) and len(kept_y) < 2):
        raise DuplicateSamplesError(
            f"x and y must keep at least two points each when equal ones are dropped, got "
            f'{len(kept_x)} and {len(kept_y)}; to fix it, pass ties="discrete"'
        )
    dropped = len(x) + len(y) - len(kept_x) - len(kept_y)
    return kept_x, kept_y, {"dropped": float(dropped)}


def check_ties(ties: str) -> None:
    """Raise unless `ties` is one of the four words."""
    as_choice(ties, "ties", get_args(Ties))


def _plainly_distinct(rows: FloatArray) -> bool:
    """Whether some sum of coordinates differs for all rows; equal rows have equal ones."""
    weights = np.sqrt(np.arange(1.0, rows.shape[1] + 1))
    ordered = np.sort(np.einsum("ij,j->i", rows, weights))
    return bool((ordered[1:] != ordered[:-1]).all())


def _distinct(rows: FloatArray) -> FloatArray:
    """Distinct rows; on the line by one sort."""
    if rows.shape[1] == 1:
        return np.unique(rows)[:, None]
    order = np.lexsort(rows.T)
    ordered = rows[order]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[new]


def _steps(rows: FloatArray) -> FloatArray:
    """For each coordinate the smallest step between two of its values; 0 where it is constant.

    A billionth of the range is taken for rounding, and is no step.
    """
    smallest = np.zeros(rows.shape[1])
    for j, column in enumerate(rows.T):
        steps = np.diff(np.unique(column))
        steps = steps[steps > 1e-9 * np.ptp(column)]
        smallest[j] = steps.min() if len(steps) else 0.0
    return smallest


def _drop(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    _, group = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
    group = group.ravel()
    group_x, group_y = group[: len(x)], group[len(x) :]
    first_x = np.unique(group_x, return_index=True)[1]
    first_y = np.unique(group_y, return_index=True)[1]
    keep_x = np.sort(first_x[~np.isin(group_x[first_x], group_y)])
    keep_y = np.sort(first_y[~np.isin(group_y[first_y], group_x)])
    return x[keep_x], y[keep_y]
