"""Points and weights matched by the names of their columns and rows; by position without names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.inputs.matching import (
    along_one_order,
    identical,
    listed,
    only_counted,
    order_like,
    refuse_counted,
    refuse_other_kind,
    refuse_twice,
)
from otgan.inputs.tables import Labeled, Labels, is_plain, read_masses, read_table

__all__ = [
    "align_categories",
    "align_clouds",
    "align_graph",
    "align_measures",
    "align_moments",
    "align_points",
    "align_to_costs",
    "align_weights",
    "align_weights_of_costs",
]


def align_points(x: Any, y: Any, names: tuple[str, str] = ("x", "y")) -> tuple[Any, Any]:
    """Both samples without labels, the columns of `y` in the order of those of `x`.

    Parameters
    ----------
    x, y : object
        What has no labels is returned unchanged.
    names : tuple of str
        What they are called in errors.

    Raises
    ------
    InvalidInputError
        Columns whose names differ, appear twice, or do not hold numbers.

    Examples
    --------
    >>> u, v = np.array([(1, 2.5)], "i8, f8"), np.array([(0.5, 3)], "f8, i8")
    >>> u.dtype.names, v.dtype.names = ("age", "size"), ("size", "age")
    >>> align_points(u, v)
    (array([[1. , 2.5]]), array([[3. , 0.5]]))
    """
    x, y = align_clouds([x, y], list(names))
    return x, y


def align_clouds(clouds: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Samples without labels, their columns in the order of the first that has names for them."""
    if all(map(is_plain, clouds)):
        return list(clouds)
    tables = [_points_of(cloud, name) for cloud, name in zip(clouds, names, strict=True)]
    return _clouds_of(clouds, tables, names)


