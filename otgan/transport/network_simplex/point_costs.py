"""Costs between points: on arcs, between cells, and as a whole matrix."""

from __future__ import annotations

import math

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.norm import CITYBLOCK, EUCLIDEAN, Norm
from otgan.transport.network_simplex.wrapped import write_wrapped_sizes
from otgan.transport.threads import chunk_starts, run_in_threads

__all__ = [
    "cost_matrix",
    "pair_costs",
    "to_reduced_costs",
    "write_sizes",
]

CANCELLATION = 1e-3
"""|x - y|² below this fraction of |x|² + |y|² is computed from the differences."""


def cost_matrix(x: FloatArray, y: FloatArray, norm: Norm, n_jobs: int | None = None) -> FloatArray:
    """All costs between points (n, d) and (m, d); Euclidean ones by matrix products.

    Pairs for which these would cost digits are computed from their differences. O(n m d) time.
    """
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    if norm.code != EUCLIDEAN:
        return _by_coordinates(x.T.copy(), y.T.copy(), norm, n_jobs)
    squares = np.square(x).sum(axis=1), np.square(y).sum(axis=1)
    costs = x @ y.T
    starts = chunk_starts(len(x), len(x))

    def work(chunk: int) -> None:
        _from_products((x, y), squares, costs, norm.power, starts[chunk], starts[chunk + 1])

    run_in_threads(work, len(starts) - 1, n_jobs)
    return costs


def _by_coordinates(x: FloatArray, y: FloatArray, norm: Norm, n_jobs: int | None) -> FloatArray:
    """All costs between points (d, n) and (d, m), coordinate by coordinate."""
    n, m = x.shape[1], y.shape[1]
    costs = np.empty((n, m))
    starts = chunk_starts(n, n)

    def work(chunk: int) -> None:
        _fill_rows(x, y, norm, costs, starts[chunk], starts[chunk + 1])

    run_in_threads(work, len(starts) - 1, n_jobs)
    return costs


@compiled
def _fill_rows(
    x: FloatArray, y: FloatArray, norm: Norm, costs: FloatArray, first: int, last: int
) -> None:
    zeros = np.zeros(y.shape[1])
    for i in range(first, last):
        row = costs[i : i + 1]
        write_sizes(x, y, (i, i + 1), (0, y.shape[1]), norm, norm.extent, row)
        to_reduced_costs(row[0], zeros, norm.exponent)


@compiled
def _from_products(
    points: tuple[FloatArray, FloatArray],
    squares: tuple[FloatArray, FloatArray],
    costs: FloatArray,
    power: float,
    first: int,
    last: int,
) -> None:
    """From x.y to |x - y| ** power, in place."""
    (x, y), (of_x, of_y) = points, squares
    for i in range(first, last):
        row, size = costs[i], of_x[i]
        for j in range(len(of_y)):
            row[j] = size + of_y[j] - 2.0 * row[j]
        for j in range(len(of_y)):
            # Differences that are small beside the points themselves have lost digits.
            if row[j] < CANCELLATION * (size + of_y[j]):
                row[j] = 0.0
                for c in range(x.shape[1]):
                    row[j] += (x[i, c] - y[j, c]) ** 2
        if power == 1.0:
            for j in range(len(of_y)):
                row[j] = math.sqrt(row[j])
        elif power != 2.0:
            for j in range(len(of_y)):
                row[j] = row[j] ** (power / 2)


@compiled
def pair_costs(x: FloatArray, y: FloatArray, i: IntArray, j: IntArray, norm: Norm) -> FloatArray:
    """The costs of x[:, i[e]] and y[:, j[e]] on a list of arcs."""
    costs = np.zeros(len(i))
    _add_sizes(x, y, i, j, norm, norm.extent, costs)
    to_reduced_costs(costs, np.zeros(len(i)), norm.exponent)
    return costs


@compiled
def _add_sizes(
    x: FloatArray,
    y: FloatArray,
    i: IntArray,
    j: IntArray,
    norm: Norm,
    extent: FloatArray | None,
    sizes: FloatArray,
) -> None:
    """Add sizes on a list of arcs, column by column."""
    if extent is not None:
        one = np.empty((1, 1))
        for e in range(len(i)):
            write_wrapped_sizes(x, y, (i[e], i[e] + 1), (j[e], j[e] + 1), norm, extent, one)
            sizes[e] = one[0, 0]
        return
    for c in range(x.shape[0]):
        of_x, of_y = x[c], y[c]
        for e in range(len(i)):
            step = abs(of_x[i[e]] - of_y[j[e]])
            if norm.code == EUCLIDEAN:
                sizes[e] += step * step
            elif norm.code == CITYBLOCK:
                sizes[e] += step
            else:
                sizes[e] = max(sizes[e], step)


@compiled
def write_sizes(
    x: FloatArray,
    y: FloatArray,
    sources: tuple[int, int],
    targets: tuple[int, int],
    norm: Norm,
    extent: FloatArray | None,
    buffer: FloatArray,
) -> None:
    """Write distances to the power `norm.root`, sums over coordinates, into the buffer.

    Parameters
    ----------
    x, y : ndarray, shapes (d, n) and (d, m)
    sources, targets : (int, int)
        Where the ranges of points begin and end.
    norm : Norm
    extent : ndarray or None
        That of `norm`, by itself: loops are compiled without what is left out for None.
    buffer : ndarray
        At least as large as both ranges.
    """
    if extent is not None:
        write_wrapped_sizes(x, y, sources, targets, norm, extent, buffer)
        return
    (start, stop), (begin, end) = sources, targets
    n, m = stop - start, end - begin
    buffer[:n, :m] = 0.0
    for c in range(x.shape[0]):  # short loops over slices
        of_x, of_y = x[c, start:stop], y[c, begin:end]
        for s in range(n):
            here, sizes = of_x[s], buffer[s]
            if norm.code == EUCLIDEAN:
                for t in range(m):
                    step = of_y[t] - here
                    sizes[t] += step * step
            elif norm.code == CITYBLOCK:
                for t in range(m):
                    sizes[t] += abs(of_y[t] - here)
            else:
                for t in range(m):
                    sizes[t] = max(sizes[t], abs(of_y[t] - here))


@compiled
def to_reduced_costs(sizes: FloatArray, prices: FloatArray, exponent: float) -> None:
    """From sizes, see :func:`write_sizes`, to costs less prices, in place."""
    if exponent == 1.0:
        for t in range(len(prices)):
            sizes[t] -= prices[t]
    elif exponent == 0.5:
        for t in range(len(prices)):
            sizes[t] = math.sqrt(sizes[t]) - prices[t]
    else:
        for t in range(len(prices)):
            sizes[t] = sizes[t] ** exponent - prices[t]
