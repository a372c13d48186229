"""Assignments between a few points, held against SciPy's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan
from otgan.transport.network_simplex.assignment import MAX_ASSIGNED, assignment
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
    column, f, g = assignment(matrix)
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


@pytest.mark.parametrize("kind", KINDS)
def test_more_points_are_assigned_and_their_potentials_are_feasible(kind):
    matrix = costs_of(kind, 2 * MAX_ASSIGNED)
    column, f, g = assignment(matrix)
    assert sorted(column) == list(range(len(matrix)))
    size = np.abs(matrix).max()
    assert (matrix - f[:, None] - g).min() >= -1e-13 * size
    i, j, *_, finished = solve_dense(matrix, *equal_masses(*matrix.shape), 10**9)
    rows, columns = linear_sum_assignment(matrix)
    assert finished
    assert_allclose(matrix[i, j].sum(), matrix[rows, columns].sum(), rtol=1e-12)


def test_few_points_of_one_mass_and_those_of_many_dimensions_need_no_pivot():
    """Other problems start from a plan that pivots improve."""
    rng = np.random.default_rng(0)

    def pivots(n, m, d, **weights):
        x, y = rng.normal(size=(n, d)), 1 + rng.normal(size=(m, d))
        return otgan.emd(x, y, **weights).stats["pivots"]

    few = MAX_ASSIGNED
    assert pivots(few, few, 2) == pivots(2 * few, 2 * few, 30) == 0
    assert pivots(few, few - 1, 2) > 0
    assert pivots(few, few, 2, a=rng.dirichlet(np.ones(few))) > 0
    assert pivots(2 * few, 2 * few, 2) > 0
