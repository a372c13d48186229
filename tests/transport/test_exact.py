import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment

import otgan
from otgan.costs import PointCost
from otgan.errors import InfeasibleError, InvalidInputError, SolverError, UnequalMassError
from otgan.measures import to_numpy
from otgan.transport.network_simplex import coarsening, level, multiscale
from tests.cases import (
    CLOSED_FORMS,
    EXACT_RTOL,
    FORMS,
    NAMED_METRICS,
    SPREAD,
    adversarial_cases,
    check_plan_and_potentials,
    check_transport,
    cost_matrices,
    dense_cost,
    refused,
)

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(60, 2)), RNG.normal(size=(50, 2))
A, B = RNG.random(60) + 0.1, RNG.random(50) + 0.1
B *= A.sum() / B.sum()


# ---------------------------------------------------------------- right answers


@pytest.mark.parametrize("case", CLOSED_FORMS, ids=str)
def test_closed_forms(case):
    result = otgan.emd(*case.args, **case.options)
    check_transport(result, *case.args, **case.options, cost=case.cost)


@pytest.mark.filterwarnings("ignore:x and y are not negative and sum:otgan.errors.InputWarning")
@given(adversarial_cases())
def test_any_problem_is_certified(case):
    check_transport(otgan.emd(*case.args, **case.options), *case.args, **case.options)


@pytest.mark.slow
@settings(max_examples=15_000)
@pytest.mark.filterwarnings("ignore:x and y are not negative and sum:otgan.errors.InputWarning")
@given(adversarial_cases())
def test_many_more_problems_are_certified(case):
    check_transport(otgan.emd(*case.args, **case.options), *case.args, **case.options)


@given(cost_matrices())
def test_any_cost_matrix_is_certified(C):
    linear_program = otgan.emd_linprog(C)
    check_plan_and_potentials(otgan.emd_from_cost(C), C, cost=linear_program.cost)


@given(cost_matrices(forbidden=True))
def test_forbidden_arcs_are_respected(C):
    # Sources and targets in equal number and weight: an assignment is optimal (Birkhoff).
    i, j = linear_sum_assignment(C)
    check_plan_and_potentials(otgan.emd_from_cost(C), C, cost=C[i, j].mean())


@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_clouds_of_unequal_size_and_weight(metric, p):
    result = otgan.emd(X, Y, A, B, p=p, metric=metric)
    check_transport(result, X, Y, A, B, p=p, metric=metric)
    assert_allclose(otgan.wasserstein(X, Y, A, B, p=p, metric=metric), result.distance, rtol=0)


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_array_gives_the_same_answer(form):
    convert = FORMS[form]
    x, y = np.array([[0.0, 0.0], [3.0, 1.0], [1.0, 2.0]]), np.array([[4.0, 4.0], [0.0, 2.0]])
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 2.0])
    result = otgan.emd(convert(x), convert(y), convert(a), convert(b))
    check_transport(result, x, y, a, b, cost=otgan.emd(x, y, a, b).cost)
    assert result.plan.dtype == result.f.dtype == result.g.dtype == np.float64
    distance = to_numpy(otgan.wasserstein(convert(x), y, a, b))
    assert_allclose(distance, result.distance, rtol=4e-3)  # bfloat16, the coarsest that comes back


def test_a_plan_between_integers_is_not_truncated():
    plan = otgan.emd(np.array([[0, 0], [1, 0]]), np.array([[0, 1], [1, 1], [2, 1]])).plan
    assert plan.nnz > 2 and plan.data.max() < 1


def test_points_without_weight_have_feasible_potentials():
    a, b = A.copy(), B.copy()
    a[::3] = b[::4] = 0
    a, b = a / a.sum(), b / b.sum()
    result = otgan.emd(X, Y, a, b)
    check_transport(result, X, Y, a, b)
    core = otgan.emd(X[a > 0], Y[b > 0], a[a > 0], b[b > 0])
    assert_allclose(result.cost, core.cost, rtol=EXACT_RTOL)


