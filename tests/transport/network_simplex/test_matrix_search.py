"""The smallest reduced costs of a stored matrix: those of brute force, by rows and by columns."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.transport.network_simplex.matrix_search import smallest_in_columns, smallest_in_rows
from otgan.transport.network_simplex.reduced_costs import Search


@pytest.mark.parametrize("threshold", [-np.inf, 0.1, np.inf])
@pytest.mark.parametrize("k", [1, 3, 40])
def test_rows_and_columns_against_brute_force(k, threshold):
    rng = np.random.default_rng(0)
    matrix, g = rng.random((30, 25)), 0.5 * rng.random(25)
    matrix[rng.random(matrix.shape) < 0.2] = np.inf
    reduced = matrix - g
    reduced[reduced >= threshold] = np.inf
    expected = np.sort(np.pad(reduced, ((0, 0), (0, k)), constant_values=np.inf), axis=1)[:, :k]
    limits = np.full(30, threshold)
    for found in (
        smallest_in_rows(matrix, Search.of(g, limits, k)),
        smallest_in_columns(np.ascontiguousarray(matrix.T), Search.of(g, limits, k)),
    ):
        assert_array_equal(found.value, expected)
        i, at = np.nonzero(found.j >= 0)
        assert_array_equal(found.j >= 0, np.isfinite(expected))
        assert_allclose(matrix[i, found.j[i, at]] - g[found.j[i, at]], found.value[i, at], rtol=0)
