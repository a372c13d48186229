"""W1 between histograms on a grid, along its edges: the cityblock distance is that of such paths.

A flow of least cost on the 2 d N arcs between neighbors (:mod:`transshipment`) is optimal for all
N**2 pairs of cells. Where it leads from cell to cell is then read off: an optimal flow uses arcs
along which the potential rises by their length, so that every path is a shortest one, whichever
of them a mass follows.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.grid_cost import GridCost
from otgan.transport.network_simplex.context import Outcome, PricingPass, SolveContext
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    assign,
    fractions,
    is_zero,
    less,
    subtract,
)
from otgan.transport.network_simplex.transshipment import Flow, MassFlow, solve_in_masses

__all__ = ["is_for_edges", "solve_on_edges"]

FILLED = 0.5
"""Of the cells, on both sides: with fewer, those without mass are better left out."""


def is_for_edges(a: FloatArray, b: FloatArray, cost: GridCost, context: SolveContext) -> bool:
    """Whether the edges of the grid are the faster way to solve this problem to optimality."""
    if cost.p != 1 or context.limits.rtol > 0:
        return False
    return bool(min(np.count_nonzero(a), np.count_nonzero(b)) >= FILLED * len(a))


def solve_on_edges(a: FloatArray, b: FloatArray, cost: GridCost, context: SolveContext) -> Outcome:
    """Transport between two histograms on one grid, in the cityblock distance.

    Parameters
    ----------
    a, b : ndarray, shape (N,)
        Non-negative, each summing to one, in the order of ``ravel()``.
    cost : GridCost
        Of order one.
    context : SolveContext
    """
    edges = _edges(cost)
    rounds = 0

    def report(flow: Flow | None) -> bool:
        nonlocal rounds
        rounds += 1
        pivots = context.counters.pivots
        context.report(PricingPass(1, 1, rounds, 2 * len(a), edges.nnz, pivots, np.nan, np.nan))
        return False

    found = solve_in_masses(edges, a, b, context, report if context.is_watched else None)
    i, j, mass = _plan_of(found)
    f, g = -found.f, found.f
    total = float(cost.arcs(i, j) @ mass)
    gap = total - float(a @ f + b @ g)
    pivots = context.counters.pivots
    context.report(PricingPass(1, 1, rounds + 1, 2 * len(a), edges.nnz, pivots, total, gap))
    return Outcome(i, j, mass, f, g, found.finished, context.counters.stats(1))


def _edges(cost: GridCost) -> sparse.csr_array:
    """The arcs from every cell to its neighbors, and back, with their lengths, in order."""
    cells = np.arange(cost.shape[0]).reshape(cost.grid)
    ends, lengths = [], []
    for axis, (step, wraps) in enumerate(zip(cost.spacing, cost.periodic, strict=True)):
        along = np.moveaxis(cells, axis, 0)
        first, second = along[:-1].ravel(), along[1:].ravel()
        if wraps and len(along) > 2:  # of two cells each is next to the other anyway
            first = np.append(first, along[-1].ravel())
            second = np.append(second, along[0].ravel())
        ends += [(first, second), (second, first)]
        lengths += [np.full(2 * len(first), step)]
    i, j = (np.concatenate(side) for side in zip(*ends, strict=True))
    order = np.lexsort((j, i))
    start = np.searchsorted(i[order], np.arange(cells.size + 1))
    data = np.concatenate(lengths)[order]
    return sparse.csr_array((data, j[order], start), shape=cost.shape)


def _plan_of(found: MassFlow) -> tuple[IntArray, IntArray, FloatArray]:
    """Where the masses of a flow come from and go to, each pair of cells once."""
    n = len(found.held)
    by_source = np.argsort(found.i, kind="stable")
    start = np.searchsorted(found.i[by_source], np.arange(n + 1))
    target, mass = found.j[by_source].astype(np.int64), found.mass[by_source]
    parcels, size = _follow(start, target, mass, found.held, found.wanted)
    pairs, at = np.unique(parcels[0] * n + parcels[1], return_inverse=True)
    together: FloatArray = np.bincount(at, fractions(size, found.held)).astype(np.float64)
    i, j = np.divmod(pairs, n)
    return i, j, together


OWNER, GOAL, NEXT = range(3)
"""Of a parcel: where it came from, where it stays, and which is the next one at its node."""

FIRST, LAST = range(2)
"""Of a node: the first and the last parcel there."""


@compiled
def _follow(
    start: IntArray, target: IntArray, mass: Masses, held: Masses, wanted: Masses
) -> tuple[IntArray, Masses]:
    """Follow the parcels of a flow without cycles from node to node.

    Every node keeps of its own mass what it wants, then of what comes in, and passes the rest on.

    Parameters
    ----------
    start : ndarray, shape (n + 1,)
        Where the arcs of each node begin among the targets and their masses.
    target : ndarray, shape (arcs,)
    mass : Masses, shape (arcs, words)
    held, wanted : Masses, shape (n, words)

    Returns
    -------
    parcels : ndarray, shape (2, count)
        Where each of them comes from, and goes to.
    size : Masses, shape (count, words)
    """
    n, words = held.shape
    most = 2 * n + len(target)  # one is split where a node, or an arc, has enough
    parcels, size = np.full((3, most), -1), np.zeros((most, words), np.int64)
    ends = np.full((2, n), -1)
    need = np.empty((1, words), np.int64)
    count = 0
    for k in _topological_order(start, target):
        if not is_zero(held, k):
            assign(size, count, held, k)
            parcels[OWNER, count], parcels[NEXT, count] = k, ends[FIRST, k]
            ends[LAST, k] = count if ends[FIRST, k] < 0 else ends[LAST, k]
            ends[FIRST, k] = count
            count += 1
        assign(need, 0, wanted, k)
        while ends[FIRST, k] >= 0 and not is_zero(need, 0):
            one, count = _take(parcels, size, ends, k, need, count)
            parcels[GOAL, one] = k
        for e in range(start[k], start[k + 1]):
            assign(need, 0, mass, e)
            while ends[FIRST, k] >= 0 and not is_zero(need, 0):
                one, count = _take(parcels, size, ends, k, need, count)
                _append(parcels, ends, target[e], one)
    arrived = parcels[GOAL] >= 0
    return parcels[:2, arrived], size[arrived]


@compiled
def _take(
    parcels: IntArray, size: Masses, ends: IntArray, k: int, need: Masses, count: int
) -> tuple[int, int]:
    """Take the first parcel of a node, or what is needed of it; which it is, and their number."""
    head = ends[FIRST, k]
    one = head
    if less(need, 0, size, head):
        one = count
        count += 1
        parcels[OWNER, one] = parcels[OWNER, head]
        assign(size, one, need, 0)
        subtract(size, head, need, 0)
    else:
        ends[FIRST, k] = parcels[NEXT, head]
    subtract(need, 0, size, one)
    return one, count


@compiled
def _append(parcels: IntArray, ends: IntArray, k: int, one: int) -> None:
    """Put a parcel behind all others of a node."""
    parcels[NEXT, one] = -1
    if ends[FIRST, k] < 0:
        ends[FIRST, k] = one
    else:
        parcels[NEXT, ends[LAST, k]] = one
    ends[LAST, k] = one


@compiled
def _topological_order(start: IntArray, target: IntArray) -> IntArray:
    """All nodes, those before others from which arcs lead to these."""
    n = len(start) - 1
    coming = np.zeros(n, np.int64)
    for e in range(len(target)):
        coming[target[e]] += 1
    order, count = np.empty(n, np.int64), 0
    for k in range(n):
        if coming[k] == 0:
            order[count] = k
            count += 1
    at = 0
    while at < count:
        k = order[at]
        at += 1
        for e in range(start[k], start[k + 1]):
            coming[target[e]] -= 1
            if coming[target[e]] == 0:
                order[count] = target[e]
                count += 1
    return order[:count]
