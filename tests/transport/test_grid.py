"""Transport on grids against linear programs, stored costs, clouds of points and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog

import otgan
from otgan.costs import MetricName
from otgan.errors import SolverError, UnequalMassError
from tests.cases import refused


def histogram(rng, grid, kind):
    masses = rng.random(grid)
    if kind == "sparse":
        masses *= rng.random(grid) < 0.3
    elif kind == "whole":
        masses = np.round(3 * masses)
    elif kind == "tiny":
        masses = np.exp(-100 * masses)
    masses.flat[rng.integers(masses.size)] += 1
    return masses


def costs(grid, spacing, periodic, p):
    """All costs between cells, from the definition."""
    places = np.indices(grid).reshape(len(grid), -1).T
    apart = np.abs(places[:, None] - places[None])
    wrapped = np.minimum(apart, np.array(grid) - apart)
    return ((np.where(periodic, wrapped, apart) * np.asarray(spacing)) ** p).sum(axis=2)


def check(result, a, b, C):
    """What the certificate says, from the definition."""
    a, b = a.ravel() / a.sum(), b.ravel() / b.sum()
    plan = result.plan.tocoo()
    assert (plan.data > 0).all()
    for axis, masses in ((1, a), (0, b)):
        assert_allclose(result.plan.sum(axis=axis), masses, rtol=1e-12, atol=1e-300)
    assert_allclose(result.upper, (plan.data * C[plan.coords]).sum(), rtol=1e-12)
    slack = C - result.f.ravel()[:, None] - result.g.ravel()
    assert slack.min() >= -1e-13 * max(C.max(), np.abs(result.f).max())
    assert result.lower <= result.cost == result.upper
    assert result.gap <= 1e-9 * result.cost + 1e-14 * C.max()


def least_cost(C, a, b):
    n, m = C.shape
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return linprog(C.ravel(), A_eq=sums, b_eq=np.concatenate([a.ravel(), b.ravel()])).fun


@st.composite
def problems(draw, largest=(40, 9, 5)):
    axes = draw(st.integers(1, 3))
    grid = tuple(draw(st.integers(1, largest[axes - 1])) for _ in range(axes))
    periodic = tuple(draw(st.booleans()) for _ in range(axes))
    spacing = tuple(draw(st.sampled_from([0.3, 1.0, 1.7])) for _ in range(axes))
    p = draw(st.sampled_from([1, 1.5, 2, 3]))
    kind = draw(st.sampled_from(["random", "sparse", "whole", "tiny"]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return histogram(rng, grid, kind), histogram(rng, grid, kind), spacing, periodic, p


# ---------------------------------------------------------------- any grid, any order


@settings(max_examples=80, deadline=None)
@given(problems())
def test_as_for_the_stored_costs(problem):
    a, b, spacing, periodic, p = problem
    C = costs(a.shape, spacing, periodic, p)
    result = otgan.emd_grid(a, b, p=p, spacing=spacing, periodic=periodic, normalize=True)
    check(result, a, b, C)
    expected = otgan.emd_from_cost(C, a.ravel(), b.ravel(), normalize=True).cost
    assert_allclose(result.cost, expected, rtol=1e-9, atol=1e-13 * C.max())
    assert result.f.shape == result.g.shape == a.shape


@pytest.mark.parametrize("periodic", [False, True, (True, False)])
@pytest.mark.parametrize("p", [1, 2, 2.5])
def test_small_images_as_by_linear_programs(p, periodic):
    rng = np.random.default_rng(7)
    a, b = (histogram(rng, (4, 5), "random") for _ in range(2))
    a, b = a / a.sum(), b / b.sum()
    C = costs(a.shape, 1.0, periodic, p)
    result = otgan.emd_grid(a, b, p=p, periodic=periodic)
    assert_allclose(result.cost, least_cost(C, a, b), rtol=1e-9)


@pytest.mark.parametrize(("p", "grid"), [(1, (40, 30)), (2, (40, 30)), (2, (11, 9, 13))])
def test_large_images_as_clouds_of_their_cells(p, grid):
    rng = np.random.default_rng(3)
    a, b = (histogram(rng, grid, "random") for _ in range(2))
    cells = np.argwhere(np.ones(grid)) * 0.5
    metric: MetricName = "cityblock" if p == 1 else "euclidean"
    result = otgan.emd_grid(a, b, p=p, spacing=0.5, normalize=True)
    cloud = otgan.emd(
        cells, cells, a.ravel(), b.ravel(), p=p, metric=metric, normalize=True, n_jobs=1
    )
    assert_allclose(result.cost, cloud.cost, rtol=1e-12)
    assert (result.stats["levels"] > 1) == (p > 1)  # W1 goes along the edges of the grid
    check(result, a, b, costs(grid, 0.5, False, p))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("metric", ["euclidean", "cityblock", "chebyshev"])
def test_other_metrics_are_those_between_centers(metric, p):
    rng = np.random.default_rng(5)
    a, b = rng.random((2, 6, 7))
    cells = np.argwhere(np.ones((6, 7))) * [2.0, 0.5]
    cloud = otgan.emd(cells, cells, a.ravel(), b.ravel(), p=p, metric=metric, normalize=True)
    result = otgan.emd_grid(a, b, p=p, metric=metric, spacing=(2, 0.5), normalize=True)
    assert_allclose(result.cost, cloud.cost, rtol=1e-12)
    assert result.f.shape == (6, 7)


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_a_shift_around_the_torus_costs_its_length(p):
    a = np.random.default_rng(0).random((24, 36))
    b = np.roll(a, (2, -3), axis=(0, 1))
    result = otgan.emd_grid(a, b, p=p, spacing=(1, 0.5), periodic=True)
    # No shift is better than this one: W_p is at least that of the mean displacement on the torus
    # for smooth densities only, so that a bound is all that holds for p = 2 and rough ones.
    assert result.cost <= 2**p + 1.5**p + 1e-12
    one = np.zeros((24, 36))
    one[1, 1] = 1
    there = np.roll(one, (-4, -3), axis=(0, 1))
    around = otgan.emd_grid(one, there, p=p, spacing=(1, 0.5), periodic=True)
    assert_allclose(around.cost, 4**p + 1.5**p, rtol=1e-14)


def test_a_translate_inside_the_grid_moves_as_a_whole():
    a = np.zeros((20, 30))
    a[2:9, 3:11] = np.random.default_rng(1).random((7, 8))
    b = np.roll(a, (6, 9), axis=(0, 1))
    assert_allclose(otgan.emd_grid(a, b, p=2).cost, 6**2 + 9**2, rtol=1e-12)
    assert_allclose(otgan.emd_grid(a, b, p=1).cost, 6 + 9, rtol=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_one_axis_is_the_line(p):
    rng = np.random.default_rng(2)
    a, b = rng.random((2, 500))
    bins = 0.1 * np.arange(500)
    expected = otgan.wasserstein_1d(bins, bins, a / a.sum(), b / b.sum(), p=p)
    result = otgan.emd_grid(a, b, p=p, spacing=0.1, normalize=True)
    assert_allclose(result.distance, expected, rtol=1e-9)


def test_w1_on_the_circle_is_the_distance_to_the_median_of_the_differences():
    rng = np.random.default_rng(4)
    a, b = (masses / masses.sum() for masses in rng.random((2, 301)))
    flow = np.cumsum(a - b)  # over each edge, up to a constant: Werman, Peleg, Rosenfeld (1985)
    expected = np.abs(flow - np.median(flow)).sum()
    assert_allclose(otgan.emd_grid(a, b, p=1, periodic=True).cost, expected, rtol=1e-9)


def test_equal_images_are_at_distance_zero():
    a = np.random.default_rng(6).random((30, 30))
    result = otgan.emd_grid(a, a)
    assert result.distance == 0
    assert_array_equal(result.plan.nonzero()[0], result.plan.nonzero()[1])


def test_masses_of_very_different_sizes_have_their_rows():
    a = np.exp(-(np.linspace(-12, 12, 40)[:, None] ** 2) - np.linspace(-10, 14, 40) ** 2)
    result = otgan.emd_grid(a, a.T)
    sums = result.plan.sum(axis=1)
    assert a.min() < 1e-140 * a.max()
    assert_allclose(sums, a.ravel() / a.sum(), rtol=1e-12)
    assert result.gap <= 1e-9 * result.cost


# ---------------------------------------------------------------- options and errors


def test_a_loose_answer_brackets_the_exact_one():
    a, b = np.random.default_rng(8).random((2, 48, 48))
    exact = otgan.emd_grid(a, b, normalize=True)
    loose = otgan.emd_grid(a, b, normalize=True, rtol=0.05)
    assert loose.lower <= exact.cost * (1 + 1e-12)
    assert loose.upper >= exact.cost * (1 - 1e-12)
    assert loose.gap <= 0.05 * loose.cost
    assert loose.stats["pivots"] < exact.stats["pivots"]


def test_progress_reports_every_pass():
    a, b = np.random.default_rng(9).random((2, 20, 20))
    seen = []
    result = otgan.emd_grid(a, b, normalize=True, progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == list(range(1, result.stats["pricing_passes"] + 1))
    assert f"level {result.stats['levels']} of" in seen[-1][2]


def test_pivots_that_run_out_raise_with_a_bracket():
    a, b = np.random.default_rng(10).random((2, 24, 24))
    exact = otgan.emd_grid(a, b, normalize=True)
    with pytest.raises(SolverError, match="max_iterations") as caught:
        otgan.emd_grid(a, b, normalize=True, max_iterations=exact.stats["pivots"] // 2)
    partial = caught.value.partial
    assert partial.lower <= exact.cost <= partial.upper
    assert partial.f.shape == (24, 24)


def test_a_cloud_starts_from_the_result_of_its_grid():
    a, b = np.random.default_rng(12).random((2, 12, 15))
    grid = otgan.emd_grid(a, b, normalize=True)
    cells = np.argwhere(np.ones((12, 15)))
    weights = a.ravel(), b.ravel()
    warm = otgan.emd(cells, cells, *weights, p=2, normalize=True, start=grid)
    assert_allclose(warm.cost, grid.cost, rtol=1e-12)
    cold = otgan.emd(cells, cells, *weights, p=2, normalize=True)
    assert warm.stats["pivots"] < cold.stats["pivots"] / 10


def test_bits_do_not_change_from_run_to_run():
    a, b = np.random.default_rng(11).random((2, 33, 20))
    first, second = (otgan.emd_grid(a, b, normalize=True) for _ in range(2))
    assert first.cost == second.cost
    assert_array_equal(first.f, second.f)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ([[1, 0]], [[1], [0]], {}, "a and b must have the same shape, got (1, 2) and (2, 1)"),
        (1.0, 1.0, {}, "a must be an array with one, two or three axes"),
        (np.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 2)), {}, "a must be an array with one, two or"),
        (np.ones((2, 0)), np.ones((2, 0)), {}, "a must be an array with one, two or three axes"),
        ([1, -1], [1, -1], {}, "a must be non-negative"),
        ([np.nan, 1], [0, 1], {}, "a must be finite"),
        ([0, 0], [0, 1], {}, "a must have a positive, finite sum"),
        ([0, 1], [0, 1], {"spacing": 0}, "spacing must be a positive number"),
        ([0, 1], [0, 1], {"spacing": [1, 1]}, "spacing must be one value, or one for each of 1"),
        ([0, 1], [0, 1], {"periodic": "yes"}, "periodic must be True or False"),
        ([[0, 1]], [[0, 1]], {"periodic": [True, [1, 2]]}, "periodic must be True or False"),
        ([0, 1], [0, 1], {"periodic": [1]}, "periodic must be True or False"),
        ([0, 1], [0, 1], {"p": 0.5}, "p must be"),
        ([0, 1], [0, 1], {"metric": "cosine"}, "metric must be one of"),
        ([[0, 1]], [[0, 1]], {"spacing": 1e200}, "spacing must give the grid an extent"),
        (
            [[0, 1]],
            [[0, 1]],
            {"metric": "euclidean", "p": 1, "periodic": True},
            "periodic must be False for the metric 'euclidean' with p = 1",
        ),
    ],
)
def test_bad_input_is_refused(a, b, options, message):
    with refused(message):
        otgan.emd_grid(a, b, **options)


def test_unequal_masses_are_refused_unless_each_is_divided_by_its_own():
    with pytest.raises(UnequalMassError):
        otgan.emd_grid([[1, 1]], [[1, 2]])
    assert_allclose(otgan.emd_grid([[1, 1]], [[1, 3]], normalize=True).cost, 0.25)
