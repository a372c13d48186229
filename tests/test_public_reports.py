"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import math
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
import torch
import xarray
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist, jensenshannon
from scipy.stats import wasserstein_distance

import otgan
from otgan.errors import InputWarning, InvalidInputError, UnequalMassError

# ---------------------------------------------------------------- The exact engine


@pytest.mark.parametrize("large", [1e8, 1e10, 1e12, 1e32])
def test_large_costs_that_stand_for_missing_arcs(large):
    # POT's sparse test problem: off by 3.2e-3 at 1e12, with a certificate
    rng = np.random.RandomState(43)
    C, mask = rng.rand(100, 150), np.zeros((100, 150), bool)
    for i in range(100):
        mask[i, rng.choice(150, 2, replace=False)] = True
    for j in range(150):
        mask[rng.choice(100, 2, replace=False), j] = True
    i, j = mask.nonzero()
    arcs = np.arange(len(i))
    rows = sparse.coo_array((np.ones(len(i)), (i, arcs)))
    columns = sparse.coo_array((np.ones(len(i)), (j, arcs)))
    sums = np.repeat([1 / 100, 1 / 150], [100, 150])
    true = linprog(C[i, j], A_eq=sparse.vstack([rows, columns]), b_eq=sums).fun
    assert_allclose(true, 0.3867297254, rtol=1e-9)
    r = otgan.emd_from_cost(C + large * ~mask)
    assert_allclose([r.lower, r.cost], true, rtol=2e-9)


@pytest.mark.parametrize("lightest", [1e-13, 1e-18, 1e-100])
def test_a_plan_of_very_light_points_for_a_barycentric_map(lightest):
    # rows lost their mass, or went where they do not belong: each target is 1 to the right
    rng = np.random.default_rng(0)
    x = rng.permutation(50)[:, None] * np.array([10.0, 3.0])
    a = lightest ** rng.random(50)
    plan = otgan.emd(x, x + [1, 0], a, a).plan
    assert_allclose(plan.sum(axis=1), a / a.sum(), rtol=1e-12)
    assert_allclose((plan @ (x + [1, 0])) / plan.sum(axis=1)[:, None], x + [1, 0], rtol=1e-12)


@pytest.mark.parametrize("d", [1, 2])
def test_a_plan_of_light_points_among_heavy_ones_has_no_empty_row(d):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, d)), rng.normal(size=(70, d))
    a, b = rng.dirichlet(np.ones(60)), rng.dirichlet(np.ones(70))
    a[::2] *= 10 ** rng.uniform(-19, -12, 30)
    b[::2] *= 10 ** rng.uniform(-19, -12, 35)
    a, b = a / a.sum(), b / b.sum()
    r = otgan.emd(x, y, a, b)
    assert_allclose(r.plan.sum(axis=1), a, rtol=1e-12)
    assert_allclose(r.plan.sum(axis=0), b, rtol=1e-12)
    i, j = r.plan.nonzero()
    assert_allclose(np.linalg.norm(x[i] - y[j], axis=1), r.f[i] + r.g[j], atol=1e-13)


# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators
# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics
# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels


@pytest.fixture
def two_tables():
    """Two samples of two named columns, and the cost of the best assignment between them."""
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(40, 2)) * [1, 10] + [0, 100] for _ in range(2))
    matrix = cdist(x, y)
    right = matrix[linear_sum_assignment(matrix)].mean()
    return pd.DataFrame(x, columns=["u", "v"]), pd.DataFrame(y, columns=["u", "v"]), right


def test_tables_with_the_same_columns_in_another_order_are_aligned(two_tables):
    x, y, right = two_tables
    swapped = y[["v", "u"]]
    labelled = xarray.DataArray(
        swapped.to_numpy(), dims=("row", "name"), coords={"name": ["v", "u"]}
    )
    for other in (
        swapped,
        polars.DataFrame({"v": y["v"].to_numpy(), "u": y["u"].to_numpy()}),
        pyarrow.table({"v": y["v"].to_numpy(), "u": y["u"].to_numpy()}),
        swapped.to_records(index=False),
        labelled,
        labelled.T,
    ):
        first = labelled[:, ::-1].copy(data=x.to_numpy()) if "xarray" in str(type(other)) else x
        assert_allclose(otgan.wasserstein(first, other), right, rtol=1e-12)
    assert_allclose(otgan.emd(x, swapped).distance, right, rtol=1e-12)
    assert_allclose(otgan.pairwise_wasserstein([x, swapped])[0, 1], right, rtol=1e-12)
    assert_allclose(otgan.compare(x, swapped)["w1"].value, right, rtol=1e-12)
    # Positions, as they were read before, are far from the truth.
    assert otgan.wasserstein(x.to_numpy(), swapped.to_numpy()) > 50 * right


