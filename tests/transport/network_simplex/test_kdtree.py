"""The k-d tree's cells, and linear functions in them that bound a potential from above."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.transport.network_simplex.kdtree import build_tree, cell_starts, linear_upper_bound
from tests.cases import EPS


@pytest.mark.parametrize("d", [1, 2, 5, 8, 9])
@pytest.mark.parametrize("n", [1, 2, 13, 300])
def test_linear_functions_bound_a_potential_from_above(n, d):
    x = np.random.default_rng(0).normal(size=(n, d))
    tree = build_tree(x)
    potential = np.sin(3 * x[tree.order, 0]) + np.abs(x[tree.order, -1])
    bound = linear_upper_bound(tree.cells, potential)
    for level in range(tree.cells.depth + 1):
        for k, (begin, end) in enumerate(itertools.pairwise(cell_starts(n, level))):
            v = (1 << level) + k
            steps = tree.cells.columns[:, begin:end].T - tree.cells.center[v]
            assert (np.abs(steps) <= tree.cells.radius[v] * (1 + 4 * EPS)).all()
            above = bound.offset[v] + steps @ bound.slope[v]
            assert (above >= potential[begin:end] - 1e-12).all()
            assert_allclose(bound.maximum[v], potential[begin:end].max(), rtol=0)


def test_a_tree_orders_all_points_and_halves_cells_at_the_median():
    points = np.random.default_rng(0).normal(size=(777, 3))
    order = build_tree(points).order
    assert_array_equal(np.sort(order), np.arange(777))
    starts = cell_starts(777, 1)
    low, high = points[order[: starts[1]]], points[order[starts[1] :]]
    widest = np.ptp(points, axis=0).argmax()
    assert low[:, widest].max() <= high[:, widest].min()
    assert abs(len(low) - len(high)) <= 1
