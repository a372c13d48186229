"""What goes along with a solve: limits that hold for all of it, reports in the caller's units."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.costs import PointCost
from otgan.errors import SolverError
from otgan.transport.network_simplex.context import Limits, PricingPass, SolveContext
from otgan.transport.network_simplex.multiscale import solve_matrix, solve_points
from tests.cases import refused


def uniform(n):
    return np.full(n, 1 / n)


def clouds(n, m, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(n, 2)), scale * rng.normal(size=(m, 2))


def badly_scaled():
    """A cost matrix that is solved again, with large costs capped."""
    C = np.random.default_rng(0).random((60, 50))
    return np.where(C < 0.5, C, 1e32)


def test_every_pass_is_reported():
    x, y = clouds(1500, 1400)
    passes: list[PricingPass] = []
    context = SolveContext(reporter=passes.append)
    points = PointCost.of(x, y).normed()
    assert points is not None
    outcome = solve_points(points, uniform(1500), uniform(1400), context)
    result = otgan.emd(x, y)
    assert len(passes) == outcome.stats["pricing_passes"] == result.stats["pricing_passes"]
    assert [step.level for step in passes] == sorted(step.level for step in passes)
    assert passes[-1].level == passes[-1].levels == result.stats["levels"]
    assert passes[-1].points == 2900 and passes[-1].pivots == result.stats["pivots"]
    gaps = [step.gap for step in passes if step.level == step.levels]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] <= 1e-12 < gaps[0]
    assert_allclose(passes[-1].cost, result.cost, rtol=1e-12)


def test_the_units_of_one_problem_are_not_those_of_the_next():
    x, y = clouds(600, 500, scale=1e6)
    passes: list[PricingPass] = []
    context = SolveContext(reporter=passes.append)
    points = PointCost.of(x, y).normed()
    assert points is not None
    solve_points(points, uniform(600), uniform(500), context)
    C = np.random.default_rng(1).random((20, 30))
    outcome = solve_matrix(C, uniform(20), uniform(30), context)
    assert_allclose(passes[-1].cost, C[outcome.i, outcome.j] @ outcome.mass, rtol=1e-12)


def test_refinements_are_reported_in_the_units_of_the_problem():
    x, y = clouds(600, 600, scale=40)
    x[0] = y[0] = 1e12
    messages = []
    result = otgan.emd(x, y, progress=lambda done, total, message: messages.append(message))
    found = [re.search(r"of cost (\S+)$", message) for message in messages]
    assert all(found)
    costs = [float(match[1]) for match in found if match]
    assert len(costs) == result.stats["pricing_passes"] > 5
    assert_allclose(costs[-1], result.cost, rtol=1e-3)
    assert max(costs) < 2 * result.cost


def test_refinements_count_their_pivots_and_have_no_limit_of_their_own():
    C = badly_scaled()
    first = SolveContext()
    solve_matrix(C, uniform(60), uniform(50), first)
    result = otgan.emd_from_cost(C)
    pivots = result.stats["pivots"]
    assert pivots > first.counters.pivots + 10 and result.stats["pricing_passes"] > 1
    with refused("after 20 iterations", "raise max_iterations", error=SolverError) as caught:
        otgan.emd_from_cost(C, max_iterations=20)
    assert caught.value.partial.stats["pivots"] <= 20
    assert otgan.emd_from_cost(C, max_iterations=pivots + 1).cost == result.cost


def test_limits_are_shared_by_contexts_in_other_units():
    context = SolveContext(Limits(0.0, 100))
    other = context.in_units(4.0, 1.0).in_units(2.0, 3.0)
    assert (other.scale, other.offset) == (8.0, 13.0)
    other.counters.pivots += 99
    assert context.pivots_left == 1 and not context.exhausted
    context.counters.pivots += 2
    assert other.pivots_left == 0 and other.exhausted
    assert context.without_pivots().exhausted and context.counters.pivots == 101


@pytest.mark.parametrize("solve", [otgan.emd_from_cost, otgan.transport_cost])
def test_progress_where_arcs_are_forbidden(solve):
    C = np.random.default_rng(0).random((20, 30))
    C[C < 0.3] = np.inf
    steps = []
    solve(C, progress=lambda *step: steps.append(step))
    assert [step[:2] for step in steps] == [(1, None)]
    assert steps[0][2].startswith("level 1 of 1, round 1, ")


def test_progress_of_stacks_and_tensors_counts_problems():
    torch = pytest.importorskip("torch")
    x, y = np.random.default_rng(0).normal(size=(2, 7, 5, 2))
    steps = []
    otgan.wasserstein(x, y, progress=lambda *step: steps.append(step))
    assert steps[-1][:2] == (7, 7)
    otgan.wasserstein(torch.tensor(x[0]), y[0], progress=lambda *step: steps.append(step))
    assert steps[-1][:2] == (1, 1)


@pytest.mark.parametrize("solve", [otgan.emd, otgan.wasserstein])
def test_a_bar_counts_passes(solve, capsys):
    solve(*clouds(300, 200), progress=True)
    assert "pass" in capsys.readouterr().err
    for options in ({"progress": "yes"}, {"progress": None}):
        with refused("progress must be True, False or a function"):
            solve([[0.0, 0.0]], [[0.0, 1.0]], **options)


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("d", [2, 8])
def test_the_bits_do_not_depend_on_the_number_of_threads(d):
    x, y = (np.random.default_rng(k).normal(size=(900, d)) for k in range(2))
    results = [otgan.emd(x, y, n_jobs=n_jobs) for n_jobs in (None, 1, 3, -1)]
    for other in results[1:]:
        assert (other.lower, other.upper) == (results[0].lower, results[0].upper)
        assert_array_equal(other.f, results[0].f)
        assert_array_equal(other.plan.data, results[0].plan.data)
    assert otgan.wasserstein(x, y, n_jobs=1) == results[0].distance


def test_one_thread_starts_no_other(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a thread was started")

    monkeypatch.setattr("otgan.transport.threads.ThreadPoolExecutor", refuse)
    x, y = clouds(600, 500)
    otgan.emd(x, y, n_jobs=1)
    otgan.emd_from_cost(np.random.default_rng(0).random((600, 500)), n_jobs=1)
    otgan.pairwise_wasserstein([x, y], n_jobs=1)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "all", True])
def test_n_jobs_that_are_refused(n_jobs):
    for call in (otgan.emd, otgan.wasserstein, lambda x, y, **o: otgan.transport_cost(x, **o)):
        with refused("n_jobs must be a whole number of threads"):
            call([[0.0, 0.0]], [[0.0, 1.0]], n_jobs=n_jobs)
    with refused("n_jobs must be"):
        otgan.pairwise_wasserstein([[0.0], [1.0]], n_jobs=n_jobs)
