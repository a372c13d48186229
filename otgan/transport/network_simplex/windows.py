"""Pivots of a network simplex window by window, each window on a contracted tree.

A pivot of a whole tree costs the length of its cycle and the size of a subtree: hundreds or
thousands of nodes. The arcs of neighboring tails meet the same small part of the tree again and
again. It is cut out and contracted once, all pivots of the window are made there, and then written
back: they are pivots of the whole tree. Between windows nothing but the tree itself is kept.

Windows of few tails come first, which settle what is local by many cheap pivots; those of all
tails come last, and have few to make.

Sources for the pivots: Ahuja, Magnanti and Orlin, Network Flows (1993), sections 11.5 and 11.6, and
the indices of trees in section 11.3.
"""

from __future__ import annotations

import math

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Candidates, Ints, Nodes
from otgan.transport.network_simplex.context import SolveContext
from otgan.transport.network_simplex.contraction import (
    UNLIMITED,
    Basis,
    Part,
    contract,
    marks_for,
    write_back,
)
from otgan.transport.network_simplex.fixed_point import Masses, add, assign, is_zero, less, subtract
from otgan.transport.network_simplex.preorder import (
    Preorder,
    move_subtree,
    nearest_common_ancestor,
)

__all__ = ["pivot_in_windows", "potentials_of"]

FIRST_WIDTH = 64
"""Tails in the smallest windows."""

NO_LIMIT = np.iinfo(np.int64).max

WIDER = 4
"""How many times as many tails the next windows have."""


def pivot_in_windows(
    basis: Basis, arcs: Candidates, tolerance: float, context: SolveContext
) -> bool:
    """Pivot until no arc improves the flow; False if the pivots were used up before.

    Parameters
    ----------
    basis : Basis, changed in place
        Strongly feasible.
    arcs : Candidates
        By tail; their ``target`` is the node at the other end.
    tolerance : float
        Reduced costs above minus this count as zero.
    context : SolveContext
    """
    tails = len(arcs.start) - 1
    width = FIRST_WIDTH
    while not context.exhausted:
        count, found = _sweep(basis, arcs, min(width, tails), tolerance, context.pivots_left)
        context.counters.pivots += count
        if not found:
            return True
        width *= WIDER
    return False


@compiled
def potentials_of(basis: Basis) -> FloatArray:
    """Node potentials with cost - pi[tail] + pi[head] = 0 on all arcs of the tree."""
    parent, upward, cost, _ = basis
    nodes = len(parent)
    pi = np.zeros(nodes)
    done = parent < 0
    stack = np.empty(nodes, np.int32)
    for s in range(nodes):
        held, v = 0, s
        while not done[v]:
            stack[held] = v
            held += 1
            v = parent[v]
        while held > 0:
            held -= 1
            w = stack[held]
            pi[w] = pi[v] + (cost[w] if upward[w] else -cost[w])
            done[w] = True
            v = w
    return pi


@compiled
def _sweep(
    basis: Basis, arcs: Candidates, width: int, tolerance: float, limit: int
) -> tuple[int, bool]:
    """Make the windows optimal one after the other, where there is something to improve.

    Returns
    -------
    count : int
        Pivots that were made, at most `limit`.
    found : bool
        Whether any arc had a negative reduced cost at the start.
    """
    pi = potentials_of(basis)
    marks = marks_for(len(pi))
    tails = len(arcs.start) - 1
    count = number = 0
    for first in range(0, tails, width):
        last = min(first + width, tails)
        if count < limit and _is_improvable(arcs, first, last, pi, tolerance):
            number += 1
            part = contract(basis, arcs, first, last, marks, number)
            count += _improve(basis, part, arcs, first, last, marks.name, tolerance, limit - count)
    return count, number > 0


@compiled
def _is_improvable(
    arcs: Candidates, first: int, last: int, pi: FloatArray, tolerance: float
) -> bool:
    for v in range(first, last):
        for e in range(arcs.start[v], arcs.start[v + 1]):
            if arcs.cost[e] - pi[v] + pi[arcs.target[e]] < -tolerance:
                return True
    return False


