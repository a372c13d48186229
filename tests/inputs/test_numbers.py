"""Columns and lists whose entries float64 does not hold as they are."""

import numpy as np
import pandas as pd
import polars
import pytest
import torch
from scipy import sparse

import otgan
from otgan.errors import InvalidInputError


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
