"""Costs between points: as a matrix, and on arcs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.costs import PointCost
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.point_costs import cost_matrix, pair_costs
from tests.cases import dense_cost
from tests.transport.wrapped import METRICS, draw_points


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_stored_costs_lose_no_digits_near_zero(power):
    x = np.random.default_rng(0).normal(size=(60, 10))
    y = x + 1e-9
    costs = cost_matrix(x, y, Norm.named("euclidean", power))
    assert_allclose(costs, dense_cost(x, y, "euclidean", power), rtol=1e-11)


@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_all_costs_and_those_of_arcs_are_powers_of_distances(metric, power):
    cost = PointCost.of(
        *draw_points(np.random.default_rng(0), metric, 20, 30), metric=metric, p=power
    )
    expected = cost.rows(slice(0, 20))
    points = cost.normed()
    assert points is not None
    norm = Norm.of(points)
    assert_allclose(cost_matrix(points.x, points.y, norm), expected, rtol=1e-11)
    i, j = np.divmod(np.arange(600), 30)
    columns = np.ascontiguousarray(points.x.T), np.ascontiguousarray(points.y.T)
    assert_allclose(pair_costs(*columns, i, j, norm), expected.ravel(), rtol=1e-11)
    assert_allclose(cost.arcs(i, j), expected.ravel(), rtol=1e-11)
    assert expected.max() <= points.longest() ** points.power * (1 + 1e-12)
