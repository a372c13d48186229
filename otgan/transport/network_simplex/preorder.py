"""The order of a tree's nodes in which every subtree is a run of neighbors, kept up by pivots.

Source: Ahuja, Magnanti and Orlin, Network Flows (1993), sections 11.3 (the indices) and 11.5; the
last node of every subtree is that of Barr, Glover and Klingman, Enhancements of spanning tree
labeling procedures for network optimization (1979).
"""

from __future__ import annotations

from typing import NamedTuple

from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Nodes

__all__ = ["Preorder", "move_subtree", "nearest_common_ancestor"]


class Preorder(NamedTuple):
    """A tree in preorder, by node.

    Attributes
    ----------
    parent : ndarray
    next, before : ndarray
        The next node in preorder, and the one before; the last one comes before the root.
    last, size : ndarray
        The last node in preorder of the subtree of a node, and how many nodes that has.
    """

    parent: Nodes
    next: Nodes
    before: Nodes
    last: Nodes
    size: Nodes


@compiled
def nearest_common_ancestor(order: Preorder, u: int, v: int) -> int:
    """Where the paths from two nodes to the root meet."""
    parent, size = order.parent, order.size
    while u != v:
        if size[u] < size[v]:
            u = parent[u]
        else:
            v = parent[v]
    return u


@compiled
def move_subtree(order: Preorder, out: int, inner: int, outer: int, apex: int) -> int:
    """Reroot the subtree of `out` at `inner`, and hang it below `outer`; return its last node.

    `apex` is the nearest common ancestor of its old place and its new one.
    """
    total = order.size[out]
    _detach(order, out, apex)
    tail = _reroot(order, inner, outer, out)
    _attach(order, inner, outer, tail, apex, total)
    return tail


@compiled
def _detach(order: Preorder, out: int, apex: int) -> None:
    """Take the subtree of `out` from the thread, and from the indices of its ancestors."""
    parent, following, reverse, last, size = order
    tail, before = last[out], reverse[out]
    following[before], reverse[following[tail]] = following[tail], before
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
def _reroot(order: Preorder, inner: int, outer: int, out: int) -> int:
    """Reroot the subtree of `out` at `inner`, below `outer`; return its last node in preorder.

    The nodes from `inner` up to `out` are the stem. In the new preorder each of them comes with
    what was in its subtree but not in that of the stem node below it, and then the next one.
    """
    parent, following, reverse, last, size = order
    total = size[out]
    below, above = outer, inner  # the stem's nodes get these as parent, one by one
    # The interval of the stem node below before it was rerooted, and the node after it.
    low, high, after, count = -1, -1, -1, 0
    tail = -1
    while True:
        v = above
        end, before, behind = last[v], reverse[v], following[last[v]]
        if end == high:
            behind = after
        if tail >= 0:
            following[tail], reverse[v] = v, tail
            tail = low
            if end != high:
                following[low], reverse[after] = after, low
                tail = end
        else:
            tail = end
        above = parent[v]
        parent[v], below = below, v
        size[v], count = total - count, size[v]
        low, high, after = before, end, behind
        if v == out:
            break
    while v != outer:
        last[v] = tail
        v = parent[v]
    return tail


@compiled
def _attach(order: Preorder, inner: int, outer: int, tail: int, apex: int, total: int) -> None:
    """Put the rerooted subtree into the thread right after `outer`."""
    parent, following, reverse, last, size = order
    behind = following[outer]
    following[outer], reverse[inner] = inner, outer
    following[tail], reverse[behind] = behind, tail
    above = outer
    while above >= 0 and last[above] == outer:
        last[above] = tail
        above = parent[above]
    above = outer
    while above != apex:
        size[above] += total
        above = parent[above]
