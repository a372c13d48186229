"""Which values can be counted together, and which categories are the same."""

import math
from collections import Counter, namedtuple
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow
import pytest
import xarray
from numpy.testing import assert_allclose

import otgan
from otgan.divergences.categories import as_codes, holds_categories
from otgan.divergences.support import check_same_values, refuse_other_grids, warn_different_grids
from tests.cases import refused

RNG = np.random.default_rng(0)


def column(values):
    return np.asarray(values, dtype=float)[:, None]


# ---------------------------------------------------------------- numbers

TENTHS = np.round(np.arange(0, 2, 0.1), 1)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (TENTHS.astype(np.float32), TENTHS),
        (TENTHS.astype(np.float16), TENTHS),
        (TENTHS, TENTHS.astype(np.float32)),
        (0.1 * np.arange(20), TENTHS),
        (np.cumsum(np.full(20, 0.1)), TENTHS),
        ([0, 1, 0.1], np.array([0, 1, 0.1], dtype=np.float32)),
        (1e300 * np.array([0.1 * 3, 1]), 1e300 * np.array([0.3, 1])),
        (np.log(np.arange(1, 20)), np.log2(np.arange(1, 20)) * math.log(2)),
    ],
)
def test_numbers_that_should_be_equal(x, y):
    with refused("equal to the last digit"):
        check_same_values(column(x), column(y))
    with refused("equal to the last digit"):
        check_same_values(np.hstack([column(np.ones(len(x))), column(x)]), column(y) * [0, 1])


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (TENTHS, TENTHS),
        (TENTHS.astype(np.float32), TENTHS[::2].astype(np.float32)),
        (np.arange(5000.0), np.arange(4000.0, 9000.0)),  # some are exact in float16, some are not
        (2.0**24 + np.arange(10), 2.0**24 + np.arange(0, 10, 2)),
        (1.7e9 + 0.5 * np.arange(50), 1.7e9 + 0.5 * np.arange(30)),  # seconds since 1970
        (np.zeros(5), np.zeros(3)),
        ([0.5, 1, 2.5], [0.1, 0.5, 0.7, 2.5]),
        (RNG.normal(size=500).astype(np.float32), RNG.normal(size=500)),
        ([5e-324, 0], [0, 5e-324]),
    ],
)
def test_numbers_that_are_what_they_are(x, y):
    check_same_values(column(x), column(y))


def test_a_continuous_sample_beside_its_copy_in_float32():
    x = RNG.normal(size=(50, 2))
    with refused("equal to the last digit"):
        otgan.kl_from_samples(x, x.astype(np.float32))
    with refused("equal to the last digit"):
        otgan.js_from_samples(x, x.astype(np.float32), method="kde")


def repeated(values):
    return column(np.repeat(values, 5))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (TENTHS, TENTHS + 0.05),
        (TENTHS[::5], TENTHS),  # halves beside tenths
        (TENTHS[::2], TENTHS),
        (np.arange(0, 100, 10), np.arange(5, 100, 10)),
        (TENTHS, TENTHS + 0.03),
        ([9.99, 19.99, 29.99], [10.0, 15.5, 20.0, 30.0]),
    ],
)
def test_grids_that_share_little(x, y):
    for pair in ((x, y), (y, x)):
        with refused("must take the same values"):
            refuse_other_grids(*map(repeated, pair))
        assert warn_different_grids(*map(repeated, pair))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.arange(10), np.arange(20)),
        (np.arange(10), np.arange(30, 50)),
        (TENTHS, TENTHS[3:9]),
        (TENTHS[:5], TENTHS[10:]),
        ([0, 1], [2, 3]),
        ([0], [1]),
        ([9.99, 19.99, 4.5], [9.99, 19.99, 4.5]),
        ([0.5], [0.5]),
    ],
)
def test_grids_that_fit(x, y):
    for pair in ((x, y), (y, x)):
        refuse_other_grids(*map(repeated, pair))
        assert warn_different_grids(*map(repeated, pair)) == ()


