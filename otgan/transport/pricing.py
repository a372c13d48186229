"""Which arcs are cheapest beside given potentials: the smallest C_ij - g_j of every source i.

Reduced costs C_ij - f_i - g_j are bounded from below for whole pairs of cells at once, so that
most pairs of points are never looked at, provably. Potentials are bounded from above by linear
models in each cell. A cost h(y - x) with h convex lies above its tangent at the centres c of the
two cells,

    h(y - x) >= h(c_y - c_x) + G . ((y - c_y) - (x - c_x)),    G in the subdifferential of h,

so that along the rays of optimal transport, where G is the slope of g and minus that of f, the
bound is off by the square of the size of the cells only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.cells import Cells, Model
from otgan.transport.compiled import compiled

__all__ = [
    "NORMS",
    "Cheapest",
    "cheapest_between_cells",
    "cheapest_in_columns",
    "cheapest_in_rows",
    "pair_costs",
]

NORMS = {"euclidean": 2, "cityblock": 1, "chebyshev": 0}
"""Codes of the norms; costs are norm ** power."""

ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""Bounds are lowered by this share of their terms before anything is left out because of them."""

SHARES = 16
"""Pieces into which a pass is cut: threads take them in turn, and Ctrl-C is heard between."""


class Cheapest(NamedTuple):
    """The k smallest C_ij - g_j of each source, in order; index -1 where there are fewer."""

    value: FloatArray
    index: npt.NDArray[np.int32]


def cheapest_between_cells(
    x: Cells,
    y: Cells,
    models: tuple[Model, Model],
    g: FloatArray,
    below: FloatArray,
    norm: tuple[int, float],
    k: int,
) -> Cheapest:
    """For each x_i the k smallest ``norm(x_i - y_j) ** power - g_j`` that are less than below_i.

    Parameters
    ----------
    x, y : Cells
    models : Model, Model
        Upper models of some potential f on x, which only guides the search, and of g on y.
    g : ndarray, shape (m,)
    below : ndarray, shape (n,)
        May be infinite.
    norm : int, float
        Code and power.
    k : int

    Returns
    -------
    Cheapest
        O(n m d) time at worst, about O(n sqrt(m)) in the plane, O(n k) memory.
    """
    n = x.columns.shape[1]
    found = Cheapest(np.full((n, k), np.inf), np.full((n, k), -1, np.int32))
    blocks = 1 << x.depth
    shares = np.linspace(0, blocks, min(blocks, SHARES) + 1).astype(int)

    def work(share: int) -> None:
        _search(x, y, models[0], models[1], g, below, norm, found, shares[share], shares[share + 1])

    in_threads(work, len(shares) - 1)
    return found


