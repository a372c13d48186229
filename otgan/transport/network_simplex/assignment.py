"""Assignments between points of one mass each, by shortest augmenting paths.

For few points, and in many dimensions, they are optimal several times sooner than a greedy plan is
made so by pivots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Ints

__all__ = ["MAX_ASSIGNED", "assignment"]

MAX_ASSIGNED = 100
"""Points a side up to which augmenting paths take less time than pivots, in the plane too."""

ROW_REDUCTIONS = 6
"""Turns; those that follow assign few more."""

FEW_LEFT = 0.2
"""Of the rows, after the reductions: then paths are short, and take less time for more points too.

In the plane a third is left, in 16 dimensions an eighth.
"""


@compiled
def assignment(matrix: FloatArray) -> tuple[Ints, FloatArray, FloatArray]:
    """The column of each row, and potentials whose reduced costs are not negative.

    Up to `MAX_ASSIGNED` points the assignment is optimal, and beyond where the reductions leave few
    rows; otherwise these take what is cheapest. O(n**3) time, O(n) memory beside the matrix.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)

    References
    ----------
    Jonker and Volgenant, A shortest augmenting path algorithm for dense and sparse linear
    assignment problems (Computing 1987).
    """
    n = len(matrix)
    row, column, g = _reduce_columns(matrix)
    for _ in range(ROW_REDUCTIONS):
        _reduce_rows(matrix, g, row, column)
    left = _without_column(column)
    short = n <= MAX_ASSIGNED or len(left) <= FEW_LEFT * n
    for i in left:
        if short:
            _augment(matrix, i, g, row, column)
        else:
            _take_cheapest(matrix, i, g, row, column)
    return column, _c_transform(matrix, g), g


@compiled
def _without_column(column: Ints) -> Ints:
    """The rows that have none."""
    rows, count = np.empty(len(column), np.int64), 0
    for i in range(len(column)):
        if column[i] < 0:
            rows[count] = i
            count += 1
    return rows[:count]


@compiled
def _c_transform(matrix: FloatArray, g: FloatArray) -> FloatArray:
    f = np.full(len(matrix), np.inf)
    for i in range(len(matrix)):
        costs = matrix[i]
        for j in range(len(g)):
            f[i] = min(f[i], costs[j] - g[j])
    return f


@compiled
def _take_cheapest(matrix: FloatArray, i: int, g: FloatArray, row: Ints, column: Ints) -> None:
    """Give a row the cheapest column that nobody has."""
    best, to = np.inf, -1
    for j in range(len(g)):
        if row[j] < 0 and matrix[i, j] - g[j] < best:
            best, to = matrix[i, j] - g[j], j
    row[to], column[i] = i, to


@compiled
def _reduce_columns(matrix: FloatArray) -> tuple[Ints, Ints, FloatArray]:
    """The least cost of each column, which is given to that row, if this has none yet."""
    n = len(matrix)
    row, column = np.empty(n, np.int64), np.empty(n, np.int64)
    least, at = np.empty(n), np.empty(n, np.int64)
    for j in range(n):
        row[j], column[j], least[j], at[j] = -1, -1, matrix[0, j], 0
    for i in range(1, n):
        costs = matrix[i]
        for j in range(n):
            if costs[j] < least[j]:
                least[j], at[j] = costs[j], i
    for j in range(n):
        if column[at[j]] < 0:
            row[j], column[at[j]] = at[j], j
    return row, column, least


@compiled
def _reduce_rows(matrix: FloatArray, g: FloatArray, row: Ints, column: Ints) -> None:
    """Rows that have none take their cheapest columns; these get dearer by what the second saves.

    A row whose column is taken waits for the next turn.
    """
    n = len(matrix)
    for i in _without_column(column):
        costs = matrix[i]
        first, second, to = np.inf, np.inf, -1
        for j in range(n):
            reduced = costs[j] - g[j]
            if reduced < first:
                first, second, to = reduced, first, j
            elif reduced < second:
                second = reduced
        if n > 1:
            g[to] -= second - first
        if row[to] >= 0:
            column[row[to]] = -1
        row[to], column[i] = i, to


class _Paths(NamedTuple):
    """Shortest paths from one row to all columns, by Dijkstra's algorithm.

    Attributes
    ----------
    length : ndarray, shape (n,)
        Of the shortest path to each column that is known.
    before : ndarray, shape (n,)
        The last row on it.
    order : ndarray, shape (n,)
        The columns: those that paths were continued from, those that are as near as the nearest of
        the others, the others.
    """

    length: FloatArray
    before: Ints
    order: Ints


@compiled
def _augment(matrix: FloatArray, source: int, g: FloatArray, row: Ints, column: Ints) -> None:
    """Give a row its column along a shortest path of reduced costs to one that nobody has."""
    n = len(matrix)
    paths = _Paths(np.empty(n), np.empty(n, np.int64), np.empty(n, np.int64))
    length, before, order = paths
    for j in range(n):
        length[j], before[j], order[j] = matrix[source, j] - g[j], source, j
    passed = near = settled = 0
    distance, end = 0.0, -1
    while end < 0:
        if passed == near:
            settled = passed
            distance, near = _nearest(paths, passed)
            end = _first_free(order[passed:near], row)
        if end < 0:
            near, end = _continue(matrix, g, row, paths, order[passed], distance, near)
            passed += 1
    for k in range(settled):
        g[order[k]] += length[order[k]] - distance
    i = -1
    while i != source:
        i = before[end]
        row[end] = i
        column[i], end = end, column[i]


@compiled
def _nearest(paths: _Paths, passed: int) -> tuple[float, int]:
    """The least length from there on, and where in the order the columns of that length end."""
    length, _, order = paths
    distance, near = np.inf, passed
    for k in range(passed, len(order)):
        j = order[k]
        if length[j] <= distance:
            if length[j] < distance:
                distance, near = length[j], passed
            order[k], order[near] = order[near], j
            near += 1
    return distance, near


@compiled
def _first_free(columns: Ints, row: Ints) -> int:
    for j in columns:
        if row[j] < 0:
            return int(j)
    return -1


@compiled
def _continue(
    matrix: FloatArray,
    g: FloatArray,
    row: Ints,
    paths: _Paths,
    through: int,
    distance: float,
    near: int,
) -> tuple[int, int]:
    """Go on from a column by the row that has it; a column that nobody has, as near, is the end."""
    length, before, order = paths
    i = row[through]
    costs = matrix[i]
    beyond = distance - (costs[through] - g[through])
    for k in range(near, len(order)):
        j = order[k]
        further = costs[j] - g[j] + beyond
        if further < length[j]:
            length[j], before[j] = further, i
            if further <= distance:
                if row[j] < 0:
                    return near, j
                order[k], order[near] = order[near], j
                near += 1
    return near, -1
