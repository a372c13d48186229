"""What must hold between distances, whatever their values are.

Costs are compared, not distances: a cost of zero is known to rounding, and its square root to
the root of that.
"""

from typing import Any

import numpy as np
import ot
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance

import otgan
from otgan.transport.couplings import northwest_corner
from tests.cases import (
    EPS,
    EXACT_RTOL,
    clouds,
    dense_cost,
    measures,
    norm_metrics,
    orders,
    problems,
    true_metrics,
)

# Two exact costs are each within 1e-9 of the truth. Points lie in [-3, 3]^3, whose distances are
# below 36 even when squared, so that costs round at 16 ulps of 36 ** p.
TWO_EXACT: dict[str, Any] = {"rtol": 2 * EXACT_RTOL, "atol": 16 * EPS * 36}


def tolerance(p):
    return {"rtol": 2 * EXACT_RTOL, "atol": 16 * EPS * 36**p}


def cost(mu, nu, **options):
    return otgan.emd(mu[0], nu[0], mu[1], nu[1], **options).cost


def distance(mu, nu, **options):
    return cost(mu, nu, **options) ** (1 / options.get("p", 1))


def at_most(smaller, larger, *, p=1):
    """smaller <= larger between distances, up to the precision of their costs."""
    slack = (16 * EPS * 36**p) ** (1 / p)
    return smaller <= larger + 2 * EXACT_RTOL * abs(larger) + 2 * slack


# ---------------------------------------------------------------- a metric


@given(problems(), norm_metrics, orders)
def test_symmetry(problem, metric, p):
    mu, nu = problem
    there, back = (cost(*pair, metric=metric, p=p) for pair in ((mu, nu), (nu, mu)))
    assert_allclose(there, back, **tolerance(p))


@given(problems(count=1), norm_metrics, orders, st.randoms(use_true_random=False))
def test_a_measure_is_at_distance_zero_from_itself_in_any_order(problem, metric, p, random):
    ((x, a),) = problem
    shuffled = random.sample(range(len(x)), len(x))
    assert_allclose(
        cost((x, a), (x[shuffled], a[shuffled]), metric=metric, p=p), 0, atol=1e-14 * 36**p
    )


@given(problems(), true_metrics)
def test_different_measures_are_apart(problem, metric):
    (x, a), (y, b) = problem
    points, owner = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
    excess = np.bincount(owner.ravel(), np.concatenate([a, -b]), len(points))
    # Distinct grid points are at least one apart, so W1 is at least the total variation.
    variation = np.abs(excess).sum() / 2
    assert cost((x, a), (y, b), metric=metric) >= variation * (1 - EXACT_RTOL) - 16 * EPS


@given(problems(count=3), true_metrics, orders)
def test_triangle_inequality(problem, metric, p):
    mu, nu, rho = problem
    direct = distance(mu, rho, metric=metric, p=p)
    detour = distance(mu, nu, metric=metric, p=p) + distance(nu, rho, metric=metric, p=p)
    assert at_most(direct, detour, p=p)


# ---------------------------------------------------------------- symmetries of the space


@given(problems(), norm_metrics, orders, st.sampled_from([1e-12, 0.5, -1, 1e8]))
def test_scaling(problem, metric, p, scale):
    (x, a), (y, b) = problem
    degree = p * (2 if metric == "sqeuclidean" else 1)
    scaled = cost((scale * x, a), (scale * y, b), metric=metric, p=p) / abs(scale) ** degree
    assert_allclose(scaled, cost((x, a), (y, b), metric=metric, p=p), **tolerance(p))


@given(problems(), norm_metrics, orders, st.sampled_from([1.0, -7.0, 1e8]))
def test_shifting_both_clouds(problem, metric, p, offset):
    (x, a), (y, b) = problem
    shifted = cost((x + offset, a), (y + offset, b), metric=metric, p=p)
    assert_allclose(shifted, cost((x, a), (y, b), metric=metric, p=p), **tolerance(p))


