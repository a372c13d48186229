"""Assignments between a few points, held against SciPy's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan
from otgan.transport.network_simplex.assignment import MAX_ASSIGNED, optimal_assignment
from otgan.transport.network_simplex.dense import solve_dense
from otgan.transport.network_simplex.fixed_point import equal_masses


def costs_of(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(2, n, 2))
    return {
        "plane": cdist(x, y),
        "many dimensions": cdist(rng.normal(size=(n, 16)), rng.normal(size=(n, 16))),
        "ties": rng.integers(0, 4, (n, n)).astype(float),
        "all equal": np.ones((n, n)),
        "the farthest": -cdist(x, y),
        "nearly equal clouds": cdist(x, x + 1e-9 * y),
        "of all sizes": 10.0 ** rng.uniform(-12, 12, (n, n)),
        "products": np.outer(np.arange(1.0, n + 1), np.arange(1.0, n + 1)),
    }[kind]


KINDS = (
    *("plane", "many dimensions", "ties", "all equal", "the farthest", "nearly equal clouds"),
    *("of all sizes", "products"),
)


@pytest.mark.parametrize("n", [1, 2, 3, 40, MAX_ASSIGNED])
@pytest.mark.parametrize("kind", KINDS)
def test_it_costs_as_little_as_scipys_and_its_potentials_prove_it(kind, n):
    matrix = costs_of(kind, n)
    column, f, g = optimal_assignment(matrix)
    assert sorted(column) == list(range(n))
    rows, columns = linear_sum_assignment(matrix)
    least = matrix[rows, columns].sum()
    size = np.abs(matrix).max()
    assert_allclose(matrix[np.arange(n), column].sum(), least, rtol=1e-12, atol=1e-13 * size)
    assert (matrix - f[:, None] - g).min() >= -1e-13 * size
    assert_allclose(f.sum() + g.sum(), least, rtol=1e-12, atol=n * 1e-13 * size)


@pytest.mark.parametrize("kind", KINDS)
def test_few_points_of_equal_mass_need_no_pivot_that_moves_mass(kind):
    matrix = costs_of(kind, MAX_ASSIGNED)
    i, j, mass, *_, finished = solve_dense(matrix, *equal_masses(*matrix.shape), 10**9)
    rows, columns = linear_sum_assignment(matrix)
    assert finished and sorted(i) == sorted(j) == list(range(MAX_ASSIGNED))
    assert_allclose(mass, 1 / MAX_ASSIGNED)
    assert_allclose(matrix[i, j].sum(), matrix[rows, columns].sum(), rtol=1e-12)


def test_only_equal_masses_on_as_many_points_are_assigned():
    """Other problems start from a greedy plan, which pivots improve."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, MAX_ASSIGNED, 2))

    def pivots(*clouds, **weights):
        return otgan.emd(*clouds, **weights).stats["pivots"]

    assert pivots(x, y) == 0
    assert pivots(x, y[:-1]) > 0
    assert pivots(x, y, rng.dirichlet(np.ones(len(x)))) > 0
    x, y = rng.normal(size=(2, MAX_ASSIGNED + 1, 2))
    assert pivots(x, y) > 0
