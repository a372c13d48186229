"""Pivots of a primal network simplex: arcs enter a spanning tree until no reduced cost is negative.

Masses are in fixed point: sums are exact, and an arc is empty or it is not. Trees are strongly
feasible (Cunningham, A network simplex method, 1976: mass can be sent from every node up to the
root), which rules out cycling. Of the two subtrees into which the leaving arc cuts the tree, only
the potentials of the smaller one change.

Source: Ahuja, Magnanti and Orlin, Network Flows (1993), sections 11.5 (pivots and the rules for the
entering arc) and 11.6 (strongly feasible trees).
"""

from __future__ import annotations

import math

import numpy as np

from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Candidates
from otgan.transport.network_simplex.fixed_point import Masses, add, assign, is_zero, less, subtract
from otgan.transport.network_simplex.preorder import (
    Preorder,
    move_subtree,
    nearest_common_ancestor,
)
from otgan.transport.network_simplex.tree import Tree, compute_potentials, largest_potential

__all__ = ["run_pivots"]

NO_LIMIT = np.iinfo(np.int64).max


@compiled
def run_pivots(
    tree: Tree, n: int, arcs: Candidates, tolerance: float, artificials_fixed: bool, row: int,
    limit: int, work: int,
) -> tuple[bool, int, int]:  # fmt: skip
    """Let arcs enter whose reduced cost is below -tolerance, until there are none left.

    Of every block of sqrt(arcs) candidates or more the one of least reduced cost enters: block
    search, between the book's first eligible arc and Dantzig's rule.

    Parameters
    ----------
    tree : Tree, changed in place
    n : int
    arcs : Candidates
    tolerance : float
    artificials_fixed : bool
        Whether artificial arcs must stay empty, as if their upper bound were zero.
    row : int
        The source whose arcs are looked at first.
    limit, work : int
        Stop after so many pivots, or so many changes of potentials.

    Returns
    -------
    finished, row, count : bool, int, int
    """
    start, target, cost = arcs
    pi = tree.pi
    total = start[n]
    fewer = min(n, len(pi) - 1 - n)
    # Where many points meet few, a pivot moves many potentials, and is worth a longer search.
    block = max(int(math.sqrt(total)), total // (4 * fewer), 16)
    seen = done = worked = 0
    drift = 2.0 * largest_potential(tree)
    step = np.empty((1, tree.mass.shape[1]), np.int64)
    while seen < total:
        best, best_arc, best_row = -tolerance, -1, -1
        scanned = 0
        while scanned < block and seen < total:
            here = pi[row]
            for e in range(start[row], start[row + 1]):
                reduced = cost[e] - here + pi[n + target[e]]
                if reduced < best:
                    best, best_arc, best_row = reduced, e, row
            scanned += start[row + 1] - start[row]
            seen += start[row + 1] - start[row]
            row = row + 1 if row + 1 < n else 0
        if best_arc >= 0:
            entering = best_row, n + target[best_arc], cost[best_arc], best
            worked += scanned // 4 + _pivot(tree, n, entering, artificials_fixed, step)
            done += 1
            seen = 0
            if abs(pi[-1]) > drift:  # the hub moves with the larger part, and takes digits along
                compute_potentials(tree, n)
                worked += len(pi)
            if done >= limit or worked >= work:
                break
    return seen >= total, row, done


@compiled
def _pivot(
    tree: Tree,
    n: int,
    entering: tuple[int, int, float, float],
    artificials_fixed: bool,
    step: Masses,
) -> int:
    """Let an arc enter: the nodes i and j, its cost, its reduced cost.

    `step`, shape (1, words), is a buffer for the mass that is sent along the cycle. Returns how
    many potentials were changed.
    """
    i, j, cost, reduced = entering
    order = Preorder(tree.parent, tree.thread, tree.reverse_thread, tree.last, tree.size)
    apex = nearest_common_ancestor(order, i, j)
    out, under_source, blocked = _leaving_arc(tree, n, i, j, apex, artificials_fixed)
    if blocked:
        for w in range(step.shape[1]):
            step[0, w] = 0
    else:
        assign(step, 0, tree.mass, out)
    if not is_zero(step, 0):
        _augment(tree, n, i, j, apex, step)
    inner, outer = (i, j) if under_source else (j, i)
    total = tree.size[out]
    _shift_arcs(tree, inner, out, cost, step)
    tail = move_subtree(order, out, inner, outer, apex)
    # The potentials of either subtree may change: only differences matter.
    shift = reduced if under_source else -reduced
    if 2 * total > len(tree.parent):
        first, stop = tree.thread[tail], inner
        shift, total = -shift, len(tree.parent) - total
    else:
        first, stop = inner, tree.thread[tail]
    pi, thread = tree.pi, tree.thread
    while first != stop:
        pi[first] += shift
        first = thread[first]
    return total


@compiled
def _leaving_arc(
    tree: Tree, n: int, i: int, j: int, apex: int, artificials_fixed: bool
) -> tuple[int, bool, bool]:
    """The ratio test on a cycle with this apex: the node whose arc to its parent leaves the basis.

    Of all blocking arcs, the last one on the cycle in its direction, seen from the apex, must leave
    to keep the tree strongly feasible (section 11.6). A fixed artificial arc blocks with a residual
    capacity of zero; otherwise what the leaving arc carries is sent.

    Returns
    -------
    out : int
    under_source : bool
        Whether the leaving arc is on the side of the entering arc's source.
    blocked : bool
        Whether it is a fixed artificial arc.
    """
    parent, mass = tree.parent, tree.mass
    hub = len(parent) - 1
    # `most` is the first word of what the arc above `out` carries, or -1 if that one is fixed.
    most, out, under_source = NO_LIMIT, -1, True
    while i != apex:
        here = mass[i, 0]
        if i < n and (here < most or (here == most and less(mass, i, mass, out))):
            most, out = here, i
        elif (
            artificials_fixed
            and parent[i] == hub
            and (most > 0 or (most == 0 and not is_zero(mass, out)))
        ):
            most, out = -1, i
        i = parent[i]
    while j != apex:
        here = mass[j, 0]
        if j >= n and (
            here < most
            or (here == most and not less(mass, out, mass, j))
            or (most < 0 and is_zero(mass, j))
        ):
            most, out, under_source = here, j, False
        elif artificials_fixed and parent[j] == hub:
            most, out, under_source = -1, j, False
        j = parent[j]
    return out, under_source, most < 0


@compiled
def _augment(tree: Tree, n: int, i: int, j: int, apex: int, step: Masses) -> None:
    """Send the mass over the arc (i, j), and along the tree path from j to i."""
    mass = tree.mass
    while i != apex:
        if i < n:
            subtract(mass, i, step, 0)
        else:
            add(mass, i, step, 0)
        i = tree.parent[i]
    while j != apex:
        if j >= n:
            subtract(mass, j, step, 0)
        else:
            add(mass, j, step, 0)
        j = tree.parent[j]


@compiled
def _shift_arcs(tree: Tree, inner: int, out: int, cost: float, step: Masses) -> None:
    """Give each node from `inner` up to `out` the arc of the one below it, `inner` the new one.

    The new arc carries `step`. The parents are changed afterwards.
    """
    v = inner
    while True:
        tree.cost[v], cost = cost, tree.cost[v]
        for w in range(step.shape[1]):
            tree.mass[v, w], step[0, w] = step[0, w], tree.mass[v, w]
        if v == out:
            break
        v = tree.parent[v]
