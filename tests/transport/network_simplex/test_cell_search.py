"""Lower bounds between cells: below all their pairs, and sharp in the plane."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.costs import PointCost
from otgan.transport.network_simplex.cell_search import lower_bounds
from otgan.transport.network_simplex.kdtree import (
    bounding_boxes,
    build_tree,
    cell_starts,
    linear_upper_bound,
)
from otgan.transport.network_simplex.norm import SPHERE, Norm
from otgan.transport.network_simplex.wrapped import LONGEST_CHORD
from tests.transport.wrapped import METRICS, draw_points


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
    norm = Norm.named("euclidean", 2)
    left = sum(
        lower_bounds(cells, bounds, u, v, norm, norm.extent)[0] < bounds[0].offset[u]
        for u in leaves
        for v in leaves
    )
    assert left < 0.05 * len(leaves) ** 2


def in_cells(cost):
    """The points of a cost as loops take them, in cells, with all costs in the order of these."""
    points = cost.normed()
    trees = build_tree(points.x), build_tree(points.y)
    costs = cost.rows(slice(0, len(points.x)))[np.ix_(*(tree.order for tree in trees))]
    return (trees[0].cells, trees[1].cells), Norm.of(points), costs


def leaves_of(cells):
    """The last level of cells, each with the range of its points."""
    starts = cell_starts(cells.columns.shape[1], cells.depth)
    return [
        ((1 << cells.depth) + k, slice(*ends)) for k, ends in enumerate(itertools.pairwise(starts))
    ]


@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_the_bounds_are_below_all_pairs(metric, power):
    rng = np.random.default_rng(4)
    cost = PointCost.of(*draw_points(rng, metric, 150, 120), metric=metric, p=power)
    cells, norm, costs = in_cells(cost)
    x, y = (side.columns.T for side in cells)
    f, g = np.sin(x[:, 0]) + 0.1 * rng.random(150), y[:, 1] - np.cos(y[:, 0])
    bounds = linear_upper_bound(cells[0], f), linear_upper_bound(cells[1], g)
    reduced = costs - g
    for u, rows in leaves_of(cells[0]):
        along = (x[rows] - cells[0].center[u]) @ bounds[0].slope[u]
        for v, columns in leaves_of(cells[1]):
            linear, plain = lower_bounds(cells, bounds, u, v, norm, norm.extent)
            pairs = reduced[rows, columns]
            assert linear <= (pairs - along[:, None]).min() and plain <= pairs.min()


@pytest.mark.parametrize("metric", METRICS, ids=str)
def test_points_of_one_cell_have_a_bound_that_is_their_cost(metric):
    """Between cells of single points nothing is lost but rounding, on either side of a seam."""
    rng = np.random.default_rng(5)
    x, y = draw_points(rng, metric, 8, 8)
    for i in range(8):
        cost = PointCost.of(x[i : i + 1], y[i : i + 1], metric=metric)
        cells, norm, costs = in_cells(cost)
        level = [linear_upper_bound(side, np.zeros(1)) for side in cells]
        expected = costs[0, 0]
        if norm.code == SPHERE:  # chords that are nearly a diameter are taken to be shorter
            expected = min(expected, norm.extent[0] * np.arcsin(LONGEST_CHORD))
        found = np.array(lower_bounds(cells, (level[0], level[1]), 1, 1, norm, norm.extent))
        assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_between_small_cells_the_linear_bound_is_off_by_the_square_of_their_size(metric, power):
    """Where slopes are right: a wrong tangent would lead above, or be off by the size itself."""
    rng = np.random.default_rng(6)
    centers = draw_points(rng, metric, 60, 60)
    angle = 180 / np.pi if getattr(metric, "degrees", False) else 1.0
    unit, size, off = getattr(metric, "radius", 1.0) ** power, 1e-2, []
    for x, y in zip(*(z[1:] for z in centers), strict=True):  # the first ones are poles
        patches = [at + angle * size * rng.uniform(-1, 1, (12, 2)) for at in (x, y)]
        cost = PointCost.of(*patches, metric=metric, p=power)
        cells, norm, costs = in_cells(cost)
        if not 0.3 < (costs.mean() / unit) ** (1 / power) < 2.0:
            continue  # where the cost bends much: points that are close, or opposite
        # Means of costs: their slopes are nearly those of the cost between the centers.
        f, g = costs.mean(axis=1) - costs.mean() / 2, costs.mean(axis=0) - costs.mean() / 2
        bounds = linear_upper_bound(cells[0], f), linear_upper_bound(cells[1], g)
        linear, _ = lower_bounds(cells, bounds, 1, 1, norm, norm.extent)
        along = (cells[0].columns.T - cells[0].center[1]) @ bounds[0].slope[1]
        least = (costs - g - along[:, None]).min()
        assert linear <= least
        off.append((least - linear) / unit)
    # But for some: cells on both sides of a cut, or of a kink of the cityblock distance.
    assert len(off) > 10 and np.median(off) < 10 * size**2
