"""The first basis of a network simplex: around a plan, or of artificial arcs alone.

Source: Ahuja, Magnanti and Orlin, Network Flows (1993), sections 11.5 (an initial basis) and 4.7
(Dijkstra's algorithm with a heap).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import (
    Candidates,
    IncomingArcs,
    Ints,
    Nodes,
    by_target,
    incident_arcs,
)
from otgan.transport.network_simplex.fixed_point import Masses, assign
from otgan.transport.network_simplex.tree import Plan, Tree, compute_potentials, thread_from_parents

__all__ = ["artificial_basis", "attach_component", "initial_basis"]


class _Search(NamedTuple):
    """Dijkstra's algorithm: nodes that are reached, lengths of paths, and a heap with its keys."""

    done: npt.NDArray[np.bool_]
    length: FloatArray
    heap: npt.NDArray[np.int32]
    key: FloatArray


@compiled
def initial_basis(tree: Tree, n: int, plan: Plan, arcs: Candidates) -> None:
    """Build a strongly feasible tree around a plan, guided by the potentials in ``tree.pi``.

    The arcs of the plan must form a forest. Its components are joined by shortest paths to a
    first one (Dijkstra's algorithm, lengths are reduced costs), over arcs without mass: were
    the plan optimal and the potentials feasible, the tree would be optimal. What has no path
    is attached to the hub by an artificial arc whose cost is the node's potential.
    """
    parent, cost, pi = tree.parent, tree.cost, tree.pi
    hub = len(parent) - 1
    m = hub - n
    tree.mass[:] = 0
    plan_start, plan_arc = incident_arcs(plan.i, plan.j, n, hub)
    into = by_target(arcs, n, m)
    size = len(arcs.target) + hub + 1
    search = _Search(
        np.zeros(hub + 1, np.bool_), np.full(hub + 1, np.inf),
        np.empty(size, np.int32), np.empty(size),
    )  # fmt: skip
    order = np.empty(hub + 1, np.int32)
    count = held = 0
    parent[hub], cost[hub], pi[hub] = -1, 0.0, 0.0
    at_length = 0.0
    next_root = 0
    while count < hub:
        if held == 0:
            while search.done[next_root]:
                next_root += 1
            v = next_root
            parent[v], cost[v] = hub, pi[v]
        else:
            v, at_length, held = _pop(search.heap, search.key, held)
            if search.done[v]:
                continue
        first = count
        search.done[v] = True
        order[count] = v
        count = attach_component(first, order, search.done, tree, n, plan, plan_start, plan_arc)
        held = _shorten_paths(order[first:count], at_length, tree, n, arcs, into, search, held)
    thread_from_parents(tree)
    compute_potentials(tree, n)


@compiled
def _shorten_paths(
    joined: Nodes,
    at_length: float,
    tree: Tree,
    n: int,
    arcs: Candidates,
    into: IncomingArcs,
    search: _Search,
    held: int,
) -> int:
    """Reach sources from the targets among the nodes that joined; how many the heap holds then."""
    for node in joined:
        j = node - n
        if j < 0:
            continue
        for t in range(into.start[j], into.start[j + 1]):
            i, e = into.source[t], into.arc[t]
            if search.done[i]:
                continue
            reduced = arcs.cost[e] - tree.pi[i] + tree.pi[n + j]
            further = at_length + max(reduced, 0.0)
            if further < search.length[i]:
                search.length[i] = further
                tree.parent[i], tree.cost[i] = n + j, arcs.cost[e]
                held = _push(search.heap, search.key, held, i, further)
    return held


@compiled
def attach_component(
    first: int,
    order: Nodes,
    done: npt.NDArray[np.bool_],
    tree: Tree,
    n: int,
    plan: Plan,
    start: Ints,
    arc: Nodes,
) -> int:
    """Attach all nodes that the plan connects with order[first]; return how many `order` holds."""
    count = first + 1
    at = first
    while at < count:
        v = order[at]
        at += 1
        for t in range(start[v], start[v + 1]):
            e = arc[t]
            w = plan.i[e] if v >= n else n + plan.j[e]
            if not done[w]:
                done[w] = True
                tree.parent[w], tree.cost[w] = v, plan.cost[e]
                assign(tree.mass, w, plan.mass, e)
                order[count] = w
                count += 1
    return count


@compiled
def _push(heap: Nodes, key: FloatArray, held: int, v: int, k: float) -> int:
    at = held
    while at > 0 and key[(at - 1) >> 1] > k:
        heap[at], key[at] = heap[(at - 1) >> 1], key[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at], key[at] = v, k
    return held + 1


@compiled
def _pop(heap: Nodes, key: FloatArray, held: int) -> tuple[int, float, int]:
    v, k = heap[0], key[0]
    held -= 1
    at = 0
    while 2 * at + 1 < held:
        child = 2 * at + 1
        if child + 1 < held and key[child + 1] < key[child]:
            child += 1
        if key[child] >= key[held]:
            break
        heap[at], key[at] = heap[child], key[child]
        at = child
    heap[at], key[at] = heap[held], key[held]
    return v, k, held


@compiled
def artificial_basis(tree: Tree, n: int, a: Masses, b: Masses) -> None:
    """The basis whose arcs are all artificial, at a cost of one."""
    hub = len(tree.parent) - 1
    for v in range(hub):
        tree.parent[v], tree.cost[v] = hub, 1.0
        if v < n:
            assign(tree.mass, v, a, v)
        else:
            assign(tree.mass, v, b, v - n)
    thread_from_parents(tree)
    compute_potentials(tree, n)
