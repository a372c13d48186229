"""The first basis of a network simplex: around a plan, or of artificial arcs alone.

Source: Ahuja, Magnanti and Orlin, Network Flows (1993), sections 11.5 (an initial basis) and 4.7
(Dijkstra's algorithm with a heap).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import by_target, incident_arcs
from otgan.transport.network_simplex.fixed_point import assign
from otgan.transport.network_simplex.tree import compute_potentials, thread_from_parents

__all__ = ["artificial_basis", "attach_component", "initial_basis"]


@compiled
def initial_basis(tree: Any, n: Any, plan: Any, arcs: Any) -> None:
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
    into_start, into_arc, into_source = by_target(arcs, n, m)
    done = np.zeros(hub + 1, np.bool_)
    length = np.full(hub + 1, np.inf)
    heap, key = np.empty(len(arcs.target) + hub + 1, np.int32), np.empty(len(arcs.target) + hub + 1)
    order = np.empty(hub + 1, np.int32)
    count = held = 0
    parent[hub], cost[hub], pi[hub] = -1, 0.0, 0.0
    at_length = 0.0
    next_root = 0
    while count < hub:
        if held == 0:
            while done[next_root]:
                next_root += 1
            v = next_root
            parent[v], cost[v] = hub, pi[v]
        else:
            v, at_length, held = _pop(heap, key, held)
            if done[v]:
                continue
        first = count
        done[v] = True
        order[count] = v
        count = attach_component(first, order, done, tree, n, plan, plan_start, plan_arc)
        for k in range(first, count):
            j = order[k] - n
            if j < 0:
                continue
            for t in range(into_start[j], into_start[j + 1]):
                i, e = into_source[t], into_arc[t]
                if done[i]:
                    continue
                reduced = arcs.cost[e] - pi[i] + pi[n + j]
                further = at_length + max(reduced, 0.0)
                if further < length[i]:
                    length[i] = further
                    parent[i], cost[i] = n + j, arcs.cost[e]
                    held = _push(heap, key, held, i, further)
    thread_from_parents(tree)
    compute_potentials(tree, n)


@compiled
def attach_component(
    first: Any, order: Any, done: Any, tree: Any, n: Any, plan: Any, start: Any, arc: Any
) -> Any:
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
def _push(heap: Any, key: Any, held: Any, v: Any, k: Any) -> Any:
    at = held
    while at > 0 and key[(at - 1) >> 1] > k:
        heap[at], key[at] = heap[(at - 1) >> 1], key[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at], key[at] = v, k
    return held + 1


@compiled
def _pop(heap: Any, key: Any, held: Any) -> Any:
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
def artificial_basis(tree: Any, n: Any, a: Any, b: Any) -> None:
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
