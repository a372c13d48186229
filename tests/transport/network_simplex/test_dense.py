"""Small problems in one call: a greedy plan to begin with, and a limit of pivots."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.transport.network_simplex.dense import greedy_plan, solve_dense
from otgan.transport.network_simplex.fixed_point import balanced_masses, subtract


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (9, 1), (12, 7), (7, 12)])
@pytest.mark.parametrize("equal", [True, False])
def test_a_greedy_plan_moves_all_mass_on_a_forest(n, m, equal):
    rng = np.random.default_rng(0)
    a, b = (np.ones(k) if equal else rng.random(k) + 0.1 for k in (n, m))
    masses = balanced_masses(a / a.sum(), b / b.sum())
    C = rng.random((n, m))
    f = C.min(axis=1)
    i, j, mass, cost = greedy_plan(C, f, (C - f[:, None]).min(axis=0), *masses)
    assert len(i) <= n + m - 1 and len(set(zip(i.tolist(), j.tolist(), strict=True))) == len(i)
    assert_array_equal(cost, C[i, j])
    for index, side in ((i, masses[0]), (j, masses[1])):
        left = side.copy()
        for k, carried in zip(index.tolist(), range(len(mass)), strict=True):
            subtract(left, k, mass, carried)
        assert not left.any()


def test_pivots_are_counted_and_limited():
    rng = np.random.default_rng(0)
    C = rng.random((40, 30))
    masses = balanced_masses(np.full(40, 1 / 40), np.full(30, 1 / 30))
    i, j, mass, f, g, pivots, finished = solve_dense(C, *masses, 10**6)
    assert finished and pivots > 5
    assert_allclose(C[i, j] @ mass, otgan.emd_from_cost(C).cost, rtol=1e-12)
    assert (f[:, None] + g <= C + 1e-13).all()
    *_, fewer, unfinished = solve_dense(C, *masses, 5)
    assert fewer == 5 and not unfinished