@pytest.mark.parametrize(
    "function",
    [
        otgan.energy_distance,
        otgan.mmd,
        otgan.frechet_distance,
        otgan.sliced_wasserstein,
        otgan.max_sliced_wasserstein,
        otgan.sinkhorn_divergence,
        otgan.kl_from_samples,
        otgan.js_from_samples,
        otgan.two_sample_test,
        otgan.wasserstein_interval,
        otgan.sandwich_w1,
        lambda x, y: otgan.PointCost.of(x, y).rows(slice(0, 40)).sum(),
        lambda x, y: otgan.audit_critic(lambda z: z[:, 0], x, y).gap,
    ],
)
def test_every_function_of_two_samples_aligns_their_columns(function, two_tables):
    x, y, _ = two_tables
    assert repr(function(x, y[["v", "u"]])) == repr(function(x.to_numpy(), y.to_numpy()))
    with pytest.raises(InvalidInputError, match="'v' only in x and 'w' only in y"):
        function(x, y.rename(columns={"v": "w"}))


def test_a_critic_is_trained_on_columns_in_one_order():
    x, y = np.zeros((40, 2)), np.zeros((40, 2))
    x[:, 0], y[:, 0] = np.linspace(0, 1, 40), np.linspace(2, 3, 40)  # 2 apart, in u alone
    x, y = (pd.DataFrame(points, columns=["u", "v"]) for points in (x, y))
    estimate = otgan.estimate_w1(x, y[["v", "u"]], constraint="exact")
    assert_allclose(estimate.exact, 2, rtol=1e-6)


def test_counts_of_values_are_compared_value_by_value_not_by_rank():
    a, b = pd.Series(list("aaabbc")), pd.Series(list("abbbcc"))
    right = jensenshannon([3, 2, 1], [1, 3, 2]) ** 2
    counted = a.value_counts(), b.value_counts()
    assert_allclose(otgan.js_divergence(*counted), right, rtol=1e-12)
    assert_allclose(otgan.js_divergence(Counter(a), Counter(b)), right, rtol=1e-12)
    by_polars = [polars.Series(list(s)).value_counts() for s in (a, b)]
    assert_allclose(otgan.js_divergence(*by_polars), right, rtol=1e-12)
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


def test_nullable_and_categorical_columns_are_numbers_or_refused_by_name():
    nullable = pd.DataFrame({"u": pd.array([0, 1], "Int64"), "v": pd.array([2.5, 4], "Float64")})
    assert otgan.wasserstein(nullable, [[0, 2.5], [1, 4.0]]) == 0
    missing = pd.DataFrame({"u": pd.array([0, None], "Int64")})
    with pytest.raises(InvalidInputError, match="drop or fill"):
        otgan.wasserstein(missing, missing)
    named = pd.DataFrame({"u": [0.0], "city": pd.Categorical(["Rome"])})
    with pytest.raises(InvalidInputError, match="the column 'city' of x must be an array of real"):
        otgan.wasserstein(named, named)
    with pytest.raises(InvalidInputError, match=r"call \.toarray\(\)"):
        otgan.wasserstein(sparse.eye_array(3), sparse.eye_array(3))


@pytest.mark.parametrize(
    "values",
    [
        [2**53 + 1],
        [2**70 + 1],
        [2**53 + 1, 0.5],
        np.array([2**53 + 1]),
        np.array([2**63 + 1], np.uint64),
        np.array([2**53], np.longdouble) + 1,
        torch.tensor([2**53 + 1]),
        pd.Series([2**53 + 1, 1], dtype="Int64"),
        pd.DataFrame({"id": [2**53 + 1], "size": [0.5]}),
        polars.Series([2**53 + 1, None]),
    ],
)
def test_whole_numbers_that_float64_would_round_are_refused(values):
    with pytest.raises(
        InvalidInputError, match=r"whole numbers that float64 holds exactly, got \d+"
    ):
        otgan.emd([2**53], values)
    assert otgan.emd([2**53], [2**53 + 2]).cost == 2
    with pytest.raises(InvalidInputError, match="whole numbers"):
        otgan.emd_from_cost([[2**53 + 1, 0], [0, 0]])


def test_lists_of_masked_rows_are_refused():
    row = np.ma.masked_equal([1.0, 99.0], 99.0)
    for rows in ([row, row], ([1.0, 2.0], row), [[np.ma.masked, 1.0], [1.0, 1.0]]):
        with pytest.raises(InvalidInputError, match="must not hold masked entries"):
            otgan.emd(rows, [[0.0, 0.0]])


