"""Transport that leaves mass over, against linear programs, other packages and weak duality."""

import json
import math
from typing import Any

import numpy as np
import ot
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linprog

import otgan
from otgan.costs import PointCost
from otgan.errors import InfeasibleError, InvalidInputError, SolverError
from otgan.transport.network_simplex import coarsening, level, multiscale
from tests.cases import EPS, EXACT_RTOL, clouds, cost_matrices, dense_cost, refused, weights
from tests.transport.network_simplex.test_multiscale import larger_problem

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(60, 2)), RNG.normal(size=(50, 2)) + 0.5
A, B = 3 * RNG.random(60), RNG.random(50)
U, V = RNG.random(60), 2 * RNG.random(50)


# ---------------------------------------------------------------- what must hold


def check_left_over(result, C, a, b):
    """Hold plan and remainders against the masses; return what is left and the potentials."""
    plan, r, s = result.plan.toarray(), result.unmatched_x, result.unmatched_y
    n, m = C.shape
    assert plan.shape == (n, m) and r.shape == (n,) and s.shape == (m,)
    assert (plan >= 0).all() and (r >= 0).all() and (s >= 0).all()
    # Sums of masses, from which at most n + m shares of 1e-14 were dropped.
    rounding = (n + m) * (a.sum() + b.sum()) * EPS
    assert_allclose(plan.sum(axis=1) + r, a, rtol=(n + m) * 1e-14, atol=rounding)
    assert_allclose(plan.sum(axis=0) + s, b, rtol=(n + m) * 1e-14, atol=rounding)
    assert result.unmatched == (r.sum(), s.sum())
    assert_allclose(result.moved, plan.sum(), rtol=(n + m) * EPS)
    assert not plan[np.isinf(C)].any()
    return r, s, result.f, result.g


def check_bracket(result, C, primal, dual, size):
    """The bracket is what plan and potentials say, known to the rounding of sums of this size."""
    n, m = C.shape
    rounding = 32 * (n + m) * EPS * size
    assert_allclose(result.upper, primal, rtol=(n + m) * EPS, atol=rounding)
    assert_allclose(result.lower, dual, rtol=(n + m) * EPS, atol=rounding)
    assert result.lower <= result.cost == result.upper
    assert result.gap <= EXACT_RTOL * abs(result.cost) + rounding


def value(masses, prices):
    """A sum of products, in which nothing times infinity is nothing."""
    return math.fsum(np.where(masses > 0, masses * np.where(masses > 0, prices, 0.0), 0.0).ravel())


def check_unmatched(result, C, a, b, u, v):
    """Hold a result at prices against the definition, by its own plan and potentials."""
    r, s, f, g = check_left_over(result, C, a, b)
    u, v = np.broadcast_to(u, len(a)), np.broadcast_to(v, len(b))
    largest = max(np.abs(C[np.isfinite(C)]).max(initial=0.0), u.max(), v.max())
    rounding = 32 * EPS * largest
    assert (f[:, None] + g - C <= rounding).all()
    assert (f <= u + rounding).all() and (g <= v + rounding).all()
    primal = value(result.plan.toarray(), C) + value(r, u) + value(s, v)
    check_bracket(result, C, primal, value(a, f) + value(b, g), largest * (a.sum() + b.sum()))
    assert result.price == 0.0


def check_mass(result, C, a, b, mass):
    """Hold a result for a given mass against the definition."""
    _, _, f, g = check_left_over(result, C, a, b)
    price = result.price
    assert_allclose(result.moved, mass, rtol=1e-12, atol=32 * EPS * (a.sum() + b.sum()))
    largest = np.abs(C[np.isfinite(C)]).max(initial=0.0) or 1.0
    assert (f[:, None] + g - C <= 32 * EPS * largest).all()
    assert (f <= price + 32 * EPS * largest).all() and (g <= price + 32 * EPS * largest).all()
    dual = value(a, f) + value(b, g) - price * (a.sum() + b.sum() - 2 * mass)
    check_bracket(result, C, value(result.plan.toarray(), C), dual, largest * (a.sum() + b.sum()))


