"""Costs between points: as a matrix, and on arcs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.transport.network_simplex.point_costs import NORMS, cost_matrix, pair_costs
from tests.cases import dense_cost


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_stored_costs_lose_no_digits_near_zero(power):
    x = np.random.default_rng(0).normal(size=(60, 10))
    y = x + 1e-9
    costs = cost_matrix(x, y, (2, power))
    assert_allclose(costs, dense_cost(x, y, "euclidean", power), rtol=1e-11)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_all_costs_and_those_of_arcs_are_powers_of_norms(norm, power):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(30, 3))
    expected = dense_cost(x, y, norm, power)
    code = NORMS[norm], power
    assert_allclose(cost_matrix(x, y, code), expected, rtol=1e-12)
    i, j = np.divmod(np.arange(600), 30)
    on_arcs = pair_costs(np.ascontiguousarray(x.T), np.ascontiguousarray(y.T), i, j, code)
    assert_allclose(on_arcs, expected.ravel(), rtol=1e-12)
