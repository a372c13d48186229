"""What a transport problem returns: a bracket of the cost and of the distance, plain values."""

from __future__ import annotations

import json

import numpy as np
import pytest

import otgan
from otgan.measures import as_pair
from otgan.transport.duality import c_transform_of
from otgan.transport.exact import solve_measures


@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_the_bracket_of_the_distance_is_the_root_of_that_of_the_cost(p):
    rng = np.random.default_rng(0)
    result = otgan.emd(rng.normal(size=(40, 2)), rng.normal(size=(30, 2)), p=p)
    assert result.distance_lower <= result.distance <= result.distance_upper
    np.testing.assert_allclose(result.distance_lower**p, result.lower, rtol=1e-12)
    np.testing.assert_allclose(result.distance_upper**p, result.upper, rtol=1e-12)


def test_a_negative_bound_of_the_cost_bounds_a_distance_by_zero():
    result = otgan.emd([[0.0, 0.0]], [[0.0, 0.0]], p=2)
    below = type(result)(**{**vars(result), "lower": -1e-300})
    assert below.distance_lower == 0.0
    signed = otgan.emd_from_cost([[-1.0]])
    assert signed.distance_lower == signed.distance == -1.0


def test_results_are_plain_values():
    result = otgan.emd([[0, 0], [3, 0]], [[0, 4], [3, 4]])
    values = json.loads(json.dumps(result.to_dict()))
    assert values["distance"] == values["distance_upper"] == 4.0
    assert values["n"] == values["m"] == 2 and values["solver"] == "simplex"
    proof = otgan.certify(np.eye(2), np.eye(2) / 2, [0, 0], [0, 0])
    assert float(proof) == proof.upper == 1.0
    assert json.loads(json.dumps(proof.to_dict()))["gap"] == proof.gap


@pytest.mark.parametrize("d", [1, 2])
def test_what_is_checked_need_not_be_checked_again(d):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, d)), rng.normal(size=(30, d))
    mu, nu = as_pair(x, y, None, None)
    found, public = solve_measures(mu, nu, "euclidean", 2.0), otgan.emd(x, y, p=2)
    assert (found.cost, found.solver) == (public.cost, public.solver)
    np.testing.assert_array_equal(found.f, public.f)
    cost = otgan.costs.PointCost.of(x, y)
    np.testing.assert_array_equal(c_transform_of(cost, found.f), otgan.c_transform(cost, found.f))