def program(C, a, b, u=None, v=None, mass=None):
    """The dense linear program, with all costs in one vector: P, then r and s; by HiGHS."""
    n, m = C.shape
    u, v = (np.broadcast_to(0.0 if z is None else z, k) for z, k in ((u, n), (v, m)))
    rows = np.hstack([np.kron(np.eye(n), np.ones(m)), np.eye(n), np.zeros((n, m))])
    columns = np.hstack([np.kron(np.ones(n), np.eye(m)), np.zeros((m, n)), np.eye(m)])
    equal, masses = np.vstack([rows, columns]), np.concatenate([a, b])
    if mass is not None:
        moved = np.concatenate([np.ones(n * m), np.zeros(n + m)])
        equal, masses = np.vstack([equal, moved]), np.append(masses, mass)
    costs = np.concatenate([np.where(np.isfinite(C), C, 0.0).ravel(), u, v])
    open_arcs = np.append(np.isfinite(C).ravel(), np.ones(n + m, bool))
    bounds = [(0, None if arc else 0) for arc in open_arcs]
    return linprog(costs, A_eq=equal, b_eq=masses, bounds=bounds)


# ---------------------------------------------------------------- against linear programs

totals = st.sampled_from([1.0, 1.0, 0.3, 2.0, 50.0])
price = st.sampled_from([0.0, 0.5, 1.0, 2.0, 1e6])


@st.composite
def prices(draw, n):
    return draw(st.one_of(price, st.lists(price, min_size=n, max_size=n).map(np.array)))


@st.composite
def two_clouds(draw):
    """Clouds on a small grid and masses with zeros and ties, of one point or more."""
    d = draw(st.integers(1, 2))
    x, y = draw(clouds(d)), draw(clouds(d))
    return x, y, draw(totals) * draw(weights(len(x))), draw(totals) * draw(weights(len(y)))


@given(two_clouds(), st.sampled_from([1, 2]), st.data())
def test_prices_against_a_linear_program(problem, p, data):
    x, y, a, b = problem
    u, v = data.draw(prices(len(x))), data.draw(prices(len(y)))
    result = otgan.emd(x, y, a, b, p=p, unmatched=(u, v))
    C = dense_cost(x, y, p=p)
    check_unmatched(result, C, a, b, u, v)
    expected = program(C, a, b, u, v).fun
    scale = (a.sum() + b.sum()) * max(C.max(), np.max(u), np.max(v))
    assert_allclose(result.cost, expected, rtol=1e-7, atol=1e-7 * scale)


@given(two_clouds(), st.sampled_from([0.0, 1e-3, 0.5, 0.9, 1.0]))
def test_a_given_mass_against_a_linear_program(problem, fraction):
    x, y, a, b = problem
    mass = fraction * min(a.sum(), b.sum())
    result = otgan.emd(x, y, a, b, mass=mass)
    C = dense_cost(x, y)
    check_mass(result, C, a, b, mass)
    expected = program(C, a, b, mass=mass).fun
    assert_allclose(result.cost, expected, rtol=1e-7, atol=1e-7 * C.max() * (a.sum() + b.sum()))


@pytest.mark.slow
@settings(max_examples=3_000)
@given(two_clouds(), st.sampled_from([1, 2]), st.data())
def test_many_more_problems_are_certified(problem, p, data):
    x, y, a, b = problem
    u, v = data.draw(prices(len(x))), data.draw(prices(len(y)))
    C = dense_cost(x, y, p=p)
    check_unmatched(otgan.emd(x, y, a, b, p=p, unmatched=(u, v)), C, a, b, u, v)
    mass = data.draw(st.floats(0, 1)) * min(a.sum(), b.sum())
    if mass > 1e-6:
        check_mass(otgan.emd(x, y, a, b, p=p, mass=mass), C, a, b, mass)


@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@given(cost_matrices(forbidden=True), st.data())
def test_matrices_of_any_sign_with_forbidden_arcs(stored, C, data):
    if stored is sparse.csr_array:  # whose zeros would not be stored
        C = np.where(C == 0, 0.25, C)
    n, m = C.shape
    a, b = data.draw(weights(n)), 2 * data.draw(weights(m))
    u, v = data.draw(price), data.draw(price)
    given_costs = stored(C) if stored is np.asarray else stored(np.where(np.isinf(C), 0.0, C))
    result = otgan.emd_from_cost(given_costs, a, b, unmatched=(u, v))
    check_unmatched(result, C, a, b, u, v)
    size = 3 * max(np.abs(C[np.isfinite(C)]).max(), u, v)
    assert_allclose(result.cost, program(C, a, b, u, v).fun, rtol=1e-7, atol=1e-7 * size)
    mass = data.draw(st.sampled_from([0.0, 0.25, 0.75, 1.0]))
    linear = program(C, a, b, mass=mass)
    if linear.status == 2:
        with refused("allowed arcs can carry", error=InfeasibleError):
            otgan.emd_from_cost(given_costs, a, b, mass=mass)
    else:
        result = otgan.emd_from_cost(given_costs, a, b, mass=mass)
        check_mass(result, C, a, b, mass)
        assert_allclose(result.cost, linear.fun, rtol=1e-7, atol=1e-7 * size)


