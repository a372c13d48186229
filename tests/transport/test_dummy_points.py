"""A cost with dummy points is a matrix with one more row and column, whichever way it is kept."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from otgan.costs import MatrixCost, PointCost, as_ground_cost
from otgan.transport.duality import c_transform_of
from otgan.transport.dummy_points import DummyPrices, as_prices, most_expensive, with_dummies
from tests.cases import NAMED_METRICS

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(7, 3)), RNG.normal(size=(5, 3)) + 1
PRICES = DummyPrices(RNG.random(7), RNG.random(5), 0.25)


def bordered(C, prices=PRICES):
    return np.block([[C, prices.u[:, None]], [prices.v, np.array([prices.between])]])


@pytest.mark.parametrize("metric", NAMED_METRICS)
def test_points_with_dummies(metric):
    points = PointCost.of(X, Y, metric=metric, p=1.5)
    expected = bordered(points.rows(slice(0, 7)))
    cost = with_dummies(points, PRICES)
    assert cost.shape == (8, 6) and cost.T.shape == (6, 8)
    for rows in (slice(0, 8), slice(2, 5), slice(6, 8), slice(7, 8), slice(0, 7)):
        assert_array_equal(cost.rows(rows), expected[rows])
        assert_array_equal(cost.T.rows(rows), expected.T[rows])
    i, j = (index.ravel() for index in np.indices((8, 6)))
    assert_allclose(cost.arcs(i, j).reshape(8, 6), expected, rtol=1e-15)
    some, others = np.array([0, 3, 7]), np.array([1, 5])
    found = cost.restricted(some, others)
    assert_array_equal(found.rows(slice(0, 3)), expected[np.ix_(some, others)])


@pytest.mark.parametrize("kind", ["matrix", "sparse"])
def test_stored_costs_with_dummies(kind):
    C = np.where(RNG.random((7, 5)) < 0.4, np.inf, RNG.normal(size=(7, 5)))
    i, j = np.nonzero(np.isfinite(C))
    given = C if kind == "matrix" else sparse.coo_array((C[i, j], (i, j)), shape=C.shape)
    cost = with_dummies(as_ground_cost(given), DummyPrices(np.zeros(7), PRICES.v))
    expected = bordered(C, DummyPrices(np.zeros(7), PRICES.v))
    assert_array_equal(cost.rows(slice(0, 8)), expected)  # free arcs to the dummy are kept


@pytest.mark.parametrize("offset", [0.0, 5.0, -5.0])
def test_c_transforms_are_bounded_by_the_prices(offset):
    points = PointCost.of(X, Y)
    f = RNG.normal(size=8)
    f[-1] += offset
    cost = with_dummies(points, PRICES)
    expected = c_transform_of(MatrixCost(bordered(points.rows(slice(0, 7)))), f)
    assert_allclose(c_transform_of(cost, f), expected, rtol=1e-14)
    g = np.append(RNG.normal(size=5), offset)
    expected = c_transform_of(MatrixCost(bordered(points.rows(slice(0, 7))).T), g)
    assert_allclose(c_transform_of(cost.T, g, f), expected, rtol=1e-14)


@pytest.mark.parametrize("metric", NAMED_METRICS)
def test_no_cost_is_above_the_most_expensive(metric):
    points = PointCost.of(X, Y, metric=metric, p=2)
    largest = points.rows(slice(0, 7)).max()
    assert largest <= most_expensive(points) * (1 + 1e-14)
    assert most_expensive(points) < 50 * largest
    forbidden = as_ground_cost([[np.inf, -3.0], [1.0, 2.0]])
    assert most_expensive(forbidden) == 3.0


def test_prices_are_a_number_or_a_pair():
    for given, u, v in (
        (2, [2, 2], [2, 2, 2]),
        ((1, [0, 1, 2]), [1, 1], [0, 1, 2]),
        ([np.array([3.0, 4.0]), np.float32(0.5)], [3, 4], [0.5] * 3),
    ):
        prices = as_prices(given, 2, 3)
        assert_array_equal(prices.u, u)
        assert_array_equal(prices.v, v)
        assert prices.between == 0
