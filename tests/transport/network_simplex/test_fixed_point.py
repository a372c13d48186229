"""Points far lighter than others: their rows of the plan, and the arcs that carry them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import InfeasibleError
from otgan.transport.network_simplex.fixed_point import (
    amounts,
    as_masses,
    balanced_masses,
    sums_of_ranges,
    words_for,
)
from tests.cases import EPS, dense_cost, probabilities, refused

LIGHTEST = [1e-6, 1e-13, 1e-19, 1e-60, 1e-300]


def check_plan(result, C, a, b):
    """Every row and column has its weight to 1e-12 of itself, and every arc is tight."""
    plan = result.plan.toarray()
    assert_allclose(plan.sum(axis=1), probabilities(a, len(a)), rtol=1e-12, atol=0)
    assert_allclose(plan.sum(axis=0), probabilities(b, len(b)), rtol=1e-12, atol=0)
    i, j = plan.nonzero()
    reduced = C[i, j] - result.f[i] - result.g[j]
    assert_allclose(reduced, 0, atol=16 * EPS * C[np.isfinite(C)].max())


def mixed_weights(rng, n, lightest):
    """Half of the points of ordinary weight, half spread evenly over the orders of magnitude."""
    weights = rng.random(n) + 0.1
    light = np.arange(n) % 2 == 1
    weights[light] *= lightest ** rng.random(light.sum())
    weights[1] = lightest
    return weights / weights.sum()


@pytest.mark.parametrize("lightest", LIGHTEST)
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize(("n", "m"), [(40, 51), (700, 600)])
def test_light_points_keep_their_mass_on_tight_arcs(n, m, d, lightest):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    a, b = mixed_weights(rng, n, lightest), mixed_weights(rng, m, lightest)
    check_plan(otgan.emd(x, y, a, b), dense_cost(x, y), a, b)


@pytest.mark.parametrize("width", [0.3, 0.1, 0.04])
@pytest.mark.parametrize("d", [1, 2])
def test_the_tails_of_gaussian_histograms_are_moved_where_they_belong(d, width):
    axis = np.linspace(-1, 1, 24 if d == 2 else 200)
    x = np.stack(np.meshgrid(*[axis] * d), axis=-1).reshape(-1, d)
    a, b = (np.exp(-np.square(x - c).sum(axis=1) / (2 * width**2)) for c in (0.2, -0.3))
    a, b = a / a.sum(), b / b.sum()
    check_plan(otgan.emd(x, x, a, b), dense_cost(x, x), a, b)


def test_a_light_point_goes_to_its_nearest_neighbor():
    """A barycentric map, whose row of a mass of 1e-18 used to be empty."""
    x = np.array([[0.0, 0.0], [10.0, 0.0], [0.2, 0.0]])
    y = np.array([[0.0, 1.0], [10.0, 1.0]])
    a = np.array([0.5, 0.5, 1e-18])
    plan = otgan.emd(x, y, a, [0.6, 0.4]).plan.toarray()
    assert_allclose((plan @ y / plan.sum(axis=1, keepdims=True))[2], [0.0, 1.0], rtol=1e-12)


@pytest.mark.parametrize("lightest", LIGHTEST)
def test_light_points_between_forbidden_arcs(lightest):
    rng = np.random.default_rng(1)
    n = 60
    C = rng.random((n, n))
    C[np.abs(np.subtract.outer(np.arange(n), np.arange(n))) > 3] = np.inf
    a = mixed_weights(rng, n, lightest)
    b = a * rng.uniform(0.9, 1.1, n)  # what is missing flows along the band
    b /= b.sum()
    held = otgan.emd_from_cost(np.where(np.isfinite(C), C, 1e3), a, b).plan.toarray()
    assume_feasible = np.where(held > 0, 1.0, C)  # arcs that make the problem feasible
    check_plan(otgan.emd_from_cost(assume_feasible, a, b), assume_feasible, a, b)


@pytest.mark.parametrize("light", [1e-3, 1e-13, 1e-18, 1e-100])
def test_a_light_point_without_an_allowed_arc_is_named(light):
    a = [1.0, light]
    with refused("cannot be moved", error=InfeasibleError):
        otgan.emd_from_cost([[0.0, np.inf], [np.inf, np.inf]], a, a)
    with refused("source 1", "carry", error=InfeasibleError):  # half of it finds no room
        otgan.emd_from_cost([[0, 0], [np.inf, 0]], [1, light], [1 + light / 2, light / 2])
    allowed = otgan.emd_from_cost([[0.0, np.inf], [np.inf, 1.0]], a, a)
    assert_allclose(allowed.cost, light / (1 + light), rtol=1e-12)


@pytest.mark.parametrize("lightest", LIGHTEST)
@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_masses_in_fixed_point_balance_and_keep_the_lightest(n, lightest):
    rng = np.random.default_rng(n)
    weights = mixed_weights(rng, n, lightest) if n > 1 else np.ones(1)
    for values in (weights, np.full(n, 1 / n)):
        masses = as_masses(values, words_for(values.min()))
        total = sums_of_ranges(masses, np.array([0, n]))
        assert total[0, 0] == 2**60 and not total[0, 1:].any()
        assert_allclose(amounts(masses) / 2**60, values, rtol=5e-13, atol=0)


def test_equal_weights_are_small_whole_numbers():
    a, b = balanced_masses(np.full(6, 1 / 6), np.full(4, 1 / 4))
    assert (a == 2).all() and (b == 3).all()
