"""c-transforms axis by axis against all pairs of cells."""

import numpy as np
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

from otgan.transport.grid_cost import GridCost
from otgan.transport.network_simplex.grid_transform import Axis, grid_transform


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from([1, 1.5, 2, 3]))
def test_the_minimum_over_all_pairs_and_where_it_is(seed, d, p):
    rng = np.random.default_rng(seed)
    grid = tuple(int(n) for n in rng.integers(1, (30, 8, 5)[d - 1], d))
    wraps = tuple(bool(w) for w in rng.random(d) < 0.5)
    spacing = tuple(rng.uniform(0.5, 2, d))
    cost = GridCost(grid, spacing, wraps, p)
    C = cost.rows(slice(0, cost.shape[0]))
    axes = [Axis.of(*axis, p) for axis in zip(grid, spacing, wraps, strict=True)]
    places = [(2 * np.arange(n)).astype(np.int32) for n in grid]
    f = np.where(rng.random(len(C)) < 0.3, -np.inf, rng.normal(0, 3, len(C)))
    least, cell = grid_transform(-f.reshape(grid), axes, places, places)
    expected = (C - f[:, None]).min(axis=0)
    assert_allclose(least.ravel(), expected, rtol=1e-12, atol=1e-12)
    if np.isfinite(f).any():
        at = cell.ravel()
        assert_allclose(C[at, np.arange(len(C))] - f[at], expected, rtol=1e-12, atol=1e-12)


def test_from_a_coarse_grid_to_a_fine_one():
    rng = np.random.default_rng(1)
    axes = [Axis.of(12, 1.0, False, 2.0), Axis.of(7, 0.5, False, 2.0)]
    coarse = [np.array([3, 11, 19], np.int32), (2 * np.arange(7)).astype(np.int32)]
    fine = [(2 * np.arange(12)).astype(np.int32), coarse[1]]
    f = rng.normal(size=(3, 7))
    least, _ = grid_transform(-f, axes, coarse, fine)
    x, y = (np.stack(np.meshgrid(*places, indexing="ij"), -1).reshape(-1, 2) / 2 * [1, 0.5]
            for places in (coarse, fine))  # fmt: skip
    C = ((x[:, None] - y) ** 2).sum(axis=2)
    assert_allclose(least.ravel(), (C - f.ravel()[:, None]).min(axis=0), rtol=1e-12)
