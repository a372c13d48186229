"""Plans where some costs are huge or some masses tiny."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import linprog

import otgan


@pytest.mark.parametrize("large", [1e8, 1e10, 1e12, 1e32])
def test_large_costs_that_stand_for_missing_arcs(large):
    # POT's sparse test problem: off by 3.2e-3 at 1e12, with a certificate
    rng = np.random.RandomState(43)
    C, mask = rng.rand(100, 150), np.zeros((100, 150), bool)
    for i in range(100):
        mask[i, rng.choice(150, 2, replace=False)] = True
    for j in range(150):
        mask[rng.choice(100, 2, replace=False), j] = True
    sources, targets = mask.nonzero()
    arcs = np.arange(len(sources))
    rows = sparse.coo_array((np.ones(len(arcs)), (sources, arcs)))
    columns = sparse.coo_array((np.ones(len(arcs)), (targets, arcs)))
    sums = np.repeat([1 / 100, 1 / 150], [100, 150])
    true = linprog(C[sources, targets], A_eq=sparse.vstack([rows, columns]), b_eq=sums).fun
    assert_allclose(true, 0.3867297254, rtol=1e-9)
    r = otgan.emd_from_cost(C + large * ~mask)
    assert_allclose([r.lower, r.cost], true, rtol=2e-9)


@pytest.mark.parametrize("lightest", [1e-13, 1e-18, 1e-100])
def test_a_plan_of_very_light_points_for_a_barycentric_map(lightest):
    # rows lost their mass, or went where they do not belong: each target is 1 to the right
    rng = np.random.default_rng(0)
    x = rng.permutation(50)[:, None] * np.array([10.0, 3.0])
    a = lightest ** rng.random(50)
    plan = otgan.emd(x, x + [1, 0], a, a).plan
    assert_allclose(plan.sum(axis=1), a / a.sum(), rtol=1e-12)
    assert_allclose((plan @ (x + [1, 0])) / plan.sum(axis=1)[:, None], x + [1, 0], rtol=1e-12)


@pytest.mark.parametrize("d", [1, 2])
def test_a_plan_of_light_points_among_heavy_ones_has_no_empty_row(d):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, d)), rng.normal(size=(70, d))
    a, b = rng.dirichlet(np.ones(60)), rng.dirichlet(np.ones(70))
    a[::2] *= 10 ** rng.uniform(-19, -12, 30)
    b[::2] *= 10 ** rng.uniform(-19, -12, 35)
    a, b = a / a.sum(), b / b.sum()
    r = otgan.emd(x, y, a, b)
    assert_allclose(r.plan.sum(axis=1), a, rtol=1e-12)
    assert_allclose(r.plan.sum(axis=0), b, rtol=1e-12)
    i, j = r.plan.nonzero()
    assert_allclose(np.linalg.norm(x[i] - y[j], axis=1), r.f[i] + r.g[j], atol=1e-13)


@pytest.mark.parametrize("seed", [161, 260, 350, 379])
def test_merged_points_are_where_they_were(seed):
    # sums of weights are rounded, and what moves for that costs less than any bracket can tell
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (int(rng.integers(2, 60)), 2)).astype(float)
    a = rng.random(len(x))
    points = np.unique(x, axis=0)
    merged = np.array([a[(x == point).all(axis=1)].sum() for point in points])
    r = otgan.emd(x, points, a, merged)
    assert_allclose([r.lower, r.cost], 0.0, atol=1e-15)


def test_a_light_point_that_must_travel_is_no_rounding():
    # all that costs anything is less than 1e-15 of the mass, but all of one point's
    r = otgan.emd([[0, 0], [0, 9]], [[0, 0], [3, 4]], [1, 1e-17], [1, 1e-17])
    assert_allclose([r.lower, r.cost], np.hypot(3, 5) * 1e-17, rtol=1e-9)