# ---------------------------------------------------------------- from coarse to fine


@pytest.fixture
def many_levels(monkeypatch):
    """Let small problems go through every level of the engine."""
    monkeypatch.setattr(multiscale, "MAX_DENSE_ARCS", 64)
    monkeypatch.setattr(level, "MAX_DENSE_ARCS", 64)
    monkeypatch.setattr(coarsening, "COARSEST", 2)


@pytest.mark.parametrize("seed", range(24))
def test_cells_agree_with_all_arcs_at_once(many_levels, seed):
    x, y, a, b, options = larger_problem(seed, 120)
    rng = np.random.default_rng(seed)
    a, b = (np.full(len(z), 1 / len(z)) if w is None else w for z, w in ((x, a), (y, b)))
    b = b * rng.choice([0.4, 1.0, 3.0])
    C = dense_cost(x, y, options["metric"], options["p"])
    typical = float(np.median(C)) or 1.0
    u, v = typical * rng.random(len(x)), typical * rng.random(len(y))
    for prices in ((u, v), (typical, 0.0), (1e6 * typical, 1e6 * typical)):
        fine = otgan.emd(x, y, a, b, **options, unmatched=prices)
        check_unmatched(fine, C, a, b, *prices)
        whole = otgan.emd_from_cost(C, a, b, unmatched=prices)
        rounding = 1e-13 * C.max() * (a.sum() + b.sum())
        assert_allclose(fine.cost, whole.cost, rtol=2 * EXACT_RTOL, atol=rounding)
    for fraction in (0.1, 0.7, 1.0):
        mass = fraction * min(a.sum(), b.sum())
        check_mass(otgan.emd(x, y, a, b, **options, mass=mass), C, a, b, mass)


def test_cells_serve_clouds_with_dummies(many_levels):
    result = otgan.emd(X, Y, A, B, unmatched=(U, V))
    assert result.solver == "multiscale-simplex" and result.stats["levels"] >= 3
    assert 0 < result.moved < B.sum()
    check_unmatched(result, dense_cost(X, Y), A, B, U, V)


@pytest.mark.parametrize("d", [2, 8])
def test_ten_million_pairs_are_not_stored(monkeypatch, d):
    """Few pairs become candidates, and the certificate needs no matrix either."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3500, d)), rng.normal(size=(3000, d)) + 0.5
    typical = 0.5 * float(np.median(dense_cost(x[:100], y[:100])))
    result = otgan.emd(x, y, unmatched=typical)
    n, m = 3500, 3000
    assert result.stats["arcs"] < 40 * (n + m) and result.stats["levels"] == 3
    C, a, b = dense_cost(x, y), np.full(n, 1 / n), np.full(m, 1 / m)
    check_unmatched(result, C, a, b, typical, typical)
    assert result.gap <= EXACT_RTOL * result.cost and 0 < result.moved < 1


# ---------------------------------------------------------------- other packages, other formulas


# pyemd, test/test_pyemd.py at commit 030e86f26263d0fa3975ca773ab51e58277ce041: masses, distances
# and what its test expects. Its default penalty is the largest distance.
PYEMD = [
    ([0.0, 1.0], [5.0, 3.0], [[0.0, 0.5], [0.5, 0.0]], 3.5),
    ([1.0, 1.0], [1.0, 1.0], [[0.0, 1.0], [1.0, 0.0]], 0.0),
    ([6.0, 1.0], [1.0, 7.0], [[0.0, 0.0], [0.0, 0.0]], 0.0),
]


@pytest.mark.parametrize(("a", "b", "C", "expected"), PYEMD)
def test_extra_mass_as_pyemd_penalizes_it(a, b, C, expected):
    largest = np.max(C)
    assert_allclose(otgan.emd_from_cost(C, a, b, unmatched=largest).cost, expected, atol=1e-14)
    moving = otgan.emd_from_cost(C, a, b, mass=min(sum(a), sum(b)))
    penalty = largest * abs(sum(a) - sum(b))
    assert_allclose(moving.cost + penalty, expected, atol=1e-14)


def test_a_penalty_of_half_the_largest_distance_moves_all_that_can_move():
    """Any penalty of at least that is pyemd's: the rest of the heavier side pays it."""
    C = dense_cost(X, Y)
    moving = otgan.emd(X, Y, A, B, mass=B.sum()).cost
    for penalty in (C.max() / 2, 3 * C.max(), 1e9):
        found = otgan.emd(X, Y, A, B, unmatched=penalty)
        assert found.unmatched[1] == 0.0
        assert_allclose(found.cost, moving + penalty * (A.sum() - B.sum()), rtol=1e-12)


