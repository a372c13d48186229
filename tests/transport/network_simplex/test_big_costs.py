"""Matrices with forbidden arcs: a big cost in their place, and what happens where that fails."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

import otgan
from otgan.costs import LARGEST_COST
from otgan.errors import InfeasibleError
from otgan.transport.network_simplex.big_costs import BIG
from tests.cases import check_plan_and_potentials, refused


def as_sparse(C):
    i, j = np.nonzero(np.isfinite(C))
    return sparse.csr_array(sparse.coo_array((C[i, j], (i, j)), shape=C.shape))


@pytest.mark.parametrize("share", [0.005, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("shift", [0.0, -3.0, 1e6])
def test_matrix_and_sparse_costs_have_one_optimum(share, shift):
    rng = np.random.default_rng(round(1000 * share))
    C = np.where(rng.random((300, 200)) < share, rng.random((300, 200)) + shift, np.inf)
    C[:, 0] = C[0] = shift + 1.5
    feasible = np.where(np.isfinite(C), rng.random(C.shape), 0.0)
    a, b = feasible.sum(axis=1) / feasible.sum(), feasible.sum(axis=0) / feasible.sum()
    dense = otgan.emd_from_cost(C, a, b)
    check_plan_and_potentials(dense, C, a, b, cost=otgan.emd_from_cost(as_sparse(C), a, b).cost)


def a_chain(n):
    """The first source may not keep its place, so that all others must move on, at a cost of 1."""
    C = np.full((n, n), np.inf)
    C[np.arange(1, n), np.arange(1, n)] = 0.0
    C[np.arange(n - 1), np.arange(1, n)] = 1.0
    C[n - 1, 0] = 0.0
    return C


def test_where_a_forbidden_arc_saves_more_than_any_big_cost_the_allowed_ones_are_solved_alone():
    n = BIG[-1] + 200
    result = otgan.emd_from_cost(a_chain(n))
    assert_allclose(result.cost * n, n - 1, rtol=1e-12)
    check_plan_and_potentials(result, a_chain(n))


def test_the_second_big_cost_is_tried_after_the_first():
    n = BIG[0] + 50
    result = otgan.emd_from_cost(a_chain(n))
    assert result.stats["pricing_passes"] == len(BIG)
    assert_allclose(result.cost * n, n - 1, rtol=1e-12)


def test_the_largest_costs_are_solved():
    n = BIG[0] + 50
    largest = LARGEST_COST / n
    result = otgan.emd_from_cost(np.where(np.isinf(a_chain(n)), np.inf, largest * a_chain(n)))
    assert_allclose(result.cost / largest * n, n - 1, rtol=1e-12)
    assert result.gap <= 1e-9 * result.cost


def test_equal_costs_and_zero_costs_are_solved():
    C = np.full((40, 40), 2.0)
    C[np.diag_indices(40)] = np.inf
    assert_allclose(otgan.emd_from_cost(C).cost, 2.0, rtol=1e-12)
    assert otgan.emd_from_cost(np.where(np.isinf(C), C, 0.0)).cost == 0.0


def test_one_forbidden_arc_hardly_changes_what_is_done():
    C = np.random.default_rng(0).random((600, 600))
    before = otgan.emd_from_cost(C)
    i, j = (index[0] for index in before.plan.nonzero())
    C[i, j] = np.inf
    after = otgan.emd_from_cost(C)
    assert after.plan[i, j] == 0 and after.cost > before.cost
    assert after.stats["pivots"] < 1.1 * before.stats["pivots"]


def test_an_infeasible_matrix_is_named_as_before():
    C = np.random.default_rng(0).random((50, 50))
    C[:3, 2:] = np.inf
    with refused("sources 0, 1, 2", "targets 0, 1", error=InfeasibleError):
        otgan.emd_from_cost(C)
    C[:3] = np.inf
    with refused("source", error=InfeasibleError):
        otgan.emd_from_cost(C)