@given(problems(count=1), orders)
def test_shifting_one_cloud(problem, p):
    ((x, a),) = problem
    shift = np.arange(1.0, x.shape[1] + 1)
    expected = np.linalg.norm(shift) ** p
    assert_allclose(cost((x, a), (x + shift, a), p=p), expected, **tolerance(p))


@given(problems(d=3, min_d=3), orders, st.integers(0, 2**32 - 1))
def test_rotations_and_reflections(problem, p, seed):
    (x, a), (y, b) = problem
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    rotated = cost((x @ Q, a), (y @ Q, b), p=p)
    # Rotated coordinates carry an ulp of 6; where points coincide the rest is distance ** p.
    assert_allclose(rotated, cost((x, a), (y, b), p=p), **tolerance(p))


@given(problems(d=2, min_d=2), orders)
def test_an_idle_coordinate_changes_nothing(problem, p):
    (x, a), (y, b) = problem
    wider = cost((np.insert(x, 1, 7, axis=1), a), (np.insert(y, 1, 7, axis=1), b), p=p)
    assert_allclose(wider, cost((x, a), (y, b), p=p), **tolerance(p))


@given(problems(d=1), norm_metrics, orders)
def test_the_line_drawn_in_the_plane(problem, metric, p):
    (x, a), (y, b) = problem
    plane = cost(
        (np.insert(x, 1, 0, axis=1), a), (np.insert(y, 1, 0, axis=1), b), metric=metric, p=p
    )
    assert_allclose(cost((x, a), (y, b), metric=metric, p=p), plane, **tolerance(p))


# ---------------------------------------------------------------- one measure, two spellings


@given(problems(), orders, clouds(d=3, n=2))
def test_points_without_weight_change_nothing(problem, p, extra):
    (x, a), (y, b) = problem
    padded = np.concatenate([x, 100 * extra[:, : x.shape[1]]]), np.append(a, [0, 0])
    assert_allclose(cost(padded, (y, b), p=p), cost((x, a), (y, b), p=p), **tolerance(p))


@given(problems(), orders)
def test_splitting_atoms_changes_nothing(problem, p):
    (x, a), (y, b) = problem
    split = np.concatenate([x, x]), np.concatenate([0.25 * a, 0.75 * a])
    assert_allclose(cost(split, (y, b), p=p), cost((x, a), (y, b), p=p), **tolerance(p))


@given(problems(), orders)
def test_merging_atoms_changes_nothing(problem, p):
    (x, a), (y, b) = problem
    points, owner = np.unique(x, axis=0, return_inverse=True)
    merged = points, np.bincount(owner.ravel(), a, len(points))
    assert_allclose(cost(merged, (y, b), p=p), cost((x, a), (y, b), p=p), **tolerance(p))


@given(problems(), st.sampled_from([1e-12, 3.0, 1e12]))
def test_masses_need_not_be_probabilities(problem, mass):
    (x, a), (y, b) = problem
    assert_allclose(cost((x, mass * a), (y, mass * b)), cost((x, a), (y, b)), **TWO_EXACT)


# ---------------------------------------------------------------- duality


@given(problems(), clouds(d=3, n=4), st.lists(st.integers(-5, 5), min_size=4, max_size=4))
def test_weak_duality_for_any_lipschitz_function_and_any_coupling(problem, anchors, heights):
    (x, a), (y, b) = problem
    anchors = anchors[:, : x.shape[1]]

    def lipschitz(points):
        """McShane's extension: a minimum of cones of slope one."""
        return (heights + dense_cost(points, anchors)).min(axis=1)

    coupling = np.zeros((len(x), len(y)))
    i, j, mass = northwest_corner(a, b)
    np.add.at(coupling, (i, j), mass)
    exact, C = cost((x, a), (y, b)), dense_cost(x, y)
    bound = a @ lipschitz(x) - b @ lipschitz(y)
    assert at_most(bound, exact)
    assert at_most(exact, (coupling * C).sum())
    assert at_most(exact, a @ C @ b)
    proof = otgan.certify(C, coupling, lipschitz(x), -lipschitz(y), a, b)
    assert proof.dual_violation <= 16 * EPS * 36
    assert at_most(bound, proof.lower) and at_most(proof.lower, exact)
    assert at_most(exact, proof.upper) and at_most(proof.upper, (coupling * C).sum())