def test_total_variation_with_w1_has_bounded_1_lipschitz_functions_as_its_dual():
    """W1 relaxed by total variation; the dual of Piccoli and Rossi (2016) by HiGHS."""
    tau, points = 0.7, np.vstack([X[:12], Y[:9]])
    a, b = A[:12], 2 * B[:9]
    C = dense_cost(points, points)
    i, j = np.nonzero(~np.eye(21, dtype=bool))
    slopes = np.zeros((len(i), 21))
    slopes[np.arange(len(i)), i], slopes[np.arange(len(i)), j] = 1, -1
    dual = linprog(-np.concatenate([a, -b]), A_ub=slopes, b_ub=C[i, j], bounds=[(-tau, tau)] * 21)
    result = otgan.emd(X[:12], Y[:9], a, b, unmatched=tau)
    assert_allclose(result.cost, -dual.fun, rtol=1e-7)


def test_prices_between_equal_points_are_total_variation():
    """Where every distance is more than two prices, what coincides is matched, and no more."""
    bins, p, q = 10.0 * np.arange(4), [3.0, 2, 1, 4], [1.0, 2, 4, 3]
    result = otgan.emd(bins, bins, p, q, unmatched=0.5)
    assert_allclose(result.cost, 0.5 * np.abs(np.subtract(p, q)).sum(), rtol=1e-14)
    assert_allclose(result.unmatched_x, [2, 0, 0, 1], atol=1e-14)
    assert_allclose(result.unmatched_y, [0, 0, 3, 0], atol=1e-14)


@pytest.mark.parametrize("fraction", [0.2, 0.6, 0.95])
def test_a_given_mass_against_pot(fraction):
    a, b = A / A.sum(), B / B.sum()
    C = dense_cost(X, Y)
    plan = ot.partial.partial_wasserstein(a, b, C, m=fraction, nb_dummies=1)
    expected = float((plan * C).sum())
    assert_allclose(plan.sum(), fraction, rtol=1e-9)
    assert_allclose(otgan.emd(X, Y, a, b, mass=fraction).cost, expected, rtol=1e-9)


# ---------------------------------------------------------------- derivatives and duality


def test_potentials_and_remainders_are_derivatives():
    """Of a piecewise linear function, by differences that stay on one piece."""
    step = 1e-7

    def cost(a=A, u=U):
        return otgan.emd(X, Y, a, B, unmatched=(u, V)).cost

    result = otgan.emd(X, Y, A, B, unmatched=(U, V))
    for k in (0, 7, 31):
        change = step * np.eye(60)[k]
        of_weight = (cost(a=A + change) - cost(a=A - change)) / (2 * step)
        assert_allclose(of_weight, result.f[k], rtol=0, atol=1e-6)
        of_price = (cost(u=U + change) - cost(u=U - change)) / (2 * step)
        assert_allclose(of_price, result.unmatched_x[k], rtol=0, atol=1e-6)


def test_the_price_of_a_given_mass_is_half_its_derivative():
    step, mass = 1e-6, 0.37 * B.sum()
    more, less = (otgan.emd(X, Y, A, B, mass=mass + h).cost for h in (step, -step))
    result = otgan.emd(X, Y, A, B, mass=mass)
    assert_allclose((more - less) / (2 * step), 2 * result.price, rtol=1e-6)
    change = step * np.eye(60)[3]
    more, less = (otgan.emd(X, Y, A + h, B, mass=mass).cost for h in (change, -change))
    assert_allclose((more - less) / (2 * step), result.f[3] - result.price, rtol=0, atol=1e-6)
    same = otgan.emd(X, Y, A, B, unmatched=result.price)  # at this price as much may move
    assert_allclose(same.cost, result.cost + result.price * sum(result.unmatched), rtol=1e-12)


