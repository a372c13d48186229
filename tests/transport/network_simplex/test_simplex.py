"""The network simplex against HiGHS on many small problems, and its tree after every pivot."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import otgan
from otgan.transport.network_simplex.dense import dense_start
from otgan.transport.network_simplex.fixed_point import balanced_masses
from otgan.transport.network_simplex.simplex import run_pivots
from tests.cases import EXACT_RTOL, check_plan_and_potentials, grid

seeds = st.integers(0, 2**32 - 1)


def small_problem(seed):
    """A cost matrix with masses: ties, zeros, negative costs, masses over orders of magnitude."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 13, 2)
    C = [
        lambda: rng.integers(0, 3, (n, m)) * 1.0,
        lambda: rng.normal(size=(n, m)) * 10.0 ** rng.integers(-6, 7),
        lambda: np.abs(rng.integers(0, 9, (n, 1)) - rng.integers(0, 9, (1, m))) * 1.0,
        lambda: rng.random((n, 1)) + rng.random((1, m)),
    ][rng.integers(4)]()
    a, b = (
        [
            lambda k: np.ones(k),
            lambda k: rng.random(k) + 1e-3,
            lambda k: rng.integers(1, 4, k) * 1.0,
            lambda k: 10.0 ** rng.uniform(-4, 0, k),
        ][rng.integers(4)](k)
        for k in (n, m)
    )
    return C, a / a.sum(), b / b.sum()


@settings(max_examples=2500)
@given(seeds)
def test_thousands_of_small_problems_against_highs(seed):
    C, a, b = small_problem(seed)
    scale = np.abs(C).max() or 1.0
    truth = scale * highs(C / scale, a, b)
    result = otgan.emd_from_cost(C, a, b)
    check_plan_and_potentials(result, C, a, b)
    # HiGHS works to 1e-7 of each constraint.
    assert_allclose(result.cost, truth, rtol=1e-6, atol=1e-6 * scale)


def highs(C, a, b):
    from scipy.optimize import linprog

    n, m = C.shape
    sums = sparse.vstack(
        [
            sparse.kron(sparse.eye_array(n), np.ones((1, m))),
            sparse.kron(np.ones((1, n)), sparse.eye_array(m)),
        ]
    )
    solved = linprog(C.ravel(), A_eq=sums.tocsr(), b_eq=np.concatenate([a, b]), method="highs")
    assert solved.status == 0, solved.message
    return solved.fun


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
def test_ties_everywhere_do_not_make_it_cycle(metric):
    lattice = grid(40, 40)
    r = otgan.emd(lattice, lattice + [3, 1], metric=metric)
    assert_allclose(r.cost, np.hypot(3, 1) if metric == "euclidean" else 4, rtol=EXACT_RTOL)
    assert r.stats["pivots"] <= 40 * len(lattice)


def test_a_tree_stays_a_tree():
    rng = np.random.default_rng(0)
    n, m = 60, 50
    C = rng.random((n, m))
    masses = balanced_masses(np.full(n, 1 / n), np.full(m, 1 / m))
    tree, arcs = dense_start(C, *masses)
    row = 0
    for _ in range(400):
        done, row, _ = run_pivots(tree, n, arcs, 1e-14, True, row, 1, 10**9)
        check_tree(tree, n, masses)
        if done:
            return
    raise AssertionError("not solved")


def check_tree(tree, n, masses):
    hub = len(tree.parent) - 1
    seen, v = [], hub
    for _ in range(hub + 1):
        seen.append(v)
        assert tree.reverse_thread[tree.thread[v]] == v
        v = tree.thread[v]
    assert v == hub and sorted(seen) == list(range(hub + 1))
    place = np.argsort(seen)
    for v in range(hub):
        inside = seen[place[v] : place[v] + tree.size[v]]
        assert tree.last[v] == inside[-1]
        assert place[tree.parent[v]] < place[v] < place[tree.parent[v]] + tree.size[tree.parent[v]]
        step = tree.pi[v] - tree.pi[tree.parent[v]]
        assert_allclose(step if v < n else -step, tree.cost[v], rtol=0, atol=1e-12)
    assert (tree.mass >= 0).all()
    balance = np.zeros((hub + 1, 1), np.int64)
    for v in range(hub):
        flow = tree.mass[v] if v < n else -tree.mass[v]
        balance[v] += flow
        balance[tree.parent[v]] -= flow
    assert_array_equal(balance[:n], masses[0])
    assert_array_equal(-balance[n:hub], masses[1])
