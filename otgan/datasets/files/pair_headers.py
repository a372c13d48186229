"""Two files without headers whose equal first lines may be headers."""

from __future__ import annotations

from collections import Counter

import numpy as np

from otgan.datasets.files.cells import preview
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["refuse_common_first_row"]

FEW = 4
"""So many pairs of equal rows in two files of whole numbers may be coincidence, ..."""
RARE = 200
"""... if that is at most one pair among so many."""


def refuse_common_first_row(x: FloatArray, y: FloatArray, where: tuple[str, str]) -> None:
    """Raise if two files start with the same numbers, but have no points in common otherwise.

    Parameters
    ----------
    x, y : ndarray, shape (n, d)
        The rows of two files without a header, the first lines with them.
    where : tuple of str
        The files.

    Raises
    ------
    InvalidInputError
        Those numbers may name the columns.

    Examples
    --------
    >>> rows = np.array([[10.0, 50.0], [1.0, 2.0], [3.0, 4.0]])
    >>> refuse_common_first_row(rows, rows[[0, 2, 1]], ("a.csv", "b.csv"))
    """
    if min(len(x), len(y)) < 2 or x.shape[1] != y.shape[1] or not np.array_equal(x[0], y[0]):
        return
    if np.array_equal(x, y) or _have_common_points(x, y):
        return
    raise InvalidInputError(
        f"the first line of {where[0]} must be a point or the names of columns, got "
        f"{preview([f'{value:g}' for value in x[0]])!r} there and in {where[1]}, which could be "
        "either (both files start with it, and it is in no other line); to fix it, pass "
        "header=True (--header) if it names the columns, header=False (--no-header) if it is a "
        "point"
    )


def _have_common_points(x: FloatArray, y: FloatArray) -> bool:
    """Whether the files share rows below the first, too."""
    ours, theirs = _counted(x[1:]), _counted(y[1:])
    first = (x[0] + 0.0).tobytes()
    if first in ours or first in theirs:
        return True
    between = sum(ours[row] * theirs[row] for row in ours.keys() & theirs.keys())
    if between and (ours <= theirs or theirs <= ours):
        return True  # one grid in both, or more points of it in one of them
    # Where rows repeat within a file as often as between files, equal ones are chance.
    within = sum(n * (n - 1) for rows in (ours, theirs) for n in rows.values()) // 2
    whole = all(np.array_equal(rows, np.rint(rows)) for rows in (x[1:], y[1:]))
    few = FEW if whole and RARE * between <= len(x) * len(y) else 0
    return between > 2 * within + few


def _counted(rows: FloatArray) -> Counter[bytes]:
    positive = np.ascontiguousarray(rows) + 0.0  # no zeros below zero
    return Counter(row.tobytes() for row in positive)
