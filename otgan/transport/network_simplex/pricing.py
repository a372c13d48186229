"""Which arcs are cheapest beside given potentials: the smallest C_ij - g_j of every source i.

Reduced costs C_ij - f_i - g_j are bounded from below for whole pairs of cells at once, so that
most pairs of points are never looked at, provably. Potentials are bounded from above by linear
models in each cell. A cost h(y - x) with h convex lies above its tangent at the centers c of the
two cells,

    h(y - x) >= h(c_y - c_x) + G . ((y - c_y) - (x - c_x)),    G in the subdifferential of h,

so that along the rays of optimal transport, where G is the slope of g and minus that of f, the
bound is off by the square of the size of the cells only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.kdtree import Cells, Model, grow, upper_model
from otgan.transport.stopwatch import preparation

__all__ = [
    "CELLS_UP_TO",
    "NORMS",
    "Cheapest",
    "add_sizes",
    "c_transform_of_points",
    "cheapest_beside",
    "cheapest_between_cells",
    "cheapest_by_products",
    "cheapest_in_columns",
    "cheapest_in_rows",
    "cost_matrix",
    "pair_costs",
    "to_reduced_costs",
]

NORMS = {"euclidean": 2, "cityblock": 1, "chebyshev": 0}
"""Codes of the norms; costs are norm ** power."""

CELLS_UP_TO = 6
"""Dimensions beyond which Euclidean costs are sifted by matrix products, not by cells."""

CANCELLED = 1e-3
"""|x - y|² below this share of |x|² + |y|² is computed from the differences."""

ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""Bounds are lowered by this share of their terms before anything is left out because of them."""

SHARE = 1000
"""Rows in a piece of a pass, at most: threads take them in turn, and Ctrl-C is heard between."""

SHARES = 16
"""Pieces of a pass, at least."""


class Cheapest(NamedTuple):
    """The k smallest C_ij - g_j of each source, in order; index -1 where there are fewer."""

    value: FloatArray
    index: npt.NDArray[np.int32]  # type: ignore[assignment]  # not tuple.index


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
    shares = _shares(blocks, n)

    def work(share: int) -> None:
        _search(x, y, models[0], models[1], g, below, norm, found, shares[share], shares[share + 1])

    in_threads(work, len(shares) - 1)
    return found


