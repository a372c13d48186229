"""Sparse costs, whose missing arcs are forbidden."""

import numpy as np
import pytest
from scipy import sparse

import otgan
from otgan.errors import InvalidInputError
from tests.cases import check_plan_and_potentials, refused


def test_sparse_costs_are_those_with_the_rest_forbidden():
    rng = np.random.default_rng(0)
    C = np.where(rng.random((30, 25)) < 0.3, rng.integers(0, 5, (30, 25)), np.inf)
    C[:, 0] = C[0] = 7.0
    i, j = np.nonzero(np.isfinite(C))
    dense = otgan.emd_from_cost(C)
    stored = sparse.coo_array((C[i, j], (i, j)), shape=C.shape)
    for form in (stored, sparse.coo_matrix((C[i, j], (i, j)), shape=C.shape)):
        result = otgan.emd_from_cost(form)
        check_plan_and_potentials(result, C, cost=dense.cost)


@pytest.mark.parametrize(
    ("data", "fragments"),
    [
        (([1.0, np.nan], ([0, 1], [0, 1])), ("finite",)),
        (([1.0, 2.0], ([0, 0], [1, 1])), ("one cost for an arc", "(0, 1)")),
    ],
)
def test_bad_sparse_costs_are_refused(data, fragments):
    with refused(*fragments, error=InvalidInputError):
        otgan.emd_from_cost(sparse.coo_array(data, shape=(2, 2)))