def cheapest_in_rows(matrix: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
    """For each row the k smallest ``matrix[i, j] - g[j]`` that are less than below_i, O(n m)."""
    return _in_shares(_scan_rows, matrix, g, below, k)


def cheapest_in_columns(matrix: FloatArray, f: FloatArray, below: FloatArray, k: int) -> Cheapest:
    """For each column the k smallest ``matrix[i, j] - f[i]`` that are less than below_j."""
    return _in_shares(_scan_columns, matrix, f, below, k)


def _in_shares(
    scan: Callable[..., None], matrix: FloatArray, g: FloatArray, below: FloatArray, k: int
) -> Cheapest:
    n = len(below)
    found = Cheapest(np.full((n, k), np.inf), np.full((n, k), -1, np.int32))
    shares = np.linspace(0, n, (SHARES if matrix.size > 10**5 else 1) + 1).astype(int)

    def work(share: int) -> None:
        scan(matrix, g, below, found, shares[share], shares[share + 1])

    in_threads(work, len(shares) - 1)
    return found


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Call `work` for 0, 1, ..., count - 1 in as many threads as there are cores."""
    threads = min(os.cpu_count() or 1, count)
    if threads == 1:
        for share in range(count):
            work(share)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            list(pool.map(work, range(count)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@compiled
def _search(
    x: Any, y: Any, of_f: Any, of_g: Any, g: Any, below: Any, norm: Any, found: Any, first: Any,
    last: Any,
) -> None:  # fmt: skip
    """Let blocks of sources, from first up to last, go down the tree of targets together."""
    n, m = x.columns.shape[1], y.columns.shape[1]
    leaves = 1 << y.depth
    stack = np.empty(y.depth + 2, np.int64)
    tangents, nears = np.empty(y.depth + 2), np.empty(y.depth + 2)
    for block in range(first, last):
        u = (1 << x.depth) + block
        start, stop = block * n >> x.depth, (block + 1) * n >> x.depth
        slack, ceiling = _slack(x, of_f, u, start, stop, below, found)
        stack[0], tangents[0], nears[0] = 1, -np.inf, -np.inf
        top = 1
        while top > 0:
            top -= 1
            v = stack[top]
            if tangents[top] >= slack or nears[top] >= ceiling:
                continue
            if v >= leaves:
                k = v - leaves
                _compare(x, y, start, stop, k * m >> y.depth, (k + 1) * m >> y.depth, g, below,
                         norm, found)  # fmt: skip
                slack, ceiling = _slack(x, of_f, u, start, stop, below, found)
                continue
            t0, n0 = _bounds(x, y, of_f, of_g, u, 2 * v, norm)
            t1, n1 = _bounds(x, y, of_f, of_g, u, 2 * v + 1, norm)
            swap = max(t0 - slack, n0 - ceiling) < max(t1 - slack, n1 - ceiling)
            for half in range(2):  # the more promising one on top
                right = (half == 0) == swap
                t, near = (t1, n1) if right else (t0, n0)
                if t < slack and near < ceiling:
                    stack[top], tangents[top], nears[top] = 2 * v + right, t, near
                    top += 1


@compiled
def _slack(x: Any, of_f: Any, u: Any, start: Any, stop: Any, below: Any, found: Any) -> Any:
    """What a bound must reach to rule out a whole block: relative to its model, and absolute."""
    k = found.value.shape[1]
    slack = ceiling = -np.inf
    for i in range(start, stop):
        worst = min(below[i], found.value[i, k - 1])
        model = 0.0
        for c in range(x.columns.shape[0]):
            model += of_f.slope[u, c] * (x.columns[c, i] - x.centre[u, c])
        slack = max(slack, worst - model)
        ceiling = max(ceiling, worst)
    return slack, ceiling


@compiled
def _bounds(x: Any, y: Any, of_f: Any, of_g: Any, u: Any, v: Any, norm: Any) -> Any:
    """Lower bounds between two cells: of C_ij - g_j - slope . (x_i - c_x), and of C_ij - g_j."""
    code, power = norm
    d = x.columns.shape[0]
    size = apart = 0.0
    longest = 0
    for c in range(d):
        step = abs(y.centre[v, c] - x.centre[u, c])
        gap = max(step - y.radius[v, c] - x.radius[u, c], 0.0)
        if code == 2:
            size += step * step
            apart += gap * gap
        elif code == 1:
            size += step
            apart += gap
        else:
            if step > size:
                longest = c
            size = max(size, step)
            apart = max(apart, gap)
    if code == 2:
        size, apart = np.sqrt(size), np.sqrt(apart)
    cost, nearest = _to_power(size, power), _to_power(apart, power)
    steepness = 1.0 if power == 1.0 else power * cost / size if size > 0 else 0.0
    loss = 0.0
    for c in range(d):
        step = y.centre[v, c] - x.centre[u, c]
        gradient = 0.0
        if size > 0:
            if code == 2:
                gradient = steepness * step / size
            elif code == 1:
                gradient = steepness * np.sign(step)
            elif c == longest:
                gradient = steepness * np.sign(step)
        loss += abs(gradient - of_g.slope[v, c]) * y.radius[v, c]
        loss += abs(gradient + of_f.slope[u, c]) * x.radius[u, c]
    rounding = ROUNDING * (cost + loss + abs(of_g.top[v]))
    return cost - of_g.top[v] - loss - rounding, nearest - of_g.peak[v] - rounding


@compiled
def _compare(
    x: Any, y: Any, start: Any, stop: Any, begin: Any, end: Any, g: Any, below: Any, norm: Any,
    found: Any,
) -> None:  # fmt: skip
    """Every source of one cell with every target of another."""
    code, power = norm
    value, index = found
    k = value.shape[1]
    count = end - begin
    costs = np.empty(count)
    for i in range(start, stop):
        for t in range(count):
            costs[t] = 0.0
        for c in range(x.columns.shape[0]):
            here = x.columns[c, i]
            column = y.columns[c]
            if code == 2:
                for t in range(count):
                    step = column[begin + t] - here
                    costs[t] += step * step
            elif code == 1:
                for t in range(count):
                    costs[t] += abs(column[begin + t] - here)
            else:
                for t in range(count):
                    costs[t] = max(costs[t], abs(column[begin + t] - here))
        if code == 2 and power == 1.0:
            for t in range(count):
                costs[t] = np.sqrt(costs[t])
        elif code == 2 and power != 2.0:
            for t in range(count):
                costs[t] = costs[t] ** (power / 2)
        elif code != 2 and power != 1.0:
            for t in range(count):
                costs[t] = costs[t] ** power
        worst = min(below[i], value[i, k - 1])
        for t in range(count):
            reduced = costs[t] - g[begin + t]
            if reduced < worst:
                _insert(value[i], index[i], reduced, begin + t)
                worst = min(below[i], value[i, k - 1])


@compiled
def _insert(value: Any, index: Any, reduced: Any, j: Any) -> None:
    """Into a list in order, whose last entry falls out."""
    at = len(value) - 1
    while at > 0 and value[at - 1] > reduced:
        value[at], index[at] = value[at - 1], index[at - 1]
        at -= 1
    value[at], index[at] = reduced, j


@compiled
def _to_power(size: Any, power: Any) -> Any:
    if power == 1.0:
        return size
    if power == 2.0:
        return size * size
    return size**power


@compiled
def _scan_rows(matrix: Any, g: Any, below: Any, found: Any, first: Any, last: Any) -> None:
    value, index = found
    k = value.shape[1]
    for i in range(first, last):
        worst = below[i]
        for j in range(len(g)):
            reduced = matrix[i, j] - g[j]
            if reduced < worst:
                _insert(value[i], index[i], reduced, j)
                worst = min(below[i], value[i, k - 1])


@compiled
def _scan_columns(matrix: Any, f: Any, below: Any, found: Any, first: Any, last: Any) -> None:
    value, index = found
    k = value.shape[1]
    worst = below.copy()
    for i in range(len(f)):
        for j in range(first, last):
            reduced = matrix[i, j] - f[i]
            if reduced < worst[j]:
                _insert(value[j], index[j], reduced, i)
                worst[j] = min(below[j], value[j, k - 1])


@compiled
def pair_costs(x: Any, y: Any, i: Any, j: Any, norm: Any) -> Any:
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
