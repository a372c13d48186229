import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal

from otgan import costs
from otgan.costs import MatrixCost, PointCost, as_ground_cost, line_exponent, row_blocks
from tests.cases import (
    EPS,
    FORMS,
    NAMED_METRICS,
    adversarial_cases,
    dense_cost,
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
    assert not cost.arcs(range(50), range(50)).any()


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
    for compute in (lambda: cost.rows(EVERYTHING), lambda: cost.arcs([0], [0])):
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
    assert_array_equal(cost.arcs([2, 0], [0, 1]), [4, 1])


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
        PointCost.of([[0.0, 1.0]], [[2.0, 3.0]], metric=lambda u, v: u - v).rows(slice(None))
