"""Pricing: the smallest reduced costs of every point beside given potentials."""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray
from otgan.normed_points import NormedPoints
from otgan.transport.network_simplex.cell_search import smallest_by_cells
from otgan.transport.network_simplex.kdtree import Cells, build_tree, linear_upper_bound
from otgan.transport.network_simplex.norm import EUCLIDEAN, Norm
from otgan.transport.network_simplex.product_search import smallest_by_products
from otgan.transport.network_simplex.reduced_costs import Search, SmallestReducedCosts

__all__ = ["MAX_CELL_DIMENSION", "c_transform_of_points", "smallest_reduced_costs"]

MAX_CELL_DIMENSION = 6
"""Dimensions beyond which Euclidean pairs are filtered by matrix products, not by cells."""


def smallest_reduced_costs(
    x: Cells, y: Cells, f: FloatArray, search: Search, n_jobs: int | None = None
) -> SmallestReducedCosts:
    """For each x_i the k smallest C_ij - g_j below its threshold, by cells or by matrix products.

    Parameters
    ----------
    x, y : Cells
    f : ndarray, shape (n,)
        Potentials on x, which guide the search and change nothing of what is found.
    search : Search
    n_jobs : int, optional
    """
    if _goes_by_products(search.norm, len(x.columns)):
        return smallest_by_products(x.columns.T, y.columns.T, search, n_jobs)
    bounds = linear_upper_bound(x, f), linear_upper_bound(y, search.g)
    return smallest_by_cells((x, y), bounds, search, n_jobs)


def c_transform_of_points(
    points: NormedPoints,
    f: FloatArray,
    guess: FloatArray | None = None,
    n_jobs: int | None = None,
) -> FloatArray:
    """min_i C_ij - f_i for every j; a guess of it guides the search."""
    m, norm = len(points.y), Norm.of(points)
    if _goes_by_products(norm, points.x.shape[1]):
        search = Search.of(f, np.full(m, np.inf), 1, norm)
        return smallest_by_products(points.y, points.x, search, n_jobs).value[:, 0]
    tree_x, tree_y = build_tree(points.x), build_tree(points.y)
    g = np.zeros(m) if guess is None or not np.isfinite(guess).all() else guess
    search = Search.of(f[tree_x.order], np.full(m, np.inf), 1, norm)
    found = smallest_reduced_costs(tree_y.cells, tree_x.cells, g[tree_y.order], search, n_jobs)
    result = np.empty(m)
    result[tree_y.order] = found.value[:, 0]
    return result


def _goes_by_products(norm: Norm, d: int) -> bool:
    return norm.code == EUCLIDEAN and d > MAX_CELL_DIMENSION
