"""Pivots in windows against those of the whole tree, and the tree that they leave."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.measures import FloatArray
from otgan.transport.network_simplex import windows
from otgan.transport.network_simplex.candidates import Candidates
from otgan.transport.network_simplex.context import Limits, SolveContext
from otgan.transport.network_simplex.contraction import Basis
from otgan.transport.network_simplex.dense import dense_start
from otgan.transport.network_simplex.fixed_point import amounts, as_masses


def start(seed):
    """A small problem, its masses and a basis rooted at a source, with all arcs as candidates."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 12, 2)
    C: FloatArray = rng.random((n, m))
    if rng.random() < 0.5:
        C = np.floor(4 * C)  # ties
    weights = [rng.integers(1, 4, k) * rng.choice([1.0, 1e-25], k) for k in (n, m)]
    a, b = (as_masses(w / w.sum(), 3) for w in weights)
    tree, arcs = dense_start(C, a, b)
    parent = tree.parent[:-1].copy()
    parent[parent == n + m] = -1
    upward = np.arange(n + m) < n
    basis = Basis(parent, upward, tree.cost[:-1].copy(), tree.mass[:-1].copy())
    heads = (arcs.target + n).astype(np.int32)
    return C, (a, b), basis, Candidates(arcs.start, heads, arcs.cost)


def check_tree(basis, a, b):
    """Whether it is a strongly feasible spanning tree whose flow has these marginals."""
    n = len(a)
    assert np.count_nonzero(basis.parent < 0) == 1
    for v in range(len(basis.parent)):
        seen = 0
        while v >= 0:
            v, seen = basis.parent[v], seen + 1
            assert seen <= len(basis.parent)
    root = basis.parent < 0
    assert_array_equal(basis.upward[~root], (np.arange(len(root)) < n)[~root])
    assert basis.mass[~root & ~basis.upward].any(axis=1).all()  # mass can be sent towards the root
    flow = amounts(basis.mass)
    sums = np.where(root, 0, flow) + np.bincount(
        basis.parent[~root], flow[~root], minlength=len(root)
    )
    assert_allclose(sums, np.concatenate([amounts(a), amounts(b)]), rtol=1e-12)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_windows_of_any_width_reach_the_optimum(seed, width):
    C, (a, b), basis, arcs = start(seed)
    found = True
    while found:
        _, found = windows._sweep(basis, arcs, width, 1e-12, 10**6)
        check_tree(basis, a, b)
    pi = windows.potentials_of(basis)
    n = len(a)
    assert (C - pi[:n, None] + pi[n:] >= -1e-11).all()
    cost = basis.cost @ amounts(basis.mass) / amounts(a).sum()
    expected = otgan.emd_from_cost(C, amounts(a), amounts(b), normalize=True).cost
    assert_allclose(cost, expected, rtol=1e-9, atol=1e-14)


def test_no_more_pivots_than_the_limit():
    _, (a, b), basis, arcs = start(5)
    whole = SolveContext()
    copy = Basis(*(part.copy() for part in basis))
    assert windows.pivot_in_windows(copy, arcs, 1e-12, whole)
    assert whole.counters.pivots > 2
    limited = SolveContext(Limits(max_pivots=2))
    assert not windows.pivot_in_windows(basis, arcs, 1e-12, limited)
    assert limited.counters.pivots == 2
    check_tree(basis, a, b)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_changes_in_an_optimal_tree(seed):
    _, _, basis, arcs = start(seed)
    windows.pivot_in_windows(basis, arcs, 1e-12, SolveContext())
    before = [part.copy() for part in basis]
    again = SolveContext()
    assert windows.pivot_in_windows(basis, arcs, 1e-12, again)
    assert again.counters.pivots == 0
    for part, same in zip(basis, before, strict=True):
        assert_array_equal(part, same)
