"""The sliced distance against closed forms, POT, and its own spread."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

import otgan
from otgan.pooled_null import permuted_labels
from otgan.transport import sliced
from tests.cases import dense_cost, problems
from tests.transport.samples import sliced_shift, two_normals


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 3, 10])
def test_a_shift_in_closed_form(d, p):
    x, _ = two_normals(0, 50, 2, d, 0)
    shift = np.zeros(d)
    shift[-1] = 4
    result = otgan.sliced_wasserstein(x, x + shift, p=p, n_projections=4000)
    known = {(2, 1): 0.6366197724, (3, 1): 0.5, (10, 1): 0.2586899392}
    assert_allclose(sliced_shift(d, p), known.get((d, p), d**-0.5), rtol=1e-9)
    # the points are the same: directions alone bring chance
    error = result.diagnostics["projections_se"]
    assert error < 0.02 * result.value
    assert_allclose(result.value, 4 * sliced_shift(d, p), atol=4 * error)


@pytest.mark.parametrize("p", [1, 1.5, 2])
@pytest.mark.parametrize("sizes", [(30, 30), (30, 20), (7, 12)])
def test_exact_on_the_line(sizes, p):
    n, m = sizes
    x, y = two_normals(1, n, m, d=1, shift=1, scale=2)
    expected = otgan.wasserstein_1d(x, y, p=p)
    for function in (otgan.sliced_wasserstein, otgan.max_sliced_wasserstein):
        result = function(x, y, p=p)
        assert_allclose(result.value, expected, rtol=1e-12)
    result = otgan.sliced_wasserstein(x, y, p=p)
    assert (result.n, result.m) == sizes
    assert result.diagnostics["n_projections"] == 1
    assert result.diagnostics["projections_se"] == 0


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(40, 40), (40, 27)])
def test_agrees_with_pot_direction_by_direction(sizes, p):
    n, m = sizes
    x, y = two_normals(2, n, m, d=3, shift=1)
    normal = np.random.default_rng(5).normal(size=(60, 3))
    thetas = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    expected = ot.sliced_wasserstein_distance(x, y, projections=thetas.T, p=p)
    result = otgan.sliced_wasserstein(x, y, p=p, n_projections=60, rng=5)
    assert_allclose(result.value, expected, rtol=1e-10)


def test_many_blocks_are_one(monkeypatch):
    x, y = two_normals(3, 40, 30, 3, 1)
    whole = otgan.sliced_wasserstein(x, y, n_projections=50)
    monkeypatch.setattr("otgan.transport.sliced.BLOCK_ENTRIES", 500)
    blocks = otgan.sliced_wasserstein(x, y, n_projections=50)
    assert_allclose([blocks.value, blocks.se], [whole.value, whole.se], rtol=1e-12)


@given(problems())
@settings(max_examples=20)
def test_slices_are_below_the_whole(problem):
    x, y = (np.repeat(points, 4, axis=0) for points, _ in problem)
    rounding = 1e-12 * (1 + np.abs(x).max() + np.abs(y).max())
    for p in (1, 2):
        exact = otgan.emd(x, y, p=p).distance
        sliced = otgan.sliced_wasserstein(x, y, p=p, n_projections=20).value
        steepest = otgan.max_sliced_wasserstein(x, y, p=p, n_restarts=2).value
        assert 0 <= sliced <= exact * (1 + 1e-9) + rounding
        assert sliced - rounding <= steepest <= exact * (1 + 1e-9) + rounding


@pytest.mark.parametrize("p", [1, 1.5, 3])
@pytest.mark.parametrize("sizes", [(9, 9), (12, 8), (7, 5), (1, 4)])
def test_potentials_of_slices_are_a_proof(sizes, p):
    n, m = sizes
    x, y = two_normals(24, n, m, d=1, shift=0.5)
    clouds = sliced.Samples.between(x, y, p)
    slices = sliced.solve_slices(clouds, np.ones((1, 1)))
    f, g = sliced.potentials_of_slices(clouds, slices)
    C = dense_cost(x, y, p=p)
    first = C[x.argmin(), y.argmin()]  # f and g are zero there
    assert (f[:, None] + g + first <= C + 1e-12).all()
    assert_allclose(f.mean() + g.mean() + first, slices.costs[0], rtol=1e-12)


def test_the_two_errors_of_slices_are_told_apart():
    x, y = two_normals(18, 100, 80, 3, 2)
    few, many = (otgan.sliced_wasserstein(x, y, n_projections=k) for k in (50, 5000))
    assert_allclose(
        few.diagnostics["projections_se"] / many.diagnostics["projections_se"], 10, rtol=0.25
    )
    assert_allclose(few.diagnostics["sampling_se"], many.diagnostics["sampling_se"], rtol=0.2)
    again = [otgan.sliced_wasserstein(x, y, n_projections=50, rng=k).value for k in range(1, 200)]
    assert_allclose(few.diagnostics["projections_se"], np.std(again), rtol=0.3)


@pytest.mark.parametrize("p", [1, 2])
def test_relabeled_samples_have_the_distances_of_what_they_hold(p):
    x, y = two_normals(25, 12, 9, 3, 1)
    samples = sliced.Samples.between(x, y, p)
    thetas = sliced.random_directions(3, 7, np.random.default_rng(0))
    labels = permuted_labels(12, 9, 0.9, np.random.default_rng(1), cheap=False)
    values = sliced.relabeled_costs(samples, thetas, labels)
    assert_allclose(values[0], sliced.costs_along(samples, thetas).mean(), rtol=1e-12)
    pool = np.concatenate([x, y])
    expected = [
        np.mean([otgan.wasserstein_1d(pool[row] @ t, pool[~row] @ t, p=p) ** p for t in thetas])
        for row in labels
    ]
    assert_allclose(values, expected, rtol=1e-12)
