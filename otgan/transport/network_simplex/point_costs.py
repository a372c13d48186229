"""Costs norm ** power between points: on arcs, between cells, and as a whole matrix."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.threads import chunk_starts, run_in_threads

__all__ = ["NORMS", "cost_matrix", "pair_costs", "to_reduced_costs", "write_sizes"]

NORMS = {"euclidean": 2, "cityblock": 1, "chebyshev": 0}
"""Codes of the norms; costs are norm ** power."""

CANCELLATION = 1e-3
"""|x - y|² below this fraction of |x|² + |y|² is computed from the differences."""


def cost_matrix(
    x: FloatArray, y: FloatArray, norm: tuple[int, float], n_jobs: int | None = None
) -> FloatArray:
    """All costs between points (n, d) and (m, d); Euclidean ones by matrix products.

    Pairs for which these would cost digits are computed from their differences. O(n m d) time.
    """
    code, power = norm
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    if code != NORMS["euclidean"]:
        name = next(name for name, number in NORMS.items() if number == code)
        return cdist(x, y, metric=name) ** power
    squares = np.square(x).sum(axis=1), np.square(y).sum(axis=1)
    costs = x @ y.T
    starts = chunk_starts(len(x), len(x))

    def work(chunk: int) -> None:
        _from_products((x, y), squares, costs, power, starts[chunk], starts[chunk + 1])

    run_in_threads(work, len(starts) - 1, n_jobs)
    return costs


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
                row[j] = np.sqrt(row[j])
        elif power != 2.0:
            for j in range(len(of_y)):
                row[j] = row[j] ** (power / 2)


@compiled
def pair_costs(
    x: FloatArray, y: FloatArray, i: IntArray, j: IntArray, norm: tuple[int, float]
) -> FloatArray:
    """``norm(x[:, i[e]] - y[:, j[e]]) ** power`` on a list of arcs, column by column."""
    code, power = norm
    costs = np.zeros(len(i))
    for c in range(x.shape[0]):
        of_x, of_y = x[c], y[c]
        for e in range(len(i)):
            step = abs(of_x[i[e]] - of_y[j[e]])
            if code == 2:
                costs[e] += step * step
            elif code == 1:
                costs[e] += step
            else:
                costs[e] = max(costs[e], step)
    for e in range(len(i)):
        if code == 2:
            costs[e] = np.sqrt(costs[e]) if power == 1.0 else costs[e] ** (power / 2)
        elif power != 1.0:
            costs[e] = costs[e] ** power
    return costs


@compiled
def write_sizes(
    x: FloatArray,
    y: FloatArray,
    sources: tuple[int, int],
    targets: tuple[int, int],
    norm: tuple[int, float],
    buffer: FloatArray,
) -> None:
    """Write norms of differences, or their squares for the Euclidean one, into the buffer.

    Parameters
    ----------
    x, y : ndarray, shapes (d, n) and (d, m)
    sources, targets : (int, int)
        Where the ranges of points begin and end.
    norm : int, float
    buffer : ndarray
        At least as large as both ranges.
    """
    code, _ = norm
    (start, stop), (begin, end) = sources, targets
    n, m = stop - start, end - begin
    buffer[:n, :m] = 0.0
    for c in range(x.shape[0]):  # short loops over slices
        of_x, of_y = x[c, start:stop], y[c, begin:end]
        for s in range(n):
            here, sizes = of_x[s], buffer[s]
            if code == 2:
                for t in range(m):
                    step = of_y[t] - here
                    sizes[t] += step * step
            elif code == 1:
                for t in range(m):
                    sizes[t] += abs(of_y[t] - here)
            else:
                for t in range(m):
                    sizes[t] = max(sizes[t], abs(of_y[t] - here))


@compiled
def to_reduced_costs(sizes: FloatArray, prices: FloatArray, norm: tuple[int, float]) -> None:
    """From sizes, see :func:`write_sizes`, to costs less prices, in place."""
    code, power = norm
    exponent = power / 2 if code == 2 else power
    if exponent == 1.0:
        for t in range(len(prices)):
            sizes[t] -= prices[t]
    elif exponent == 0.5:
        for t in range(len(prices)):
            sizes[t] = np.sqrt(sizes[t]) - prices[t]
    else:
        for t in range(len(prices)):
            sizes[t] = sizes[t] ** exponent - prices[t]
