"""Distances between all clouds: what emd says pair by pair, whoever computes them."""

from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.errors import UnequalMassError
from otgan.transport.network_simplex.batch import optimal_costs
from otgan.transport.pairwise import TILE_POINTS
from tests.cases import CLOSED_FORMS, EXACT_RTOL, NAMED_METRICS, grid, refused, torch, unequal

RNG = np.random.default_rng(0)
SIZES = (1, 2, 5, 8, 13, 30)
CLOUDS = [RNG.normal(size=(n, 3)) + RNG.normal(size=3) for n in SIZES]
WEIGHTS = [None, [1, 3], [0, 2, 0, 1, 1], None, [4 / 13] * 13, 4 * RNG.dirichlet(np.ones(30))]


def one_by_one(clouds, others, weights=None, other_weights=None, **options):
    weights = [None] * len(clouds) if weights is None else weights
    other_weights = [None] * len(others) if other_weights is None else other_weights
    return np.array(
        [
            [
                float(otgan.emd(x, y, a, b, **options))
                for y, b in zip(others, other_weights, strict=True)
            ]
            for x, a in zip(clouds, weights, strict=True)
        ]
    )


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["uniform", "weights"])
def test_equals_emd_pair_by_pair(weights, metric, p):
    ours = otgan.pairwise_wasserstein(CLOUDS, weights=weights, metric=metric, p=p)
    truth = one_by_one(CLOUDS, CLOUDS, weights, weights, metric=metric, p=p)
    np.fill_diagonal(truth, 0.0)
    assert_allclose(ours, truth, rtol=EXACT_RTOL)
    assert ours.dtype == np.float64
    assert_array_equal(ours, ours.T)
    assert not ours.diagonal().any()


@pytest.mark.parametrize("case", CLOSED_FORMS, ids=str)
def test_known_answers(case):
    weights, others = ([w] for w in (case.a, case.b))
    ours = otgan.pairwise_wasserstein(
        [case.x], [case.y], weights=weights, other_weights=others, **case.options
    )
    rounding = 16 * np.finfo(float).eps * max(np.abs(case.x).max(), np.abs(case.y).max())
    assert_allclose(ours[0, 0], case.cost ** (1 / case.p), rtol=EXACT_RTOL, atol=rounding)


def test_two_lists():
    others = [CLOUDS[4] + 1, CLOUDS[0], CLOUDS[2]]
    options: dict[str, Any] = {"weights": WEIGHTS, "other_weights": [None, None, [1, 1, 1, 0, 1]]}
    ours = otgan.pairwise_wasserstein(CLOUDS, others, p=2, **options)
    assert ours.shape == (6, 3)
    assert_allclose(ours, one_by_one(CLOUDS, others, p=2, **options), rtol=EXACT_RTOL, atol=1e-15)


def test_lists_may_be_arrays_and_generators():
    stack = np.stack([CLOUDS[3], CLOUDS[3] + 1])
    expected = otgan.pairwise_wasserstein(CLOUDS, list(stack))
    for others in (stack, iter(stack), dict(enumerate(stack)).values()):
        assert_array_equal(otgan.pairwise_wasserstein(CLOUDS, others), expected)
    assert_array_equal(otgan.pairwise_wasserstein(iter(CLOUDS), stack), expected)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize("p", [1, 2])
def test_on_the_line(metric, p):
    clouds = [cloud[:, 0] for cloud in CLOUDS]
    ours = otgan.pairwise_wasserstein(clouds, clouds, weights=WEIGHTS, metric=metric, p=p)
    truth = np.array(
        [
            [otgan.wasserstein(x, y, a, metric=metric, p=p) for y in clouds]
            for x, a in zip(clouds, WEIGHTS, strict=True)
        ]
    )
    assert_allclose(ours, truth, rtol=EXACT_RTOL)


def test_a_callable_metric():
    clouds = [grid(2, 2), grid(3, 1), grid(1, 4)]
    ours = otgan.pairwise_wasserstein(clouds, metric=unequal)
    truth = one_by_one(clouds, clouds, metric=unequal)
    assert_array_equal(ours, truth - np.diag(truth.diagonal()))


def test_pairs_too_large_for_a_batch():
    clouds = [RNG.normal(size=(n, 2)) for n in (TILE_POINTS + 90, TILE_POINTS, 3)]
    assert_array_equal(np.isnan(costs_of(clouds[:2])), [True])
    ours = otgan.pairwise_wasserstein(clouds)
    assert_allclose(ours[0], one_by_one(clouds[:1], clouds)[0], rtol=EXACT_RTOL)


def costs_of(clouds, p=1):
    mu, nu = (otgan.measures.DiscreteMeasure.of(cloud) for cloud in clouds)
    return optimal_costs([mu], [nu], np.array([[0, 0]]), "euclidean", p)


def test_what_a_batch_cannot_prove_is_refined():
    x, y = RNG.normal(size=(40, 2)), RNG.normal(size=(40, 2))
    x[0] = y[0] = 1e12  # the simplex works to rounding of this, which is more than 1e-9 of the cost
    assert_array_equal(np.isnan(costs_of([x, y])), [True])
    ours = otgan.pairwise_wasserstein([x, y])[0, 1]
    assert_allclose(ours, float(otgan.emd(x, y)), rtol=EXACT_RTOL)


