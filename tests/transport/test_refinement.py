"""Costs far larger than the answer: penalties that stand for forbidden arcs, and far points."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.costs import MatrixCost
from otgan.transport.result import is_tight
from tests.cases import EXACT_RTOL


def few_arcs(n, m, rng):
    """Costs, and a mask of two arcs at least for every point."""
    mask = np.zeros((n, m), bool)
    for i in range(n):
        mask[i, rng.choice(m, 2, replace=False)] = True
    for j in range(m):
        mask[rng.choice(n, 2, replace=False), j] = True
    return rng.random((n, m)), mask


def exact_cost(C, a, b):
    """The optimum in rational arithmetic, by trying every basis of a small problem."""
    n, m = C.shape
    arcs = list(itertools.product(range(n), range(m)))
    best = None
    for basis in itertools.combinations(arcs, n + m - 1):
        masses = _masses_on(basis, [Fraction(v) for v in a], [Fraction(v) for v in b])
        if masses is not None and min(masses) >= 0:
            cost = sum(
                mass * Fraction(float(C[arc])) for mass, arc in zip(masses, basis, strict=True)
            )
            best = cost if best is None else min(best, cost)
    assert best is not None
    return float(best)


def _masses_on(basis, a, b):
    """The masses that a spanning tree carries, leaf by leaf; None if the arcs are no tree."""
    left, masses = dict(enumerate(basis)), {}
    while left:
        leaf = next(_leaves(left), None)
        if leaf is None:
            return None  # a cycle
        k, side = leaf
        i, j = left.pop(k)
        masses[k] = a[i] if side == 0 else b[j]
        a[i] -= masses[k]
        b[j] -= masses[k]
    return None if any(a) or any(b) else [masses[k] for k in range(len(basis))]


def _leaves(arcs):
    """Arcs with an end that no other arc has: 0 for the source, 1 for the target."""
    ends = [[arc[side] for arc in arcs.values()] for side in (0, 1)]
    return (
        (k, side) for k, arc in arcs.items() for side in (0, 1) if ends[side].count(arc[side]) == 1
    )


@pytest.mark.parametrize("large", [1e3, 1e8, 1e12, 1e20, 1e100, 1e200])
@pytest.mark.parametrize(("n", "m"), [(100, 150), (60, 60), (150, 100)])
def test_a_penalty_for_missing_arcs_costs_no_digits(n, m, large):
    C, mask = few_arcs(n, m, np.random.RandomState(43))
    true = otgan.emd_linprog(np.where(mask, C, np.inf)).cost
    r = otgan.emd_from_cost(np.where(mask, C, C + large))
    assert_allclose([r.lower, r.upper], true, rtol=2 * EXACT_RTOL)
    assert not r.plan.toarray()[~mask].any()


@pytest.mark.parametrize("large", [1e6, 1e9, 1e12, 1e15])
@pytest.mark.parametrize("power", [10, 30, 50])
@pytest.mark.parametrize("turned", [False, True])
def test_a_light_point_that_must_travel_far_hides_no_other_cost(large, power, turned):
    rng = np.random.default_rng(0)
    C = rng.integers(1, 64, size=(3, 4)) / 64
    C[0] = large * rng.integers(64, 128, size=4) / 64
    light = 2.0**-power  # all weights are sums of few powers of two: their total is exact
    a, b = np.array([light, 0.75 - light, 0.25]), np.array([0.125, 0.5, 0.25, 0.125])
    r = otgan.emd_from_cost(C.T, b, a) if turned else otgan.emd_from_cost(C, a, b)
    assert_allclose([r.lower, r.upper], exact_cost(C, a, b), rtol=2 * EXACT_RTOL)


def badly_scaled(rng):
    """Costs over twenty orders of magnitude, and weights over fifteen with equal sums."""
    n, m = rng.integers(2, 4), rng.integers(2, 5)
    C = rng.integers(0, 64, size=(n, m)) / 64
    C *= 10.0 ** rng.choice([0, 0, 3, 8, 12, 16, 20], size=(n, m) if rng.random() < 0.5 else (n, 1))
    C -= 10.0 ** rng.choice([0, 6]) if rng.random() < 0.3 else 0
    a, b = (
        [
            int(w) << int(e)
            for w, e in zip(rng.integers(1, 9, k), rng.choice([0, 1, 30, 45], k), strict=True)
        ]
        for k in (n, m)
    )
    lacking = sum(b) - sum(a)
    (a if lacking > 0 else b)[0] += abs(lacking)
    return C, a, b


@pytest.mark.parametrize("seed", range(8))
def test_badly_scaled_problems_against_rational_arithmetic(seed):
    rng = np.random.default_rng(seed)
    for _ in range(12):
        C, a, b = badly_scaled(rng)
        total = sum(a)
        shares = [[Fraction(w, total) for w in weights] for weights in (a, b)]
        true = exact_cost(C, *shares)
        r = otgan.emd_from_cost(C, [float(w) for w in a], [float(w) for w in b])
        rounding = 1e-13 * float((r.plan.toarray() * np.abs(C)).sum())
        assert_allclose([r.lower, r.upper], true, rtol=2 * EXACT_RTOL, atol=rounding)


def test_rounding_excuses_a_gap_only_for_masses_that_meet_it():
    C, mask = few_arcs(40, 60, np.random.RandomState(43))
    cost = np.where(mask, C, C + 1e12)
    r = otgan.emd_from_cost(cost)
    a, b = np.full(40, 1 / 40), np.full(60, 1 / 60)
    assert is_tight(r, MatrixCost(cost), a, b)
    loose = replace(r, lower=r.lower - 1e-6)
    assert not is_tight(loose, MatrixCost(cost), a, b)


@pytest.mark.parametrize("scale", [1e-140, 1e80, 1e140])
def test_costs_whose_squares_leave_the_range_of_floats(scale):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(40, 2))
    plain, scaled = otgan.emd(x, y, p=2), otgan.emd(x * scale, y * scale, p=2)
    assert_allclose(scaled.distance, plain.distance * scale, rtol=1e-12)
    assert_allclose(scaled.lower, scaled.upper, rtol=EXACT_RTOL)
    pair = otgan.pairwise_wasserstein([x * scale, y * scale], p=2)
    assert_allclose(pair[0, 1], plain.distance * scale, rtol=1e-12)


def test_a_plan_that_forgets_a_light_point_is_charged_for_it():
    C, a = [[0.0], [1e20]], [1, 1e-15]
    proof = otgan.certify(C, [[1.0], [0.0]], [0.0, 1e20], [0.0], a=a, b=[1.0])
    assert_allclose([proof.lower, proof.upper], 1e5, rtol=1e-9)
    assert otgan.certify(C, [[1.0], [0.0]], [np.inf, 0.0], [0.0]).lower == -np.inf
    assert otgan.certify(C, [[1.0], [0.0]], [-np.inf, 0.0], [0.0]).lower <= 5e19
