"""Columns, counts and weights are matched by their labels in every public function."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
import xarray
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist, jensenshannon

import otgan
from otgan.errors import InvalidInputError


@pytest.fixture
def two_tables() -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Two samples of two named columns, and the cost of the best assignment between them."""
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(40, 2)) * [1, 10] + [0, 100] for _ in range(2))
    matrix = cdist(x, y)
    right = matrix[linear_sum_assignment(matrix)].mean()
    return pd.DataFrame(x, columns=["u", "v"]), pd.DataFrame(y, columns=["u", "v"]), right


def test_tables_with_the_same_columns_in_another_order_are_aligned(two_tables):
    x, y, right = two_tables
    swapped = y[["v", "u"]]
    labeled = xarray.DataArray(
        swapped.to_numpy(), dims=("row", "name"), coords={"name": ["v", "u"]}
    )
    for other in (
        swapped,
        polars.DataFrame({"v": y["v"].to_numpy(), "u": y["u"].to_numpy()}),
        pyarrow.table({"v": y["v"].to_numpy(), "u": y["u"].to_numpy()}),
        swapped.to_records(index=False),
        labeled,
        labeled.T,
    ):
        first = labeled[:, ::-1].copy(data=x.to_numpy()) if "xarray" in str(type(other)) else x
        assert_allclose(otgan.wasserstein(first, other), right, rtol=1e-12)
    assert_allclose(otgan.emd(x, swapped).distance, right, rtol=1e-12)
    assert_allclose(otgan.pairwise_wasserstein([x, swapped])[0, 1], right, rtol=1e-12)
    assert_allclose(otgan.compare(x, swapped)["w1"].value, right, rtol=1e-12)
    # Positions, as they were read before, are far from the truth.
    assert otgan.wasserstein(x.to_numpy(), swapped.to_numpy()) > 50 * right


@pytest.mark.parametrize(
    "function",
    [
        otgan.energy_distance_squared,
        otgan.mmd_squared,
        otgan.frechet_distance,
        otgan.sliced_wasserstein,
        otgan.max_sliced_wasserstein,
        otgan.sinkhorn_divergence,
        otgan.kl_from_samples,
        otgan.js_from_samples,
        otgan.two_sample_test,
        otgan.wasserstein_interval,
        otgan.held_out_bracket,
        otgan.debiased_wasserstein,
        otgan.prdc,
        lambda x, y: otgan.PointCost.of(x, y).rows(slice(0, 40)).sum(),
        lambda x, y: otgan.audit_critic(lambda z: z[:, 0], x, y).gap,
    ],
)
def test_every_function_of_two_samples_aligns_their_columns(function, two_tables):
    x, y, _ = two_tables
    assert repr(function(x, y[["v", "u"]])) == repr(function(x.to_numpy(), y.to_numpy()))
    with pytest.raises(InvalidInputError, match=r"'v' only in \w+ and 'w' only in \w+"):
        function(x, y.rename(columns={"v": "w"}))


def test_a_critic_is_trained_on_columns_in_one_order():
    x, y = np.zeros((40, 2)), np.zeros((40, 2))
    x[:, 0], y[:, 0] = np.linspace(0, 1, 40), np.linspace(2, 3, 40)  # 2 apart, in u alone
    x, y = (pd.DataFrame(points, columns=["u", "v"]) for points in (x, y))
    estimate = otgan.estimate_w1(x, y[["v", "u"]], constraint="exact")
    assert_allclose(estimate.sample_distance, 2, rtol=1e-6)


def test_counts_of_values_are_compared_value_by_value_not_by_rank():
    a, b = pd.Series(list("aaabbc")), pd.Series(list("abbbcc"))
    right = jensenshannon([3, 2, 1], [1, 3, 2]) ** 2
    counted = a.value_counts(), b.value_counts()
    assert_allclose(otgan.js_divergence(*counted), right, rtol=1e-12)
    assert_allclose(otgan.js_divergence(Counter(a), Counter(b)), right, rtol=1e-12)
    by_polars = [polars.Series(list(s)).value_counts() for s in (a, b)]
    assert_allclose(otgan.js_divergence(*by_polars), right, rtol=1e-12)
    if hasattr(np, "unique_counts"):  # since NumPy 2.0
        by_numpy = [np.unique_counts(s.to_numpy(str)) for s in (a, b)]
        assert_allclose(otgan.js_divergence(*by_numpy), right, rtol=1e-12)
    # A value that one side lacks has no mass there: disjoint ones are log 2 apart.
    other = pd.Series(list("xxxyyz")).value_counts()
    assert_allclose(otgan.js_divergence(counted[0], other), math.log(2), rtol=1e-15)
    assert otgan.kl_divergence(counted[0], other) == math.inf
    assert otgan.total_variation(counted[0], other) == otgan.hellinger(counted[0], other) == 1


def test_weights_with_an_index_follow_the_index_of_their_points():
    points = pd.DataFrame({"u": [0.0, 1.0, 5.0]}, index=["a", "b", "c"])
    masses = pd.Series({"c": 3.0, "a": 1.0})  # b has none
    assert otgan.wasserstein_1d(points, [0.0], masses) == 3.75
    costs = pd.DataFrame([[0, 1, 2], [1, 0, 1], [2, 1, 0]], index=list("abc"), columns=list("abc"))
    found = otgan.emd_from_cost(costs, Counter("caa"), pd.Series({"c": 2, "b": 1}))
    linear = linprog(  # P_ac + P_bc, ... by hand: two thirds at a, one at c, to b and c
        [1, 2, 1, 0],
        A_eq=[[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]],
        b_eq=[2 / 3, 1 / 3, 1 / 3, 2 / 3],
    )
    assert_allclose(found.cost, linear.fun, rtol=1e-12)