def test_whole_numbers_on_two_grids_may_be_categories_and_are_warned_of():
    x, y = np.repeat([0, 5, 10], 30), np.repeat(np.arange(11), 10)
    found = otgan.js_from_samples(x, y, ties="discrete")
    p, q = np.zeros(11), np.full(11, 1 / 11)
    p[[0, 5, 10]] = 1 / 3
    assert_allclose(found.diagnostics["plug_in"], otgan.js_divergence(p, q))
    assert any("different grids" in sentence for sentence in found.warnings)
    left = otgan.compare(x, y, seconds=0.01).left_out
    assert all("different grids" in left[key] for key in ("kl_xy", "kl_yx", "js"))


@pytest.mark.parametrize("steps", [(0.1, 0.5), (0.1, 0.1), (1, 0.25)])
def test_jitter_undoes_the_rounding_of_each_sample(steps):
    x, y = np.random.default_rng(1).normal(size=(2, 300))
    rounded = (
        np.round(np.round(z / step) * step, 6) for z, step in zip((x, y + 0.5), steps, strict=True)
    )
    found = otgan.js_from_samples(*rounded, ties="jitter")
    assert_allclose(found.value, 0.03096, atol=4 * found.se)  # of N(0, 1) and N(1/2, 1)


def test_disjoint_distributions_have_an_interval():
    found = otgan.js_from_samples(np.repeat([0, 1], 20), np.repeat([5, 6], 30), ties="discrete")
    assert_allclose(found.value, math.log(2))
    # 3.69 points are expected where none is seen, with probability 0.025
    assert_allclose(found.interval[0], math.log(2) * (1 + math.log(0.025) / 40))


# ---------------------------------------------------------------- categories

A, B = list("aabbbc") * 10, list("abbccc") * 10
DAYS = {"a": "2020-01-01", "b": "2021-06-01", "c": "1999-12-31"}
FORMS = {
    "list": list,
    "NumPy text": np.array,
    "NumPy objects": lambda values: np.array(values, dtype=object),
    "NumPy bytes": lambda values: np.array(values, dtype="S"),
    "pandas": pd.Series,
    "pandas categories": lambda values: pd.Series(values, dtype="category"),
    "pandas text": lambda values: pd.Series(values, dtype="string"),
    "pandas table": lambda values: pd.DataFrame({"name": values}),
    "polars": pl.Series,
    "polars categories": lambda values: pl.Series(values, dtype=pl.Categorical),
    "days": lambda values: np.array([DAYS[value] for value in values], dtype="M8[D]"),
    "pandas times": lambda values: pd.to_datetime(pd.Series([DAYS[value] for value in values])),
    "one-way": lambda values: tuple(values),
}


@pytest.mark.parametrize("form", FORMS)
def test_categories_in_every_form(form):
    x, y = FORMS[form](A), FORMS[form](B)
    assert holds_categories(x)
    found = otgan.js_from_samples(x, y, ties="discrete")
    expected = otgan.js_divergence([2, 3, 1], [1, 2, 3])
    assert_allclose(found.diagnostics["plug_in"], expected, rtol=1e-12)
    assert found == otgan.js_from_samples(x, y, method="discrete")


def test_truth_values_and_numbers_are_no_categories():
    for sample in (
        [1, 2.5],
        [True, False],
        np.array([1, None], dtype=object),
        np.eye(2),
        [[1], [2, 3]],
    ):
        assert not holds_categories(sample)
    x, y = np.array([True] * 30 + [False] * 10), np.array([True] * 10 + [False] * 30)
    found = otgan.kl_from_samples(x, y, ties="discrete")
    assert_allclose(found.diagnostics["plug_in"], 0.5 * math.log(3))


def coded(x, y) -> tuple[np.ndarray, np.ndarray]:
    codes = as_codes(x, y)
    assert codes is not None
    return codes