@given(two_clouds(), st.data())
def test_certify_brackets_by_any_plan_and_potentials(problem, data):
    x, y, a, b = problem
    u, v = data.draw(prices(len(x))), data.draw(prices(len(y)))
    n, m = len(x), len(y)
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    plan = rng.choice([0.0, 1.0], (n, m)) * np.minimum.outer(a, b)
    f, g = rng.normal(size=n), rng.normal(size=m)
    C = dense_cost(x, y)
    proof = otgan.certify(C, plan, f, g, a, b, unmatched=(u, v))
    exact = otgan.emd(x, y, a, b, unmatched=(u, v)).cost
    size = (a.sum() + b.sum()) * max(C.max(), np.max(u), np.max(v))
    assert proof.lower <= exact + 1e-12 * size and exact <= proof.upper + 1e-12 * size
    kept = proof.plan.toarray()
    assert (kept <= plan * (1 + EPS)).all()
    assert (kept.sum(axis=1) <= a * (1 + 1e-12)).all()
    assert (kept.sum(axis=0) <= b * (1 + 1e-12)).all()
    excess = np.maximum(plan.sum(axis=1) - a, 0).sum() + np.maximum(plan.sum(axis=0) - b, 0).sum()
    assert_allclose(proof.marginal_error, excess, atol=1e-12 * (a.sum() + b.sum()))
    rounding = 32 * EPS * max(size, 1.0)
    assert (proof.f[:, None] + proof.g - C <= rounding).all()
    assert (proof.f <= u).all() and (proof.g <= v).all()


def test_certify_closes_for_what_emd_found():
    cost = PointCost.of(X, Y)
    result = otgan.emd(X, Y, A, B, unmatched=(U, V))
    proof = otgan.certify(cost, result.plan, result.f, result.g, A, B, unmatched=(U, V))
    assert_allclose([proof.lower, proof.upper], result.cost, rtol=1e-12)
    assert proof.marginal_error < 1e-12 and proof.dual_violation < 1e-14
    assert otgan.dual_violation(cost, result.f, result.g) < 1e-14
    partial = otgan.emd(X, Y, A, B, mass=1.0)
    proof = otgan.certify(cost, partial.plan, partial.f, partial.g, A, B, unmatched=partial.price)
    paid = partial.price * sum(partial.unmatched)
    assert_allclose([proof.lower - paid, proof.upper - paid], partial.cost, rtol=1e-10)
    wrong = otgan.certify(cost, partial.plan, U + 3, V - 99, A, B, unmatched=(U, V))
    assert_allclose(wrong.dual_violation, 3.0, rtol=1e-12)
    with refused("one price for each of the 50"):
        otgan.certify(cost, partial.plan, U, V, A, B, unmatched=(U, U))


# ---------------------------------------------------------------- special cases


@pytest.mark.parametrize("options", [{"unmatched": 1e6}, {"unmatched": 1e12}, {"mass": 1.0}])
@pytest.mark.parametrize("d", [1, 2])
def test_where_nothing_may_stay_it_is_plain_transport(options, d):
    x, y = X[:, :d], Y[:, :d]
    plain, result = otgan.emd(x, y), otgan.emd(x, y, **options)
    assert_allclose(result.cost, plain.cost, rtol=1e-12)
    assert result.gap <= EXACT_RTOL * result.cost
    assert result.unmatched == plain.unmatched == (0.0, 0.0) and plain.price == 0.0
    assert_allclose([result.moved, plain.moved], 1.0, rtol=1e-14)
    assert "unmatched" not in repr(result)


@pytest.mark.parametrize("options", [{"unmatched": 0.0}, {"mass": 0}, {"mass": 0.0}])
def test_where_nothing_need_move_nothing_does(options):
    result = otgan.emd(X, Y, A, B, **options)
    assert result.cost == result.upper == 0.0 and -1e-15 <= result.lower <= 0.0
    assert result.moved == 0.0
    assert_allclose(result.unmatched_x, A, rtol=1e-13)
    assert_allclose(result.unmatched_y, B, rtol=1e-13)


@pytest.mark.parametrize("mass", [1e-3, 0.25, 0.5])
def test_what_coincides_moves_free_of_charge(mass):
    """The bracket closes although the next unit costs a lot."""
    far = X.copy()
    far[30:] += 100
    result = otgan.emd(X, far, mass=mass)
    assert result.cost == 0.0 and abs(result.lower) < 1e-14
    assert_allclose(result.moved, mass, rtol=1e-12)


def test_weights_stay_as_they_are_unless_they_shall_be_normalized():
    raw = otgan.emd(X, Y, 7 * A, 7 * B, unmatched=1.0)
    assert_allclose(raw.cost, 7 * otgan.emd(X, Y, A, B, unmatched=1.0).cost, rtol=1e-12)
    normalized = otgan.emd(X, Y, 7 * A, B, unmatched=1.0, normalize=True)
    expected = otgan.emd(X, Y, A / A.sum(), B / B.sum(), unmatched=1.0)
    assert_allclose(normalized.cost, expected.cost, rtol=1e-12)
    uniform = otgan.emd(X, Y, unmatched=0.5)
    assert_allclose([uniform.moved + left for left in uniform.unmatched], 1.0, rtol=1e-14)


