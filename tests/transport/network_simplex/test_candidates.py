"""Candidate arcs: merged without repeats, listed by node and by target."""

from itertools import pairwise

import numpy as np
from numpy.testing import assert_array_equal

from otgan.transport.network_simplex.candidates import (
    Candidates,
    by_target,
    incident_arcs,
    merge_candidates,
)


def pairs_of(start, target):
    return [(i, int(j)) for i in range(len(start) - 1) for j in target[start[i] : start[i + 1]]]


def test_merged_candidates_hold_every_arc_once():
    rng = np.random.default_rng(0)
    n, m = 12, 9
    start = np.concatenate([[0], np.cumsum(rng.integers(0, 4, n))])
    target = np.concatenate([rng.permutation(m)[: end - at] for at, end in pairwise(start)])
    target = target.astype(np.int32)
    from_sources = rng.integers(-1, m, (n, 3)).astype(np.int32)
    from_targets = rng.integers(-1, n, (m, 2)).astype(np.int32)
    found = pairs_of(*merge_candidates(start, target, m, from_sources, from_targets))
    expected = set(pairs_of(start, target))
    expected |= {(i, j) for i in range(n) for j in from_sources[i].tolist() if j >= 0}
    expected |= {(i, j) for j in range(m) for i in from_targets[j].tolist() if i >= 0}
    assert len(found) == len(set(found)) and set(found) == expected


def test_arcs_are_listed_by_target_and_by_node():
    start, target = np.array([0, 2, 3, 5]), np.array([0, 1, 1, 0, 1], np.int32)
    into, arc, source = by_target(Candidates(start, target, np.zeros(5)), 3, 2)
    assert_array_equal(into, [0, 2, 5])
    assert_array_equal(arc, [0, 3, 1, 2, 4])
    assert_array_equal(source, [0, 2, 0, 1, 2])
    first, at_node = incident_arcs(np.array([0, 1, 1]), np.array([0, 0, 1]), 2, 4)
    assert [sorted(at_node[first[v] : first[v + 1]]) for v in range(4)] == [
        [0],
        [1, 2],
        [0, 1],
        [2],
    ]