def align_measures(x: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """Both samples and their weights without labels, all in matching order.

    A point that labeled weights do not mention has no mass.
    """
    if is_plain(x) and is_plain(y) and is_plain(a) and is_plain(b):
        return x, y, a, b
    points = _points_of(x, "x"), _points_of(y, "y")
    a = _weights_for(a, points[0], 0, "the weights of x", "x")
    b = _weights_for(b, points[1], 0, "the weights of y", "y")
    x, y = _clouds_of((x, y), points, ("x", "y"))
    return x, y, a, b


def align_categories(x: Labeled, y: Labeled) -> npt.NDArray[Any]:
    """The values of `y`, a table of categories, with its columns in the order of those of `x`."""
    return _like(x, y, ("x", "y"))


def align_weights(points: Any, weights: Any, name: str) -> Any:
    """Weights of one cloud without labels, in the order of its points."""
    if is_plain(weights):
        return weights
    return _weights_for(weights, _points_of(points, name), 0, f"the weights of {name}", name)


def align_weights_of_costs(C: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """A matrix without labels, and weights in the order of its rows and of its columns."""
    if is_plain(C) and is_plain(a) and is_plain(b):
        return C, a, b
    table = None if hasattr(C, "tocsr") else read_table(C, "C")
    a = _weights_for(a, table, 0, "a", "the rows of C")
    b = _weights_for(b, table, 1, "b", "the columns of C")
    return (C if table is None else table.values), a, b


def align_graph(lengths: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Lengths between nodes, and masses on these, without labels, in the order of the rows."""
    if is_plain(lengths) and is_plain(a) and is_plain(b):
        return lengths, a, b
    table = None if hasattr(lengths, "tocsr") else read_table(lengths, "lengths")
    a, b = (
        _weights_for(w, table, 0, name, "the rows of lengths") for w, name in ((a, "a"), (b, "b"))
    )
    if table is None:
        return lengths, a, b
    if table.values.ndim == 2:
        rows, columns = table.labels
        names = "the rows of lengths", "the columns of lengths"
        order = order_like(rows, columns, names, "nodes")
        if order is not None:
            return table.values[:, order], a, b
    return table.values, a, b


def align_to_costs(C: Any, values: Any, name: str, axes: tuple[int, ...]) -> Any:
    """`values` without labels, their axes in the order of these axes of a matrix with labels."""
    if is_plain(values) or is_plain(C) or hasattr(values, "tocsr"):
        return values
    table, of = read_table(values, name), None if hasattr(C, "tocsr") else read_table(C, "C")
    if table is None:
        return values
    numbers = table.values
    if of is not None and len(axes) == numbers.ndim:
        for own, axis in enumerate(axes):
            wanted, given = of.labels[axis], table.labels[own]
            if wanted is None or given is None or only_counted(wanted, given):
                continue
            order = order_like(wanted, given, ("C", name), "labels")
            if order is not None:
                numbers = numbers.take(order, own)
    return numbers


def align_moments(mean: Any, covariance: Any) -> tuple[Labels, Any, Any]:
    """Names of coordinates, and a mean and a covariance in their order, without labels."""
    if is_plain(mean) and is_plain(covariance):
        return None, mean, covariance
    of_mean, of_both = read_table(mean, "mean"), read_table(covariance, "covariance")
    names: Labels = None
    if of_both is not None and of_both.values.ndim == 2:
        names, columns = of_both.labels
        order = order_like(names, columns, ("the rows", "the columns"), "coordinates")
        covariance = of_both.values if order is None else of_both.values[:, order]
    if of_mean is not None:
        own = of_mean.labels[0] if of_mean.values.ndim == 1 else None
        order = order_like(names, own, ("covariance", "mean"), "coordinates")
        mean = of_mean.values if order is None else of_mean.values[order]
        names = own if names is None else names
    return names, mean, covariance


# ---------------------------------------------------------------- points and weights


def _points_of(values: Any, name: str) -> Labeled | None:
    table = read_table(values, name)
    if table is not None and table.counted:
        raise InvalidInputError(
            f"{name} must be points, got masses by value, as value_counts() gives them; to fix it, "
            "pass the values as points and the masses as weights, e.g. wasserstein(p.index, "
            "q.index, p, q), or .to_numpy() if these numbers are the points"
        )
    return table


def _clouds_of(
    clouds: Sequence[Any], tables: Sequence[Labeled | None], names: Sequence[str]
) -> list[Any]:
    first = next((k for k, table in enumerate(tables) if _has_columns(table)), None)
    aligned = []
    for k, (cloud, table) in enumerate(zip(clouds, tables, strict=True)):
        if table is None:
            aligned.append(cloud)
        elif first is None or k == first or not _has_columns(table):
            aligned.append(table.values.astype(table.dtype))
        else:
            one = tables[first]
            assert one is not None
            values = _like(one, table, (names[first], names[k]))
            aligned.append(values.astype(table.dtype))
    return aligned


def _has_columns(table: Labeled | None) -> bool:
    """Whether the columns or the axes have names."""
    if table is None or len(table.labels) < 2:
        return False
    return bool(table.axes) or any(labels is not None for labels in table.labels[1:])


def _like(x: Labeled, y: Labeled, names: tuple[str, str]) -> npt.NDArray[Any]:
    """The values of `y` with all axes but the first in the order of those of `x`."""
    x, y = along_one_order(x, y)
    values = y.values
    if x.values.ndim == y.values.ndim:
        for axis in range(1, values.ndim):
            wanted, given = x.labels[axis], y.labels[axis]
            order = order_like(wanted, given, names, "columns")
            if order is not None:
                values = values.take(order, axis)
    return values


def _weights_for(weights: Any, points: Labeled | None, axis: int, name: str, of: str) -> Any:
    """Weights without labels, in the order of the labels of an axis."""
    table = read_masses(weights, name)
    if table is None:
        return weights
    labels = points.labels[axis] if points is not None and axis < len(points.labels) else None
    given = table.labels[0] if table.values.ndim == 1 else None
    if labels is None or given is None:
        refuse_counted(table, name, of)
        return table.values
    if identical(labels, given):
        return table.values
    if not table.counted and only_counted(labels, given):
        return table.values
    refuse_twice(labels, of, "labels")
    refuse_twice(given, name, "labels")
    refuse_other_kind(labels, given, (of, name))
    position = {label: k for k, label in enumerate(labels)}
    at = np.array([position.get(label, -1) for label in given], np.intp)
    if at.size and at.min() < 0:
        extra = [given[int(k)] for k in np.flatnonzero(at < 0)]
        raise InvalidInputError(
            f"{name} must have the labels of {of}, got also {listed(extra)}; to fix it, drop "
            "them, or pass the weights without labels if positions count"
        )
    masses = np.zeros(len(labels))
    masses[at] = table.values
    return masses