def test_sums_that_differ_by_rounding_leave_nothing():
    """60 shares of 1/60 and 49 of 1/49 do not add up to the same number."""
    y = RNG.normal(size=(49, 2))
    assert np.full(60, 1 / 60).sum() != np.full(49, 1 / 49).sum()
    assert otgan.emd(X, y, unmatched=1e3).unmatched == (0.0, 0.0)
    assert otgan.emd(X, y, mass=1.0).unmatched == (0.0, 0.0)
    a, b = np.full(60, (1 + 5e-13) / 60), np.full(49, 1 / 49)
    assert otgan.emd(X, y, a, b, unmatched=1e3).unmatched == (0.0, 0.0)
    left = otgan.emd(X, y, (1 + 1e-11) * a, b, unmatched=1e3).unmatched  # this is no rounding
    assert left[1] == 0.0 and abs(left[0] - 1.05e-11) < 1e-14


@pytest.mark.parametrize("options", [{"unmatched": 0.4}, {"mass": 0.95}])
def test_a_loose_bracket_that_was_asked_for_is_an_answer(options):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1500, 2)), rng.normal(size=(1400, 2)) + 0.5
    exact = otgan.emd(x, y, **options)
    loose = otgan.emd(x, y, rtol=0.2, **options)
    assert loose.lower <= exact.cost * (1 + 1e-12) and exact.cost <= loose.cost * (1 + 1e-12)
    assert loose.gap <= 0.2 * loose.cost and loose.stats["pivots"] < exact.stats["pivots"]


def test_the_number_of_threads_changes_no_bit(many_levels):
    one, two = (otgan.emd(X, Y, A, B, unmatched=(U, V), n_jobs=k) for k in (1, 2))
    assert (one.lower, one.upper) == (two.lower, two.upper)
    assert_array_equal(one.f, two.f)
    assert_array_equal(one.unmatched_x, two.unmatched_x)


def test_a_light_point_pays_its_own_price():
    weights = [1.0, 1e-12]
    result = otgan.emd([[0, 0], [9, 9]], [[0, 1]], weights, [1.0], unmatched=([5, 3], [5]))
    assert_allclose(result.unmatched_x, [0, 1e-12], atol=1e-26)
    assert_allclose(result.cost, 1 + 3e-12, rtol=1e-15)


def test_points_on_a_line_and_callable_metrics():
    r = otgan.emd([0, 1, 9], [2, 3], [1, 1, 1], [1, 1], unmatched=1.25)
    assert (r.cost, r.moved) == (4.75, 1.0)
    assert_array_equal(r.plan.toarray(), [[0, 0], [1, 0], [0, 0]])
    asked = []

    def distance(s, t):
        asked.append((s[0], t[0]))
        return abs(s - t)[0]

    called = otgan.emd([0, 1, 9], [2, 3], [1, 1, 1], [1, 1], unmatched=1.25, metric=distance)
    assert called.cost == 4.75
    assert sorted(asked) == [(s, t) for s in (0, 1, 9) for t in (2, 3)]  # each pair once


@pytest.mark.parametrize(("n", "m"), [(3000, 1), (1, 3000), (3, 2000)])
def test_few_points_against_many(n, m):
    rng = np.random.default_rng(n)
    x, y, a, b = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)), rng.random(n), rng.random(m)
    C = dense_cost(x, y)
    result = otgan.emd(x, y, a, b, unmatched=0.8)
    assert result.stats["levels"] > 1
    check_unmatched(result, C, a, b, 0.8, 0.8)
    for fraction in (0.3, 1.0):
        mass = fraction * min(a.sum(), b.sum())
        check_mass(otgan.emd(x, y, a, b, mass=mass), C, a, b, mass)


def test_a_result_says_what_stays():
    result = otgan.emd([[0, 0], [9, 9]], [[0, 1]], [1, 2], [1], unmatched=0.75, p=2)
    assert repr(result) == (
        "TransportResult(distance=1.58113883, cost=2.5, gap=0, p=2, n=2, m=1, "
        "unmatched=(2, 0), solver='simplex')"
    )
    assert float(result) == result.distance == math.sqrt(2.5)
    values = json.loads(json.dumps(result.to_dict()))
    assert values["moved"] == 1.0 and values["unmatched"] == [2.0, 0.0] and values["price"] == 0.0


def test_a_limit_raises_with_a_bracket_in_the_units_of_the_weights():
    exact = otgan.emd(X, Y, 100 * A, 100 * B, unmatched=(U, V))
    with pytest.raises(SolverError) as caught:
        otgan.emd(X, Y, 100 * A, 100 * B, unmatched=(U, V), max_iterations=5)
    partial = caught.value.partial
    assert partial.lower < exact.cost < partial.upper
    assert partial.plan.shape == (60, 50) and partial.f.shape == (60,)
    assert f"{partial.upper:.10g}" in str(caught.value)


