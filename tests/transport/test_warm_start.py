"""Warm starts: whatever a solve starts from, what it finds is what a cold one finds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import otgan
from otgan.errors import InfeasibleError
from tests.cases import (
    EXACT_RTOL,
    check_plan_and_potentials,
    check_transport,
    dense_cost,
    refused,
)
from tests.transport.test_unmatched import check_mass, check_unmatched, program

RNG = np.random.default_rng(3)
SMALL, LARGE = (40, 30), (700, 600)
"""Clouds whose arcs are all candidates in a cold solve, and clouds that have levels there."""


def two_clouds(n, m, d=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5


def moved(points, by=0.01, seed=1):
    return points + by * np.random.default_rng(seed).normal(size=points.shape)


def weights(n, seed):
    return 0.5 + np.random.default_rng(seed).random(n)


def starts_of(result):
    """Everything a result may be used for as a start."""
    return {"result": result, "potentials": (result.f, result.g)}


def bad_starts(result):
    """Starts that have nothing to do with the problem."""
    rng = np.random.default_rng(7)
    n, m = result.n, result.m
    shuffled = rng.permutation(n)
    everywhere = replace(result, plan=result.plan + otgan.emd_from_cost(rng.random((n, m))).plan)
    return {
        "random": (rng.normal(size=n), rng.normal(size=m)),
        "far apart": (1e12 * rng.normal(size=n), 1e12 * rng.normal(size=m)),
        "at the end of float64": (np.full(n, 1e308), -1e308 * rng.random(m)),
        "of other points": replace(result, plan=result.plan[shuffled], f=result.f[shuffled]),
        "with cycles": everywhere,
    }


# ---------------------------------------------------------------- the same optimum and certificate


@pytest.mark.parametrize(("n", "m"), [SMALL, LARGE, (30, 900), (1500, 2)])
@pytest.mark.parametrize(
    ("d", "p", "metric"), [(2, 1, "euclidean"), (3, 2, "cityblock"), (8, 1, "euclidean")]
)
def test_moved_points_have_the_optimum_of_a_cold_solve(n, m, d, p, metric):
    x, y = two_clouds(n, m, d)
    earlier = otgan.emd(x, y, p=p, metric=metric)
    x, y = moved(x), moved(y, seed=2)
    cold = otgan.emd(x, y, p=p, metric=metric)
    for start in starts_of(earlier).values():
        warm = otgan.emd(x, y, p=p, metric=metric, start=start)
        check_transport(warm, x, y, p=p, metric=metric, cost=cold.cost)
        assert warm.stats["pivots"] < cold.stats["pivots"]


@pytest.mark.parametrize(("n", "m"), [SMALL, LARGE])
def test_moved_weights_have_the_optimum_of_a_cold_solve(n, m):
    x, y = two_clouds(n, m)
    a, b = weights(n, 1), weights(m, 2)
    earlier = otgan.emd(x, y, a, b, normalize=True)
    a, b = a * (1 + 0.1 * weights(n, 3)), b * (1 + 0.1 * weights(m, 4))
    cold = otgan.emd(x, y, a, b, normalize=True)
    for start in starts_of(earlier).values():
        warm = otgan.emd(x, y, a, b, normalize=True, start=start)
        check_transport(warm, x, y, a, b, cost=cold.cost)
        assert warm.stats["pivots"] < cold.stats["pivots"]


@pytest.mark.parametrize(("n", "m"), [SMALL, LARGE])
def test_the_same_problem_again_needs_no_pivot(n, m):
    x, y = two_clouds(n, m)
    a, b = weights(n, 1), weights(m, 2)
    first = otgan.emd(x, y, a, b, normalize=True)
    again = otgan.emd(x, y, a, b, normalize=True, start=first)
    assert again.stats["pivots"] == 0 and again.stats["pricing_passes"] <= 1
    assert_allclose(again.cost, first.cost, rtol=EXACT_RTOL)
    assert_array_equal(again.plan.toarray() > 0, first.plan.toarray() > 0)


@pytest.mark.parametrize(("n", "m"), [SMALL, LARGE])
def test_points_may_lose_their_mass_and_get_it_back(n, m):
    x, y = two_clouds(n, m)
    a, b = weights(n, 1), weights(m, 2)
    fewer_a, fewer_b = a.copy(), b.copy()
    fewer_a[::3], fewer_b[1::4] = 0.0, 0.0
    fewer = otgan.emd(x, y, fewer_a, fewer_b, normalize=True)
    all_ = otgan.emd(x, y, a, b, normalize=True)
    for start in starts_of(fewer).values():
        warm = otgan.emd(x, y, a, b, normalize=True, start=start)
        check_transport(warm, x, y, a, b, cost=all_.cost)
    for start in starts_of(all_).values():
        warm = otgan.emd(x, y, fewer_a, fewer_b, normalize=True, start=start)
        check_transport(warm, x, y, fewer_a, fewer_b, cost=fewer.cost)


@pytest.mark.parametrize(("n", "m"), [SMALL, (600, 700)])
def test_cost_matrices_and_a_linear_program(n, m):
    C = RNG.normal(size=(n, m))
    a, b = weights(n, 1), weights(m, 2)
    earlier = otgan.emd_from_cost(C, a, b, normalize=True)
    C = moved(C)
    expected = otgan.emd_from_cost(C, a, b, normalize=True).cost
    if n < 100:
        lp = program(C, a / a.sum(), b / b.sum(), 1e3, 1e3)
        assert_allclose(lp.fun, expected, rtol=1e-9)
    for start in starts_of(earlier).values():
        warm = otgan.emd_from_cost(C, a, b, normalize=True, start=start)
        check_plan_and_potentials(warm, C, a, b, cost=expected)


def test_a_sequence_stays_exact():
    x, y = two_clouds(*LARGE, d=3)
    result = otgan.emd(x, y)
    for step in range(10):
        x = moved(x, 0.05, seed=step)
        result = otgan.emd(x, y, start=result)
    check_transport(result, x, y, cost=otgan.emd(x, y).cost)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_do_not_change_the_bits(n_jobs):
    x, y = two_clouds(*LARGE)
    start = otgan.emd(x, y)
    warm = otgan.emd(moved(x), y, start=start, n_jobs=n_jobs)
    assert warm.cost == otgan.emd(moved(x), y, start=start).cost


def test_a_loose_bracket_holds_the_optimum():
    x, y = two_clouds(*LARGE)
    start = otgan.emd(x, y)
    x = moved(x)
    exact = otgan.emd(x, y)
    loose = otgan.emd(x, y, start=start, rtol=0.05)
    assert loose.lower <= exact.cost <= loose.upper
    assert loose.gap <= 0.05 * loose.cost
    assert loose.stats["pivots"] == 0


# ---------------------------------------------------------------- starts that are no help


@pytest.mark.parametrize(("n", "m"), [SMALL, (600, 500)])
@pytest.mark.parametrize("d", [2, 7])
def test_a_bad_start_costs_time_and_no_digit(n, m, d):
    x, y = two_clouds(n, m, d)
    cold = otgan.emd(x, y)
    for start in bad_starts(cold).values():
        check_transport(otgan.emd(x, y, start=start), x, y, cost=cold.cost)


def test_bad_starts_of_matrices_with_forbidden_arcs():
    C = RNG.random((40, 30))
    C[RNG.random((40, 30)) < 0.5] = np.inf
    cold = otgan.emd_from_cost(C)
    for start in bad_starts(cold).values():
        warm = otgan.emd_from_cost(C, start=start)
        check_plan_and_potentials(warm, C, cost=cold.cost)


# ---------------------------------------------------------------- together with other options


def test_forbidden_arcs_are_left_out_of_an_earlier_plan():
    C = RNG.random((150, 140))
    C[RNG.random((150, 140)) < 0.5] = np.inf
    earlier = otgan.emd_from_cost(C)
    moved_C = moved(C)
    cold, warm = otgan.emd_from_cost(moved_C), otgan.emd_from_cost(moved_C, start=earlier)
    check_plan_and_potentials(warm, moved_C, cost=cold.cost)
    assert warm.stats["pivots"] < cold.stats["pivots"] / 2
    i, j = earlier.plan.nonzero()
    moved_C[i[::7], j[::7]] = np.inf
    cold, warm = otgan.emd_from_cost(moved_C), otgan.emd_from_cost(moved_C, start=earlier)
    check_plan_and_potentials(warm, moved_C, cost=cold.cost)
    of_sparse = otgan.emd_from_cost(as_sparse(moved_C), start=earlier)
    check_plan_and_potentials(of_sparse, moved_C, cost=cold.cost)


def as_sparse(C):
    i, j = np.isfinite(C).nonzero()
    return sparse.coo_array((C[i, j], (i, j)), shape=C.shape)


def test_mass_that_cannot_move_is_named_all_the_same():
    C = np.array([[1.0, np.inf], [1.0, np.inf]])
    start = otgan.emd_from_cost([[1.0, 2.0], [3.0, 1.0]])
    with refused("source", error=InfeasibleError):
        otgan.emd_from_cost(C, start=start)
    with refused("source", error=InfeasibleError):
        otgan.emd_from_cost(np.full((2, 2), np.inf), start=start)


@pytest.mark.parametrize(("n", "m"), [SMALL, LARGE])
def test_prices_of_unmatched_mass(n, m):
    x, y = two_clouds(n, m)
    a, b = weights(n, 1), weights(m, 2)
    u, v = RNG.random(n), 0.7
    earlier = otgan.emd(x, y, a, b, unmatched=(u, v))
    whole = otgan.emd(x, y, a, b, normalize=True)
    x, a = moved(x), a * (1 + 0.01 * weights(n, 3))
    cold = otgan.emd(x, y, a, b, unmatched=(u, v))
    for start in [earlier, (earlier.f, earlier.g), whole]:
        warm = otgan.emd(x, y, a, b, unmatched=(u, v), start=start)
        check_unmatched(warm, dense_cost(x, y), a, b, u, v)
        assert_allclose(warm.cost, cold.cost, rtol=EXACT_RTOL)
    assert min(earlier.unmatched) > 0
    warm = otgan.emd(x, y, a, b, unmatched=(u, v), start=earlier)
    assert warm.stats["pivots"] < cold.stats["pivots"] / 2


@pytest.mark.parametrize(("n", "m"), [SMALL, LARGE])
@pytest.mark.parametrize("part", [0.3, 1.0])
def test_a_given_mass(n, m, part):
    x, y = two_clouds(n, m)
    a, b = weights(n, 1), weights(m, 2)
    mass = part * min(a.sum(), b.sum())
    earlier = otgan.emd(x, y, a, b, mass=mass)
    x = moved(x)
    cold = otgan.emd(x, y, a, b, mass=mass)
    for start in starts_of(earlier).values():
        warm = otgan.emd(x, y, a, b, mass=mass, start=start)
        check_mass(warm, dense_cost(x, y), a, b, mass)
        assert_allclose(warm.cost, cold.cost, rtol=EXACT_RTOL)
        assert_allclose(warm.price, cold.price, rtol=1e-6)
    warm = otgan.emd(x, y, a, b, mass=mass, start=earlier)
    assert warm.stats["pivots"] < cold.stats["pivots"] / 2
    assert otgan.emd(x, y, a, b, mass=0, start=earlier).cost == 0.0


def test_unmatched_mass_beside_a_linear_program():
    C = RNG.random((20, 15))
    a, b = weights(20, 1), weights(15, 2)
    earlier = otgan.emd_from_cost(C, a, b, unmatched=0.3)
    C = np.abs(moved(C, 0.05))
    expected = program(C, a, b, 0.3, 0.3).fun
    warm = otgan.emd_from_cost(C, a, b, unmatched=0.3, start=earlier)
    assert_allclose(warm.cost, expected, rtol=1e-9)


def test_other_orders_metrics_and_the_line():
    x, y = two_clouds(*SMALL)
    earlier = otgan.emd(x, y)
    for options in ({"p": 3}, {"metric": "chebyshev"}, {"metric": "cosine"}):
        cold = otgan.emd(x, y, **options)
        check_transport(otgan.emd(x, y, **options, start=earlier), x, y, **options, cost=cold.cost)
    callable_ = otgan.emd(x, y, metric=math.dist, start=earlier)
    assert_allclose(callable_.cost, earlier.cost, rtol=EXACT_RTOL)
    line = otgan.emd(x[:, 0], y[:, 0], start=earlier)
    assert line.cost == otgan.emd(x[:, 0], y[:, 0]).cost


# ---------------------------------------------------------------- what is refused


def refused_starts():
    x, y = two_clouds(*SMALL)
    result = otgan.emd(x, y)
    f, g = result.f, result.g
    broken = f.copy()
    broken[3] = np.nan
    return [
        (otgan.emd(x[:20], y), ("40 points and 30", "a result of 20 and 30")),
        ((f, g[:-1]), ("40 points and 30", "(40,)", "(29,)")),
        ((g, f), ("(30,)", "(40,)")),
        ((f[:, None], g), ("(40, 1)",)),
        ((broken, g), ("finite", "nan", "among f")),
        ((f, np.full(30, -np.inf)), ("finite", "-inf", "among g")),
        (replace(result, g=np.full(30, np.nan)), ("finite", "nan", "among g")),
        (result.plan, ("TransportResult or a pair", "csr_array")),
        (f, ("TransportResult or a pair", "ndarray")),
        ((f, g, f), ("pair", "tuple of length 3")),
        (7, ("TransportResult or a pair", "a int")),
        (otgan.sliced_wasserstein(x, y, rng=0), ("TransportResult or a pair",)),
    ]


@pytest.mark.parametrize("case", range(12))
def test_starts_that_do_not_fit_are_refused(case):
    x, y = two_clouds(*SMALL)
    start, fragments = refused_starts()[case]
    with refused("start", *fragments):
        otgan.emd(x, y, start=start)
    with refused("start", *fragments):
        otgan.emd_from_cost(dense_cost(x, y), start=start)
    with refused("start", *fragments):
        otgan.emd(x, y, mass=0.0, start=start)
    with refused("start", *fragments):
        otgan.emd(x, y, unmatched=1.0, start=start)


def test_labels_are_refused():
    pandas = pytest.importorskip("pandas")
    x, y = two_clouds(*SMALL)
    f = pandas.Series(np.zeros(40), index=[f"point {k}" for k in range(40)])
    with refused("start", "without labels"):
        otgan.emd(x, y, start=(f, np.zeros(30)))


def test_lists_and_integers_are_potentials_too():
    x, y = two_clouds(*SMALL)
    warm = otgan.emd(x, y, start=[[0] * 40, [0] * 30])
    check_transport(warm, x, y, cost=otgan.emd(x, y).cost)


def test_a_result_with_an_infinite_potential_is_a_start():
    # that of a point without mass, all of whose arcs are forbidden
    C = np.array([[1.0, 2.0], [3.0, 5.0], [np.inf, np.inf]])
    before = otgan.emd_from_cost(C, [1, 1, 0], [1, 1])
    assert np.isinf(before.f[2])
    after = otgan.emd_from_cost(C, [1, 1, 0], [1, 1], start=before)
    assert after.cost == before.cost
    bound = otgan.emd_from_cost(np.ones((3, 2)), start=before)
    assert_allclose([bound.lower, bound.cost], 1.0, rtol=1e-15)
