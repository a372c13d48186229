"""The smallest reduced costs between clouds in cells: pairs of cells are ruled out by bounds.

Reduced costs C_ij - f_i - g_j are bounded from below for whole pairs of cells at once, so that
most pairs of points are never looked at, provably. Potentials are bounded from above by linear
functions in each cell. A cost h(y - x) with h convex lies above its tangent at the centers c of the
two cells,

    h(y - x) >= h(c_y - c_x) + G . ((y - c_y) - (x - c_x)),    G in the subdifferential of h,

so that along the rays of optimal transport, where G is the slope of g and minus that of f, the
bound is off by the square of the size of the cells only.
"""

from __future__ import annotations

import math

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.kdtree import Cells, LinearUpperBound
from otgan.transport.network_simplex.norm import CITYBLOCK, EUCLIDEAN, Norm
from otgan.transport.network_simplex.point_costs import to_reduced_costs, write_sizes
from otgan.transport.network_simplex.reduced_costs import Search, SmallestReducedCosts, insert
from otgan.transport.network_simplex.wrapped import BOUND_ROUNDING, wrapped_bounds
from otgan.transport.threads import chunk_starts, run_in_threads

__all__ = ["lower_bounds", "smallest_by_cells"]


def smallest_by_cells(
    cells: tuple[Cells, Cells],
    bounds: tuple[LinearUpperBound, LinearUpperBound],
    search: Search,
    n_jobs: int | None = None,
) -> SmallestReducedCosts:
    """For each x_i the k smallest ``norm(x_i - y_j) ** power - g_j`` below its threshold.

    Parameters
    ----------
    cells : Cells, Cells
        The points x and y.
    bounds : LinearUpperBound, LinearUpperBound
        Upper bounds of some potential f on x, which only guides the search, and of g on y.
    search : Search
    n_jobs : int, optional

    Returns
    -------
    SmallestReducedCosts
        O(n m d) time at worst, about O(n sqrt(m)) in the plane, O(n k) memory.
    """
    x, _ = cells
    starts = chunk_starts(1 << x.depth, x.columns.shape[1])

    def work(chunk: int) -> None:
        _search_tree(cells, bounds, search, starts[chunk], starts[chunk + 1])

    run_in_threads(work, len(starts) - 1, n_jobs)
    return search.found


@compiled
def _search_tree(
    cells: tuple[Cells, Cells],
    bounds: tuple[LinearUpperBound, LinearUpperBound],
    search: Search,
    first: int,
    last: int,
) -> None:
    """Descend the tree of targets for every leaf cell of sources from first up to last."""
    x, y = cells
    norm = search.norm
    n, m = x.columns.shape[1], y.columns.shape[1]
    leaves = 1 << y.depth
    buffer = np.empty(((n >> x.depth) + 1, (m >> y.depth) + 1))
    # Cells that are still to be looked at, with both of their lower bounds.
    stack = np.empty(y.depth + 2, np.int64)
    tangents, nears = np.empty(y.depth + 2), np.empty(y.depth + 2)
    for block in range(first, last):
        u = (1 << x.depth) + block
        start, stop = block * n >> x.depth, (block + 1) * n >> x.depth
        sources = start, stop
        slack, ceiling = _block_threshold(x, bounds[0], u, sources, search)
        stack[0], tangents[0], nears[0] = 1, -np.inf, -np.inf
        top = 1
        while top > 0:
            top -= 1
            v = stack[top]
            if tangents[top] >= slack or nears[top] >= ceiling:
                continue
            if v >= leaves:
                k = v - leaves
                targets = k * m >> y.depth, (k + 1) * m >> y.depth
                if _compare_cells(cells, sources, targets, search, buffer):
                    slack, ceiling = _block_threshold(x, bounds[0], u, sources, search)
                continue
            t0, n0 = lower_bounds(cells, bounds, u, 2 * v, norm, norm.extent)
            t1, n1 = lower_bounds(cells, bounds, u, 2 * v + 1, norm, norm.extent)
            swap = max(t0 - slack, n0 - ceiling) < max(t1 - slack, n1 - ceiling)
            for half in range(2):  # the more promising one on top
                right = (half == 0) == swap
                t, near = (t1, n1) if right else (t0, n0)
                if t < slack and near < ceiling:
                    stack[top], tangents[top], nears[top] = 2 * v + right, t, near
                    top += 1


