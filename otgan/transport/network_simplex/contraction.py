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
from otgan.transport.network_simplex.fixed_point import Masses, add, assign, less, subtract

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
    a node is 2 e where the way up is that of the chain, and 2 e + 1 where the tree was turned round.

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
    entered_cost, entered_tail : ndarray
        By edge, of those that entered: the cost, and the arc's tail.
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
    length = marks.stops[walks]
    part = Part(
        np.empty(kept, np.int32), np.full(kept, -1, np.int32), np.zeros(kept, np.int32),
        np.zeros(kept), np.empty((4 * kept, words), np.int64), np.zeros(4 * kept, np.int32),
        np.empty(length + 1, np.int32), np.zeros(kept + 1, np.int32), np.zeros(2 * kept),
        np.full(kept, -1, np.int32),
    )  # fmt: skip
    k = length = 0
    for walk in range(walks):
        low = marks.stops[walk]
        for t in range(top if walk == 0 else marks.stops[walk + 1] - 1, low - 1, -1):
            v = marks.path[t]
            if not _is_kept(marks, v, number):
                continue
            marks.name[v], part.node[k], part.start[k] = k, v, length
            if k > 0:
                step, length = _contract_chain(basis, v, marks, number, part, length, k)
                up = marks.name[basis.parent[part.chain[length - 1]]]
                part.parent[k], part.code[k], part.pi[k] = up, 2 * k, part.pi[up] + step
            k += 1
    part.start[k] = length
    return part


@compiled
def _mark_paths(
    basis: Basis, arcs: Candidates, first: int, last: int, marks: Marks, number: int
) -> tuple[int, int, int]:
    """Mark the paths from all ends of arcs; how many walks, the top of the first, nodes to keep."""
    stops, wanted = marks.stops, marks.wanted
    walks = stops[0] = 0
    for v in range(first, last):
        if arcs.start[v] == arcs.start[v + 1]:
            continue
        wanted[v] = number
        walks = _walk_up(basis, v, marks, number, walks)
        for e in range(arcs.start[v], arcs.start[v + 1]):
            wanted[arcs.target[e]] = number
            walks = _walk_up(basis, arcs.target[e], marks, number, walks)
    top = stops[1] - 1  # above it there is nothing but the way to the root
    while not _is_kept(marks, marks.path[top], number):
        top -= 1
    kept = 0
    for t in range(stops[walks]):
        kept += _is_kept(marks, marks.path[t], number)
    return walks, top, kept


@compiled
def _walk_up(basis: Basis, v: int, marks: Marks, number: int, walks: int) -> int:
    """Mark the path from v up to the first node that is marked already, or to the root."""
    seen, below, path, stops = marks.seen, marks.below, marks.path, marks.stops
    if seen[v] == number:
        return walks
    count, children = stops[walks], 0
    while seen[v] != number:
        seen[v], below[v], path[count] = number, children, v
        count += 1
        v, children = basis.parent[v], 1
        if v < 0:
            break
    if v >= 0:
        below[v] += 1
    stops[walks + 1] = count
    return walks + 1


@compiled
def _is_kept(marks: Marks, v: int, number: int) -> bool:
    return marks.wanted[v] == number or marks.below[v] >= 2


@compiled
def _contract_chain(
    basis: Basis, v: int, marks: Marks, number: int, part: Part, length: int, e: int
) -> tuple[float, int]:
    """Write edge e, from v up to the next node that is kept; its difference of potentials."""
    parent, upward, cost, mass = basis
    room, cut, along, back = part.room, part.cut, 2 * e, 2 * e + 1
    room[along], room[back] = 0, 0
    room[along, 0] = room[back, 0] = UNLIMITED
    first, difference = length, 0.0
    while True:
        part.chain[length] = v
        if upward[v]:
            difference += cost[v]
            if less(mass, v, room, back):
                assign(room, back, mass, v)
                cut[back] = length - first
        else:
            difference -= cost[v]
            if not less(room, along, mass, v):
                assign(room, along, mass, v)
                cut[along] = length - first
        length += 1
        v = parent[v]
        if _is_kept(marks, v, number):
            return difference, length


# ---------------------------------------------------------------- back into the whole tree


@compiled
def write_back(basis: Basis, part: Part, before: Masses) -> None:
    """Bring the whole tree up to the contracted one; `before` is the room that chains had."""
    parent, upward, cost, mass = basis
    node, code, room = part.node, part.code, part.room
    _send(basis, part, before)
    of_chains = part.chain[: part.start[-1]]
    held = Basis(parent[of_chains], upward[of_chains], cost[of_chains], mass[of_chains])
    kept = len(node)
    for e in range(1, kept):
        if part.removed[e] >= 0:
            _turn(basis, part, held, e, part.removed[e], part.chain[part.start[e] + part.removed[e]])
    for k in range(1, kept):
        v, e, turned = node[k], code[k] >> 1, code[k] & 1
        if e >= kept:
            parent[v], cost[v], upward[v] = node[part.parent[k]], part.entered_cost[e], turned == 0
            assign(mass, v, room, 2 * e + 1)
        elif turned:
            _turn(basis, part, held, e, part.start[e + 1] - part.start[e], v)


@compiled
def _send(basis: Basis, part: Part, before: Masses) -> None:
    """Send what passed through the chains over their arcs."""
    mass, room = basis.mass, part.room
    passed = np.empty((1, mass.shape[1]), np.int64)
    for e in range(1, len(part.node)):
        back = 2 * e + 1
        up = not less(room, back, before, back)
        assign(passed, 0, room if up else before, back)
        subtract(passed, 0, before if up else room, back)
        for t in range(part.start[e], part.start[e + 1]):
            v = part.chain[t]
            if basis.upward[v] == up:
                add(mass, v, passed, 0)
            else:
                subtract(mass, v, passed, 0)


@compiled
def _turn(basis: Basis, part: Part, held: Basis, e: int, count: int, last: int) -> None:
    """Turn the first arcs of chain e round, of which the last leads to the node `last`."""
    parent, upward, cost, mass = basis
    first = part.start[e]
    for t in range(first, first + count):
        v = part.chain[t + 1] if t + 1 < first + count else last
        parent[v], upward[v], cost[v] = part.chain[t], not held.upward[t], held.cost[t]
        assign(mass, v, held.mass, t)