def test_clouds_near_the_origin_keep_their_digits_beside_distant_ones():
    near = [1e-9 * CLOUDS[3], 1e-9 * CLOUDS[4]]
    alone = otgan.pairwise_wasserstein(near)
    among = otgan.pairwise_wasserstein([*near, CLOUDS[3] + 1e9])
    assert_array_equal(alone, among[:2, :2])


def test_equal_and_single_clouds():
    assert_array_equal(otgan.pairwise_wasserstein([CLOUDS[3]] * 3), np.zeros((3, 3)))
    assert_array_equal(otgan.pairwise_wasserstein([CLOUDS[3]]), [[0.0]])


MANY = [RNG.normal(size=(64, 2)) for _ in range(20)]


def test_the_same_bits_in_any_number_of_threads():
    first = otgan.pairwise_wasserstein(MANY, n_jobs=1)
    assert_array_equal(first, otgan.pairwise_wasserstein(MANY, n_jobs=2))
    assert_array_equal(first, otgan.pairwise_wasserstein(MANY))
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert_array_equal(first, otgan.pairwise_wasserstein(MANY))


@pytest.mark.slow
def test_the_same_bits_on_a_dask_cluster():
    from distributed import Client, LocalCluster

    here = otgan.pairwise_wasserstein(MANY)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert_array_equal(here, otgan.pairwise_wasserstein(MANY))


def test_a_bar_counts_pairs(capsys):
    otgan.pairwise_wasserstein(CLOUDS)
    assert capsys.readouterr().err == ""
    otgan.pairwise_wasserstein(CLOUDS, progress=True)
    assert "15/15" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (([],), ["clouds must hold at least one cloud"]),
        ((MANY, []), ["others must hold at least one cloud"]),
        ((3,), ["clouds must be a list", "got int"]),
        (("ab",), ["clouds must be a list", "got str"]),
        (({"a": [0]},), ["clouds must be a list", "got dict", "pass list(clouds.values())"]),
        ((pd.DataFrame(MANY[0]),), ["clouds must be a list", "got DataFrame"]),
        (([[[0, 0]], [[np.nan, 0]]],), ["clouds[1] must be finite"]),
        (([[[0, 0]], [[0, 0, 0]]],), ["clouds[1] must have 2 columns like clouds[0], got 3"]),
        (([[[0, 0]]], [[[0, 1]], [[0]]]), ["others[1] must have 2 columns like clouds[0], got 1"]),
    ],
)
def test_clouds_that_are_refused(arguments, fragments):
    with refused(*fragments):
        otgan.pairwise_wasserstein(*arguments)


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"weights": [[1, 1]]}, ["weights must hold one entry for each of the 2 clouds, got 1"]),
        ({"weights": [None, [1, -1]]}, ["the weights of clouds[1] must be non-negative"]),
        ({"weights": [None, [1]]}, ["the weights of clouds[1] must have shape (2,)"]),
        ({"other_weights": [None]}, ["other_weights must come with others"]),
        ({"metric": "euclid"}, ["metric must be one of"]),
        ({"metric": np.eye(2)}, ["metric must be one of"]),
        ({"metric": "cosine"}, ["clouds[0] must not hold the zero vector"]),
        ({"p": 0.5}, ["p must be finite and >= 1"]),
    ],
)
def test_options_that_are_refused(options, fragments):
    clouds = [[[0, 0], [1, 0]], [[0, 1], [1, 1]]]
    with refused(*fragments):
        otgan.pairwise_wasserstein(clouds, **options)


def test_unequal_masses_are_refused():
    with refused("clouds[0] and others[0]", error=UnequalMassError):
        otgan.pairwise_wasserstein([[0, 1]], [[1, 2]], weights=[[1, 1]], other_weights=[[2, 1]])


def test_a_pair_that_fails_is_named():
    far = [[[0, 0], [1e200, 0]], [[1, 0], [2, 1]]]
    with refused("rescale the points") as caught:
        otgan.pairwise_wasserstein(far)
    assert caught.value.__notes__ == ["between clouds[0] and clouds[1]"]


def test_tensors_with_gradients_are_refused():
    x = torch.zeros(3, 1, requires_grad=True)
    with refused("must not require gradients", "otgan.wasserstein"):
        otgan.pairwise_wasserstein([x, torch.ones(2, 1)])
    assert otgan.pairwise_wasserstein([x.detach(), torch.ones(2, 1)])[0, 1] == 1
    stack, weights = torch.zeros(2, 3, 1, requires_grad=True), torch.ones(3, requires_grad=True)
    for arguments in ([stack], [list(stack.detach()), stack], [[np.zeros(3)], stack]):
        with refused("must not require gradients"):
            otgan.pairwise_wasserstein(*arguments)
    with refused("must not require gradients"):
        otgan.pairwise_wasserstein([np.zeros(3)], weights=[weights])