@compiled
def _block_threshold(
    x: Cells, of_f: LinearUpperBound, u: int, sources: tuple[int, int], search: Search
) -> tuple[float, float]:
    """What the two lower bounds must reach to rule out a whole cell of sources."""
    threshold, found = search.threshold, search.found
    start, stop = sources
    k = found.value.shape[1]
    slack = ceiling = -np.inf
    for i in range(start, stop):
        worst = min(threshold[i], found.value[i, k - 1])
        linear = 0.0
        for c in range(x.columns.shape[0]):
            linear += of_f.slope[u, c] * (x.columns[c, i] - x.center[u, c])
        slack = max(slack, worst - linear)
        ceiling = max(ceiling, worst)
    return slack, ceiling


@compiled
def lower_bounds(
    cells: tuple[Cells, Cells],
    bounds: tuple[LinearUpperBound, LinearUpperBound],
    u: int,
    v: int,
    norm: Norm,
    extent: FloatArray | None,
) -> tuple[float, float]:
    """Lower bounds, in cells u and v, of C_ij - g_j - slope . (x_i - c_x), and of C_ij - g_j.

    `extent` is that of `norm`, by itself, as loops are compiled without what is left out for None.
    """
    if extent is not None:
        return wrapped_bounds(cells, bounds, u, v, norm, extent)
    (x, y), (of_f, of_g) = cells, bounds
    code, power = norm.code, norm.power
    d = x.columns.shape[0]
    size = apart = 0.0
    longest = 0
    for c in range(d):
        step = abs(y.center[v, c] - x.center[u, c])
        gap = max(step - y.radius[v, c] - x.radius[u, c], 0.0)
        if code == EUCLIDEAN:
            size += step * step
            apart += gap * gap
        elif code == CITYBLOCK:
            size += step
            apart += gap
        else:
            if step > size:
                longest = c
            size = max(size, step)
            apart = max(apart, gap)
    if code == EUCLIDEAN:
        size, apart = math.sqrt(size), math.sqrt(apart)
    cost, nearest = _to_power(size, power), _to_power(apart, power)
    steepness = 1.0 if power == 1.0 else power * cost / size if size > 0 else 0.0
    loss = 0.0
    for c in range(d):
        step = y.center[v, c] - x.center[u, c]
        gradient = 0.0
        if size > 0:
            gradient = _slope(step, size, steepness, c == longest, code)
        loss += abs(gradient - of_g.slope[v, c]) * y.radius[v, c]
        loss += abs(gradient + of_f.slope[u, c]) * x.radius[u, c]
    rounding = BOUND_ROUNDING * (cost + loss + abs(of_g.offset[v]))
    return cost - of_g.offset[v] - loss - rounding, nearest - of_g.maximum[v] - rounding


@compiled
def _slope(step: float, size: float, steepness: float, longest: bool, code: int) -> float:
    """The derivative of the cost by one step of several, their norm being `size`."""
    if code == EUCLIDEAN:
        return steepness * step / size
    return steepness * np.sign(step) if code == CITYBLOCK or longest else 0.0


@compiled
def _compare_cells(
    cells: tuple[Cells, Cells],
    sources: tuple[int, int],
    targets: tuple[int, int],
    search: Search,
    buffer: FloatArray,
) -> bool:
    """Compare every source of one cell with every target of another; whether any was inserted.

    `buffer` holds their costs.
    """
    (x, y), (start, stop), (begin, end) = cells, sources, targets
    threshold, norm = search.threshold, search.norm
    value, index = search.found
    k = value.shape[1]
    prices = search.g[begin:end]
    changed = False
    write_sizes(x.columns, y.columns, sources, targets, norm, norm.extent, buffer)
    for i in range(start, stop):
        costs = buffer[i - start]
        to_reduced_costs(costs, prices, norm.exponent)
        worst = min(threshold[i], value[i, k - 1])
        for t in range(end - begin):
            if costs[t] < worst:
                insert(value[i], index[i], costs[t], begin + t)
                worst = min(threshold[i], value[i, k - 1])
                changed = True
    return changed


@compiled
def _to_power(size: float, power: float) -> float:
    if power == 1.0:
        return size
    if power == 2.0:
        return size * size
    return size**power