def test_rows_of_categories_are_told_apart_by_all_columns():
    x, y = np.array([["a", "1"], ["b", "2"]]), np.array([["a", "2"], ["b", "1"]])
    assert len(np.unique(np.concatenate(coded(x, y)), axis=0)) == 4
    mixed = pd.DataFrame({"name": A, "count": np.arange(60) % 2})
    found = otgan.js_from_samples(mixed, mixed, ties="discrete")
    assert found.diagnostics["plug_in"] == 0 and found.diagnostics["cells"] == 5


def rows_of_tuples(columns):
    Row: Any = namedtuple("Row", list(columns))  # type: ignore[misc]  # names known when it runs
    return list(map(Row, *columns.values()))


def with_coordinates(columns):
    table = np.array(list(columns.values())).T
    return xarray.DataArray(table, dims=("row", "name"), coords={"name": list(columns)})


TABLES = {
    "pandas": pd.DataFrame,
    "pandas categories": lambda columns: pd.DataFrame(columns, dtype="category"),
    "polars": pl.DataFrame,
    "Arrow": pyarrow.table,
    "xarray": with_coordinates,
    "xarray, axes swapped": lambda columns: with_coordinates(columns).T,
    "named tuples": rows_of_tuples,
}


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_categories_are_matched_by_their_names(table):
    first, second = {"name": A, "kind": B}, {"name": B[::-1], "kind": A}
    swapped = dict(reversed(second.items()))
    x = TABLES[table.partition(",")[0]](first)
    counts = [Counter(zip(z["name"], z["kind"], strict=True)) for z in (first, second)]
    right = otgan.js_divergence(*counts)
    for y in (TABLES[table](second), TABLES[table](swapped)):
        found = otgan.js_from_samples(x, y, ties="discrete")
        assert_allclose(found.diagnostics["plug_in"], right, rtol=1e-12)
    with refused("'kind' only in x and 'sort' only in y"):
        as_codes(x, TABLES[table]({"name": A, "sort": B}))


def test_columns_of_categories_without_names_are_positions():
    x = pd.DataFrame({"name": A, "kind": B})
    right = coded(x, x)
    for y in (x.to_numpy(), pd.DataFrame(x.to_numpy()), pl.DataFrame(x.to_numpy())):
        for found, expected in zip(coded(x, y), right, strict=True):
            np.testing.assert_array_equal(found, expected)
    numbered = pd.DataFrame({"kind": np.arange(60) % 2, "name": A})
    first, second = coded(numbered, numbered[["name", "kind"]])  # text and numbers
    np.testing.assert_array_equal(first, second)
    with refused("'a' more than once"):
        as_codes(x.set_axis(["a", "a"], axis=1), x.set_axis(["a", "a"], axis=1))


def test_what_is_no_pair_of_categories():
    for x, y, message in [
        (A, [1, 2, 3], "numbers in y and categories in x"),
        (A, np.array(B, dtype="S"), "one type, got str and bytes"),
        (np.array(["1", "2"]), np.array([1, 2, "x"], dtype=object)[:2], "numbers in y"),
        ([*A, None], B, "missing categories"),
        ([*A, math.nan], B, "missing categories"),
        (A, pd.Series([*B, np.nan]), "y must not hold missing"),
        (pd.Series([*A, None], dtype="string"), B, "the first in row 60"),
        (np.array([A, A]).T, B, "the same number of columns"),
        (np.ma.array(np.array(A), mask=[True] + 59 * [False]), B, "masked"),
        (
            pd.DataFrame({"a": A, "b": B}),
            pd.DataFrame({"a": A, "c": B}),
            "'b' only in x and 'c' only in y",
        ),
    ]:
        with refused(message):
            otgan.js_from_samples(x, y, ties="discrete")
    choices: list[dict[str, Any]]
    choices = [{}, {"method": "classifier"}, {"method": "kde", "ties": "discrete"}]
    for options in choices:
        with refused('pass ties="discrete" and no method'):
            otgan.kl_from_samples(A, B, **options)
    with refused("values must repeat"):
        otgan.js_from_samples([f"name {k}" for k in range(60)], A, ties="discrete")
