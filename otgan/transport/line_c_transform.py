"""c-transforms on the line, where the cheapest source moves to the right with the target.

For costs |x - y|^q with q >= 1, sources x <= x' and targets y <= y' have c(x, y) + c(x', y') <=
c(x, y') + c(x', y). So whatever the potentials, if x' is cheaper than x for y, it is for y' too.
Knowing the cheapest source of the middle target halves the search for all others.

Source: Aggarwal et al., Geometric applications of a matrix-searching algorithm (Algorithmica 1987),
section 1.
"""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled

__all__ = ["c_transform_on_line"]


def c_transform_on_line(x: FloatArray, y: FloatArray, exponent: float, f: FloatArray) -> FloatArray:
    """min_i |x_i - y_j|^exponent - f_i for every j, in O((n + m) log(n + m)).

    Parameters
    ----------
    x, y : ndarray, shapes (n,) and (m,)
    exponent : float
        At least one.
    f : ndarray, shape (n,)
        Finite.

    Returns
    -------
    ndarray, shape (m,)
        Rounding of ties may move a cheapest source to one that is as cheap but for rounding.
    """
    order_x, order_y = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    found = np.empty(len(y))
    _search(x[order_x], y[order_y], exponent, f[order_x], found)
    result = np.empty(len(y))
    result[order_y] = found
    return result


@compiled
def _search(
    x: FloatArray, y: FloatArray, exponent: float, f: FloatArray, found: FloatArray
) -> None:
    """Middle targets first: those left of one search left of its source, the others right of it."""
    todo = np.empty((2 + 64, 4), np.int64)  # a range of targets, and the range of sources to search
    todo[0] = 0, len(y), 0, len(x)
    count = 1
    while count > 0:
        count -= 1
        first, last, low, high = todo[count]
        middle = (first + last) // 2
        best, at = np.inf, low
        for i in range(low, high):
            gap = abs(x[i] - y[middle])
            value = (gap if exponent == 1 else gap**exponent) - f[i]
            if value < best:
                best, at = value, i
        found[middle] = best
        if last - middle > 1:
            todo[count] = middle + 1, last, at, high
            count += 1
        if middle > first:
            todo[count] = first, middle, low, at + 1
            count += 1
