"""Network simplex for transport: a spanning tree of arcs, improved one arc at a time.

Nodes are the sources 0 ... n - 1, the targets n ... n + m - 1, and the hub n + m, which is the
root. The hub holds the tree together by artificial arcs, from sources to the hub and from the
hub to targets; these carry nothing (`sealed`), or exactly the mass that allowed arcs cannot
move. Potentials are ``pi[i] = f_i`` and ``pi[n + j] = -g_j``, so that C_ij - pi[i] + pi[n + j]
is the reduced cost of an arc, and zero along the tree.

Masses are in fixed point: sums are exact, and an arc is empty or it is not. Trees are strongly
feasible (Cunningham 1976: mass can be sent from every node up to the root), which rules out
cycling. The tree is threaded in preorder, so that a subtree is an interval of the thread
(Barr, Glover and Klingman 1979); of the two parts into which a pivot cuts the tree, only the
potentials of the smaller one are moved.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.fixed_point import Masses, add, assign, is_zero, less, subtract

__all__ = [
    "Candidates",
    "Plan",
    "Tree",
    "carriers",
    "center",
    "empty_tree",
    "hang_on_hub",
    "incident",
    "join",
    "largest_potential",
    "pivots",
    "plan_of",
    "plant",
    "refresh",
    "spread",
    "thread_from_parents",
]

Ints = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.int32]

NO_LIMIT = np.iinfo(np.int64).max


class Candidates(NamedTuple):
    """Arcs in the order of their sources: those of i are start[i] ... start[i + 1] - 1."""

    start: Ints
    target: Nodes
    cost: FloatArray


class Plan(NamedTuple):
    """Masses on arcs (i, j), and what a unit costs there."""

    i: Nodes
    j: Nodes
    mass: Masses
    cost: FloatArray


class Tree(NamedTuple):
    """A spanning tree; `cost` and `mass` belong to the arc between a node and its parent."""

    parent: Nodes
    cost: FloatArray
    mass: Masses
    pi: FloatArray
    thread: Nodes
    back: Nodes
    last: Nodes
    size: Nodes


def empty_tree(n: int, m: int, words: int) -> Tree:
    """Room for a tree of n + m nodes and the hub, which hangs on nothing yet."""
    nodes = n + m + 1
    return Tree(
        np.full(nodes, -1, np.int32),
        np.zeros(nodes),
        np.zeros((nodes, words), np.int64),
        np.zeros(nodes),
        *(np.zeros(nodes, np.int32) for _ in range(4)),
    )


def carriers(tree: Tree) -> Nodes:
    """The nodes whose arc to their parent carries mass, and is not artificial."""
    hub = len(tree.parent) - 1
    return np.flatnonzero(tree.mass.any(axis=1) & (tree.parent != hub)).astype(np.int32)


def plan_of(tree: Tree, n: int) -> Plan:
    """The arcs that carry mass, artificial ones left out."""
    v = carriers(tree)
    up = tree.parent[v]
    return Plan(np.minimum(v, up), np.maximum(v, up) - np.int32(n), tree.mass[v], tree.cost[v])


@compiled
def join(start: Any, target: Any, m: Any, from_sources: Any, from_targets: Any) -> Any:
    """The candidates, and beside them arcs (i, from_sources[i, k]) and (from_targets[j, k], j).

    Entries of -1 are passed over; every arc is kept once.
    """
    rows = _row_starts(start, from_sources, from_targets)
    free = rows[:-1].copy()
    arcs = np.empty(rows[-1], np.int32)
    for i in range(len(free)):
        for e in range(start[i], start[i + 1]):
            arcs[free[i]] = target[e]
            free[i] += 1
        for j in from_sources[i]:
            if j >= 0:
                arcs[free[i]] = j
                free[i] += 1
    for j in range(from_targets.shape[0]):
        for i in from_targets[j]:
            if i >= 0:
                arcs[free[i]] = j
                free[i] += 1
    return _without_repeats(rows, arcs, m)


@compiled
def _row_starts(start: Any, from_sources: Any, from_targets: Any) -> Any:
    rows = start.copy()
    rows[1:] -= start[:-1]
    for i in range(from_sources.shape[0]):
        for j in from_sources[i]:
            rows[i + 1] += j >= 0
    for j in range(from_targets.shape[0]):
        for i in from_targets[j]:
            if i >= 0:
                rows[i + 1] += 1
    return np.cumsum(rows)


@compiled
def _without_repeats(rows: Any, arcs: Any, m: Any) -> Any:
    seen = np.full(m, -1, np.int64)
    kept = begin = 0
    for i in range(len(rows) - 1):
        end = rows[i + 1]
        for e in range(begin, end):
            if seen[arcs[e]] != i:
                seen[arcs[e]] = i
                arcs[kept] = arcs[e]
                kept += 1
        begin = end
        rows[i + 1] = kept
    return rows, arcs[:kept].copy()


# ---------------------------------------------------------------- the first tree


@compiled
def plant(tree: Any, n: Any, plan: Any, arcs: Any) -> None:
    """Grow a strongly feasible tree around a plan, guided by the potentials in ``tree.pi``.

    The arcs of the plan must form a forest. Its components are joined by shortest paths to a
    first one (Dijkstra's algorithm, lengths are reduced costs), over arcs without mass: were
    the plan optimal and the potentials feasible, the tree would be optimal. What has no path
    hangs on the hub, where its potentials are.
    """
    parent, cost, pi = tree.parent, tree.cost, tree.pi
    hub = len(parent) - 1
    m = hub - n
    tree.mass[:] = 0
    plan_start, plan_arc = incident(plan.i, plan.j, n, hub)
    into_start, into_arc, into_source = _transposed(arcs, n, m)
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
        count = spread(first, order, done, tree, n, plan, plan_start, plan_arc)
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
    refresh(tree, n)


@compiled
def spread(
    first: Any, order: Any, done: Any, tree: Any, n: Any, plan: Any, start: Any, arc: Any
) -> Any:
    """Hang all that the plan connects with order[first]; return how many nodes are in `order`."""
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
def incident(i: Any, j: Any, n: Any, nodes: Any) -> Any:
    """The arcs at every node."""
    start = np.zeros(nodes + 1, np.int64)
    for e in range(len(i)):
        start[i[e] + 1] += 1
        start[n + j[e] + 1] += 1
    for v in range(nodes):
        start[v + 1] += start[v]
    free = start[:-1].copy()
    arc = np.empty(2 * len(i), np.int32)
    for e in range(len(i)):
        for end in range(2):
            v = i[e] if end == 0 else n + j[e]
            arc[free[v]] = e
            free[v] += 1
    return start, arc


@compiled
def _transposed(arcs: Any, n: Any, m: Any) -> Any:
    """Candidates in the order of their targets."""
    start = np.zeros(m + 1, np.int64)
    for e in range(len(arcs.target)):
        start[arcs.target[e] + 1] += 1
    for j in range(m):
        start[j + 1] += start[j]
    free = start[:-1].copy()
    arc, source = np.empty(len(arcs.target), np.int32), np.empty(len(arcs.target), np.int32)
    for i in range(n):
        for e in range(arcs.start[i], arcs.start[i + 1]):
            j = arcs.target[e]
            arc[free[j]], source[free[j]] = e, i
            free[j] += 1
    return start, arc, source


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
def thread_from_parents(tree: Any) -> None:
    """Thread the tree in preorder, from its parents alone."""
    parent, thread, back, last, size = (
        tree.parent, tree.thread, tree.back, tree.last, tree.size,
    )  # fmt: skip
    nodes = len(parent)
    hub = nodes - 1
    child, sibling = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    for v in range(hub):
        sibling[v], child[parent[v]] = child[parent[v]], v
    stack, order = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    stack[0], held, count = hub, 1, 0
    while held > 0:
        held -= 1
        v = stack[held]
        order[count] = v
        count += 1
        w = child[v]
        while w >= 0:
            stack[held] = w
            held += 1
            w = sibling[w]
    for k in range(nodes):
        v, w = order[k], order[(k + 1) % nodes]
        thread[v], back[w], size[v], last[v] = w, v, 1, v
    for k in range(nodes - 1, 0, -1):
        v = order[k]
        p = parent[v]
        size[p] += size[v]
        if last[p] == p:  # the last child comes first from behind
            last[p] = last[v]


@compiled
def largest_potential(tree: Any) -> Any:
    """The scale of rounding in reduced costs."""
    largest = 0.0
    for v in range(len(tree.pi)):
        largest = max(largest, abs(tree.pi[v]))
    return largest


@compiled
def refresh(tree: Any, n: Any) -> None:
    """Compute all potentials anew from the costs along the tree: no rounding piles up."""
    hub = len(tree.parent) - 1
    tree.pi[hub] = 0.0
    v = tree.thread[hub]
    while v != hub:
        step = tree.cost[v]
        tree.pi[v] = tree.pi[tree.parent[v]] + (step if v < n else -step)
        v = tree.thread[v]


@compiled
def center(tree: Any, n: Any) -> None:
    """Take the common offset from the potentials: their sums are to keep all digits."""
    f, minus_g = tree.pi[:n], tree.pi[n:-1]
    offset = (f.min() + f.max() + minus_g.min() + minus_g.max()) / 4
    for v in range(len(tree.pi)):
        tree.pi[v] -= offset


# ---------------------------------------------------------------- pivots


@compiled
def pivots(
    tree: Any, n: Any, arcs: Any, tolerance: Any, sealed: Any, row: Any, limit: Any, work: Any
) -> Any:
    """Let arcs enter whose reduced cost is below -tolerance, until there are none left.

    Of every block of sqrt(arcs) candidates or more the best one enters (block search).

    Parameters
    ----------
    tree : Tree, changed in place
    n : int
    arcs : Candidates
    tolerance : float
    sealed : bool
        Whether artificial arcs must stay empty.
    row : int
        The source whose arcs are looked at first.
    limit, work : int
        Stop after so many pivots, or so many changes of potentials.

    Returns
    -------
    finished, row, pivots : bool, int, int
    """
    start, target, cost = arcs
    pi = tree.pi
    total = start[n]
    fewer = min(n, len(pi) - 1 - n)
    # Where many points meet few, a pivot moves many potentials, and is worth a longer search.
    block = max(int(np.sqrt(total)), total // (4 * fewer), 16)
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
            worked += scanned // 4 + _pivot(
                tree, n, best_row, n + target[best_arc], cost[best_arc], best, sealed, step
            )
            done += 1
            seen = 0
            if abs(pi[-1]) > drift:  # the hub moves with the larger part, and takes digits along
                refresh(tree, n)
                worked += len(pi)
            if done >= limit or worked >= work:
                break
    return seen >= total, row, done


@compiled
def _pivot(
    tree: Any, n: Any, i: Any, j: Any, cost: Any, reduced: Any, sealed: Any, step: Any
) -> Any:
    """Let the arc from node i to node j enter; return how many potentials were moved.

    `step`, shape (1, words), is room for the mass that is sent.
    """
    apex, out, under_source, blocked = _leaving(tree, n, i, j, sealed)
    if blocked:
        step[:] = 0
    else:
        assign(step, 0, tree.mass, out)
    if not is_zero(step, 0):
        _send(tree, n, i, j, apex, step)
    inner, outer = (i, j) if under_source else (j, i)
    total = tree.size[out]
    _cut(tree, out, apex)
    tail = _rehang(tree, inner, outer, out, cost, step)
    _graft(tree, inner, outer, tail, apex, total)
    # Either part may move: only differences of potentials matter.
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
def _leaving(tree: Any, n: Any, i: Any, j: Any, sealed: Any) -> Any:
    """The cycle's apex, the node whose arc to its parent leaves, its side, and if it is sealed.

    Of all arcs that block, the last one on the cycle in its direction, seen from the apex, must
    leave to keep the tree strongly feasible. A sealed arc lets nothing pass; otherwise what the
    leaving arc carries is sent.
    """
    parent, mass, size = tree.parent, tree.mass, tree.size
    hub = len(parent) - 1
    u, v = i, j
    while u != v:
        if size[u] < size[v]:
            u = parent[u]
        else:
            v = parent[v]
    apex = u
    # `most` is the first word of what the arc above `out` carries, or -1 if that one is sealed.
    most, out, under_source = NO_LIMIT, -1, True
    while i != apex:
        here = mass[i, 0]
        if i < n and (here < most or (here == most and less(mass, i, mass, out))):
            most, out = here, i
        elif sealed and parent[i] == hub and (most > 0 or (most == 0 and not is_zero(mass, out))):
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
        elif sealed and parent[j] == hub:
            most, out, under_source = -1, j, False
        j = parent[j]
    return apex, out, under_source, most < 0


@compiled
def _send(tree: Any, n: Any, i: Any, j: Any, apex: Any, step: Any) -> None:
    """Send the mass over the arc (i, j) and back through the tree."""
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
def _cut(tree: Any, out: Any, apex: Any) -> None:
    """Take the subtree of `out` from the thread, and from what its ancestors know of it."""
    parent, thread, back, last, size = (
        tree.parent, tree.thread, tree.back, tree.last, tree.size,
    )  # fmt: skip
    tail, before = last[out], back[out]
    thread[before], back[thread[tail]] = thread[tail], before
    above = parent[out]
    while above != apex:
        size[above] -= size[out]
        if last[above] == tail:
            last[above] = before
        above = parent[above]
    while above >= 0 and last[above] == tail:
        last[above] = before
        above = parent[above]


@compiled
def _rehang(tree: Any, inner: Any, outer: Any, out: Any, cost: Any, step: Any) -> Any:
    """Turn the subtree of `out` so that `inner` is its top, under `outer`; return its last node.

    The new arc carries `step`, where the masses on the old ones are passed on.

    The nodes from `inner` up to `out` are its stem. In the new preorder each of them comes with
    what was in its subtree but not in that of the stem node below it, and then the next one.
    """
    parent, thread, back, last, size = (
        tree.parent, tree.thread, tree.back, tree.last, tree.size,
    )  # fmt: skip
    total = size[out]
    below, above = outer, inner  # the stem's nodes get these as parent, one by one
    arc_cost = cost
    # What the stem node below had, before it was turned: its interval and the node after it.
    low, high, after, count = -1, -1, -1, 0
    tail = -1
    while True:
        v = above
        end, before, following = last[v], back[v], thread[last[v]]
        if end == high:
            following = after
        if tail >= 0:
            thread[tail], back[v] = v, tail
            tail = low
            if end != high:
                thread[low], back[after] = after, low
                tail = end
        else:
            tail = end
        above = parent[v]
        parent[v], below = below, v
        tree.cost[v], arc_cost = arc_cost, tree.cost[v]
        for w in range(step.shape[1]):
            tree.mass[v, w], step[0, w] = step[0, w], tree.mass[v, w]
        size[v], count = total - count, size[v]
        low, high, after = before, end, following
        if v == out:
            break
    while v != outer:
        last[v] = tail
        v = parent[v]
    return tail


@compiled
def _graft(tree: Any, inner: Any, outer: Any, tail: Any, apex: Any, total: Any) -> None:
    """Put the turned subtree into the thread right after `outer`."""
    parent, thread, back, last, size = (
        tree.parent, tree.thread, tree.back, tree.last, tree.size,
    )  # fmt: skip
    following = thread[outer]
    thread[outer], back[inner] = inner, outer
    thread[tail], back[following] = following, tail
    above = outer
    while above >= 0 and last[above] == outer:
        last[above] = tail
        above = parent[above]
    above = outer
    while above != apex:
        size[above] += total
        above = parent[above]


@compiled
def hang_on_hub(tree: Any, n: Any, a: Any, b: Any) -> None:
    """The tree whose arcs are all artificial, at a cost of one."""
    hub = len(tree.parent) - 1
    for v in range(hub):
        tree.parent[v], tree.cost[v] = hub, 1.0
        if v < n:
            assign(tree.mass, v, a, v)
        else:
            assign(tree.mass, v, b, v - n)
    thread_from_parents(tree)
    refresh(tree, n)
