"""Lower bounds between cells: below all their pairs, and sharp in the plane."""

import numpy as np
import pytest

import otgan
from otgan.costs import PointCost
from otgan.transport.network_simplex.cell_search import lower_bounds
from otgan.transport.network_simplex.kdtree import (
    bounding_boxes,
    build_tree,
    cell_starts,
    linear_upper_bound,
)
from otgan.transport.network_simplex.point_costs import NORMS
from tests.cases import dense_cost


def ordered(n, d, seed, shift=0.0):
    points = np.random.default_rng(seed).normal(size=(n, d)) + shift
    return points[build_tree(points).order]


def test_in_the_plane_most_pairs_of_cells_are_ruled_out():
    x, y = ordered(4000, 2, 0), ordered(4000, 2, 1, 1.0)
    cost = PointCost.of(x, y, p=2)
    g = otgan.c_transform(cost, np.square(x).sum(axis=1))
    f = otgan.c_transform(cost.T, g)
    cells = bounding_boxes(x), bounding_boxes(y)
    bounds = linear_upper_bound(cells[0], f), linear_upper_bound(cells[1], g)
    leaves = range(1 << cells[0].depth, 2 << cells[0].depth)
    left = sum(
        lower_bounds(cells, bounds, u, v, (2, 2.0))[0] < bounds[0].offset[u]
        for u in leaves
        for v in leaves
    )
    assert left < 0.05 * len(leaves) ** 2


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_the_bounds_are_below_all_pairs(norm, power):
    x, y = ordered(150, 2, 2), ordered(120, 2, 3, 0.5)
    rng = np.random.default_rng(4)
    f, g = np.sin(x[:, 0]) + 0.1 * rng.random(150), y[:, 1] - np.cos(y[:, 0])
    cells = bounding_boxes(x), bounding_boxes(y)
    bounds = linear_upper_bound(cells[0], f), linear_upper_bound(cells[1], g)
    reduced = dense_cost(x, y, norm, power) - g
    of_x, of_y = (cell_starts(len(z), side.depth) for z, side in zip((x, y), cells, strict=True))
    for k in range(1 << cells[0].depth):
        u, rows = (1 << cells[0].depth) + k, slice(of_x[k], of_x[k + 1])
        along = (x[rows] - cells[0].center[u]) @ bounds[0].slope[u]
        for t in range(1 << cells[1].depth):
            v, columns = (1 << cells[1].depth) + t, slice(of_y[t], of_y[t + 1])
            linear, plain = lower_bounds(cells, bounds, u, v, (NORMS[norm], power))
            pairs = reduced[rows, columns]
            assert linear <= (pairs - along[:, None]).min() and plain <= pairs.min()