@pytest.mark.parametrize(
    ("C", "a", "b", "cost"),
    [
        ([[1, np.inf], [2, np.inf]], [1, 1], [2, 0], 1.5),
        ([[1, 2], [np.inf, np.inf]], [2, 0], [1, 1], 1.5),
        ([[1, np.inf], [np.inf, np.inf]], [1, 0], [1, 0], 1),
        ([[1, np.inf, 3], [np.inf, 4, np.inf]], [1, 0], [1, 0, 0], 1),
    ],
)
def test_forbidden_arcs_at_points_without_weight(C, a, b, cost):
    check_plan_and_potentials(otgan.emd_from_cost(C, a, b), C, a, b, cost=cost)


def test_zero_costs_on_sparse_arcs_are_not_forgotten():
    C = [[0, np.inf, 5], [5, 0, np.inf], [np.inf, 5, 0]]
    check_plan_and_potentials(otgan.emd_from_cost(C), C, cost=0)


def test_costs_shifted_below_zero():
    C = dense_cost(X, Y)
    shifted = otgan.emd_from_cost(C - 10, A, B)
    check_plan_and_potentials(shifted, C - 10, A, B)
    assert_allclose(shifted.cost + 10, otgan.emd_from_cost(C, A, B).cost, rtol=EXACT_RTOL)


@pytest.mark.parametrize("dear", [1e6, 1e12, 1e20, 1e32, 1e300])
def test_a_huge_cost_forbids_as_well_as_inf(dear):
    # POT #229: at 1e32 the others vanish beside it, and any plan would do.
    C = np.random.default_rng(3).random((6, 6))
    forbidden = np.eye(6, k=1, dtype=bool)
    truth = otgan.emd_from_cost(np.where(forbidden, np.inf, C))
    result = otgan.emd_from_cost(np.where(forbidden, dear, C))
    assert_allclose([result.lower, result.upper], truth.cost, rtol=EXACT_RTOL)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("distance", [1e4, 1e6, 1e8, 1e10])
def test_an_outlier_in_both_clouds_costs_no_digits(distance, p):
    def problem(far):
        x, y = X[:40].copy(), Y[:40].copy()
        x[0], y[0] = (far, 0.0), (far, 1.0)
        return otgan.emd(x, y, p=p)

    near, far = problem(100.0), problem(distance)
    assert_allclose([far.lower, far.upper], near.cost, rtol=2 * EXACT_RTOL)


# ---------------------------------------------------------------- solvers


