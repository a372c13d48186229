"""W1 along the edges of grids: the same optimum as without them, and plans of flows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import SolverError
from otgan.transport.grid_cost import GridCost
from otgan.transport.network_simplex import grid_edges
from otgan.transport.network_simplex.context import Limits, SolveContext
from otgan.transport.network_simplex.transshipment import solve_in_masses

GRIDS = [(17, 1), (9, 12), (2, 7), (5, 4, 6), (3, 2, 2)]


def histograms(grid, kind, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, *grid))
    if kind == "tiny":  # down to 1e-86 of the heaviest
        a, b = np.exp(-200 * a), np.exp(-200 * b)
    if kind == "whole":
        a, b = np.round(4 * a) + 1, np.round(4 * b) + 1
    return a / a.sum(), b / b.sum()


@pytest.fixture
def without_edges(monkeypatch):
    """A function that solves by transforms along the axes."""

    def solve(*arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(grid_edges, "FILLED", 2.0)
            return otgan.emd_grid(*arguments, **options)

    return solve


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("kind", ["random", "whole", "tiny"])
@pytest.mark.parametrize("grid", GRIDS)
def test_the_optimum_is_that_of_transforms_along_axes(without_edges, grid, kind, periodic):
    a, b = histograms(grid, kind)
    options = {"p": 1, "spacing": [0.7, 1.0, 1.9][: len(grid)], "periodic": periodic}
    found, expected = otgan.emd_grid(a, b, **options), without_edges(a, b, **options)
    assert_allclose(found.cost, expected.cost, rtol=1e-12)
    assert found.gap <= 1e-9 * found.cost
    for axis, masses in ((1, a), (0, b)):
        assert_allclose(found.plan.sum(axis=axis), masses.ravel(), rtol=1e-12)
    # What a cell wants it keeps of its own: nothing comes and goes at once.
    stays = np.minimum(a, b).ravel()
    assert_allclose(found.plan.diagonal(), stays, rtol=1e-12)


def test_it_is_for_full_grids_of_order_one(without_edges):
    a, b = histograms((20, 20), "random")
    mostly_empty = np.where(np.random.default_rng(1).random((20, 20)) < 0.3, a, 0)
    for x, y, p, rtol, along_edges in [
        (a, b, 1, 0.0, True),
        (a, b, 2, 0.0, False),
        (a, b, 1, 0.1, False),
        (mostly_empty, b, 1, 0.0, False),
        (a, mostly_empty, 1, 0.0, False),
    ]:
        found = otgan.emd_grid(x, y, p=p, rtol=rtol, normalize=True)
        other = without_edges(x, y, p=p, rtol=rtol, normalize=True)
        assert (found.stats["pivots"] != other.stats["pivots"]) == along_edges
        assert_allclose(found.cost, other.cost, rtol=1e-9 + rtol)


@pytest.mark.parametrize("seed", range(5))
def test_parcels_arrive_where_the_flow_ends(seed):
    """Every mass is exact: what leaves a cell is what it holds, what arrives is what it wants."""
    a, b = (masses.ravel() for masses in histograms((8, 9), "random", seed))
    cost = GridCost((8, 9), (1.0, 1.0), (False, False), 1.0)
    found = solve_in_masses(grid_edges._edges(cost), a, b, SolveContext())
    by_source = np.argsort(found.i, kind="stable")
    start = np.searchsorted(found.i[by_source], np.arange(73))
    target = found.j[by_source].astype(np.int64)
    mass = found.mass[by_source]
    parcels, size = grid_edges._follow(start, target, mass, found.held, found.wanted)
    for ends, masses in zip(parcels, (found.held, found.wanted), strict=True):
        for k in range(72):
            whole = sum(_as_number(row) for row in size[ends == k])
            assert whole == _as_number(masses[k])
    distances = cost.arcs(*parcels)
    assert_allclose(found.f[parcels[1]] - found.f[parcels[0]], distances, rtol=0, atol=1e-12)


def _as_number(words):
    """A mass in fixed point as a whole number of Python's."""
    number = 0
    for word in words:
        number = (number << 60) + int(word)
    return number


def test_a_limit_raises_with_a_bracket():
    a, b = histograms((15, 15), "random")
    exact = otgan.emd_grid(a, b, p=1)
    for limit in (1, exact.stats["pivots"] - 1):
        with pytest.raises(SolverError, match=f"after {limit} iterations") as caught:
            otgan.emd_grid(a, b, p=1, max_iterations=limit)
        partial = caught.value.partial
        assert partial.lower <= exact.cost <= partial.upper < np.inf
    a, b = a.ravel(), b.ravel()
    cost = GridCost((15, 15), (1.0, 1.0), (False, False), 1.0)
    outcome = grid_edges.solve_on_edges(a, b, cost, SolveContext(Limits(max_pivots=1)))
    assert not outcome.finished and outcome.mass.sum() < 1  # and no parcel out of thin air


def test_progress_and_the_plan_as_a_start():
    a, b = histograms((60, 60), "random")
    told = []
    result = otgan.emd_grid(a, b, p=1, progress=lambda *now: told.append(now))
    assert told[-1][1] is None and f"of cost {result.cost:.6g}" in told[-1][2]
    cells = np.argwhere(np.ones((60, 60)))
    warm = otgan.emd(
        cells, cells, a.ravel(), b.ravel(), metric="cityblock",
        start=(result.f.ravel(), result.g.ravel()), n_jobs=1,
    )  # fmt: skip
    assert_allclose(warm.cost, result.cost, rtol=1e-12)
    small = otgan.emd_grid(a[:8, :8], b[:8, :8], p=1, normalize=True)
    cells = np.argwhere(np.ones((8, 8)))
    masses = a[:8, :8].ravel() / a[:8, :8].sum(), b[:8, :8].ravel() / b[:8, :8].sum()
    again = otgan.emd(cells, cells, *masses, metric="cityblock", start=small)
    assert_allclose(again.cost, small.cost, rtol=1e-12)
