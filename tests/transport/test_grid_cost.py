"""Costs between cells of a grid from their definition, and transforms without bounds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.transport import duality
from otgan.transport.duality import c_transform_of
from otgan.transport.grid_cost import GridCost


@pytest.mark.parametrize("periodic", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("p", [1, 2, 2.5])
def test_rows_arcs_and_transforms_agree_with_the_definition(periodic, p):
    cost = GridCost((4, 6), (0.5, 2.0), periodic, p)
    places = np.indices((4, 6)).reshape(2, -1).T
    apart = np.abs(places[:, None] - places)
    apart = np.where(periodic, np.minimum(apart, np.array([4, 6]) - apart), apart)
    C = ((apart * [0.5, 2.0]) ** p).sum(axis=2)
    assert_allclose(cost.rows(slice(0, 24)), C, rtol=1e-14)
    assert_allclose(cost.rows(slice(5, 9)), C[5:9], rtol=1e-14)
    i, j = np.random.default_rng(0).integers(0, 24, (2, 50))
    assert_allclose(cost.arcs(i, j), C[i, j], rtol=1e-14)
    assert_allclose(cost.restricted(i[:5], j[:7]).matrix, C[np.ix_(i[:5], j[:7])], rtol=1e-14)
    f = np.random.default_rng(1).normal(size=24)
    f[::3] = -np.inf
    assert_allclose(c_transform_of(cost, f), (C - f[:, None]).min(axis=0), rtol=1e-13)
    assert cost.T is cost


def test_long_axes_are_bounded_and_others_compared_one_by_one(monkeypatch):
    cost = GridCost((30, 5), (1.0, 2.0), (True, False), 2)
    f = np.random.default_rng(2).normal(0, 9, 150)
    f[:7] = -np.inf
    plain = c_transform_of(cost, f)
    monkeypatch.setattr(duality, "PLAIN_SUMS", 10)
    assert_allclose(c_transform_of(cost, f), plain, rtol=1e-13)