@compiled
def _improve(
    basis: Basis, part: Part, arcs: Candidates, first: int, last: int, name: Nodes,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Pivot on the arcs of the tails first ... last - 1, write back, and count."""
    begin = arcs.start[first]
    tail = np.empty(arcs.start[last] - begin, np.int32)
    head = np.empty(len(tail), np.int32)
    for v in range(first, last):
        for e in range(arcs.start[v], arcs.start[v + 1]):
            tail[e - begin], head[e - begin] = name[v], name[arcs.target[e]]
    before = part.room[: 2 * len(part.node)].copy()
    count = _pivots(part, tail, head, arcs.cost[begin : arcs.start[last]], tolerance, limit)
    if count:
        write_back(basis, part, before)
    return count


@compiled
def _pivots(
    part: Part, tail: Nodes, head: Nodes, cost: FloatArray, tolerance: float, limit: int
) -> int:
    """Let arcs enter until none has a negative reduced cost: of every block the best."""
    pi, chains = part.pi, len(part.node)
    order = _preorder(part.parent)
    step = np.empty((1, part.room.shape[1]), np.int64)
    free = np.arange(2 * chains - 1, chains - 1, -1)  # numbers of edges that may enter
    held = len(free)
    total = len(tail)
    block = max(16, int(math.sqrt(total)))
    seen = count = at = 0
    while seen < total and count < limit:
        best, arc = -tolerance, -1
        size = min(block, total - seen)
        for _ in range(size):
            reduced = cost[at] - pi[tail[at]] + pi[head[at]]
            if reduced < best:
                best, arc = reduced, at
            at = at + 1 if at + 1 < total else 0
        seen += size
        if arc >= 0:
            held -= 1
            e = free[held]
            part.entered_cost[e] = cost[arc]
            code = _pivot(part, order, (tail[arc], head[arc]), e, best, step)
            if code >> 1 < chains:
                part.removed[code >> 1] = part.cut[code]
            else:
                free[held] = code >> 1
                held += 1
            count += 1
            seen = 0
    return count


@compiled
def _pivot(
    part: Part, order: Preorder, ends: tuple[int, int], e: int, reduced: float, step: Masses
) -> int:
    """Let an arc enter as edge e; return the code of the edge that leaves."""
    room, (i, j) = part.room, ends
    apex = nearest_common_ancestor(order, i, j)
    out, code, under_tail = _leaving_edge(part, i, j, apex)
    assign(step, 0, room, code)
    if not is_zero(step, 0):
        _augment(part, i, j, apex, step)
    room[2 * e] = 0
    room[2 * e, 0] = UNLIMITED
    assign(room, 2 * e + 1, step, 0)
    inner, outer = (i, j) if under_tail else (j, i)
    total = order.size[out]
    _shift_edges(part, inner, out, 2 * e if under_tail else 2 * e + 1)
    tail = move_subtree(order, out, inner, outer, apex)
    # The potentials of either subtree may change: only differences matter.
    shift = reduced if under_tail else -reduced
    first, stop = inner, order.next[tail]
    if 2 * total > len(part.parent):
        first, stop, shift = stop, first, -shift
    while first != stop:
        part.pi[first] += shift
        first = order.next[first]
    return code


@compiled
def _leaving_edge(part: Part, i: int, j: int, apex: int) -> tuple[int, int, bool]:
    """The ratio test: the node below the edge that leaves, its code, whether it is above i.

    Of all edges that block it is the last one on the cycle in its direction, seen from the apex,
    which keeps the tree strongly feasible (section 11.6).
    """
    parent, code, room = part.parent, part.code, part.room
    out = least = -1
    under_tail, most = True, NO_LIMIT  # the first word of the least room
    while i != apex:
        c = code[i] ^ 1
        here = room[c, 0]
        if here < most or (here == most and less(room, c, room, least)):
            most, out, least = here, i, c
        i = parent[i]
    while j != apex:
        c = code[j]
        here = room[c, 0]
        if here < most or (here == most and not less(room, least, room, c)):
            most, out, least, under_tail = here, j, c, False
        j = parent[j]
    return out, least, under_tail


@compiled
def _augment(part: Part, i: int, j: int, apex: int, step: Masses) -> None:
    """Send mass over the arc (i, j), and along the path in the tree from j to i."""
    parent, code, room = part.parent, part.code, part.room
    if room.shape[1] == 1:
        _augment_words(parent, code, room[:, 0], i, j, apex, step[0, 0])
        return
    while i != apex:
        subtract(room, code[i] ^ 1, step, 0)
        add(room, code[i], step, 0)
        i = parent[i]
    while j != apex:
        subtract(room, code[j], step, 0)
        add(room, code[j] ^ 1, step, 0)
        j = parent[j]


@compiled
def _augment_words(
    parent: Nodes, code: Nodes, room: Ints, i: int, j: int, apex: int, step: int
) -> None:
    """The same for masses of one word."""
    while i != apex:
        c = code[i]
        room[c ^ 1] -= step
        room[c] += step
        i = parent[i]
    while j != apex:
        c = code[j]
        room[c] -= step
        room[c ^ 1] += step
        j = parent[j]


@compiled
def _shift_edges(part: Part, inner: int, out: int, code: int) -> None:
    """Give each node from `inner` up to `out` the edge of the one below, the other way around.

    `inner` gets the one with this code. The parents are changed afterwards.
    """
    v = inner
    while True:
        part.code[v], code = code, part.code[v] ^ 1
        if v == out:
            break
        v = part.parent[v]


# ---------------------------------------------------------------- indices of the contracted tree


@compiled
def _preorder(parent: Nodes) -> Preorder:
    """The preorder of a tree whose parents come first."""
    nodes = len(parent)
    size, order = np.ones(nodes, np.int32), np.zeros(nodes, np.int32)
    for v in range(nodes - 1, 0, -1):
        size[parent[v]] += size[v]
    place, free = np.zeros(nodes, np.int32), np.ones(nodes, np.int32)
    for v in range(1, nodes):  # each node takes the next free places among its parent's
        place[v] = free[parent[v]]
        free[parent[v]] += size[v]
        free[v] = place[v] + 1
        order[place[v]] = v
    following, before = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    last = np.empty(nodes, np.int32)
    for k in range(nodes):
        v, w = order[k], order[k + 1 if k + 1 < nodes else 0]
        following[v], before[w], last[v] = w, v, order[k + size[v] - 1]
    return Preorder(parent, following, before, last, size)
