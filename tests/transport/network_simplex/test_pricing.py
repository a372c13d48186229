"""Pricing finds what a comparison of all pairs finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.costs import PointCost
from otgan.transport import duality
from otgan.transport.network_simplex.kdtree import (
    bounding_boxes,
    build_tree,
)
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.pricing import smallest_reduced_costs
from otgan.transport.network_simplex.reduced_costs import Search
from tests.cases import EPS, NAMED_METRICS, dense_cost

NORMS = [
    *(("euclidean", 1.0), ("euclidean", 2.0), ("euclidean", 3.0)),
    *(("cityblock", 1.0), ("cityblock", 1.5), ("chebyshev", 1.0), ("chebyshev", 2.0)),
]
MINKOWSKI = otgan.SciPyMetric("minkowski", {"p": 3})
SIZES = [(200, 150, 2, 3), (1, 90, 3, 1), (90, 1, 1, 2), (150, 170, 9, 4)]


def clouds(n, m, d, kind, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "lattice":
        return rng.integers(-3, 4, (n, d)) * 1.0, rng.integers(-3, 4, (m, d)) * 1.0
    if kind == "point":
        return np.zeros((n, d)), np.ones((m, d))
    if kind == "flat":
        return rng.normal(size=(n, 1)) * np.ones(d), rng.normal(size=(m, 1)) * np.ones(d)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 1


def by_brute_force(x, y, g, below, norm, k):
    reduced = dense_cost(x, y, *norm) - g
    reduced[reduced >= np.reshape(below, (-1, 1))] = np.inf
    padded = np.pad(reduced, ((0, 0), (0, k)), constant_values=np.inf)
    return np.sort(padded, axis=1)[:, :k]


@pytest.mark.parametrize("kind", ["Gaussian", "lattice", "point", "flat"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("n", "m", "d", "k"), SIZES)
def test_the_smallest_reduced_costs_are_those_of_brute_force(kind, norm, n, m, d, k):
    x, y = (cloud[build_tree(cloud).order] for cloud in clouds(n, m, d, kind))
    rng = np.random.default_rng(1)
    g = dense_cost(x, y, *norm).min(axis=0) - rng.random(m) * 0.3
    f = by_brute_force(x, y, g, np.full(n, np.inf), norm, 1)[:, 0]
    for below in (np.full(n, np.inf), f + 0.1, f - 1e-9, np.full(n, -np.inf)):
        found = smallest_reduced_costs(
            bounding_boxes(x), bounding_boxes(y), f, Search.of(g, below, k, Norm.named(*norm))
        )
        expected = by_brute_force(x, y, g, below, norm, k)
        # A cost on the verge of `below` may fall to either side of it.
        assert_allclose(found.value, expected, rtol=0, atol=64 * EPS * 40.0 ** norm[1])
        assert_array_equal(found.j >= 0, np.isfinite(found.value))
        i, at = np.nonzero(found.j >= 0)
        j = found.j[i, at]
        cost = dense_cost(x, y, *norm)[i, j]
        assert_allclose(found.value[i, at], cost - g[j], rtol=0, atol=64 * EPS * 40.0 ** norm[1])


@pytest.mark.parametrize("metric", [*NAMED_METRICS, otgan.Torus(2.0), MINKOWSKI], ids=str)
@pytest.mark.parametrize("d", [2, 12])
@pytest.mark.parametrize("p", [1, 1.5])
def test_a_c_transform_by_cells_is_the_plain_one(monkeypatch, metric, d, p):
    x, y = clouds(300, 250, d, "Gaussian")
    cost = PointCost.of(x, y, metric=metric, p=p)
    f = np.random.default_rng(2).normal(size=300)
    plain = otgan.c_transform(cost, f)
    monkeypatch.setattr(duality, "PLAIN_PAIRS", 0)
    by_cells = otgan.c_transform(cost, f)
    assert_allclose(by_cells, plain, rtol=0, atol=64 * EPS * np.abs(plain).max())
    plan = np.full((300, 250), 1 / 75_000)
    with_guess = otgan.certify(cost, plan, f, plain)
    assert_allclose(with_guess.g, plain, rtol=0, atol=64 * EPS * np.abs(plain).max())
