"""The part of a spanning tree that some arcs meet, its paths contracted to single edges.

The cycle of an entering arc is the arc and the path in the tree between its ends. The paths
between the ends of all arcs of a window form a small tree in the whole one; of its nodes only
these ends and the branchings matter, and the chains of arcs between them are contracted. A
contracted edge knows how much more mass can be sent along it in either direction, and on which of
its arcs the mass runs out first. All else hangs on the nodes of the chains, and stays as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Candidates, Nodes
from otgan.transport.network_simplex.fixed_point import Masses, add, assign, is_zero, less, subtract

__all__ = ["Basis", "Marks", "Part", "contract", "marks_for", "write_back"]

UNLIMITED = 1 << 61
"""First word of a room without limit: far above all masses, far below overflow."""


class Basis(NamedTuple):
    """A spanning tree, by node: the arc between a node and its parent, which is -1 for the root.

    Attributes
    ----------
    parent : ndarray
    upward : ndarray
        Whether the arc leads to the parent, not from it.
    cost, mass : ndarray
    """

    parent: Nodes
    upward: npt.NDArray[np.bool_]
    cost: FloatArray
    mass: Masses


class Marks(NamedTuple):
    """Work space, by node; entries count where `seen` or `wanted` holds the window's number.

    Attributes
    ----------
    seen, wanted : ndarray
        Whether the node is on a path between ends of arcs, and whether it is such an end.
    below : ndarray
        How many of its children are on these paths.
    name : ndarray
        Its number in the contracted tree.
    path, stops : ndarray
        All nodes on paths, one walk towards the root after the other, and where each walk stops.
    """

    seen: Nodes
    wanted: Nodes
    below: Nodes
    name: Nodes
    path: Nodes
    stops: Nodes


class Part(NamedTuple):
    """A contracted tree, whose parents come first at the start; node 0 is its root.

    Edge e stands for the arcs above the nodes chain[start[e]] ... chain[start[e + 1] - 1], from
    node e up to its parent; edges that enter later have higher numbers. The code of the edge above
    a node is 2 e where the way up is that of the chain, and 2 e + 1 where it was turned round.

    Attributes
    ----------
    node : ndarray
        Which nodes of the whole tree these are.
    parent, code, pi : ndarray
        By node; potentials count from the root.
    room, cut : ndarray
        By code: how much more can be sent that way, and the arc of the chain that then is empty,
        the last one of several.
    chain, start : ndarray
    entered_cost : ndarray
        By edge, of those that entered.
    removed : ndarray
        By edge, of the chains: which of its arcs left the tree, or -1.
    """

    node: Nodes
    parent: Nodes
    code: Nodes
    pi: FloatArray
    room: Masses
    cut: Nodes
    chain: Nodes
    start: Nodes
    entered_cost: FloatArray
    removed: Nodes


@compiled
def marks_for(nodes: int) -> Marks:
    """Work space for windows with numbers above zero."""
    return Marks(
        np.zeros(nodes, np.int32), np.zeros(nodes, np.int32), np.zeros(nodes, np.int32),
        np.zeros(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes + 1, np.int32),
    )  # fmt: skip


@compiled
def contract(
    basis: Basis, arcs: Candidates, first: int, last: int, marks: Marks, number: int
) -> Part:
    """The contracted tree between the ends of the arcs of the tails first ... last - 1."""
    walks, top, kept = _mark_paths(basis, arcs, first, last, marks, number)
    words = basis.mass.shape[1]
    part = Part(
        np.empty(kept, np.int32), np.full(kept, -1, np.int32), np.zeros(kept, np.int32),
        np.zeros(kept), np.zeros((4 * kept, words), np.int64), np.zeros(4 * kept, np.int32),
        np.zeros(marks.stops[walks], np.int32), np.zeros(kept + 1, np.int32), np.zeros(2 * kept),
        np.full(kept, -1, np.int32),
    )  # fmt: skip
    _number_nodes(part.node, marks, walks, top, number)
    _contract_chains(basis, part, marks, number)
    return part


@compiled
def _number_nodes(node: Nodes, marks: Marks, walks: int, top: int, number: int) -> None:
    """Number the nodes that are kept, parents first: every walk from above."""
    _, wanted, below, name, path, stops = marks
    k = 0
    for walk in range(walks):
        for t in range(top if walk == 0 else stops[walk + 1] - 1, stops[walk] - 1, -1):
            v = path[t]
            if wanted[v] == number or below[v] >= 2:
                name[v], node[k] = k, v
                k += 1


@compiled
def _contract_chains(basis: Basis, part: Part, marks: Marks, number: int) -> None:
    """Contract the arcs from every node up to the next one that is kept."""
    above, upward, cost, mass = basis
    node, parent, code, pi, room, cut, chain, start, _, _ = part
    _, wanted, below, name, _, _ = marks
    length = 0
    for e in range(1, len(node)):
        along, back, v = 2 * e, 2 * e + 1, node[e]
        room[along, 0] = room[back, 0] = UNLIMITED
        start[e], difference = length, 0.0
        kept = False
        while not kept:
            chain[length] = v
            if upward[v]:
                difference += cost[v]
                if less(mass, v, room, back):
                    assign(room, back, mass, v)
                    cut[back] = length - start[e]
            else:
                difference -= cost[v]
                if not less(room, along, mass, v):
                    assign(room, along, mass, v)
                    cut[along] = length - start[e]
            length += 1
            v = above[v]
            kept = wanted[v] == number or below[v] >= 2
        parent[e], code[e], pi[e] = name[v], along, pi[name[v]] + difference
    start[len(node)] = length


@compiled
def _mark_paths(
    basis: Basis, arcs: Candidates, first: int, last: int, marks: Marks, number: int
) -> tuple[int, int, int]:
    """Mark the paths from all ends of arcs; how many walks, the top of the first, nodes to keep."""
    start, target, _ = arcs
    parent = basis.parent
    seen, wanted, below, _, path, stops = marks
    walks = count = stops[0] = 0
    for tail in range(first, last):
        for e in range(start[tail] - 1, start[tail + 1]):
            v = tail if e < start[tail] else target[e]
            wanted[v] = number
            if seen[v] == number:
                continue
            children = 0
            while v >= 0 and seen[v] != number:  # up to what is marked, or beyond the root
                seen[v], below[v], path[count] = number, children, v
                count += 1
                v, children = parent[v], 1
            if v >= 0:
                below[v] += 1
            walks += 1
            stops[walks] = count
    top = stops[1] - 1  # above it there is nothing but the way to the root
    while wanted[path[top]] != number and below[path[top]] < 2:
        top -= 1
    kept = 0
    for t in range(count):
        kept += wanted[path[t]] == number or below[path[t]] >= 2
    return walks, top, kept


# ---------------------------------------------------------------- back into the whole tree


@compiled
def write_back(basis: Basis, part: Part, before: Masses) -> None:
    """Bring the whole tree up to the contracted one; `before` is the room that chains had."""
    parent, upward, cost, mass = basis
    node, kept = part.node, len(part.node)
    _send(basis, part, before)
    turned = np.full(kept, -1, np.int32)
    for k in range(1, kept):
        if part.code[k] & 1 and part.code[k] >> 1 < kept:
            turned[part.code[k] >> 1] = node[k]
    _turn_chains(basis, part, turned)
    for k in range(1, kept):
        v, e, c = node[k], part.code[k] >> 1, part.code[k]
        if e >= kept:
            parent[v], cost[v], upward[v] = node[part.parent[k]], part.entered_cost[e], c & 1 == 0
            assign(mass, v, part.room, 2 * e + 1)


@compiled
def _send(basis: Basis, part: Part, before: Masses) -> None:
    """Send what passed through the chains over their arcs."""
    upward, mass, room = basis.upward, basis.mass, part.room
    start, chain = part.start, part.chain
    passed = np.empty((1, mass.shape[1]), np.int64)
    for e in range(1, len(part.node)):
        back = 2 * e + 1
        up = not less(room, back, before, back)
        assign(passed, 0, room if up else before, back)
        subtract(passed, 0, before if up else room, back)
        if not is_zero(passed, 0):
            for t in range(start[e], start[e + 1]):
                if upward[chain[t]] == up:
                    add(mass, chain[t], passed, 0)
                else:
                    subtract(mass, chain[t], passed, 0)


@compiled
def _turn_chains(basis: Basis, part: Part, turned: Nodes) -> None:
    """Turn chains round whose node in `turned` is behind their last arc, and the lower cut ends."""
    parent, upward, cost, mass = basis
    start, chain, removed = part.start, part.chain, part.removed
    held_upward, held_cost, held_mass = upward[chain], cost[chain], mass[chain]
    for e in range(1, len(turned)):
        first, count, last = start[e], 0, turned[e]
        if removed[e] >= 0:
            count = removed[e]
            last = chain[first + count]
        elif last >= 0:
            count = start[e + 1] - first
        for t in range(first, first + count):
            v = chain[t + 1] if t + 1 < first + count else last
            parent[v], upward[v], cost[v] = chain[t], not held_upward[t], held_cost[t]
            assign(mass, v, held_mass, t)
