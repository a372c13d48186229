"""The spanning tree of a network simplex: a basis, its flow and its node potentials.

Nodes are the sources 0 ... n - 1, the targets n ... n + m - 1, and the root n + m, called the hub,
to which artificial arcs lead: from sources to the hub, and from the hub to targets. The basic arcs
are those between a node and its parent (the index ``pred`` of the book). Node potentials are
``pi[i] = f_i`` and ``pi[n + j] = -g_j``, so that C_ij - pi[i] + pi[n + j] is the reduced cost of an
arc, and zero along the tree.

Sources: Ahuja, Magnanti and Orlin, Network Flows (1993), section 11.3, for the tree indices and for
potentials; Barr, Glover and Klingman, Enhancements of spanning tree labeling procedures for network
optimization (1979), for the reverse thread, the sizes and the last nodes of subtrees, by which a
subtree is cut off and attached without a pass over all nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Nodes
from otgan.transport.network_simplex.fixed_point import Masses

__all__ = [
    "Plan",
    "Tree",
    "basic_arcs",
    "center_potentials",
    "compute_potentials",
    "empty_tree",
    "largest_potential",
    "plan_of",
    "thread_from_parents",
]


class Plan(NamedTuple):
    """Masses on arcs (i, j), and what a unit costs there."""

    i: Nodes
    j: Nodes
    mass: Masses
    cost: FloatArray


class Tree(NamedTuple):
    """A spanning tree, by node.

    Attributes
    ----------
    parent : ndarray
        The next node on the path to the root (``pred``).
    cost, mass : ndarray
        Of the arc between a node and its parent.
    pi : ndarray
        Node potentials.
    thread, reverse_thread : ndarray
        The next node in preorder, and the one before.
    last, size : ndarray
        The last node in preorder of the subtree of a node, and how many nodes that has.
    """

    parent: Nodes
    cost: FloatArray
    mass: Masses
    pi: FloatArray
    thread: Nodes
    reverse_thread: Nodes
    last: Nodes
    size: Nodes


def empty_tree(n: int, m: int, words: int) -> Tree:
    """Arrays for a tree of n + m nodes and the hub, none of which has a parent yet."""
    nodes = n + m + 1
    return Tree(
        np.full(nodes, -1, np.int32),
        np.zeros(nodes),
        np.zeros((nodes, words), np.int64),
        np.zeros(nodes),
        *(np.zeros(nodes, np.int32) for _ in range(4)),
    )


def basic_arcs(tree: Tree) -> Nodes:
    """The nodes whose arc to their parent carries mass and is not artificial."""
    hub = len(tree.parent) - 1
    return np.flatnonzero(tree.mass.any(axis=1) & (tree.parent != hub)).astype(np.int32)


def plan_of(tree: Tree, n: int) -> Plan:
    """The basic arcs that carry mass, without artificial ones."""
    v = basic_arcs(tree)
    up = tree.parent[v]
    return Plan(np.minimum(v, up), np.maximum(v, up) - np.int32(n), tree.mass[v], tree.cost[v])


@compiled
def thread_from_parents(tree: Tree) -> None:
    """Thread the tree in preorder, from its parents alone."""
    parent, thread, reverse_thread, last, size = (
        tree.parent, tree.thread, tree.reverse_thread, tree.last, tree.size,
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
        thread[v], reverse_thread[w], size[v], last[v] = w, v, 1, v
    for k in range(nodes - 1, 0, -1):
        v = order[k]
        p = parent[v]
        size[p] += size[v]
        if last[p] == p:  # the last child comes first from behind
            last[p] = last[v]


@compiled
def largest_potential(tree: Tree) -> float:
    """The scale of rounding in reduced costs."""
    largest = 0.0
    for v in range(len(tree.pi)):
        largest = max(largest, abs(tree.pi[v]))
    return largest


@compiled
def compute_potentials(tree: Tree, n: int) -> None:
    """Compute all potentials from costs along the tree, in preorder: no rounding accumulates."""
    hub = len(tree.parent) - 1
    tree.pi[hub] = 0.0
    v = tree.thread[hub]
    while v != hub:
        step = tree.cost[v]
        tree.pi[v] = tree.pi[tree.parent[v]] + (step if v < n else -step)
        v = tree.thread[v]


@compiled
def center_potentials(tree: Tree, n: int) -> None:
    """Subtract the common offset from the potentials, so that their sums keep all digits."""
    pi = tree.pi
    least = most = pi[0]
    for i in range(n):
        least, most = min(least, pi[i]), max(most, pi[i])
    least_g = most_g = pi[n]
    for j in range(n, len(pi) - 1):
        least_g, most_g = min(least_g, pi[j]), max(most_g, pi[j])
    offset = (least + most + least_g + most_g) / 4
    for v in range(len(pi)):
        tree.pi[v] -= offset