def test_tensors_that_hold_no_plain_numbers_are_refused_and_lazy_ones_are_data():
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    with warnings.catch_warnings(action="ignore"):  # torch is about to part with them
        quantised = torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.quint8)
    for tensor, mend in (
        (torch.ones(2, device="meta"), "a meta tensor"),
        (quantised, r"call \.dequantize\(\)"),
        (nested, "to_padded_tensor"),
        (torch.eye(2).to_sparse(), r"call \.to_dense\(\)"),
    ):
        for function in (otgan.wasserstein, otgan.js_divergence):
            with pytest.raises(InvalidInputError, match=mend):
                function(tensor, tensor)
    lazy = torch.tensor([1 - 2j, 3 - 5j], dtype=torch.complex128).conj().imag
    assert lazy.is_neg() and otgan.wasserstein_1d(lazy, [0.0]) == 3.5


def test_distances_of_mixed_precision_are_promoted_as_torch_does():
    half, single = torch.tensor([[0.0]]).half(), torch.tensor([[7e4]])
    for pair in ((half, single), (single, half)):
        distance = otgan.wasserstein(*pair)
        assert distance.dtype == torch.float32 and distance == 7e4
    for low, high in ((-half - 6e4, half + 6e4), (np.float16([[-6e4]]), np.float16([[6e4]]))):
        with pytest.raises(InvalidInputError, match="must fit into the dtype of the points"):
            otgan.wasserstein(low, high)


def test_a_list_of_tensors_is_differentiated():
    points = [torch.tensor([0.0, 0.0], requires_grad=True), torch.tensor([1.0, 0.0])]
    otgan.wasserstein(points, [[3.0, 4.0], [4.0, 4.0]]).backward()
    assert_allclose(points[0].grad, [-0.3, -0.4], rtol=1e-6)  # half of the unit vector from y to x


def test_arguments_in_the_order_of_other_libraries_are_named():
    a, b, M = np.full(3, 1 / 3), np.full(2, 0.5), np.arange(6.0).reshape(3, 2)
    for arguments in ((a, b, M), ([], [], M), (M, a, b)):
        with pytest.raises(InvalidInputError, match=r"call emd_from_cost\(M, a, b\)"):
            otgan.emd(*arguments)
    with pytest.raises(InvalidInputError, match="weights before the points"):
        otgan.wasserstein(a, M, b, M[:2])
    with pytest.warns(InputWarning, match="sum to one, as histograms do"):
        assert otgan.wasserstein_1d([0.2, 0.8], [0.8, 0.2]) == 0
    assert_allclose(otgan.wasserstein_1d([0, 1], [0, 1], [0.2, 0.8], [0.8, 0.2]), 0.6, rtol=1e-15)


def test_raw_counts_of_unequal_total_are_normalized_on_request():
    bins, few, many = [0, 1, 3], [1, 2, 1], [30, 10, 20]
    right = wasserstein_distance(bins, bins, few, many)
    for function in (otgan.wasserstein_1d, otgan.wasserstein, otgan.emd):
        with pytest.raises(UnequalMassError, match="pass normalize=True"):
            function(bins, bins, few, many)
        assert_allclose(float(function(bins, bins, few, many, normalize=True)), right, rtol=1e-12)
    C = np.abs(np.subtract.outer(bins, bins))
    for function in (otgan.emd_from_cost, otgan.emd_linprog):
        assert_allclose(function(C, few, many, normalize=True).cost, right, rtol=1e-12)
    many_pairs = otgan.pairwise_wasserstein([bins, bins], weights=[few, many], normalize=True)
    assert_allclose(many_pairs[0, 1], right, rtol=1e-12)
    with pytest.raises(UnequalMassError, match="pass normalize=True"):
        otgan.js_divergence(few, many)
    right = jensenshannon(few, many) ** 2  # which normalises by itself
    assert_allclose(otgan.js_divergence(few, many, normalize=True), right, rtol=1e-12)


def test_images_are_points_wherever_points_go():
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 6, 3, 4, 4))
    flat = x.reshape(6, -1), y.reshape(6, -1)
    matrix = cdist(*flat)
    right = matrix[linear_sum_assignment(matrix)].mean()
    assert_allclose(otgan.wasserstein(x, y), right, rtol=1e-12)
    tensor = torch.tensor(x, requires_grad=True)
    otgan.wasserstein(tensor, torch.tensor(y)).backward()
    assert tensor.grad.shape == x.shape
    assert otgan.energy_distance(x, y).value == otgan.energy_distance(*flat).value
    with pytest.raises(InvalidInputError, match="images of one shape"):
        otgan.wasserstein(x, y.transpose(0, 2, 3, 1))  # channels last
    with pytest.raises(InvalidInputError, match=r"x\.reshape\(6, -1\).*batch of 6 clouds"):
        otgan.energy_distance(x[:, 0], y[:, 0])


# (end of: Labels)


# ---------------------------------------------------------------- Runs
# (end of: Runs)


# ---------------------------------------------------------------- Tensors
# (end of: Tensors)


# ---------------------------------------------------------------- Critics
# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
