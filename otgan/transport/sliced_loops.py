"""The compiled loop of sliced distances, apart because importing Numba takes some time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled

__all__ = ["mean_area"]


@compiled
def mean_area(
    labels: npt.NDArray[np.bool_], order: npt.NDArray[np.int32], gaps: FloatArray, n: int
) -> FloatArray:
    """Mean area between the distribution functions of either label, for every row of labels.

    Parameters
    ----------
    labels : ndarray of bool, shape (B, N)
        With n True in each row.
    order : ndarray of int32, shape (L, N)
        The points from left to right, on each of L lines.
    gaps : ndarray, shape (L, N - 1)
        From each to the next.
    n : int

    Returns
    -------
    ndarray, shape (B,)
    """
    total = labels.shape[1]
    values = np.empty(len(labels))
    for b in range(len(labels)):
        row = labels[b]
        area = 0.0
        for line in range(len(order)):
            seen = 0
            for i in range(total - 1):
                seen += row[order[line, i]]
                # F - G = seen/n - (i + 1 - seen)/m, times n m: whole, so that ties are exact
                area += gaps[line, i] * abs(seen * total - (i + 1) * n)
        values[b] = area / (n * (total - n)) / len(order)
    return values