@given(problems(), norm_metrics, orders)
def test_complementary_slackness(problem, metric, p):
    (x, a), (y, b) = problem
    result = otgan.emd(x, y, a, b, metric=metric, p=p)
    slack = dense_cost(x, y, metric, p) - result.f[:, None] - result.g
    paid = (result.plan.toarray() * slack).sum()
    assert_allclose(paid, 0, atol=EXACT_RTOL * result.cost + 16 * EPS * 36**p)


# ---------------------------------------------------------------- order


@given(problems(), true_metrics)
def test_distances_grow_with_the_order(problem, metric):
    mu, nu = problem
    values = [distance(mu, nu, metric=metric, p=p) for p in (1, 1.5, 2, 3)]
    for p, smaller, larger in zip((1.5, 2, 3), values, values[1:], strict=False):
        assert at_most(smaller, larger, p=p)


@given(problems())
def test_metrics_are_ordered_as_their_norms(problem):
    mu, nu = problem
    chebyshev, euclidean, cityblock = (
        cost(mu, nu, metric=metric) for metric in ("chebyshev", "euclidean", "cityblock")
    )
    assert at_most(chebyshev, euclidean) and at_most(euclidean, cityblock)


@given(problems())
def test_means_are_no_further_apart_than_measures(problem):
    (x, a), (y, b) = problem
    assert at_most(np.linalg.norm(a @ x - b @ y), cost((x, a), (y, b)))


@given(problems(count=4, d=2), orders, st.floats(0, 1))
def test_joint_convexity(problem, p, t):
    (x, a), (y, b), (u, c), (v, d) = problem
    mixed = cost(
        (np.concatenate([x, u]), np.concatenate([t * a, (1 - t) * c])),
        (np.concatenate([y, v]), np.concatenate([t * b, (1 - t) * d])),
        p=p,
    )
    bound = t * cost((x, a), (y, b), p=p) + (1 - t) * cost((u, c), (v, d), p=p)
    assert mixed <= bound * (1 + 2 * EXACT_RTOL) + 16 * EPS * 36**p


# ---------------------------------------------------------------- solver = solver = closed form


@given(problems(min_d=2), norm_metrics, orders)
def test_simplex_linear_program_and_pot(problem, metric, p):
    (x, a), (y, b) = problem
    C = dense_cost(x, y, metric, p)
    expected = cost((x, a), (y, b), metric=metric, p=p)
    assert_allclose(otgan.emd_linprog(C, a, b).cost, expected, **tolerance(p))
    assert_allclose(otgan.emd_from_cost(C, a, b).cost, expected, **tolerance(p))
    # Scaled and unaided, POT stops at 1e-15 of the largest cost, and drops no more mass than that.
    scale = C.max() or 1.0
    unaided = ot.emd2(a, b, C / scale, check_marginals=False) * scale
    assert_allclose(unaided, expected, rtol=1e-9, atol=1e-12 * scale)


@given(measures(d=1), measures(d=1))
def test_the_line_three_ways(mu, nu):
    (x, a), (y, b) = mu, nu
    expected = wasserstein_distance(x[:, 0], y[:, 0], a, b)
    assert_allclose(otgan.wasserstein_1d(x, y, a, b), expected, **TWO_EXACT)
    assert_allclose(otgan.wasserstein(x, y, a, b), expected, **TWO_EXACT)
    assert_allclose(cost(mu, nu), expected, **TWO_EXACT)
    assert_allclose(otgan.emd_from_cost(dense_cost(x, y), a, b).cost, expected, **TWO_EXACT)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine"])
@pytest.mark.parametrize("p", [1, 2])
def test_equal_weights_are_an_assignment(metric, p):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50, 3))
    C = dense_cost(x, y, metric, p)
    expected = C[linear_sum_assignment(C)].mean()
    assert_allclose(otgan.emd(x, y, metric=metric, p=p).cost, expected, rtol=EXACT_RTOL)
