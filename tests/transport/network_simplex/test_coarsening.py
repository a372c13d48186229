"""From level to level: cells keep the mass, plans stay plans, potentials are interpolated."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.sparse import csgraph

from otgan.transport.network_simplex.coarsening import (
    clouds_of_levels,
    disaggregate_plan,
    interpolate_potential,
)
from otgan.transport.network_simplex.dense import greedy_plan
from otgan.transport.network_simplex.fixed_point import balanced_masses
from otgan.transport.network_simplex.kdtree import build_tree
from otgan.transport.network_simplex.tree import Plan


def clouds(n=700, m=900, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.random(n), rng.random(m)
    masses = balanced_masses(a / a.sum(), b / b.sum())
    trees = [build_tree(rng.normal(size=(k, 2))) for k in (n, m)]
    return [
        list(clouds_of_levels(tree, mass, max(n, m)))
        for tree, mass in zip(trees, masses, strict=True)
    ]


def test_levels_end_with_the_points_and_keep_mass_and_center():
    for levels in clouds():
        assert [len(cloud.masses) for cloud in levels[:-1]] == [128]
        whole = levels[-1].masses[:, 0] @ levels[-1].cells.columns.T / levels[-1].masses[:, 0].sum()
        for cloud in levels:
            masses = cloud.masses[:, 0]
            center = masses @ cloud.cells.columns.T / masses.sum()
            assert_allclose(center, whole, rtol=0, atol=1e-12)
            assert cloud.starts[0] == 0 and cloud.starts[-1] == len(levels[-1].masses)


def test_a_disaggregated_plan_is_a_plan_and_its_arcs_a_forest():
    x, y = clouds()
    C = np.random.default_rng(1).random((len(x[0].masses), len(y[0].masses)))
    f = C.min(axis=1)
    g = (C - f[:, None]).min(axis=0)
    plan = Plan(*greedy_plan(C, f, g, x[0].masses, y[0].masses))
    i, j, mass = disaggregate_plan(plan, (x[0], y[0]), (x[-1], y[-1]))
    n, m = len(x[-1].masses), len(y[-1].masses)
    for index, size, cloud in ((i, n, x[-1]), (j, m, y[-1])):
        carried = np.zeros((size, mass.shape[1]), np.int64)
        np.add.at(carried, index, mass)
        assert_allclose(carried[:, 0], cloud.masses[:, 0], rtol=0, atol=4)  # words carry over
    graph = sparse.coo_array((np.ones(len(i)), (i, n + j)), shape=(n + m, n + m))
    components, _ = csgraph.connected_components(graph, directed=False)
    assert components == n + m - len(i)


@pytest.mark.parametrize("slope", [(0.0, 0.0), (2.0, -3.0)])
def test_linear_potentials_are_interpolated(slope):
    coarse, fine = clouds()[0]
    potential = 1 + np.array(slope) @ coarse.cells.columns
    found = interpolate_potential(coarse, potential, fine)
    expected = 1 + np.array(slope) @ fine.cells.columns
    # Least squares with a ridge of 1e-4.
    assert_allclose(found, expected, rtol=0, atol=2e-2 if any(slope) else 1e-12)
    assert_array_equal(interpolate_potential(fine, expected, fine), expected)


def test_dummies_keep_their_potentials():
    coarse, fine = clouds()[0]
    potential = np.ones(len(coarse.masses))
    found = interpolate_potential(coarse, np.append(potential, [7.0]), fine)
    assert_array_equal(found[:-1], interpolate_potential(coarse, potential, fine))
    assert len(found) == len(fine.masses) + 1 and found[-1] == 7.0
