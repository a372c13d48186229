"""Small problems in one compiled call: every arc of a cost matrix is a candidate from the start."""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.assignment import assignment
from otgan.transport.network_simplex.candidates import Candidates, Ints, Nodes, incident_arcs
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    add,
    amount,
    assign,
    is_zero,
    less,
    subtract,
)
from otgan.transport.network_simplex.initial_basis import attach_component
from otgan.transport.network_simplex.simplex import run_pivots
from otgan.transport.network_simplex.tree import (
    Plan,
    Tree,
    center_potentials,
    compute_potentials,
    largest_potential,
    thread_from_parents,
)
from otgan.transport.rounding import DENSE_TOLERANCE

__all__ = [
    "MAX_DENSE_ARCS",
    "MAX_PIVOTS",
    "dense_start",
    "greedy_plan",
    "initial_basis_dense",
    "solve_dense",
]

MAX_DENSE_ARCS = 2**18
"""Entries of a cost matrix that are all candidates from the start."""

MAX_PIVOTS = 1_000_000
"""Of a small problem in a batch, before it is left to the solver for large ones."""


@compiled
def solve_dense(
    matrix: FloatArray, a: Masses, b: Masses, limit: int
) -> tuple[Ints, Ints, FloatArray, FloatArray, FloatArray, int, bool]:
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
    n = len(a)
    tree, arcs = dense_start(matrix, a, b)
    tolerance = DENSE_TOLERANCE * largest_potential(tree)
    done, _, spent = run_pivots(tree, n, arcs, tolerance, True, 0, limit, 1 << 62)
    compute_potentials(tree, n)
    center_potentials(tree, n)
    i, j, mass = _plan_as_fractions(tree, n, a)
    f, g = np.empty(n), np.empty(len(b))
    for s in range(n):
        f[s] = tree.pi[s]
    for t in range(len(b)):
        g[t] = -tree.pi[n + t]
    return i, j, mass, f, g, spent, done


@compiled
def _plan_as_fractions(tree: Tree, n: int, a: Masses) -> tuple[Ints, Ints, FloatArray]:
    """The basic arcs that carry mass, as fractions of all mass."""
    hub = len(tree.parent) - 1
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
    return i[:count], j[:count], mass[:count]


@compiled
def dense_start(matrix: FloatArray, a: Masses, b: Masses) -> tuple[Tree, Candidates]:
    """A first basis around a plan, and all arcs as candidates.

    The plan is greedy, or an assignment, between as many points of one mass each.
    """
    n, m = matrix.shape
    nodes = n + m + 1
    tree = Tree(
        np.empty(nodes, np.int32), np.empty(nodes), np.zeros((nodes, a.shape[1]), np.int64),
        np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32),
        np.empty(nodes, np.int32), np.empty(nodes, np.int32),
    )  # fmt: skip
    start, target = np.empty(n + 1, np.int64), np.empty(n * m, np.int32)
    for i in range(n):
        start[i] = i * m
        for j in range(m):
            target[i * m + j] = j
    start[n] = n * m
    if n == m and _are_units(a):
        column, f, g = assignment(matrix)
        plan = _plan_of(matrix, column, a)
    else:
        f, g = _reduce(matrix)
        plan = greedy_plan(matrix, f, g, a, b)
    for i in range(n):
        tree.pi[i] = f[i]
    for j in range(m):
        tree.pi[n + j] = -g[j]
    initial_basis_dense(matrix, tree, Plan(*plan))
    return tree, Candidates(start, target, matrix.reshape(-1))


@compiled
def _are_units(a: Masses) -> bool:
    """Whether every mass is one unit: then all weights of both sides are equal, if n = m."""
    units = a.shape[1] == 1
    for k in range(len(a)):
        units &= a[k, 0] == 1
    return units


@compiled
def _reduce(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The least cost of each row, and what of each column is left above these at least."""
    n, m = matrix.shape
    f, g = np.empty(n), np.full(m, np.inf)
    for i in range(n):
        least = np.inf
        for j in range(m):
            least = min(least, matrix[i, j])
        f[i] = least
        for j in range(m):
            g[j] = min(g[j], matrix[i, j] - least)
    return f, g


@compiled
def _plan_of(
    matrix: FloatArray, column: Ints, a: Masses
) -> tuple[Nodes, Nodes, Masses, FloatArray]:
    """An assignment as a plan."""
    n = len(column)
    i, j, cost = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n)
    for s in range(n):
        i[s], j[s], cost[s] = s, column[s], matrix[s, column[s]]
    return i, j, a.copy(), cost


@compiled
def initial_basis_dense(matrix: FloatArray, tree: Tree, plan: Plan) -> None:
    """:func:`initial_basis.initial_basis` where all arcs are candidates: the same but for ties.

    Dijkstra's algorithm without a heap, on costs as they are stored.
    """
    n, m = matrix.shape
    hub = n + m
    pi = tree.pi
    start, arc = incident_arcs(plan.i, plan.j, n, hub)
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
        count = attach_component(first, order, done, tree, n, plan, start, arc)
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
    compute_potentials(tree, n)


@compiled
def greedy_plan(
    matrix: FloatArray, f: FloatArray, g: FloatArray, a: Masses, b: Masses
) -> tuple[Nodes, Nodes, Masses, FloatArray]:
    """A plan: each point of the larger side in turn takes the cheapest point with capacity left.

    Cheapest in costs less the potentials of the smaller side, whose points are few to compare.
    """
    n, m = matrix.shape
    i, j = np.empty(n + m, np.int32), np.empty(n + m, np.int32)
    mass, cost = np.empty((n + m, a.shape[1]), np.int64), np.empty(n + m)
    by_source = n >= m
    left, capacity = (a.copy(), b.copy()) if by_source else (b.copy(), a.copy())
    prices = g.copy() if by_source else f.copy()
    count = 0
    for s in range(len(left)):
        while not is_zero(left, s):
            best, to = np.inf, -1
            for t in range(len(capacity)):
                price = (matrix[s, t] if by_source else matrix[t, s]) - prices[t]
                if price < best:
                    best, to = price, t
            if less(left, s, capacity, to):
                assign(mass, count, left, s)
            else:
                assign(mass, count, capacity, to)
                prices[to] = -np.inf  # full
            i[count], j[count] = (s, to) if by_source else (to, s)
            cost[count] = matrix[i[count], j[count]]
            subtract(left, s, mass, count)
            subtract(capacity, to, mass, count)
            count += 1
    return i[:count], j[:count], mass[:count], cost[:count]
