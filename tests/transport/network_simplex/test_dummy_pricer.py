"""Pricing of clouds with dummies finds what a scan of the whole matrix finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.transport.dummy_points import DummyPrices
from otgan.transport.network_simplex.dummy_pricer import (
    DummyPricer,
    prices_of_cells,
    with_dummy,
)
from otgan.transport.network_simplex.fixed_point import balanced_masses
from otgan.transport.network_simplex.kdtree import build_tree
from otgan.transport.network_simplex.multiscale import levels_of
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.pricers import MatrixPricer, PointPricer

RNG = np.random.default_rng(2)
TREES = build_tree(RNG.normal(size=(70, 2))), build_tree(RNG.normal(size=(90, 2)))
PRICES = DummyPrices(RNG.random(70), RNG.random(90), 0.5)
PRICER = DummyPricer(
    PointPricer(TREES[0].cells, TREES[1].cells, Norm.named("euclidean", 1)), PRICES
)
SOURCES, TARGETS = (index.ravel().astype(np.int32) for index in np.indices((71, 91)))
DENSE = MatrixPricer(PRICER.costs(SOURCES, TARGETS).reshape(71, 91))


def test_costs_on_arcs():
    x, y = (tree.cells.columns.T for tree in TREES)
    assert_allclose(DENSE.matrix[:-1, :-1], np.linalg.norm(x[:, None] - y, axis=2), rtol=1e-14)
    assert_array_equal(DENSE.matrix[:-1, -1], PRICES.u)
    assert_array_equal(DENSE.matrix[-1], np.append(PRICES.v, 0.5))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 5, 10])
@pytest.mark.parametrize("limit", [np.inf, 0.3, -np.inf])
def test_the_smallest_reduced_costs(seed, k, limit):
    rng = np.random.default_rng(seed)
    f, g = 0.5 * rng.random(71), 0.5 * rng.random(91)
    f[-1], g[-1] = rng.normal(size=2)
    for name, size in (("of_sources", 71), ("of_targets", 91)):
        threshold = limit + 0.2 * rng.random(size)
        found = getattr(PRICER, name)(f, g, threshold, k)
        expected = getattr(DENSE, name)(f, g, threshold, k)
        assert_allclose(found.value, expected.value, rtol=1e-12, atol=1e-14)
        assert_array_equal(found.j, expected.j)
        assert found.j.dtype == expected.j.dtype


def test_all_arcs_of_dummies_are_candidates_from_the_start():
    start, target, cost = PRICER.first_candidates()
    source = np.repeat(np.arange(71), np.diff(start))
    assert len(target) == 70 + 90 + 1 and ((source == 70) | (target == 90)).all()
    assert_array_equal(cost, DENSE.matrix[source, target])


def test_a_coarse_price_is_the_mean_of_its_cell():
    weights = RNG.random(70)
    masses, _ = balanced_masses(weights / weights.sum(), np.ones(1))
    starts = np.array([0, 10, 11, 70])
    found = prices_of_cells(PRICES.u, masses, starts)
    expected = [
        np.average(PRICES.u[first:last], weights=weights[first:last])
        for first, last in ((0, 10), (10, 11), (11, 70))
    ]
    assert_allclose(found, expected, rtol=1e-12)
    assert_array_equal(prices_of_cells(PRICES.u, masses, np.arange(71)), PRICES.u)


def test_every_level_ends_with_dummies_of_all_their_mass():
    n, m = 900, 700
    trees = build_tree(RNG.normal(size=(n, 2))), build_tree(RNG.normal(size=(m, 2)))
    a, b = np.append(np.full(n, 0.5 / n), 0.5), np.append(np.full(m, 0.25 / m), 0.75)
    masses = balanced_masses(a, b)
    prices = DummyPrices(RNG.random(n), RNG.random(m))
    levels = levels_of(trees, masses, Norm.named("euclidean", 1), prices=prices)
    assert len(levels) >= 2
    for level in levels:
        for cloud, all_masses in ((level.x, masses[0]), (level.y, masses[1])):
            assert_array_equal(cloud.masses[-1], all_masses[-1])
            assert len(cloud.masses) == cloud.cells.columns.shape[1] + 1 == len(cloud.starts) - 1
            assert cloud.starts[-1] == len(all_masses)
        assert level.pricer.shape == (len(level.x.masses), len(level.y.masses))
    cloud = with_dummy(levels[-1].x, masses[0][-1:])  # one more after the first
    assert_array_equal(cloud.starts[-3:], [n, n + 1, n + 2])
