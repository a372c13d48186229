import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import otgan
from otgan import costs
from otgan.costs import MatrixCost, PointCost, as_ground_cost, line_exponent, row_blocks
from tests.cases import (
    EPS,
    FORMS,
    NAMED_METRICS,
    adversarial_cases,
    dense_cost,
    mistyped,
    refused,
    unequal,
)

EVERYTHING = slice(None)


@given(adversarial_cases())
def test_rows_arcs_and_transpose_are_the_definition(case):
    cost = PointCost.of(case.x, case.y, **case.options)
    expected = dense_cost(case.x, case.y, case.metric, case.p)
    n, m = expected.shape
    i, j = np.divmod(np.arange(n * m), m)
    # Sums of up to three squares and a power of at most 2 p: a few units in the last place. The
    # unit vectors of the cosine carry one such unit each, whatever their distance.
    rtol, atol = 8 * case.p * EPS, 8 * EPS if case.metric == "cosine" else 0
    assert cost.shape == (n, m) and cost.T.shape == (m, n)
    for computed in (
        cost.rows(EVERYTHING),
        cost.arcs(i, j).reshape(n, m),
        cost.T.rows(EVERYTHING).T,
        cost.T.T.arcs(i, j).reshape(n, m),
    ):
        assert_allclose(computed, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cityblock", "chebyshev"])
def test_a_common_offset_costs_no_digits(metric):
    # torch.cdist and other inner-product formulas lose all of them here.
    x, y = np.array([[0.0, 0.5], [3.0, 1.0]]), np.array([[1.0, 0.0]])
    near, far = (PointCost.of(x + h, y + h, metric=metric) for h in (0, 2.0**40))
    assert_array_equal(far.rows(EVERYTHING), near.rows(EVERYTHING))


@pytest.mark.parametrize("metric", NAMED_METRICS)
def test_a_point_is_at_distance_zero_from_itself(metric):
    x = np.random.default_rng(0).normal(size=(50, 7))
    cost = PointCost.of(x, x, metric=metric)
    assert not cost.rows(EVERYTHING).diagonal().any()
    assert not cost.arcs(np.arange(50), np.arange(50)).any()


@pytest.mark.parametrize("length", [1e-200, 1e-12, 1e200])
def test_the_cosine_distance_ignores_lengths(length):
    cost = PointCost.of([[length, 0.0]], [[length, length], [0.0, 1.0]], metric="cosine")
    assert_allclose(cost.rows(EVERYTHING), [[1 - np.sqrt(0.5), 1.0]], rtol=4 * EPS)


def test_a_callable_need_not_be_symmetric():
    def uphill(u, v):
        return max(0.0, float(v[0] - u[0]))

    cost = PointCost.of([0, 1], [2, 0], metric=uphill, p=2)
    assert_array_equal(cost.rows(EVERYTHING), [[4, 0], [1, 0]])
    assert_array_equal(cost.T.rows(EVERYTHING), [[4, 1], [0, 0]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_what_no_metric_may_return_is_refused(value):
    cost = PointCost.of([[0, 0]], [[1, 0]], metric=lambda u, v: value, p=2)
    for compute in (lambda: cost.rows(EVERYTHING), lambda: cost.arcs(np.array([0]), np.array([0]))):
        with refused("finite, non-negative", str(value), "callable"):
            compute()


@pytest.mark.parametrize(
    ("arguments", "options", "fragments"),
    [
        (([0], [1]), {"metric": "manhattan"}, ("euclidean, sqeuclidean", "got 'manhattan'")),
        (([0], [1]), {"metric": None}, ("got None",)),
        (([0], [1]), {"metric": np.zeros(2)}, ("got array",)),
        (([0], [1]), {"p": 0.5}, ("got 0.5", ">= 1")),
        (([0], [np.nan]), {}, ("y must be finite",)),
        (([[0, 0]], [[1, 0]]), {"metric": "cosine"}, ("zero vector",)),
        (([0], [1e200]), {}, ("extent of 1e+200", "rescale")),
        (([0], [1e-200]), {}, ("extent of 1e-200", "rescale")),
        (([0], [1e10]), {"p": 40}, ("power 40",)),
        (([0], [1e100]), {"p": 2, "metric": "sqeuclidean"}, ("power 4",)),
    ],
)
def test_refusals(arguments, options, fragments):
    with refused(*fragments):
        PointCost.of(*arguments, **options)


def test_blocks_cover_every_row_once(monkeypatch):
    monkeypatch.setattr(costs, "BLOCK_ENTRIES", 10)
    x = np.random.default_rng(0).normal(size=(11, 2))
    cost = PointCost.of(x, x[:4])
    blocks = list(row_blocks(cost))
    assert [rows.stop - rows.start for rows, _ in blocks] == [2, 2, 2, 2, 2, 1]
    assert_array_equal(np.concatenate([block for _, block in blocks]), cost.rows(EVERYTHING))


@pytest.mark.parametrize("form", FORMS)
def test_a_matrix_of_any_kind(form):
    matrix = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    cost = as_ground_cost(FORMS[form](matrix))
    assert isinstance(cost, MatrixCost) and cost.shape == (3, 2)
    assert_array_equal(cost.rows(EVERYTHING), matrix)
    assert_array_equal(cost.T.rows(slice(1, 2)), matrix.T[1:2])
    assert_array_equal(cost.arcs(np.array([2, 0]), np.array([0, 1])), [4, 1])


@pytest.mark.parametrize(
    ("matrix", "fragment"),
    [
        ([1, 2], "got shape (2,)"),
        ([[]], "got shape (1, 0)"),
        ([[1, np.nan]], "got nan at (0, 1)"),
        ([[1], [-np.inf]], "got -inf at (1, 0)"),
        ([[1, 2], [3]], "same length"),
        ([["1", "2"]], "real numbers"),
        ([[1j]], "dtype complex128"),
    ],
)
def test_matrices_without_meaning_are_refused(matrix, fragment):
    with refused("C must", fragment):
        as_ground_cost(matrix)


def test_ground_costs_pass_through():
    cost = PointCost.of([0], [1])
    assert as_ground_cost(cost) is cost


@pytest.mark.parametrize(
    ("metric", "exponent"),
    [
        ("euclidean", 1.5),
        ("cityblock", 1.5),
        ("chebyshev", 1.5),
        ("sqeuclidean", 3.0),
        ("cosine", None),
        ("no such", None),
        (unequal, None),
    ],
)
def test_what_a_metric_is_on_the_line(metric, exponent):
    assert line_exponent(metric, 1.5) == exponent


def test_a_callable_metric_must_return_one_number():
    with refused("one number for two points", "ndarray of shape (2,)"):
        metric = mistyped(lambda u, v: u - v)
        PointCost.of([[0.0, 1.0]], [[2.0, 3.0]], metric=metric).rows(slice(None))


# ---------------------------------------------------------------- callables


class Asked:
    """The cityblock metric, which remembers for which pairs it was asked."""

    def __init__(self):
        self.pairs = []

    def __call__(self, u, v):
        self.pairs.append((*u, *v))
        return np.abs(u - v).sum()


@pytest.mark.parametrize(
    ("n", "m", "options"), [(5, 7, {"p": 2}), (513, 520, {}), (1100, 3, {"rtol": 0.2})]
)
def test_a_callable_is_asked_once_whatever_the_size(n, m, options):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
    metric = Asked()
    found = otgan.emd(x, y, metric=metric, **options)
    assert len(metric.pairs) == len(set(metric.pairs)) == n * m
    exact = otgan.emd(x, y, metric="cityblock", **{**options, "rtol": 0.0})
    assert found.lower <= exact.cost * (1 + 1e-9) and exact.cost <= found.cost * (1 + 1e-9)


def test_a_callable_is_asked_once_by_all_that_takes_a_cost():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(40, 2))
    weights = np.arange(30.0)  # the first point has no mass
    plan = np.full((30, 40), 1 / 1200)
    calls = (
        lambda metric: otgan.emd(x, y, weights, np.full(40, weights.sum() / 40), metric=metric),
        lambda metric: otgan.wasserstein(x, y, metric=metric),
        lambda metric: otgan.pairwise_wasserstein([x], [y], metric=metric),
        lambda metric: otgan.certify(
            PointCost.of(x, y, metric=metric), plan, np.zeros(30), np.zeros(40)
        ),
    )
    for call in calls:
        metric = Asked()
        call(metric)
        assert len(metric.pairs) == len(set(metric.pairs)) == 1200


@pytest.mark.parametrize("kind", [float, np.float32, np.array, lambda value: np.array([[value]])])
def test_one_number_in_any_wrapping(kind):
    cost = PointCost.of([[0.0], [1.0]], [[3.0]], metric=lambda u, v: kind(abs(u[0] - v[0])))
    assert_array_equal(cost.rows(EVERYTHING), [[3.0], [2.0]])


@pytest.mark.parametrize("value", ["1", None, 1j, [], [1.0, 2.0], b"1"])
def test_what_is_no_number_is_refused(value):
    with refused("must return one number", type(value).__name__):
        PointCost.of([[0.0]], [[1.0]], metric=lambda u, v: value).rows(EVERYTHING)


def test_a_wrong_value_ends_it_in_its_row():
    rows = []

    def metric(u, v):
        rows.append(u[0])
        return np.nan if u[0] == 1 else 1.0

    with refused("finite, non-negative", "nan"):
        otgan.emd(np.arange(100.0), np.arange(5.0), metric=metric)
    assert max(rows) == 1


def test_a_callable_that_changes_its_points_is_refused():
    def metric(u, v):
        u -= v
        return np.abs(u).sum()

    with refused("must leave its points as they are"):
        otgan.emd(np.ones((3, 2)), np.zeros((3, 2)) + 0.5, metric=metric)


def test_errors_of_a_callable_are_its_own():
    with pytest.raises(ZeroDivisionError):
        otgan.emd([0.0], [1.0], metric=lambda u, v: 1 / 0)


def test_too_many_pairs_are_refused_before_a_callable_is_asked():
    x, metric = np.zeros((20_000, 1)), Asked()
    cost = PointCost.of(x, x, metric=metric)
    some = np.zeros(20_000)
    for call in (
        lambda: otgan.emd(x, x, metric=metric),
        lambda: otgan.wasserstein(x, x, metric=metric),
        lambda: otgan.pairwise_wasserstein([x], [x], metric=metric),
        lambda: otgan.c_transform(cost, some),
        lambda: as_ground_cost(cost),
    ):
        with refused("callable metric", "20,000 x 20,000", "emd_from_cost"):
            call()
    assert metric.pairs == []
    assert otgan.emd(x, x).cost == 0  # a named metric needs no matrix


def beyond(n: int) -> np.ndarray:
    C = np.ones((n, n))
    C[1, 0] = -1.1 * costs.LARGEST_COST
    return C


@pytest.mark.parametrize(
    "solve",
    [
        pytest.param(lambda: otgan.emd_from_cost(beyond(3)), id="matrix"),
        pytest.param(lambda: otgan.emd_from_cost(sparse.csr_array(beyond(3))), id="sparse"),
        pytest.param(lambda: otgan.transport_cost(beyond(3)[None]), id="stack"),
        pytest.param(lambda: otgan.emd_linprog(beyond(3)), id="linear program"),
        pytest.param(lambda: otgan.certify(beyond(2), np.eye(2) / 2, [0, 0], [0, 0]), id="certify"),
        pytest.param(lambda: otgan.emd([0], [1], metric=lambda u, v: 1e301), id="callable"),
        pytest.param(lambda: otgan.emd([0], [1], metric=lambda u, v: 1e200, p=2), id="its power"),
        pytest.param(lambda: otgan.emd([0], [1], unmatched=1e301), id="price"),
    ],
)
def test_costs_whose_sums_could_leave_float64_are_refused(solve):
    with refused("1e+300"):
        solve()


def test_the_largest_costs_have_a_certificate():
    rng = np.random.default_rng(0)
    for n, m in ((2, 2), (30, 30), (150, 150), (30, 31)):
        C = rng.uniform(-1, 1, (n, m))
        r = otgan.emd_from_cost(costs.LARGEST_COST * C)
        assert_allclose(r.cost / costs.LARGEST_COST, otgan.emd_from_cost(C).cost, rtol=1e-12)
