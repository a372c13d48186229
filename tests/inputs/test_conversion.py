"""Whatever holds real numbers becomes float64 without a change, or is refused."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from numpy.testing import assert_array_equal

from otgan.inputs.conversion import is_torch, plain_float64, refuse_mask, stacked, to_numpy
from otgan.measures import as_float64
from tests.cases import made, refused, torch

LAST = 2**53


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ([Decimal("0.1"), Fraction(1, 4), 2], [0.1, 0.25, 2]),
        (np.array([1, 2.5, True], object), [1, 2.5, 1]),
        ([LAST, LAST + 2, -LAST], [LAST, LAST + 2, -LAST]),
        ([2**70], [2.0**70]),
        (np.array([2**62, -(2**63)]), [2.0**62, -(2.0**63)]),
        (np.array([2**63], np.uint64), [2.0**63]),
        (np.array([1], np.longdouble) / 3, [1 / 3]),
        ([1e300, -1e300, np.nan], [1e300, -1e300, np.nan]),
        (pd.Series([1, 2.5], dtype=object), [1, 2.5]),
        (pd.Series([True, None], dtype="boolean"), [1, np.nan]),
        (pd.Series([1, None], dtype="Int64"), [1, np.nan]),
        (pd.Series([1.5, None], dtype="double[pyarrow]"), [1.5, np.nan]),
        (pd.array([2, None], dtype="Float64"), [2, np.nan]),
        (pd.Series(pd.arrays.SparseArray([0, 1.0])), [0, 1]),
        (pd.Series([3, 4], dtype="category"), [3, 4]),
        (pd.Index([3, 4]), [3, 4]),
        (polars.Series([1, None]), [1, np.nan]),
        (polars.Series([1, 2]).cast(polars.Decimal(10, 2)), [1, 2]),
        (polars.Series([2, None], dtype=polars.Int128), [2, np.nan]),
        (pyarrow.array([1, None]), [1, np.nan]),
        (pyarrow.chunked_array([[1], [2.0]]), [1, 2]),
        (lambda: torch.tensor([True, False]), [1, 0]),
        (lambda: torch.ones(1).bfloat16(), [1]),
        (lambda: torch.ones(1).to(torch.float8_e4m3fn), [1]),
        (lambda: torch.tensor([1 - 2j]).conj().imag, [2]),
        (lambda: [torch.tensor(1.0), torch.tensor(2.0)], [1, 2]),
    ],
)
def test_numbers_are_kept(values, right):
    assert_array_equal(as_float64(made(values), "x"), right)
    assert as_float64(made(values), "x").dtype == np.float64


@pytest.mark.parametrize(
    "values",
    [
        [LAST + 1],
        [[0.5, LAST + 1], [1, 2]],
        [10**30 + 1],
        (np.array([LAST + 1]), np.array([0.5])),
        [np.uint64(2**63 + 1), np.int64(-1)],
        np.array([-LAST - 1]),
        np.array([LAST + 1], ">i8"),
        np.array([LAST + 1, 0.5], object),
        np.array([LAST], np.longdouble) + 1,
        np.int64(LAST + 1),
        [Decimal(LAST + 1)],
        [Fraction(LAST + 1)],
        lambda: torch.tensor([LAST + 1]),
        lambda: torch.tensor([2**63 + 1], dtype=torch.uint64),
        lambda: [torch.tensor(LAST + 1)],
        pd.Series([LAST + 1, None], dtype="Int64"),
        pd.Series([LAST + 1, None], dtype="int64[pyarrow]"),
        polars.Series([LAST + 1, None]),
        pyarrow.array([LAST + 1, None]),
    ],
)
def test_whole_numbers_that_would_be_rounded_are_refused(values):
    with refused("x must hold whole numbers that float64 holds exactly", "1 such entries"):
        as_float64(made(values), "x")


@pytest.mark.parametrize(
    ("values", "fragment"),
    [
        ([10**400], "too large"),
        (["1", 2], "turn the text into numbers"),
        (pd.Series(["1"]), "turn the text into numbers"),
        (np.array(["2020"], "M8[s]"), "numpy.timedelta64(1, 's')"),
        (np.array([1], "m8[s]"), "divide by one unit"),
        ([None, 1], "dtype object with NoneType"),
        ([[1, 2], [3]], "same length"),
    ],
)
def test_what_is_no_number_is_refused_with_its_cure(values, fragment):
    with refused("x must be", fragment):
        as_float64(values, "x")


def test_quantities_are_refused_before_their_units_are_dropped():
    class Quantity(np.ndarray):
        """As astropy has it: an array with a unit."""

        unit = "km"

    with refused("got a Quantity in km", "to one unit"):
        as_float64(np.array([1.0]).view(Quantity), "x")
    assert as_float64(pd.to_timedelta([1], "s") / pd.Timedelta("1s"), "x") == [1]


def test_masks_are_found_in_lists_tuples_and_records():
    row = np.ma.masked_equal([1.0, 99.0], 99.0)
    records: np.ma.MaskedArray = np.ma.array([(1, 2.0)], mask=[(True, False)], dtype="i8, f8")
    for values in ([row], ([1.0, 2.0], row), [[row, row]], [np.ma.masked], records):
        with refused("must not hold masked entries"):
            as_float64(values, "x")
    refuse_mask([np.ma.array([1.0])], "x")


def test_tensors_of_other_classes_are_tensors():
    from torch import Tensor

    class Named(Tensor):
        pass

    named = torch.ones(2, requires_grad=True).as_subclass(Named)
    assert is_torch(named) and is_torch(torch.nn.Parameter(torch.ones(1)))
    assert_array_equal(to_numpy(named), [1, 1])


def test_lists_of_tensors_are_stacked_with_their_gradients():
    one = torch.tensor(1.0, requires_grad=True)
    joined = stacked([[one, 2.0], [3.0, one]], "x")
    assert joined.shape == (2, 2) and joined.requires_grad
    joined.sum().backward()
    assert one.grad == 2
    values = [1.0, 2.0]
    assert stacked(values, "x") is values
    with refused("tensors of one shape on one device"):
        stacked([torch.ones(2), torch.ones(3)], "x")


def test_lists_within_themselves_end():
    values: list[Any] = [1.0]
    values.append(values)
    with refused("x must be an array of real numbers"):
        plain_float64(values, "x")