def cheapest_by_products(
    x: FloatArray, y: FloatArray, g: FloatArray, below: FloatArray, power: float, k: int
) -> Cheapest:
    """The same for the Euclidean norm in many dimensions, where cells rule nothing out.

    Matrix products give |x - y|² = |x|² + |y|² - 2 x.y up to rounding, which rules nearly all
    pairs out; the others are computed from their differences.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Centerd, so that rounding is small.
    """
    n, m = len(x), len(y)
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    found = Cheapest(np.full((n, k), np.inf), np.full((n, k), -1, np.int32))
    squares = np.square(x).sum(axis=1), np.square(y).sum(axis=1)
    rounding = 4 * (x.shape[1] + 4) * float(np.finfo(np.float64).eps)
    step = max(1, TILE // m)

    def work(tile: int) -> None:
        first, last = tile * step, min((tile + 1) * step, n)
        products = x[first:last] @ y.T
        _sift(x, y, squares, products, rounding, g, below, power, found, first)

    in_threads(work, -(-n // step))
    return found


def cheapest_beside(
    x: Cells, y: Cells, f: FloatArray, g: FloatArray, below: FloatArray, norm: tuple[int, float],
    k: int,
) -> Cheapest:  # fmt: skip
    """The k smallest C_ij - g_j of each source, by cells or by products; f guides the search."""
    code, power = norm
    if code == NORMS["euclidean"] and len(x.columns) > CELLS_UP_TO:
        return cheapest_by_products(x.columns.T, y.columns.T, g, below, power, k)
    models = upper_model(x, f), upper_model(y, g)
    return cheapest_between_cells(x, y, models, g, below, norm, k)


def cost_matrix(x: Cells, y: Cells, norm: tuple[int, float]) -> FloatArray:
    """All costs, O(n m d); Euclidean ones by matrix products where that costs no digits."""
    code, power = norm
    rows, columns = np.ascontiguousarray(x.columns.T), np.ascontiguousarray(y.columns.T)
    if code != NORMS["euclidean"]:
        name = next(name for name, number in NORMS.items() if number == code)
        return cdist(rows, columns, metric=name) ** power
    squares = np.square(rows).sum(axis=1), np.square(columns).sum(axis=1)
    costs = rows @ columns.T
    shares = _shares(len(rows), len(rows))

    def work(share: int) -> None:
        _from_products(rows, columns, squares, costs, power, shares[share], shares[share + 1])

    in_threads(work, len(shares) - 1)
    return costs


def c_transform_of_points(
    x: FloatArray, y: FloatArray, norm: str, power: float, f: FloatArray, guess: FloatArray | None
) -> FloatArray:
    """min_i norm(x_i - y_j) ** power - f_i for every j; a guess of it guides the search."""
    tree_x, tree_y = grow(x), grow(y)
    g = np.zeros(len(y)) if guess is None or not np.isfinite(guess).all() else guess
    unlimited = np.full(len(y), np.inf)
    found = cheapest_beside(
        tree_y.cells, tree_x.cells, g[tree_y.order], f[tree_x.order], unlimited,
        (NORMS[norm], power), 1,
    )  # fmt: skip
    result = np.empty(len(y))
    result[tree_y.order] = found.value[:, 0]
    return result


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
    shares = _shares(n, n)

    def work(share: int) -> None:
        scan(matrix, g, below, found, shares[share], shares[share + 1])

    in_threads(work, len(shares) - 1)
    return found


TILE = 2**20
"""Products that are held at once by every thread (8 MiB)."""


def _shares(blocks: int, rows: int) -> npt.NDArray[np.int64]:
    """Where each piece begins among so many blocks, and where the last one ends."""
    pieces = min(blocks, max(SHARES, rows // SHARE))
    return np.linspace(0, blocks, pieces + 1).astype(np.int64)


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Call `work` for 0, 1, ..., count - 1 in as many threads as there are cores."""
    threads = min(os.cpu_count() or 1, count)
    if threads == 1:
        for share in range(count):
            work(share)
        return

    def prepared(share: int) -> float:
        work(share)
        return preparation.seconds

    with ThreadPoolExecutor(threads) as pool:
        try:
            # All wait for the one that compiles a loop first.
            begun = [_begin(pool, prepared, share) for share in range(count)]
            preparation.seconds += max(seconds() for seconds in begun)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(
    pool: ThreadPoolExecutor, work: Callable[[int], float], share: int
) -> Callable[[], float]:
    try:
        return pool.submit(work, share).result
    except RuntimeError:  # the main thread has ended, which closes all pools; this one goes on
        return partial(work, share)


@compiled
def _search(
    x: Any, y: Any, of_f: Any, of_g: Any, g: Any, below: Any, norm: Any, found: Any, first: Any,
    last: Any,
) -> None:  # fmt: skip
    """Let blocks of sources, from first up to last, go down the tree of targets together."""
    n, m = x.columns.shape[1], y.columns.shape[1]
    leaves = 1 << y.depth
    room = np.empty(((n >> x.depth) + 1, (m >> y.depth) + 1))
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
                begin, end = k * m >> y.depth, (k + 1) * m >> y.depth
                if _compare(x, y, start, stop, begin, end, g, below, norm, found, room):
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
            model += of_f.slope[u, c] * (x.columns[c, i] - x.center[u, c])
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
        step = abs(y.center[v, c] - x.center[u, c])
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
        step = y.center[v, c] - x.center[u, c]
        gradient = 0.0
        if size > 0:
            if code == 2:
                gradient = steepness * step / size
            elif code == 1 or c == longest:
                gradient = steepness * np.sign(step)
        loss += abs(gradient - of_g.slope[v, c]) * y.radius[v, c]
        loss += abs(gradient + of_f.slope[u, c]) * x.radius[u, c]
    rounding = ROUNDING * (cost + loss + abs(of_g.top[v]))
    return cost - of_g.top[v] - loss - rounding, nearest - of_g.peak[v] - rounding


@compiled
def _compare(
    x: Any, y: Any, start: Any, stop: Any, begin: Any, end: Any, g: Any, below: Any, norm: Any,
    found: Any, room: Any,
) -> Any:  # fmt: skip
    """Every source of one cell with every target of another: is any among the cheapest?

    `room` holds their costs.
    """
    value, index = found
    k = value.shape[1]
    targets = end - begin
    prices = g[begin:end]
    changed = False
    add_sizes(x, y, start, stop, begin, end, norm, room)
    for i in range(start, stop):
        costs = room[i - start]
        to_reduced_costs(costs, prices, norm)
        worst = min(below[i], value[i, k - 1])
        for t in range(targets):
            if costs[t] < worst:
                _insert(value[i], index[i], costs[t], begin + t)
                worst = min(below[i], value[i, k - 1])
                changed = True
    return changed


@compiled
def add_sizes(
    x: Any, y: Any, start: Any, stop: Any, begin: Any, end: Any, norm: Any, room: Any
) -> None:
    """Norms of differences, or their squares for the Euclidean one: short loops over slices."""
    code, _ = norm
    sources, targets = stop - start, end - begin
    room[:sources, :targets] = 0.0
    for c in range(x.columns.shape[0]):
        of_x, of_y = x.columns[c, start:stop], y.columns[c, begin:end]
        for s in range(sources):
            here, sizes = of_x[s], room[s]
            if code == 2:
                for t in range(targets):
                    step = of_y[t] - here
                    sizes[t] += step * step
            elif code == 1:
                for t in range(targets):
                    sizes[t] += abs(of_y[t] - here)
            else:
                for t in range(targets):
                    sizes[t] = max(sizes[t], abs(of_y[t] - here))


@compiled
def to_reduced_costs(sizes: Any, prices: Any, norm: Any) -> None:
    """From sizes to reduced costs."""
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


@compiled
def _from_products(
    x: Any, y: Any, squares: Any, costs: Any, power: Any, first: Any, last: Any
) -> None:
    """From x.y to |x - y| ** power, in place."""
    of_x, of_y = squares
    for i in range(first, last):
        row, size = costs[i], of_x[i]
        for j in range(len(of_y)):
            row[j] = size + of_y[j] - 2.0 * row[j]
        for j in range(len(of_y)):
            # Differences that are small beside the points themselves have lost digits.
            if row[j] < CANCELLED * (size + of_y[j]):
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
def _sift(
    x: Any, y: Any, squares: Any, products: Any, rounding: Any, g: Any, below: Any, power: Any,
    found: Any, first: Any,
) -> None:  # fmt: skip
    """Compare the pairs whose products leave it open whether they are among the cheapest."""
    m = len(g)
    of_y = (1.0 - rounding) * squares[1]
    for s in range(len(products)):
        i = first + s
        of_x = (1.0 - rounding) * squares[0][i]
        for begin in range(0, m, 64):
            end = min(begin + 64, m)
            worst = min(below[i], found.value[i, -1])
            prices, sizes, dots = g[begin:end], of_y[begin:end], products[s, begin:end]
            if _count_below(worst, prices, of_x, sizes, dots, power) == 0:
                continue
            for t in range(len(prices)):
                least = of_x + sizes[t] - 2.0 * dots[t]
                if least >= _reach(worst + prices[t], power):
                    continue
                size = 0.0
                for c in range(x.shape[1]):
                    size += (x[i, c] - y[begin + t, c]) ** 2
                reduced = (np.sqrt(size) if power == 1.0 else size ** (power / 2)) - prices[t]
                if reduced < worst:
                    _insert(found.value[i], found.index[i], reduced, begin + t)
                    worst = min(below[i], found.value[i, -1])


@compiled
def _reach(cost: Any, power: Any) -> Any:
    """The square of the distance that has this cost; negative for negative costs."""
    if power == 1.0:
        return cost * abs(cost)
    if power == 2.0:
        return cost
    return max(cost, 0.0) ** (2.0 / power)


@compiled
def _count_below(worst: Any, prices: Any, of_x: Any, sizes: Any, dots: Any, power: Any) -> Any:
    """For how many targets a lower bound of |x - y|² leaves a reduced cost below `worst` open."""
    count = 0
    if power == 1.0:
        for t in range(len(prices)):
            reach = worst + prices[t]
            count += of_x + sizes[t] - 2.0 * dots[t] < reach * abs(reach)
    else:
        for t in range(len(prices)):
            count += of_x + sizes[t] - 2.0 * dots[t] < _reach(worst + prices[t], power)
    return count


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
