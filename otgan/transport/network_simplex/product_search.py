"""The smallest reduced costs for the Euclidean norm in many dimensions, by matrix products.

There the bounds of cells rule nothing out. Matrix products give |x - y|² = |x|² + |y|² - 2 x.y up
to rounding, which rules nearly all pairs out; the others are computed from their differences.
"""

from __future__ import annotations

import math

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.reduced_costs import Search, SmallestReducedCosts, insert
from otgan.transport.rounding import EPS
from otgan.transport.threads import run_in_threads

__all__ = ["smallest_by_products"]

TILE_ENTRIES = 2**20
"""Products that are held at once by every thread (8 MiB)."""

GROUP = 64
"""Pairs that are filtered together, by a loop without branches."""


def smallest_by_products(
    x: FloatArray, y: FloatArray, search: Search, n_jobs: int | None = None
) -> SmallestReducedCosts:
    """For each x_i the k smallest ``|x_i - y_j| ** power - g_j`` below its threshold.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Centered, so that rounding is small.
    search : Search
    n_jobs : int, optional
    """
    n, m = len(x), len(y)
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    rounding = 4 * (x.shape[1] + 4) * EPS  # lowers the squares, and so the bounds
    lowered = [(1.0 - rounding) * np.square(z).sum(axis=1) for z in (x, y)]
    step = max(1, TILE_ENTRIES // m)

    def work(tile: int) -> None:
        first, last = tile * step, min((tile + 1) * step, n)
        products = x[first:last] @ y.T
        _filter_pairs((x, y), (lowered[0], lowered[1]), products, search, first)

    run_in_threads(work, -(-n // step), n_jobs)
    return search.found


@compiled
def _filter_pairs(
    points: tuple[FloatArray, FloatArray],
    squares: tuple[FloatArray, FloatArray],
    products: FloatArray,
    search: Search,
    first: int,
) -> None:
    """Compute the costs of those pairs whose products leave open whether they are among the k."""
    (x, y), (squares_x, squares_y) = points, squares
    g, threshold, found = search.g, search.threshold, search.found
    power = search.norm.power
    m = len(g)
    for s in range(len(products)):
        i = first + s
        of_x = squares_x[i]
        for begin in range(0, m, GROUP):
            end = min(begin + GROUP, m)
            worst = min(threshold[i], found.value[i, -1])
            prices, sizes, dots = g[begin:end], squares_y[begin:end], products[s, begin:end]
            if _count_below(worst, prices, of_x, sizes, dots, power) == 0:
                continue
            for t in range(len(prices)):
                least = of_x + sizes[t] - 2.0 * dots[t]
                if least >= _max_sq_distance(worst + prices[t], power):
                    continue
                size = 0.0
                for c in range(x.shape[1]):
                    size += (x[i, c] - y[begin + t, c]) ** 2
                reduced = (math.sqrt(size) if power == 1.0 else size ** (power / 2)) - prices[t]
                if reduced < worst:
                    insert(found.value[i], found.j[i], reduced, begin + t)
                    worst = min(threshold[i], found.value[i, -1])


@compiled
def _max_sq_distance(cost: float, power: float) -> float:
    """The squared distance whose cost is this; negative for negative costs."""
    if power == 1.0:
        return cost * abs(cost)
    if power == 2.0:
        return cost
    return max(cost, 0.0) ** (2.0 / power)


@compiled
def _count_below(
    worst: float, prices: FloatArray, of_x: float, sizes: FloatArray, dots: FloatArray, power: float
) -> int:
    """For how many targets the lower bound of |x - y|² allows a reduced cost below `worst`."""
    count = 0
    if power == 1.0:
        for t in range(len(prices)):
            largest = worst + prices[t]
            count += of_x + sizes[t] - 2.0 * dots[t] < largest * abs(largest)
    else:
        for t in range(len(prices)):
            count += of_x + sizes[t] - 2.0 * dots[t] < _max_sq_distance(worst + prices[t], power)
    return count
