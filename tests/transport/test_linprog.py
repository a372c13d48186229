import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment

import otgan
from otgan.costs import PointCost
from otgan.errors import InfeasibleError, SolverError
from otgan.transport.linprog import solve_dual, solve_primal
from tests.cases import (
    CLOSED_FORMS,
    EXACT_RTOL,
    check_plan_and_potentials,
    cost_matrices,
    dense_cost,
    refused,
)


@pytest.mark.parametrize("case", CLOSED_FORMS, ids=str)
def test_closed_forms(case):
    C = dense_cost(case.x, case.y, case.metric, case.p)
    check_plan_and_potentials(
        otgan.emd_linprog(C, case.a, case.b), C, case.a, case.b, cost=case.cost
    )


@given(cost_matrices(forbidden=True))
def test_forbidden_arcs(C):
    cost = C[linear_sum_assignment(C)].mean()
    try:
        result, proved = otgan.emd_linprog(C), True
    except SolverError as error:  # the tolerances of HiGHS are absolute: tiny costs are a bracket
        result, proved = error.partial, False
    if proved:
        check_plan_and_potentials(result, C, cost=cost)
    else:
        rounding = 1e-9 * np.abs(C[np.isfinite(C)]).max()
        assert result.lower - rounding <= cost <= result.upper + rounding


@given(cost_matrices())
def test_strong_duality(C):
    a, b = np.ones(len(C)), np.full(C.shape[1], len(C) / C.shape[1])
    (primal, plan), (dual, f, g) = solve_primal(C, a, b), solve_dual(C, a, b)
    # HiGHS closes both programs to its tolerance of 1e-10 of the largest cost, at most 3 here.
    assert_allclose(primal, dual, rtol=0, atol=3e-10)
    assert_allclose(primal, (plan * C).sum(), rtol=0, atol=1e-14)
    assert (plan >= 0).all()
    assert f[0] == 0
    assert (f[:, None] + g - C).max() <= 3e-10


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e-9, 1e9, 1e30])
def test_tiny_and_huge_costs(scale):
    # HiGHS takes costs of 1e-9 for zero: every plan would be optimal.
    C = np.random.default_rng(0).random((6, 5))
    expected = otgan.emd_from_cost(C).cost
    assert_allclose(otgan.emd_linprog(scale * C).cost, scale * expected, rtol=EXACT_RTOL)


def test_weights_below_the_tolerance_are_not_infeasible():
    # HiGHS's presolve finds no plan here.
    a, b = 10.0 ** np.arange(-12, 0, 2), 10.0 ** -np.arange(2, 14, 2)
    C = np.random.default_rng(0).random((6, 6))
    check_plan_and_potentials(otgan.emd_linprog(C, a, b), C, a, b)


def test_an_answer_that_is_not_exact_raises_with_its_bracket():
    x = np.random.default_rng(0).normal(size=(2, 40, 2))
    x[:, 0] = 1e8, 0
    C = dense_cost(x[0], x[1], p=2)
    with refused("certified gap", "otgan.emd_from_cost", error=SolverError) as caught:
        otgan.emd_linprog(C)
    partial = caught.value.partial
    assert partial.lower <= otgan.emd_from_cost(C).cost <= partial.upper


def test_a_computed_cost_is_stored_first():
    assert otgan.emd_linprog(PointCost.of([[0, 0]], [[3, 4]])).cost == 5


@pytest.mark.parametrize("C", [[[np.inf]], [[1, 1], [np.inf, np.inf]], [[0, np.inf], [np.inf, 0]]])
@pytest.mark.parametrize("solve", [otgan.emd_linprog, solve_primal])
def test_mass_cut_off_is_refused(C, solve):
    a = b = None
    if len(C) == 2:
        a, b = [0.75, 0.25], [0.25, 0.75]
    with refused("carry all mass", error=InfeasibleError):
        solve(C, a, b)
