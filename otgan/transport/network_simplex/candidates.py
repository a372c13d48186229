"""Candidate arcs of the network simplex: few of all pairs of points, by source or by target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled

__all__ = [
    "Candidates",
    "IncomingArcs",
    "Ints",
    "Nodes",
    "by_target",
    "incident_arcs",
    "merge_candidates",
    "no_candidates",
]

Ints = npt.NDArray[np.int64]

Nodes = npt.NDArray[np.int32]


class Candidates(NamedTuple):
    """Arcs in the order of their sources: those of i are start[i] ... start[i + 1] - 1."""

    start: Ints
    target: Nodes
    cost: FloatArray


class IncomingArcs(NamedTuple):
    """The same arcs in the order of their targets: which they are, and from where."""

    start: Ints
    arc: Nodes
    source: Nodes


def no_candidates(n: int) -> Candidates:
    """No arcs of n sources."""
    return Candidates(np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0))


@compiled
def merge_candidates(
    start: Ints, target: Nodes, m: int, from_sources: Nodes, from_targets: Nodes
) -> tuple[Ints, Nodes]:
    """The candidates with the arcs (i, from_sources[i, k]) and (from_targets[j, k], j) added.

    Entries of -1 are skipped; every arc is kept once.
    """
    rows = _row_starts(start, from_sources, from_targets)
    n = len(rows) - 1
    free = rows.copy()
    arcs = np.empty(rows[n], np.int32)
    for i in range(n):
        for e in range(start[i], start[i + 1]):
            arcs[free[i]] = target[e]
            free[i] += 1
        for k in range(from_sources.shape[1]):
            j = from_sources[i, k]
            if j >= 0:
                arcs[free[i]] = j
                free[i] += 1
    for j in range(from_targets.shape[0]):
        for k in range(from_targets.shape[1]):
            i = from_targets[j, k]
            if i >= 0:
                arcs[free[i]] = j
                free[i] += 1
    return _without_repeats(rows, arcs, m)


@compiled
def _row_starts(start: Ints, from_sources: Nodes, from_targets: Nodes) -> Ints:
    rows = np.zeros(len(start), np.int64)
    for i in range(from_sources.shape[0]):
        for k in range(from_sources.shape[1]):
            rows[i + 1] += from_sources[i, k] >= 0
    for j in range(from_targets.shape[0]):
        for k in range(from_targets.shape[1]):
            i = from_targets[j, k]
            if i >= 0:
                rows[i + 1] += 1
    added = 0
    for i in range(len(rows)):
        added += rows[i]
        rows[i] = start[i] + added
    return rows


@compiled
def _without_repeats(rows: Ints, arcs: Nodes, m: int) -> tuple[Ints, Nodes]:
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


@compiled
def incident_arcs(i: IntArray, j: IntArray, n: int, nodes: int) -> tuple[Ints, Nodes]:
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
def by_target(arcs: Candidates, n: int, m: int) -> IncomingArcs:
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
    return IncomingArcs(start, arc, source)