def test_progress_reports_costs_in_the_units_of_the_weights():
    messages = []
    result = otgan.emd(
        X, Y, A, B, unmatched=(U, V), progress=lambda done, total, text: messages.append(text)
    )
    assert f"of cost {result.cost:.6g}" in messages[-1]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"unmatched": -1}, ("unmatched", "got -1 for x")),
        ({"unmatched": float("nan")}, ("unmatched", "got nan for x")),
        ({"unmatched": (0, float("inf"))}, ("got inf for y", "a price above all costs")),
        ({"unmatched": ([0, 1, -2], 0)}, ("got -2 at position 2 of those of x",)),
        ({"unmatched": (0, [0, np.nan])}, ("got nan at position 1 of those of y",)),
        ({"unmatched": ([1, 2], 0)}, ("each of the 3 points of x", "got a list of shape (2,)")),
        ({"unmatched": (1, 2, 3)}, ("a pair", "got a tuple of shape (3,)")),
        ({"unmatched": np.ones(3)}, ("a pair", "got a ndarray of shape (3,)")),
        ({"unmatched": True}, ("got True",)),
        ({"unmatched": "cheap"}, ("real numbers",)),
        ({"mass": -0.5}, ("mass", "got -0.5")),
        ({"mass": float("nan")}, ("mass", "got nan")),
        ({"mass": float("inf")}, ("mass", "got inf")),
        ({"mass": "all"}, ("mass", "got 'all'")),
        ({"mass": 2.5}, ("got 2.5 with 3 in a and 2 in b", "the sum of b, 2")),
        ({"mass": 1, "unmatched": 1}, ("must not both be given",)),
        ({"mass": 1, "a": [1, -1, 1]}, ("non-negative", "position 1")),
        ({"unmatched": 1, "b": [0, 0]}, ("positive, finite sum",)),
        ({"unmatched": 1, "a": [5e307] * 3, "b": [5e307] * 2}, ("finite sum over both",)),
    ],
)
def test_refusals(options, fragments):
    arguments = {"a": [1, 1, 1], "b": [1, 1]} | options
    with refused(*fragments):
        otgan.emd([0, 1, 9], [2, 3], **arguments)
    with pytest.raises(InvalidInputError):
        otgan.emd_from_cost(dense_cost([0, 1, 9], [2, 3]), **arguments)


def test_labeled_prices_are_refused():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, 2.0, 3.0], index=["c", "b", "a"])
    with refused("without labels", ".to_numpy()"):
        otgan.emd([0, 1, 9], [2, 3], unmatched=(series, 1.0))


def test_mass_beyond_by_rounding_is_all_of_it():
    weights = np.array([0.5, 0.5 - 3e-8], np.float32)
    assert weights.sum(dtype=float) < 1
    result = otgan.emd([0, 1], [2, 3], weights, weights, mass=1.0)
    assert result.unmatched == (0.0, 0.0)


@pytest.mark.parametrize("function", [otgan.wasserstein_1d, otgan.pairwise_wasserstein])
def test_distances_of_probabilities_have_no_such_option(function):
    with pytest.raises(TypeError, match="unmatched"):
        function(X, Y, unmatched=1.0)


@pytest.mark.parametrize("cost", [1e-3, 1e-12, 6.9388939e-18, 1e-200])
@pytest.mark.parametrize("b", [1.0, 2.0])
def test_costs_that_vanish_beside_the_prices_are_still_cheaper(cost, b):
    result = otgan.emd_from_cost([[cost]], [1.0], [b], unmatched=(0.0, 0.5))
    assert result.moved == 1.0 and result.unmatched == (0.0, b - 1.0)
    assert result.gap <= 1e-9 * result.cost


# ---------------------------------------------------------------- little of much


