"""Small problems in one compiled call: every arc of a cost matrix is a candidate from the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.fixed_point import add, amount, assign, is_zero, less, subtract
from otgan.transport.network_simplex.simplex import (
    Candidates,
    Plan,
    Tree,
    center,
    incident,
    largest_potential,
    pivots,
    refresh,
    spread,
    thread_from_parents,
)

__all__ = ["TOLERANCE", "greedy", "solve_dense", "start_dense"]

TOLERANCE = 64 * float(np.finfo(np.float64).eps)
"""Reduced costs are zero up to this share of the largest potential."""


@compiled
def solve_dense(matrix: Any, a: Any, b: Any, limit: Any) -> Any:
    """Solve a transport problem with finite costs.

    Parameters
    ----------
    matrix : ndarray, shape (n, m)
    a, b : Masses, shapes (n, words) and (m, words)
        Positive, with equal sums.
    limit : int
        Pivots before giving up.

    Returns
    -------
    i, j, mass, f, g, pivots, finished
        The plan's masses as floats that sum to one.
    """
    n, m = matrix.shape
    tree, arcs = start_dense(matrix, a, b)
    done, _, spent = pivots(
        tree, n, arcs, TOLERANCE * largest_potential(tree), True, 0, limit, 1 << 62
    )
    refresh(tree, n)
    center(tree, n)
    hub = n + m
    whole = np.zeros((1, a.shape[1]), np.int64)
    for v in range(n):
        add(whole, 0, a, v)
    total = amount(whole, 0)
    i, j, mass = np.empty(hub, np.int64), np.empty(hub, np.int64), np.empty(hub)
    count = 0
    for v in range(hub):
        up = tree.parent[v]
        if up != hub and not is_zero(tree.mass, v):
            i[count], j[count] = min(v, up), max(v, up) - n
            mass[count] = amount(tree.mass, v) / total
            count += 1
    return i[:count], j[:count], mass[:count], tree.pi[:n], -tree.pi[n:hub], spent, done


@compiled
def start_dense(matrix: Any, a: Any, b: Any) -> Any:
    """A first tree around a greedy plan, and all arcs."""
    n, m = matrix.shape
    nodes = n + m + 1
    tree = Tree(
        np.empty(nodes, np.int32), np.empty(nodes), np.zeros((nodes, a.shape[1]), np.int64),
        np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32),
        np.empty(nodes, np.int32), np.empty(nodes, np.int32),
    )  # fmt: skip
    start, target = np.empty(n + 1, np.int64), np.empty(n * m, np.int32)
    f, g = np.full(n, np.inf), np.full(m, np.inf)
    for i in range(n):
        start[i] = i * m
        for j in range(m):
            target[i * m + j] = j
            f[i] = min(f[i], matrix[i, j])
        for j in range(m):
            g[j] = min(g[j], matrix[i, j] - f[i])
    start[n] = n * m
    tree.pi[:n] = f
    tree.pi[n:-1] = -g
    arcs = Candidates(start, target, matrix.reshape(n * m))
    plant_in(matrix, tree, Plan(*greedy(matrix, f, g, a, b)))
    return tree, arcs


@compiled
def plant_in(matrix: Any, tree: Any, plan: Any) -> None:
    """What `simplex.plant` does, where there are all arcs: no heap, and costs as they are stored.

    The tree that it grows is the same but for ties.
    """
    n, m = matrix.shape
    hub = n + m
    pi = tree.pi
    start, arc = incident(plan.i, plan.j, n, hub)
    done = np.zeros(hub + 1, np.bool_)
    order = np.empty(hub + 1, np.int32)
    length, near = np.full(n, np.inf), np.zeros(n, np.int64)
    across = np.empty((m, n))
    for j in range(m):
        for i in range(n):
            across[j, i] = max(matrix[i, j] - pi[i] + pi[n + j], 0.0)
    tree.parent[hub], tree.cost[hub], pi[hub] = -1, 0.0, 0.0
    tree.parent[0], tree.cost[0] = hub, pi[0]
    v, at_length, count = 0, 0.0, 0
    while True:
        first = count
        done[v] = True
        order[first] = v
        count = spread(first, order, done, tree, n, plan, start, arc)
        if count == hub:
            break
        for k in range(first, count):
            j = order[k] - n
            if j >= 0:
                row = across[j]
                for i in range(n):
                    further = at_length + row[i]
                    near[i] = j if further < length[i] else near[i]
                    length[i] = min(length[i], further)
        at_length = np.inf
        for i in range(n):
            if not done[i] and length[i] < at_length:
                at_length, v = length[i], i
        tree.parent[v], tree.cost[v] = n + near[v], matrix[v, near[v]]
    thread_from_parents(tree)
    refresh(tree, n)


@compiled
def greedy(matrix: Any, f: Any, g: Any, a: Any, b: Any) -> Any:
    """A plan: each point of the larger side in turn takes what is cheapest and has room.

    Cheapest beside the potentials of the smaller side, whose points are few to look at.
    """
    n, m = matrix.shape
    i, j = np.empty(n + m, np.int32), np.empty(n + m, np.int32)
    mass, cost = np.empty((n + m, a.shape[1]), np.int64), np.empty(n + m)
    by_source = n >= m
    left, room = (a.copy(), b.copy()) if by_source else (b.copy(), a.copy())
    prices = g.copy() if by_source else f.copy()
    count = 0
    for s in range(len(left)):
        while not is_zero(left, s):
            best, to = np.inf, -1
            for t in range(len(room)):
                price = (matrix[s, t] if by_source else matrix[t, s]) - prices[t]
                if price < best:
                    best, to = price, t
            if less(left, s, room, to):
                assign(mass, count, left, s)
            else:
                assign(mass, count, room, to)
                prices[to] = -np.inf  # full
            i[count], j[count] = (s, to) if by_source else (to, s)
            cost[count] = matrix[i[count], j[count]]
            subtract(left, s, mass, count)
            subtract(room, to, mass, count)
            count += 1
    return i[:count], j[:count], mass[:count], cost[:count]
