"""A cloud of points in cells: a balanced k-d tree, whose levels are also coarser clouds.

At level l there are 2**l cells. Cell k holds the points from k * n // 2**l up to
(k + 1) * n // 2**l in the order of the tree, so that the tree is that order and nothing more.
The cell k of level l has the number 2**l + k; its halves are 2 * number and 2 * number + 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled

__all__ = [
    "Cells",
    "KdTree",
    "LinearUpperBound",
    "bounding_boxes",
    "build_tree",
    "cell_starts",
    "linear_upper_bound",
]

LEAF_SIZE = 12
"""Points in a cell of the last level, at most."""

MAX_SLOPE_DIMENSION = 8
"""Columns beyond which upper bounds of potentials are constant: fitting slopes takes O(d**3)."""


class Cells(NamedTuple):
    """A cloud in the order of its tree, by columns, with the boxes of all cells.

    Attributes
    ----------
    columns : ndarray, shape (d, n)
    center, radius : ndarray, shape (2 ** (depth + 1), d)
        Of the boxes around the points of each cell.
    depth : int
        The last level.
    """

    columns: FloatArray
    center: FloatArray
    radius: FloatArray
    depth: int


class LinearUpperBound(NamedTuple):
    """Upper bounds of a potential in each cell.

    They are ``offset + slope @ (point - center)``, and `maximum`.
    """

    slope: FloatArray
    offset: FloatArray
    maximum: FloatArray


@dataclass(frozen=True)
class KdTree:
    """The order of a k-d tree, and its cells in that order."""

    order: npt.NDArray[np.intp]
    cells: Cells


def depth_for(n: int) -> int:
    """The level at which cells hold at most `LEAF_SIZE` points."""
    return max(0, math.ceil(math.log2(n / LEAF_SIZE)))


def cell_starts(n: int, level: int) -> npt.NDArray[np.intp]:
    """Where the cells of a level begin, and n."""
    return np.arange((1 << level) + 1) * n >> level


def build_tree(points: FloatArray) -> KdTree:
    """Build the tree, O(n d log n) time."""
    depth = depth_for(len(points))
    order = _split(points, depth)
    return KdTree(order, bounding_boxes(points[order]))


def bounding_boxes(points: FloatArray) -> Cells:
    """The cells of points that are already in the order of a tree, with their boxes."""
    depth = depth_for(len(points))
    columns = np.ascontiguousarray(points.T)
    center, radius = _boxes(columns, depth)
    return Cells(columns, center, radius, depth)


def linear_upper_bound(cells: Cells, potential: FloatArray) -> LinearUpperBound:
    """A linear function in each cell that bounds a potential from above, O(n d log n) time.

    Slopes are least squares fits; offsets are then raised until no point lies above.
    """
    shape = cells.center.shape
    slope, potential = np.zeros(shape), np.ascontiguousarray(potential)
    if shape[1] <= MAX_SLOPE_DIMENSION and len(potential) > 1:
        _fit_slopes(cells, potential, slope)
    return LinearUpperBound(slope, *_offsets(cells, potential, slope))


@compiled
def _split(points: FloatArray, depth: int) -> npt.NDArray[np.intp]:
    """Halve every cell at the median of its widest column, level by level."""
    n, d = points.shape
    order, keys = np.arange(n), np.empty(n)
    for level in range(depth):
        for k in range(1 << level):
            first, last = k * n >> level, (k + 1) * n >> level
            widest, axis = -1.0, 0
            for c in range(d):
                least = most = points[order[first], c]
                for t in range(first + 1, last):
                    least = min(least, points[order[t], c])
                    most = max(most, points[order[t], c])
                if most - least > widest:
                    widest, axis = most - least, c
            for t in range(first, last):
                keys[order[t]] = points[order[t], axis]
            _select(keys, order, first, last - 1, (2 * k + 1) * n >> (level + 1))
    return order


@compiled
def _select(keys: FloatArray, order: IntArray, first: int, last: int, middle: int) -> None:
    """Hoare's selection: no key before `middle` is above, none from it on is below."""
    while first < last:
        a, b, c = keys[order[first]], keys[order[(first + last) >> 1]], keys[order[last]]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = first, last
        while i <= j:
            while keys[order[i]] < pivot:
                i += 1
            while keys[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            last = j
        elif middle >= i:
            first = i
        else:
            return


@compiled
def _boxes(columns: FloatArray, depth: int) -> tuple[FloatArray, FloatArray]:
    d, n = columns.shape
    cells = 1 << depth
    center, radius = np.zeros((2 * cells, d)), np.zeros((2 * cells, d))
    low, high = np.full((2 * cells, d), np.inf), np.full((2 * cells, d), -np.inf)
    for v in range(2 * cells - 1, 0, -1):
        for c in range(d):
            if v >= cells:
                k = v - cells
                for t in range(k * n >> depth, (k + 1) * n >> depth):
                    low[v, c] = min(low[v, c], columns[c, t])
                    high[v, c] = max(high[v, c], columns[c, t])
            else:
                low[v, c] = min(low[2 * v, c], low[2 * v + 1, c])
                high[v, c] = max(high[2 * v, c], high[2 * v + 1, c])
            center[v, c] = low[v, c] / 2 + high[v, c] / 2
            radius[v, c] = max(high[v, c] - center[v, c], center[v, c] - low[v, c])
    return center, radius


@compiled
def _fit_slopes(cells: Cells, potential: FloatArray, slope: FloatArray) -> None:
    """Least squares in every cell, from sums about the cell's center, from small to large."""
    columns, center, _, depth = cells
    d, n = columns.shape
    leaves = 1 << depth
    # Of a cell: how many points; sums of y, g, g y and of the lower half of y y'.
    sums = np.zeros((2 * leaves, 2 + 2 * d + d * (d + 1) // 2))
    y = np.empty(d)
    for v in range(2 * leaves - 1, 0, -1):
        if v >= leaves:
            k = v - leaves
            for t in range(k * n >> depth, (k + 1) * n >> depth):
                for c in range(d):
                    y[c] = columns[c, t] - center[1, c]
                _add_moments(sums[v], y, potential[t])
        else:
            for s in range(sums.shape[1]):
                sums[v, s] = sums[2 * v, s] + sums[2 * v + 1, s]
        _least_squares(sums[v], slope[v])


@compiled
def _add_moments(sums: FloatArray, y: FloatArray, g: float) -> None:
    d = len(y)
    sums[0] += 1
    sums[1] += g
    s = 2 + 2 * d
    for a in range(d):
        sums[2 + a] += y[a]
        sums[2 + d + a] += g * y[a]
        for b in range(a + 1):
            sums[s] += y[a] * y[b]
            s += 1


@compiled
def _least_squares(sums: FloatArray, slope: FloatArray) -> None:
    """Solve the normal equations by Cholesky's method, with a ridge for cells in a plane."""
    d = len(slope)
    count = sums[0]
    if count < 2:
        return
    L = np.empty((d, d))
    trace = 0.0
    s = 2 + 2 * d
    for a in range(d):
        slope[a] = sums[2 + d + a] - sums[1] * sums[2 + a] / count
        for b in range(a + 1):
            L[a, b] = sums[s] - sums[2 + a] * sums[2 + b] / count
            s += 1
        trace += L[a, a]
    if not trace > 0:
        slope[:] = 0.0
        return
    _cholesky_solve(L, slope, trace)


@compiled
def _cholesky_solve(L: FloatArray, rhs: FloatArray, trace: float) -> None:
    """Solve for `rhs` in place; the lower half of the matrix is in L."""
    d = len(rhs)
    for a in range(d):
        L[a, a] += 1e-4 * trace
        for b in range(a + 1):
            rest = L[a, b]
            for c in range(b):
                rest -= L[a, c] * L[b, c]
            L[a, b] = math.sqrt(max(rest, 1e-12 * trace)) if a == b else rest / L[b, b]
    for a in range(d):
        for c in range(a):
            rhs[a] -= L[a, c] * rhs[c]
        rhs[a] /= L[a, a]
    for a in range(d - 1, -1, -1):
        for c in range(a + 1, d):
            rhs[a] -= L[c, a] * rhs[c]
        rhs[a] /= L[a, a]


@compiled
def _offsets(
    cells: Cells, potential: FloatArray, slope: FloatArray
) -> tuple[FloatArray, FloatArray]:
    columns, center, _, depth = cells
    d, n = columns.shape
    leaves = 1 << depth
    offset, maximum = np.full(2 * leaves, -np.inf), np.full(2 * leaves, -np.inf)
    for k in range(leaves):
        for t in range(k * n >> depth, (k + 1) * n >> depth):
            v = leaves + k
            while v > 0:
                above = potential[t]
                for c in range(d):
                    above -= slope[v, c] * (columns[c, t] - center[v, c])
                offset[v] = max(offset[v], above)
                maximum[v] = max(maximum[v], potential[t])
                v >>= 1
    return offset, maximum
