"""First bases: around an optimal plan nothing is left to do, around none all mass is artificial."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.transport.network_simplex.candidates import Candidates
from otgan.transport.network_simplex.dense import dense_start, solve_dense
from otgan.transport.network_simplex.fixed_point import balanced_masses
from otgan.transport.network_simplex.initial_basis import artificial_basis, initial_basis
from otgan.transport.network_simplex.simplex import run_pivots
from otgan.transport.network_simplex.tree import (
    basic_arcs,
    empty_tree,
    largest_potential,
    plan_of,
)


def problem(n=30, m=20, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.random(n), rng.random(m)
    return rng.random((n, m)), balanced_masses(a / a.sum(), b / b.sum())


def all_arcs(C):
    n, m = C.shape
    target = np.tile(np.arange(m, dtype=np.int32), n)
    return Candidates(np.arange(n + 1) * m, target, C.ravel())


def test_around_an_optimal_plan_and_potentials_no_pivot_is_left():
    C, masses = problem()
    n, m = C.shape
    arcs = all_arcs(C)
    tree, _ = dense_start(C, *masses)
    run_pivots(tree, n, arcs, 1e-13, True, 0, 10**6, 10**9)
    plan = plan_of(tree, n)
    _, _, _, f, g, _, finished = solve_dense(C, masses[0], masses[1], 10**6)
    assert finished
    again = empty_tree(n, m, masses[0].shape[1])
    again.pi[:n], again.pi[n:-1] = f, -g
    initial_basis(again, n, plan, arcs)
    assert_array_equal(np.sort(basic_arcs(again)), np.sort(basic_arcs(tree)))
    tolerance = 1e-13 * max(1.0, largest_potential(again))
    done, _, pivots = run_pivots(again, n, arcs, tolerance, True, 0, 10**6, 10**9)
    assert done and pivots == 0


@pytest.mark.parametrize("candidates", [True, False])
def test_components_without_candidates_hang_on_the_root(candidates):
    C, masses = problem()
    n, m = C.shape
    plan = plan_of(dense_start(C, *masses)[0], n)
    none = Candidates(np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0))
    tree = empty_tree(n, m, masses[0].shape[1])
    initial_basis(tree, n, plan, all_arcs(C) if candidates else none)
    components = n + m - len(plan.i)
    assert np.count_nonzero(tree.parent == n + m) == (1 if candidates else components)
    found = plan_of(tree, n)
    assert_array_equal(np.sort(found.i * m + found.j), np.sort(plan.i * m + plan.j))


def test_in_the_artificial_basis_all_mass_goes_by_way_of_the_root():
    C, masses = problem()
    n, m = C.shape
    tree = empty_tree(n, m, masses[0].shape[1])
    artificial_basis(tree, n, *masses)
    assert (tree.parent[:-1] == n + m).all() and len(basic_arcs(tree)) == 0
    assert_array_equal(tree.mass[:n], masses[0])
    assert_array_equal(tree.mass[n:-1], masses[1])
    assert_allclose(tree.pi, np.r_[np.ones(n), -np.ones(m), 0])
