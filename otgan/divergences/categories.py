"""Samples of categories: text, dates, anything that is equal or not but has no distance."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_categories
from otgan.inputs.tables import Labeled, read_labels
from otgan.measures import FloatArray, is_torch, refuse_mask

__all__ = ["as_codes", "holds_categories"]


def holds_categories(sample: Any) -> bool:
    """Whether a sample holds text, dates or other objects that are no numbers.

    Examples
    --------
    >>> holds_categories(["a", "b"]), holds_categories([1, 2.5]), holds_categories([True])
    (True, False, False)
    """
    return _categories(sample) is not None


def as_codes(x: Any, y: Any) -> tuple[FloatArray, FloatArray] | None:
    """Two samples of categories as numbers, equal where the categories are; None for numbers.

    Parameters
    ----------
    x, y : array_like, shapes (n,) or (n, d), and (m,) or (m, d)
        Text, columns or tables of it, dates, arrays of objects. Columns with names are matched by
        them.

    Returns
    -------
    ndarray, shapes (n, d) and (m, d)

    Raises
    ------
    InvalidInputError
        Categories beside numbers, missing ones, or columns that differ.

    Examples
    --------
    >>> [codes.ravel().tolist() for codes in as_codes(["b", "a"], ["a", "c"])]
    [[0.0, 1.0], [1.0, 2.0]]
    """
    refuse_mask(x, "x")
    refuse_mask(y, "y")
    of_x, of_y = _categories(x), _categories(y)
    if of_x is None and of_y is None:
        return None
    if of_x is None or of_y is None:
        numbers, others = ("x", "y") if of_x is None else ("y", "x")
        raise InvalidInputError(
            f"x and y must both hold categories or both numbers, got numbers in {numbers} and "
            f"categories in {others}; to fix it, convert one of them, for example by .astype(str)"
        )
    of_y = align_categories(_table(x, of_x, "x"), _table(y, of_y, "y"))
    for name, sample in (("x", of_x), ("y", of_y)):
        _refuse_missing(sample, name)
    if of_x.shape[1] != of_y.shape[1]:
        raise InvalidInputError(
            f"x and y must have the same number of columns, got {of_x.shape[1]} and "
            f"{of_y.shape[1]}; to fix it, give both samples the same coordinates"
        )
    _refuse_other_types(of_x, of_y)
    codes = np.empty((len(of_x) + len(of_y), of_x.shape[1]))
    for j, column in enumerate(np.concatenate([of_x, of_y]).T):
        known: dict[Hashable, int] = {}
        codes[:, j] = [known.setdefault(category, len(known)) for category in column]
    return codes[: len(of_x)], codes[len(of_x) :]


def _table(sample: Any, categories: npt.NDArray[np.object_], name: str) -> Labeled:
    labels, axes = read_labels(sample, name)
    if len(labels) != 2:  # one column, whose rows alone have labels
        labels, axes = (None, None), ()
    return Labeled(categories, labels, axes)


def _categories(sample: Any) -> npt.NDArray[np.object_] | None:
    """The sample as an array of objects, shape (n, d), unless it holds numbers alone."""
    parts = sample if isinstance(sample, (list, tuple)) else (sample,)
    if any(map(is_torch, parts)):
        return None
    try:
        array = np.asarray(sample)
    except (TypeError, ValueError):
        return None  # ragged: the check of numbers says what is wrong
    if array.dtype.kind not in "USOMm" or array.ndim not in (1, 2) or array.size == 0:
        return None
    if array.dtype.kind in "US" and not isinstance(sample, np.ndarray):
        array = np.asarray(sample, dtype=object)  # numbers in a list stay what they are
    if array.dtype.kind in "Mm":
        array = array.astype(f"{array.dtype.kind}8[us]")  # one unit, which objects exist for
    objects = array.astype(object)
    if array.dtype.kind == "O" and all(_is_number(value) for value in objects.flat):
        return None
    return objects[:, None] if objects.ndim == 1 else objects


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | np.bool_) or _is_missing(value) or is_torch(value)


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA, of which none is equal to itself."""
    return value is None or (
        not isinstance(value, str)
        and (type(value).__name__ in ("NAType", "NaTType") or value != value)
    )


def _refuse_other_types(of_x: npt.NDArray[np.object_], of_y: npt.NDArray[np.object_]) -> None:
    """Raise on columns that share no type: 'a' is not b'a', and "1" is not 1."""
    for column_x, column_y in zip(of_x.T, of_y.T, strict=True):
        types = [{_type(value) for value in column} for column in (column_x, column_y)]
        if not types[0] & types[1]:
            first, second = (", ".join(sorted(names)) for names in types)
            raise InvalidInputError(
                f"x and y must hold categories of one type, got {first} and {second}; to fix it, "
                "convert one of them, for example by .astype(str)"
            )


def _type(value: Any) -> str:
    return "a number" if _is_number(value) else type(value).__name__


def _refuse_missing(sample: npt.NDArray[np.object_], name: str) -> None:
    missing = [index for index in np.ndindex(sample.shape) if _is_missing(sample[index])]
    if missing:
        raise InvalidInputError(
            f"{name} must not hold missing categories, got {len(missing)} of them, the first in "
            f"row {missing[0][0]}; to fix it, drop these rows, or give the missing ones a name"
        )
