import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import otgan
from otgan import costs
from otgan.costs import PointCost
from otgan.errors import UnequalMassError
from tests.cases import EPS, FORMS, cost_matrices, dense_cost, problems, refused

C = np.array([[0.0, 1.0, 3.0], [2.0, 0.0, 1.0]])


@st.composite
def problems_with_guesses(draw):
    """A problem with a plan of any marginals and potentials of any size."""
    (x, a), (y, b) = draw(problems())
    cells = st.one_of(st.just(0.0), st.floats(0, 1))
    heights = st.floats(-10, 10)

    def array(entries, n):
        return np.array(draw(st.lists(entries, min_size=n, max_size=n)))

    plan = array(cells, len(x) * len(y)).reshape(len(x), len(y))
    return (x, a), (y, b), plan, array(heights, len(x)), array(heights, len(y))


@given(problems_with_guesses())
def test_any_plan_and_any_potentials_bracket_the_truth(problem):
    (x, a), (y, b), plan, f, g = problem
    cost = dense_cost(x, y)
    truth, rounding = otgan.emd(x, y, a, b).cost, 16 * EPS * 36
    proof = otgan.certify(cost, plan, f, g, a, b)
    assert proof.lower <= truth * (1 + 1e-9) + rounding
    assert truth <= proof.upper * (1 + 1e-9) + rounding
    assert proof.gap == proof.upper - proof.lower >= 0
    # ... and what they became is feasible, by the definition.
    repaired = proof.plan.toarray()
    assert (repaired >= 0).all()
    assert_allclose(repaired.sum(axis=1), a, rtol=0, atol=16 * EPS)
    assert_allclose(repaired.sum(axis=0), b, rtol=0, atol=16 * EPS)
    assert (proof.f[:, None] + proof.g - cost <= rounding).all()
    # What was wrong with them is said.
    wrong = np.abs(plan.sum(axis=1) - a).sum() + np.abs(plan.sum(axis=0) - b).sum()
    assert_allclose(proof.marginal_error, wrong, rtol=1e-14, atol=16 * EPS)
    assert_allclose(proof.dual_violation, max(0, (f[:, None] + g - cost).max()), rtol=1e-14)


@given(problems_with_guesses())
def test_feasible_guesses_only_get_better(problem):
    (x, a), (y, b), _, f, _ = problem
    cost = dense_cost(x, y)
    g, coupling = (cost - f[:, None]).min(axis=0), np.outer(a, b)
    proof = otgan.certify(cost, coupling, f, g, a, b)
    rounding = 16 * EPS * 36
    assert proof.lower >= a @ f + b @ g - rounding
    assert_allclose(proof.upper, (coupling * cost).sum(), rtol=1e-13, atol=rounding)
    assert proof.marginal_error <= rounding and proof.dual_violation <= rounding


@given(cost_matrices(), st.floats(-5, 5))
def test_the_c_transform_is_the_largest_feasible_partner(matrix, height):
    f = height * np.arange(len(matrix))
    g = otgan.c_transform(matrix, f)
    slack = matrix - f[:, None] - g
    # f + g - C rounds at an ulp of the largest of them, at most 25.
    assert_allclose(slack.min(axis=0), 0, atol=2 * EPS * 25)
    # Three transforms are one.
    twice = otgan.c_transform(matrix.T, g)
    assert_allclose(otgan.c_transform(matrix, twice), g, rtol=0, atol=8 * EPS * 25)
    assert (twice >= f - 8 * EPS * 25).all()


def test_blocks_do_not_change_the_answer(monkeypatch):
    x, y = np.random.default_rng(0).normal(size=(2, 30, 2))
    cost, f, g = PointCost.of(x, y), x[:, 0], -y[:, 0] + 0.01
    whole = otgan.c_transform(cost, f), otgan.dual_violation(cost, f, g)
    monkeypatch.setattr(costs, "BLOCK_ENTRIES", 70)
    assert_array_equal(otgan.c_transform(cost, f), whole[0])
    assert otgan.dual_violation(cost, f, g) == whole[1] > 0


@pytest.mark.parametrize("form", [*FORMS, "sparse"])
def test_plans_of_any_kind(form):
    plan = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    given_plan = sparse.csr_array(plan) if form == "sparse" else FORMS[form](plan)
    proof = otgan.certify(C, given_plan, [0, 0], [0, 0, 0], [1, 1], [1, 0, 1])
    assert proof.upper == 0.5 and proof.marginal_error == 2  # twice the mass of a probability
    assert "\n" not in repr(proof)


def test_forbidden_arcs_bind_no_potential():
    cost = [[1, np.inf], [np.inf, np.inf]]
    assert_array_equal(otgan.c_transform(cost, [0, np.inf]), [1, np.inf])
    assert otgan.dual_violation(cost, [0, np.inf], [1, np.inf]) == 0
    assert otgan.dual_violation(cost, [0, 5], [3, 5]) == 2


def test_a_plan_over_a_forbidden_arc_bounds_nothing():
    proof = otgan.certify([[1, np.inf], [1, 1]], [[0, 0.5], [0.5, 0]], [0, 0], [0, 0])
    assert proof.upper == np.inf and proof.lower <= 1


def test_lipschitz_critics_are_potentials():
    x, y = np.random.default_rng(0).normal(size=(2, 20, 3))
    critic = np.array([1.0, 0, 0])
    proof = otgan.certify(PointCost.of(x, y), np.full((20, 20), 1 / 400), x @ critic, -y @ critic)
    assert proof.dual_violation == 0
    assert proof.lower >= (x @ critic).mean() - (y @ critic).mean()


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"cost": [[np.nan] * 3] * 2}, ("C must", "nan")),
        ({"plan": np.zeros((3, 2))}, ("plan must have shape (2, 3)", "(3, 2)")),
        ({"plan": 1.0}, ("plan must have shape (2, 3)", "()")),
        ({"plan": np.full((2, 3), np.nan)}, ("plan must hold finite",)),
        ({"plan": -np.ones((2, 3))}, ("non-negative",)),
        ({"plan": [["a"] * 3] * 2}, ("plan must be an array of real numbers",)),
        ({"plan": [[1, 2], [3]]}, ("same length",)),
        ({"f": [0]}, ("f must have shape (2,)", "(1,)")),
        ({"f": [0, np.nan]}, ("f must not hold NaN", "got 1")),
        ({"f": ["a", "b"]}, ("f must be an array of real numbers",)),
        ({"g": [[0, 0, 0]]}, ("g must have shape (3,)", "(1, 3)")),
        ({"a": [1, -1]}, ("a must be non-negative",)),
        ({"b": [1, np.nan, 1]}, ("b must be finite",)),
    ],
)
def test_refusals(changes, fragments):
    arguments = {"cost": C, "plan": np.full((2, 3), 1 / 6), "f": [0, 0], "g": [0, 0, 0]}
    with refused(*fragments):
        otgan.certify(**arguments | changes)


def test_unequal_masses_are_refused():
    with refused("differ by 1", error=UnequalMassError):
        otgan.certify(C, np.zeros((2, 3)), [0, 0], [0, 0, 0], [1, 1], [1, 1, 1])
