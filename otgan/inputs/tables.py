"""Arrays whose axes have labels: tables of pandas, polars, Arrow and xarray, mappings, records.

They are recognized by their classes, so that none of these libraries is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.inputs.conversion import FloatArray, from_library, is_torch, plain_float64, stacked

__all__ = ["Labeled", "Labels", "is_plain", "read_labels", "read_masses", "read_table"]

Labels = Sequence[Any] | None
"""The labels of one axis: a range where a library only counted, None where there are none."""

MISSING = "missing value"
"""The label in place of NaN, None and the like, which do not equal themselves."""

COUNTS = ("count", "proportion")
"""Names that pandas and polars give to the result of value_counts()."""


class Labeled(NamedTuple):
    """Numbers with the labels of their axes.

    Attributes
    ----------
    values : ndarray, float64; of objects in tables of categories
    labels : tuple
        For each axis its labels, a range, or None.
    axes : tuple of str
        Names of the axes, where the library has them.
    counted : bool
        Whether these are masses by value, whose order means nothing.
    dtype : numpy.dtype
        The floating dtype that the numbers came in; float64 if they were none.
    """

    values: npt.NDArray[Any]
    labels: tuple[Labels, ...]
    axes: tuple[str, ...] = ()
    counted: bool = False
    dtype: Any = np.dtype(np.float64)


def is_plain(values: Any) -> bool:
    """Whether `values` is of a type without labels; fast, as most are."""
    kind = type(values)
    if kind is np.ndarray:
        return values.dtype.names is None
    if kind is list or kind is tuple:
        return not (values and hasattr(values[0], "_fields"))
    return values is None or kind is float or kind is int or is_torch(values)


def read_table(values: Any, name: str) -> Labeled | None:
    """The numbers and labels of a table, of records or of an array with coordinates; else None.

    Parameters
    ----------
    values : object
    name : str
        What the argument is called in error messages.

    Raises
    ------
    InvalidInputError
        Columns that do not hold numbers; a table of an unknown kind.
    """
    if is_plain(values):
        return None
    if isinstance(values, np.ndarray):
        return _of_records(values, name) if values.dtype.names else None
    if type(values) in (list, tuple):
        return _of_named_tuples(values, name)
    for library, reader in _READERS.items():
        if from_library(values, library):
            return reader(values, name)
    if isinstance(values, Mapping):
        raise InvalidInputError(
            f"{name} must be an array or a table, got a {type(values).__name__}; to fix it, pass "
            "its keys as points and its values as weights, or make a DataFrame of it"
        )
    if hasattr(values, "columns") and not isinstance(values, type):
        raise _unknown(values, name, "convert it to a pandas DataFrame or a NumPy array")
    return None


def read_labels(values: Any, name: str) -> tuple[tuple[Labels, ...], tuple[str, ...]]:
    """The labels of the axes of a table, and the names of the axes; empty if it has none.

    Examples
    --------
    >>> from collections import namedtuple
    >>> Row = namedtuple("Row", "name color")
    >>> read_labels([Row("a", "red"), Row("b", "blue")], "x")
    ((None, ['name', 'color']), ())
    """
    if is_plain(values) or isinstance(values, np.ndarray):
        return (), ()
    if type(values) in (list, tuple):
        return (None, _fields_of(values, name)), ()
    if from_library(values, "pandas") and hasattr(values, "columns"):
        return (_index_labels(values.index), _index_labels(values.columns)), ()
    if from_library(values, "polars") and hasattr(values, "columns"):
        return (None, values.columns), ()
    if from_library(values, "pyarrow") and hasattr(values, "column_names"):
        return (None, values.column_names), ()
    if from_library(values, "xarray") and hasattr(values, "dims"):
        indexes = getattr(values, "indexes", {})
        labels = (_index_labels(indexes[axis]) if axis in indexes else None for axis in values.dims)
        return tuple(labels), tuple(map(str, values.dims))
    return (), ()


def read_masses(values: Any, name: str) -> Labeled | None:
    """Masses with their labels, as `read_table`; also from mappings and counts of values."""
    if is_plain(values):
        return None
    if isinstance(values, Mapping):
        entries = stacked(list(values.values()), name)
        if is_torch(entries) and entries.requires_grad:
            raise _unknown(values, name, "pass torch.stack(list(p.values())), which has a gradient")
        masses = plain_float64(entries, name)
        if masses.ndim != 1:
            raise _unknown(values, name, "give one number for each of its keys")
        return Labeled(masses, (_named(list(values)),), counted=True)
    if getattr(values, "_fields", None) == ("values", "counts"):  # of numpy.unique_counts
        labels = np.asarray(values.values).tolist()
        return Labeled(plain_float64(values.counts, name), (_named(labels),), counted=True)
    columns = list(values.columns) if _is_frame(values) else []
    if len(columns) == 2 and columns[1] in (*COUNTS, "counts", "len"):
        labels, masses = (values[column] for column in columns)
        listed = labels.to_list()
        return Labeled(_column(masses, name), (_named(listed),), counted=True)
    return read_table(values, name)


def _is_frame(values: Any) -> bool:
    frame = from_library(values, "pandas") or from_library(values, "polars")
    return frame and type(values).__name__ == "DataFrame"


def _unknown(values: Any, name: str, hint: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name} must be an array or a table of numbers, got a {type(values).__name__} of "
        f"{type(values).__module__.partition('.')[0]}; to fix it, {hint}"
    )


# ---------------------------------------------------------------- libraries


def _of_pandas(values: Any, name: str) -> Labeled | None:
    ndim = getattr(values, "ndim", 0)
    if hasattr(values, "columns"):
        both, _ = read_labels(values, name)
        dtypes = set(values.dtypes)
        if len(dtypes) == 1 and _is_numeric(dtype := dtypes.pop()):
            return Labeled(plain_float64(values.to_numpy(), name), both, dtype=_floating(dtype))
        columns = [values.iloc[:, k] for k in range(values.shape[1])]
        return _of_columns(columns, both[1], len(values), name)._replace(labels=both)
    if hasattr(values, "index") and not callable(values.index):
        labels = _index_labels(values.index)
        numbers = _column(values, name)
        counted = values.name in COUNTS and _by_value(labels, numbers)
        return Labeled(numbers, (labels,), counted=counted, dtype=_floating(values.dtype))
    # An Index, whose labels are its values, or an array of pandas.
    if ndim == 1 and hasattr(values, "isna") and not hasattr(values, "levels"):
        numbers = _column(values, name)
        own = hasattr(values, "get_indexer")
        labels = numbers.tolist() if own else None
        return Labeled(numbers, (labels,), dtype=_floating(values.dtype))
    raise _unknown(values, name, "pass a DataFrame, a Series or an array")


def _by_value(labels: Labels, masses: FloatArray) -> bool:
    """Whether these are counts of values, and not a column of that name."""
    if labels is None or labels == range(len(labels)) or len(set(labels)) < len(labels):
        return False
    return not all(isinstance(label, int) for label in labels) or bool((np.diff(masses) <= 0).all())


def _index_labels(index: Any) -> Labels:
    if type(index).__name__ == "RangeIndex":
        return range(index.start, index.stop, index.step)
    names = getattr(index, "names", [None])
    if len(names) > 1 and None not in names and len(set(names)) == len(names):
        index = index.reorder_levels(sorted(names, key=str))  # in an order of their own
    labels = index.tolist()
    return labels if getattr(index.dtype, "kind", "O") in "iub" else _named(labels)


def _of_polars(values: Any, name: str) -> Labeled:
    kind = type(values).__name__
    if kind == "LazyFrame":
        raise _unknown(values, name, "call .collect()")
    if kind == "Series":
        return Labeled(_column(values, name), (None,), dtype=_floating(_numpy_dtype(values)))
    if kind != "DataFrame":
        raise _unknown(values, name, "pass a DataFrame or a Series")
    return _of_columns(values.get_columns(), values.columns, values.height, name)


def _of_arrow(values: Any, name: str) -> Labeled:
    if hasattr(values, "column_names"):
        return _of_columns(values.columns, values.column_names, values.num_rows, name)
    if not hasattr(values, "drop_null"):
        raise _unknown(values, name, "pass a Table or an Array")
    return Labeled(_column(values, name), (None,), dtype=_floating(_numpy_dtype(values)))


def _of_xarray(values: Any, name: str) -> Labeled:
    if hasattr(values, "data_vars"):
        return _of_dataset(values, name)
    if not hasattr(values, "indexes"):
        raise _unknown(values, name, "pass a DataArray")
    labels, axes = read_labels(values, name)
    numbers = plain_float64(values.values, name)
    return Labeled(numbers, labels, axes, dtype=_floating(values.dtype))


def _of_dataset(values: Any, name: str) -> Labeled:
    """A table whose columns are the variables along one axis."""
    names = list(values.data_vars)
    axes = {values[column].dims for column in names}
    if len(axes) != 1 or len(axis := axes.pop()) != 1:
        raise _unknown(values, name, "call .to_dataarray() and put the axis of points first")
    columns = [values[column].values for column in names]
    table = _of_columns(columns, names, len(columns[0]), name)
    rows = _index_labels(values.indexes[axis[0]]) if axis[0] in values.indexes else None
    return table._replace(labels=(rows, names))


def _of_records(values: npt.NDArray[Any], name: str) -> Labeled:
    if values.ndim != 1:
        raise InvalidInputError(
            f"{name} must hold one record for each point, got records of shape {values.shape}; to "
            "fix it, give one axis of records"
        )
    names = list(values.dtype.names or ())
    return _of_columns([values[column] for column in names], names, len(values), name)


def _of_named_tuples(rows: Sequence[Any], name: str) -> Labeled:
    fields = _fields_of(rows, name)
    return Labeled(plain_float64([tuple(row) for row in rows], name), (None, fields))


def _fields_of(rows: Sequence[Any], name: str) -> list[str]:
    fields = rows[0]._fields
    if any(getattr(row, "_fields", None) != fields for row in rows):
        raise InvalidInputError(
            f"{name} must hold rows with the same names, got others than {', '.join(fields)} in "
            "some; to fix it, make one table of them"
        )
    return list(fields)


_READERS: dict[str, Callable[[Any, str], Labeled | None]] = {
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_arrow,
    "xarray": _of_xarray,
}


# ---------------------------------------------------------------- columns


def _of_columns(columns: Sequence[Any], labels: Labels, rows: int, name: str) -> Labeled:
    names = [] if labels is None else labels
    dtypes = {str(_numpy_dtype(column)) for column in columns}
    numbers = np.empty((rows, len(columns)))
    for k, column in enumerate(columns):
        numbers[:, k] = _column(column, f"the column {names[k]!r} of {name}")
    floating = {dtype for dtype in dtypes if dtype.startswith("float") and dtype[5:].isdigit()}
    common = np.result_type(*floating) if floating and floating == dtypes else np.float64
    return Labeled(numbers, (None, names), dtype=np.dtype(common))


def _column(column: Any, name: str) -> FloatArray:
    """One column as float64, NaN where a value is missing."""
    if isinstance(column, np.ndarray):
        missing, present = None, column
    elif hasattr(column, "drop_nulls"):  # polars
        missing, present = column.is_null().to_numpy(), column.drop_nulls()
        wide = "128" in str(column.dtype)  # integers that NumPy does not have
        present = present.to_list() if wide else present.to_numpy()
    elif hasattr(column, "drop_null"):  # Arrow
        missing = np.asarray(column.is_null())
        present = np.asarray(column.drop_null())
    elif _is_numeric(column.dtype):
        missing, present = None, np.asarray(column)
    else:  # pandas, with dtypes that NumPy does not have
        missing = np.asarray(column.isna())
        present = np.asarray(column[~missing])
    present = plain_float64(present, name)
    if present.ndim != 1:
        raise InvalidInputError(
            f"{name} must hold one number in each row, got shape {present.shape[1:]}; to fix it, "
            "give each of them a column"
        )
    if missing is None or not missing.any():
        return present
    numbers = np.full(len(missing), np.nan)
    numbers[~missing] = present
    return numbers


def _is_numeric(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "fiub"


def _numpy_dtype(column: Any) -> Any:
    """The dtype of a column by NumPy's name, or by its library's."""
    if hasattr(column, "dtype"):
        return str(column.dtype).lower()
    return {"float": "float32", "double": "float64"}.get(str(column.type), str(column.type))


def _floating(dtype: Any) -> np.dtype[Any]:
    """`dtype` if it is a floating one of NumPy, else float64."""
    try:
        known = np.dtype(str(dtype).lower())
    except (TypeError, ValueError):
        return np.dtype(np.float64)
    return known if known.kind == "f" else np.dtype(np.float64)


def _named(labels: list[Any]) -> list[Any]:
    """Labels as Python's own objects, with `MISSING` for all that are missing."""
    return [MISSING if _is_missing(label) else _hashable(label) for label in labels]


def _hashable(label: Any) -> Any:
    if isinstance(label, np.generic):
        return label.item()
    if isinstance(label, dict):  # a record of polars
        return tuple(sorted((key, _hashable(entry)) for key, entry in label.items()))
    return tuple(map(_hashable, label)) if isinstance(label, list) else label


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas.NA has no truth value
        return True
    except ValueError:  # an array
        return False