@pytest.mark.parametrize("fraction", [1e-3, 1e-8, 1e-12, 1e-20, 1e-200])
def test_however_little_moves_moves_the_cheapest_way(fraction):
    # points hold far more: the mass was rounded as theirs is, and the bracket missed the truth
    C = dense_cost(X, Y)
    mass = fraction * min(A.min(), B.min())
    r = otgan.emd(X, Y, A, B, mass=mass)
    check_mass(r, C, A, B, mass)
    check_mass(otgan.emd(X, Y, A, B, mass=mass, rtol=0.5), C, A, B, mass)
    cheapest = C.min()
    assert_allclose([r.lower, r.cost], mass * cheapest, rtol=1e-12)
    assert_allclose([r.moved, 2 * r.price], [mass, cheapest], rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fraction", [0.3, 0.9, 1.0])
def test_a_loose_plan_moves_the_mass_all_the_same(seed, fraction):
    # started from what was optimal, the solver stopped at once, with mass between the dummies
    rng = np.random.default_rng(seed)
    C, a, b = rng.normal(size=(9, 5)), rng.random(9), rng.random(5)
    mass = fraction * min(a.sum(), b.sum())
    exact = otgan.emd_from_cost(C, a, b, mass=mass)
    start: Any = (rng.normal(size=9), rng.normal(size=5))
    for _ in range(3):
        r = start = otgan.emd_from_cost(C, a, b, mass=mass, rtol=0.5, start=start)
        check_left_over(r, C, a, b)
        assert_allclose(r.moved, mass, rtol=1e-14)
        assert_allclose(r.upper, value(r.plan.toarray(), C), rtol=1e-12)
        rounding = 32 * EPS * np.abs(C).max() * (a.sum() + b.sum())
        assert r.lower <= exact.upper + rounding and exact.lower <= r.upper + rounding


@pytest.mark.parametrize("options", [{"unmatched": 1e100}, {"mass": 1e250}])
def test_a_cost_beyond_floats_is_an_error(options):
    with refused("the cost must fit into float64", "rescale the weights"):
        otgan.emd(1e100 * X, 1e100 * Y, 1e250 * A, 1e250 * B, **options)


@pytest.mark.parametrize(("seed", "price"), [(12, 10.0), (114, 1e6), (243, 1e6)])
def test_what_stays_in_any_case_counts_in_how_tight_a_bracket_must_be(seed, price):
    # prices are lowered; what is left to pay is so little that no bracket of it closes relatively
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(3, 2))
    a, b = 10 ** rng.uniform(-300, -10, 20), np.ones(3)
    r = otgan.emd(x, y, a, b, unmatched=price)
    check_unmatched(r, dense_cost(x, y), a, b, price, price)


@pytest.mark.parametrize("seed", [55, 59, 71])
@pytest.mark.parametrize("option", ["unmatched", "mass"])
def test_merged_points_cost_nothing_beside_themselves(seed, option):
    # sums of weights are rounded, and no bracket closes relatively to what that costs
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (int(rng.integers(2, 60)), 2)).astype(float)
    a = rng.random(len(x))
    points, of = np.unique(x, axis=0, return_inverse=True)
    for weighted in (None, a):
        masses = np.full(len(x), 1 / len(x)) if weighted is None else a
        b = np.bincount(of.ravel(), masses)
        if option == "mass":
            r = otgan.emd(x, points, weighted, b, mass=float(min(masses.sum(), b.sum())))
        else:
            r = otgan.emd(x, points, weighted, b, unmatched=1.0)
        assert_allclose([r.lower, r.cost], 0.0, atol=256 * EPS * masses.sum())


@pytest.mark.parametrize("mass", [[], np.array([])])
def test_an_empty_stack_of_masses_or_clouds_is_refused(mass):
    with refused("mass must hold at least one problem", "shape (0,)"):
        otgan.wasserstein(X, Y, mass=mass)
    with refused("mass must hold at least one problem", "shape (0,)"):
        otgan.transport_cost(dense_cost(X, Y), mass=mass)
    with refused("x must hold at least one problem", "shape (0, 60, 2)"):
        otgan.wasserstein(X[None][:0], Y, unmatched=1.0)


def test_a_loose_bracket_is_loose_in_the_cost_that_was_asked_for():
    # costs are negative and prices are not, so that the sum of both is less than either
    before = otgan.emd_from_cost(np.random.default_rng(0).random((40, 2)), mass=0.95)
    r = otgan.emd_from_cost(np.full((40, 2), -2.0), unmatched=20.0, rtol=0.5, start=before)
    assert r.gap <= 0.5 * abs(r.upper)
    assert_allclose(r.cost, -2.0, rtol=0.5)


def test_certify_takes_no_mass_from_where_there_is_none_over_a_forbidden_arc():
    # nothing times infinity was the upper bound
    C = np.array([[np.inf, 1.0], [2.0, np.inf]])
    c = otgan.certify(C, np.ones((2, 2)), [0, 0], [0, 0], [0, 1], [1, 0], unmatched=3.0)
    assert (c.lower, c.upper) == (2.0, 4.0)  # half of the row goes nowhere, at both prices
    with_mass = otgan.certify(C, np.ones((2, 2)), [0, 0], [0, 0], [1, 1], [1, 1], unmatched=3.0)
    assert with_mass.upper == np.inf