@pytest.fixture
def many_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small problems go through every level of the engine."""
    monkeypatch.setattr(multiscale, "MAX_DENSE_ARCS", 64)
    monkeypatch.setattr(level, "MAX_DENSE_ARCS", 64)
    monkeypatch.setattr(coarsening, "COARSEST", 2)


@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 1.5, 2])
@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1e-12, 0), (1, 1e6)])
def test_coarse_to_fine_agrees_with_all_arcs_at_once(many_levels, metric, p, scale, offset):
    x, y, a, b = X * scale + offset, Y * scale + offset, A.copy(), B.copy()
    a[:5] = 0
    b *= a.sum() / b.sum()
    fine = otgan.emd(x, y, a, b, p=p, metric=metric)
    whole = otgan.emd_from_cost(PointCost.of(x, y, p=p, metric=metric).rows(slice(0, len(x))), a, b)
    assert fine.solver == "multiscale-simplex" and fine.stats["levels"] >= 3
    check_transport(fine, x, y, a, b, p=p, metric=metric, cost=whole.cost)


def test_solvers_are_named():
    assert otgan.emd([0], [1]).solver == "line"
    assert otgan.emd(X, Y).solver == "simplex"
    assert otgan.emd_from_cost([[0, np.inf], [1, 2]]).solver == "simplex"


# ---------------------------------------------------------------- unfinished work


@pytest.mark.parametrize("limit", [1, 20, 60])
def test_an_iteration_limit_raises_with_a_bracket_around_the_truth(limit):
    truth = otgan.emd(X, Y, A, B)
    with refused(f"after {limit} iterations", "error.partial", error=SolverError) as caught:
        otgan.emd(X, Y, A, B, max_iterations=limit)
    partial = caught.value.partial
    assert partial.lower <= truth.cost <= partial.upper
    assert partial.gap > EXACT_RTOL * truth.cost
    assert_allclose(partial.plan.sum(), 1, rtol=1e-14)  # all the mass, unlike POT's own


@pytest.mark.parametrize("solve", [otgan.emd, otgan.emd_grid])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iterations": "9"}, "max_iterations must be a whole number of at least 1, got '9'"),
        ({"max_iterations": 1.5}, "max_iterations must be a whole number of at least 1, got 1.5"),
        ({"max_iterations": 10**30}, "max_iterations must be at most"),
        ({"rtol": "0.1"}, "rtol must be a number, in [0, 1), got '0.1'"),
        ({"rtol": np.nan}, "rtol must be a number, in [0, 1), got nan"),
    ],
)
def test_limits_of_the_wrong_kind_are_refused(solve, options, message):
    with refused(message):
        solve(np.eye(2), np.eye(2), **options)


def test_a_loose_bracket_that_was_asked_for_is_an_answer():
    truth = otgan.emd(X, Y, A, B)
    loose = otgan.emd(X, Y, A, B, max_iterations=60, rtol=0.9)
    assert loose.lower <= truth.cost <= loose.upper
    assert EXACT_RTOL * truth.cost < loose.gap <= 0.9 * loose.upper


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"rtol": -0.1}, ("rtol", "-0.1")),
        ({"rtol": 1}, ("rtol", "[0, 1)")),
        ({"rtol": np.nan}, ("rtol", "nan")),
        ({"max_iterations": 0}, ("max_iterations", "at least 1")),
        ({"max_iterations": -5}, ("max_iterations", "-5")),
    ],
)
@pytest.mark.parametrize("points", [[[0, 0]], [0]], ids=["plane", "line"])
def test_limits_out_of_range_are_refused(options, fragments, points):
    with refused(*fragments):
        otgan.emd(points, points, **options)
    with refused(*fragments):
        otgan.emd_from_cost([[0]], **options)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("C", "fragment"),
    [
        ([[1, 1], [np.inf, np.inf]], "source 1 with 0.5 of it, whose arcs lead to no target"),
        ([[1, np.inf], [1, np.inf]], "sources 0, 1 with 1 of it, whose arcs lead to target 0"),
    ],
)
def test_mass_that_cannot_be_moved_is_named(C, fragment):
    with refused("carry all mass", fragment, "0.5 cannot be moved", error=InfeasibleError):
        otgan.emd_from_cost(C)
    i, j = np.nonzero(np.isfinite(C))
    # Points without mass are not solved for, and must not change what the others are called.
    padded = np.full((3, 2), np.inf)
    padded[1:] = C
    with refused(
        fragment.replace("source 1", "source 2").replace("sources 0, 1", "sources 1, 2"),
        error=InfeasibleError,
    ):
        otgan.emd_from_cost(padded, [0, 1, 1], [1, 1])
    with refused("carry all mass", fragment, error=InfeasibleError):
        otgan.emd_from_cost(sparse.coo_array((np.ones(len(i)), (i, j)), shape=(2, 2)))


def test_mass_cut_off_behind_allowed_arcs_is_refused():
    C = [[0, np.inf], [np.inf, 0]]
    with refused("carry all mass", "inf", error=InfeasibleError):
        otgan.emd_from_cost(C, [0.75, 0.25], [0.25, 0.75])


@pytest.mark.parametrize("function", [otgan.emd, otgan.wasserstein])
@pytest.mark.parametrize(
    ("arguments", "options", "fragments"),
    [
        (([[0, np.nan]], [[0, 1]]), {}, ("x must be finite", "nan at index (0, 1)")),
        (([[0, 0]], [[0, np.inf]]), {}, ("y must be finite", "inf")),
        (([0, 1], [0, 1], [1, np.nan]), {}, ("the weights of x", "nan")),
        (([0, 1], [0, 1], [2, -1]), {}, ("the weights of x", "-1 at position 1")),
        (([0, 1], [0, 1], None, [0, 0]), {}, ("the weights of y", "got 0")),
        (([0, 1, 2], [0, 1], [1, 1]), {}, ("(3,)", "(2,)")),
        (([[0, 0]], [[0, 0, 0]]), {}, ("number of columns", "2 and 3")),
        (([], [1]), {}, ("x must hold at least one",)),
        ((["a"], [1]), {}, ("x must be an array of real numbers",)),
        (([[1, 2], [3]], [1]), {}, ("same length",)),
        (([1j], [1]), {}, ("complex128",)),
        (([0], [1]), {"p": 0.5}, ("p must", "0.5")),
        (([0], [1]), {"metric": "l2"}, ("metric must", "'l2'")),
        (([[0, 0]], [[1, 0]]), {"metric": "cosine"}, ("zero vector",)),
    ],
)
def test_refusals(function, arguments, options, fragments):
    with refused(*fragments):
        function(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (([[1, np.nan]],), ("C must hold finite costs", "nan at (0, 1)")),
        (([[1, -np.inf]],), ("-inf",)),
        (([1, 2],), ("shape (n, m)", "(2,)")),
        (([["1"]],), ("C must be an array of real numbers",)),
        (([[1, 2]], [1, 2]), ("a must have shape (1,)", "(2,)")),
        (([[1, 2]], None, [1, np.nan]), ("b must be finite", "nan")),
        (([[1, 2]], None, [1, -1]), ("b must be non-negative",)),
    ],
)
def test_refusals_of_a_cost_matrix(arguments, fragments):
    for solve in (otgan.emd_from_cost, otgan.emd_linprog):
        with refused(*fragments):
            solve(*arguments)


def test_masses_differ_by_rounding_or_are_refused():
    C = dense_cost(X, Y)
    check_plan_and_potentials(otgan.emd_from_cost(C, A, B * (1 + 2e-6)), C, A, B)
    with refused("differ by", "its own sum", error=UnequalMassError):
        otgan.emd_from_cost(C, A, B * 1.001)
    with refused("differ by", error=UnequalMassError):
        otgan.wasserstein(X, Y, A, B * 1.001)


def test_all_refusals_are_value_errors():
    assert issubclass(InfeasibleError, InvalidInputError) and issubclass(
        UnequalMassError, ValueError
    )


# ---------------------------------------------------------------- what comes back


def test_a_result_is_frozen_short_and_a_number():
    result = otgan.emd([[0, 0], [1, 0]], [[0, 1], [1, 1]], [3, 1], [2, 2], p=2)
    assert float(result) == result.distance == result.cost**0.5
    assert result.stats["mass"] == 4
    assert "\n" not in repr(result) and len(repr(result)) < 120
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.cost = 0  # type: ignore[misc]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2])
def test_a_distance_has_the_floating_dtype_of_the_points(dtype, d):
    x, y = X[:8, :d].astype(dtype), Y[:8, :d].astype(dtype)
    distance = otgan.wasserstein(x, y)
    assert distance.dtype == dtype
    assert_array_equal(distance, dtype(otgan.emd(x, y).distance))  # solved in float64, rounded once


@pytest.mark.parametrize("points", [[0, 1], np.arange(2)])
def test_a_distance_between_integers_is_float64(points):
    assert otgan.wasserstein(points, [0.5]).dtype == np.float64


def test_a_stored_and_a_computed_cost_agree():
    cost = PointCost.of(SPREAD, Y, p=1.5)
    computed, stored = otgan.emd_from_cost(cost), otgan.emd_from_cost(dense_cost(SPREAD, Y, p=1.5))
    assert_allclose(computed.cost, stored.cost, rtol=EXACT_RTOL)
