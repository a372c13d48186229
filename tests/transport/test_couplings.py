import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from otgan.transport.couplings import Arcs, nearest_coupling, northwest_corner
from tests.cases import EPS, weights

pairs_of_weights = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda sizes: st.tuples(*map(weights, sizes))
)
ROUNDING = 24 * EPS  # sums of at most 23 masses of a total of one


def arcs_of(matrix):
    i, j = np.nonzero(matrix)
    return Arcs(i, j, matrix[i, j])


def as_matrix(arcs, shape):
    return sparse.coo_array((arcs.mass, (arcs.i, arcs.j)), shape=shape).toarray()


@given(pairs_of_weights)
def test_the_staircase_is_a_spanning_path_with_the_right_marginals(pair):
    a, b = pair
    i, j, mass = northwest_corner(a, b)
    assert (mass >= 0).all()
    assert len(mass) == len(a) + len(b) - 1
    assert (i[0], j[0], i[-1], j[-1]) == (0, 0, len(a) - 1, len(b) - 1)
    assert_array_equal(np.diff(i) + np.diff(j), 1)  # one step at a time, in one direction
    assert_allclose(np.bincount(i, mass, len(a)), a, rtol=0, atol=ROUNDING)
    assert_allclose(np.bincount(j, mass, len(b)), b, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_tied_partial_sums_leave_idle_arcs(n):
    i, j, mass = northwest_corner(np.full(n, 1.0), np.full(n, 1.0))
    assert len(mass) == 2 * n - 1
    assert_array_equal(i[mass > 0], j[mass > 0])
    assert_array_equal(mass[mass > 0], np.ones(n))


@given(pairs_of_weights, st.data())
def test_repair_moves_no_more_than_was_wrong(pair, data):
    a, b = pair
    n, m = len(a), len(b)
    cells = st.one_of(st.just(0.0), st.floats(0, 1))
    wrong = np.array(data.draw(st.lists(cells, min_size=n * m, max_size=n * m))).reshape(n, m)
    repaired = nearest_coupling(arcs_of(wrong), a, b)
    plan = as_matrix(repaired, (n, m))
    assert (repaired.mass > 0).all()
    assert_allclose(plan.sum(axis=1), a, rtol=0, atol=ROUNDING)
    assert_allclose(plan.sum(axis=0), b, rtol=0, atol=ROUNDING)
    error = np.abs(wrong.sum(axis=1) - a).sum() + np.abs(wrong.sum(axis=0) - b).sum()
    assert np.abs(plan - wrong).sum() <= 2 * error + ROUNDING


def test_a_right_plan_is_left_alone():
    plan = np.array([[0.25, 0.25], [0.0, 0.5]])
    repaired = nearest_coupling(arcs_of(plan), plan.sum(axis=1), plan.sum(axis=0))
    assert_array_equal(as_matrix(repaired, (2, 2)), plan)


def test_negative_dust_and_repeated_arcs():
    plan = Arcs(np.array([0, 1, 0, 1]), np.array([0, 1, 0, 0]), np.array([0.3, 0.5, 0.2, -1e-17]))
    repaired = nearest_coupling(plan, np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    assert_array_equal(repaired.i, [0, 1])
    assert_array_equal(as_matrix(repaired, (2, 2)), [[0.5, 0], [0, 0.5]])


def test_a_heavy_point_gathers_no_rounding_of_light_ones():
    """Subtracting a million times from one half rounds; the next target must not get the dust."""
    light = np.random.default_rng(0).random(10**6)
    light *= 0.5 / light.sum()
    i, j, mass = northwest_corner(np.concatenate([light, [0.5]]), np.array([0.5, 0.5]))
    assert_array_equal(mass[(i < 10**6) == (j == 1)], 0)
    assert_array_equal(mass[:-2], light)


@pytest.mark.parametrize("ratio", [1 + 2 * EPS, 1 - 2 * EPS])
def test_weights_equal_but_for_rounding_tie(ratio):
    a = np.random.default_rng(0).random(100)
    i, j, mass = northwest_corner(a, a * ratio)
    assert_array_equal(i[mass > 0], j[mass > 0])
    assert_allclose(mass[mass > 0], a, rtol=3 * EPS)  # the ratio, and the rounding of the product


def test_the_last_points_keep_the_lightest_weights():
    a, b = np.array([1.0, 1e-16, 1e-16]), np.array([1.0])
    for mass in (northwest_corner(a, b).mass, northwest_corner(b, a).mass):
        assert_allclose(mass, a, rtol=2 * EPS)  # their totals differ by as much


def test_a_weightless_outlier_gets_no_dust():
    a = np.random.default_rng(0).random(1000)
    a, b = a / a.sum(), np.full(7, 1 / 7)
    i, _, mass = northwest_corner(np.append(a, 0.0), b)
    assert_array_equal(mass[i == 1000], 0)
