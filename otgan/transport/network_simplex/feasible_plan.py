"""A feasible plan on arcs that are tried in order: each takes all that both of its ends have left.

Every arc that is used exhausts a point, and is the last one of that point. So the arcs of the plan
are a forest: of the arcs of a cycle, the first would have to be the last one of one of its ends.
"""

from __future__ import annotations

import numpy as np

from otgan.measures import IntArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Ints, Nodes, incident_arcs
from otgan.transport.network_simplex.coarsening import disaggregate
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    assign,
    is_zero,
    less,
    subtract,
    sums_of_ranges,
)
from otgan.transport.network_simplex.tree import Plan

__all__ = ["Sent", "leaves_first", "send", "send_in_order"]

Sent = tuple[Nodes, Nodes, Masses]
"""Masses on arcs i, j."""


@compiled
def leaves_first(i: IntArray, j: IntArray, n: int, m: int) -> Ints:
    """An order of arcs in which each is the last one at one of its ends, as far as there is one.

    The only flow on a forest is found in this order: the arc of a leaf carries what the leaf has.
    Arcs on cycles, and between these, come last.
    """
    start, arc = incident_arcs(i, j, n, n + m)
    degree = start[1:] - start[:-1]
    leaves, order = np.empty(n + m, np.int64), np.empty(len(i), np.int64)
    placed = np.zeros(len(i), np.bool_)
    held = count = 0
    for v in range(n + m):
        if degree[v] == 1:
            leaves[held] = v
            held += 1
    at = 0
    while at < held:
        v = leaves[at]
        at += 1
        for t in range(start[v], start[v + 1]):
            e = arc[t]
            if placed[e]:
                continue
            placed[e] = True
            order[count] = e
            count += 1
            w = i[e] if v >= n else n + j[e]
            degree[w] -= 1
            if degree[w] == 1:
                leaves[held] = w
                held += 1
    for e in range(len(i)):
        if not placed[e]:
            order[count] = e
            count += 1
    return order


@compiled
def send(i: IntArray, j: IntArray, left_a: Masses, left_b: Masses) -> Sent:
    """Send over each arc in turn what both ends have left, and take it from them."""
    most = len(left_a) + len(left_b)
    of_i, of_j = np.empty(most, np.int32), np.empty(most, np.int32)
    mass = np.empty((most, left_a.shape[1]), np.int64)
    count = 0
    for e in range(len(i)):
        s, t = i[e], j[e]
        if is_zero(left_a, s) or is_zero(left_b, t):
            continue
        if less(left_a, s, left_b, t):
            assign(mass, count, left_a, s)
        else:
            assign(mass, count, left_b, t)
        subtract(left_a, s, mass, count)
        subtract(left_b, t, mass, count)
        of_i[count], of_j[count] = s, t
        count += 1
    return of_i[:count], of_j[:count], mass[:count]


def send_in_order(left_a: Masses, left_b: Masses) -> Sent:
    """What is left by the north-west corner rule: all of it as the mass between two cells."""
    ends = np.array([0, len(left_a)]), np.array([0, len(left_b)])
    cell = np.zeros(1, np.int32)
    rest = Plan(cell, cell, sums_of_ranges(left_a, ends[0]), np.zeros(1))
    return disaggregate(rest, left_a, left_b, *ends)
