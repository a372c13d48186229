"""Labels on both sides are matched by name, never by the order in which they happen to stand.

Where one side has no labels, positions count. Labels that a library made up by counting (0, 1, ...
of pandas, column_0 of polars, f0 of NumPy) are no names, unless the other side has the same ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.conversion import EXACT, FloatArray
from otgan.errors import InvalidInputError
from otgan.tables import MISSING, Labelled, Labels, is_plain, read_masses, read_table

__all__ = [
    "align_clouds",
    "align_histograms",
    "align_measures",
    "align_moments",
    "align_points",
    "align_to_costs",
    "align_weights",
    "align_weights_of_costs",
    "order_like",
]

SHOWN = 5
"""So many labels are named in an error, at most."""

ROUNDED = 1e-12
"""Numbers that differ by less, relative to themselves, are the same one, rounded differently."""

Indices = npt.NDArray[np.intp]


def align_points(x: Any, y: Any, names: tuple[str, str] = ("x", "y")) -> tuple[Any, Any]:
    """Both samples without labels, the columns of `y` in the order of those of `x`.

    Parameters
    ----------
    x, y : object
        What has no labels is handed back as it is.
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
    """The same with weights, which follow the labels of their points.

    A point that labelled weights do not mention has no mass.
    """
    if is_plain(x) and is_plain(y) and is_plain(a) and is_plain(b):
        return x, y, a, b
    points = _points_of(x, "x"), _points_of(y, "y")
    a = _weights_for(a, points[0], 0, "the weights of x", "x")
    b = _weights_for(b, points[1], 0, "the weights of y", "y")
    x, y = _clouds_of((x, y), points, ("x", "y"))
    return x, y, a, b


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
            if wanted is None or given is None or _only_counted(wanted, given):
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


def align_histograms(p: Any, q: Any, axis: Any) -> tuple[Any, Any]:
    """Two arrays of masses without labels, bin beside bin.

    Along `axis`, counted in the broadcast shape, a bin that one side lacks has no mass there;
    along the other axes both sides must have the same labels.
    """
    if is_plain(p) and is_plain(q):
        return p, q
    table_p, table_q = read_masses(p, "p"), read_masses(q, "q")
    if table_p is not None and table_q is not None:
        values_p, values_q = _bins_of(*_along_one_order(table_p, table_q), axis)
        return values_p.astype(table_p.dtype), values_q.astype(table_q.dtype)
    if table_p is not None:
        _refuse_counted(table_p, "p", "q")
        return table_p.values.astype(table_p.dtype), q
    if table_q is not None:
        _refuse_counted(table_q, "q", "p")
        return p, table_q.values.astype(table_q.dtype)
    return p, q


# ---------------------------------------------------------------- points and weights


def _points_of(values: Any, name: str) -> Labelled | None:
    table = read_table(values, name)
    if table is not None and table.counted:
        raise InvalidInputError(
            f"{name} must be points, got masses by value, as value_counts() gives them; to fix it, "
            "pass the values as points and the masses as weights, e.g. wasserstein(p.index, "
            "q.index, p, q), or .to_numpy() if these numbers are the points"
        )
    return table


def _clouds_of(
    clouds: Sequence[Any], tables: Sequence[Labelled | None], names: Sequence[str]
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


def _has_columns(table: Labelled | None) -> bool:
    """Whether something is known of the order of the columns, or of that of the axes."""
    if table is None or len(table.labels) < 2:
        return False
    return bool(table.axes) or any(labels is not None for labels in table.labels[1:])


def _like(x: Labelled, y: Labelled, names: tuple[str, str]) -> FloatArray:
    """The values of `y` with all axes but the first in the order of those of `x`."""
    x, y = _along_one_order(x, y)
    values = y.values
    if x.values.ndim == y.values.ndim:
        for axis in range(1, values.ndim):
            wanted, given = x.labels[axis], y.labels[axis]
            order = order_like(wanted, given, names, "columns")
            if order is not None:
                values = values.take(order, axis)
    return values


def _along_one_order(x: Labelled, y: Labelled) -> tuple[Labelled, Labelled]:
    """`y` with its axes in the order of those of `x`, where both have names for them."""
    if x.axes == y.axes or not (x.axes and y.axes):
        return x, y
    if sorted(x.axes) == sorted(y.axes):
        order = [y.axes.index(axis) for axis in x.axes]
        labels = tuple(y.labels[k] for k in order)
        return x, y._replace(values=y.values.transpose(order), labels=labels, axes=x.axes)
    # Counted from the end, as arrays are broadcast; the first may be called after its sample.
    swapped = [
        axis for axis in set(x.axes) & set(y.axes) if _from_end(x, axis) != _from_end(y, axis)
    ]
    if swapped:
        raise InvalidInputError(
            f"both arrays must have the same axes in one order, got {x.axes} and {y.axes}; to fix "
            "it, transpose one of them, or pass .values if their order alone counts"
        )
    return x, y


def _from_end(table: Labelled, axis: str) -> int:
    return len(table.axes) - table.axes.index(axis)


def _weights_for(weights: Any, points: Labelled | None, axis: int, name: str, of: str) -> Any:
    """Weights without labels, in the order of the labels of an axis."""
    table = read_masses(weights, name)
    if table is None:
        return weights
    labels = points.labels[axis] if points is not None and axis < len(points.labels) else None
    given = table.labels[0] if table.values.ndim == 1 else None
    if labels is None or given is None:
        _refuse_counted(table, name, of)
        return table.values
    if _identical(labels, given):
        return table.values
    if not table.counted and _only_counted(labels, given):
        return table.values
    _refuse_twice(labels, of, "labels")
    _refuse_twice(given, name, "labels")
    _refuse_other_kind(labels, given, (of, name))
    place = {label: k for k, label in enumerate(labels)}
    at = np.array([place.get(label, -1) for label in given], np.intp)
    if at.size and at.min() < 0:
        strange = [given[int(k)] for k in np.flatnonzero(at < 0)]
        raise InvalidInputError(
            f"{name} must have the labels of {of}, got also {_shown(strange)}; to fix it, drop "
            "them, or pass the weights without labels if positions count"
        )
    masses = np.zeros(len(labels))
    masses[at] = table.values
    return masses


def _refuse_counted(table: Labelled, name: str, other: str) -> None:
    """Raise on counts by value, in the order of a table of frequencies, beside positions."""
    labels = table.labels[0]
    if table.counted and labels is not None and not _in_order(labels):
        raise InvalidInputError(
            f"{name} must not be masses by value in no order beside {other} without labels, got "
            f"the labels {_shown(labels)}; to fix it, give {other} the same kind of labels, or "
            "sort by the labels and pass the masses alone"
        )


def _in_order(labels: Sequence[Any]) -> bool:
    try:
        return all(labels[k] <= labels[k + 1] for k in range(len(labels) - 1))
    except TypeError:
        return False


# ---------------------------------------------------------------- histograms


def _bins_of(p: Labelled, q: Labelled, axis: Any) -> tuple[FloatArray, FloatArray]:
    """Both histograms with every axis that both have labels for in one order."""
    values_p, values_q = p.values, q.values
    most = max(values_p.ndim, values_q.ndim)
    along = axis % most - most if isinstance(axis, (int, np.integer)) and most else None
    for k in range(1, min(values_p.ndim, values_q.ndim) + 1):
        labels_p, labels_q = p.labels[-k], q.labels[-k]
        if labels_p is None or labels_q is None:
            _refuse_counted(*((p, "p", "q") if labels_q is None else (q, "q", "p")))
            continue
        if _identical(labels_p, labels_q):
            continue
        if not (p.counted or q.counted) and _only_counted(labels_p, labels_q):
            continue
        if -k == along:
            at_p, at_q, size = _united(labels_p, labels_q)
            values_p, values_q = (
                _spread(values, at, size, -k) for values, at in ((values_p, at_p), (values_q, at_q))
            )
        elif len(labels_p) > 1 and len(labels_q) > 1:
            order = order_like(labels_p, labels_q, ("p", "q"), "histograms")
            if order is not None:
                values_q = values_q.take(order, -k)
    return values_p, values_q


def _united(p: Sequence[Any], q: Sequence[Any]) -> tuple[list[int], list[int], int]:
    """Where the bins of both stand among all of them, and how many those are."""
    _refuse_twice(p, "p", "labels")
    _refuse_twice(q, "q", "labels")
    _refuse_other_kind(p, q, ("p", "q"))
    place = {label: k for k, label in enumerate(dict.fromkeys([*p, *q]))}
    if not len(p) == len(q) == len(place):
        numbers = _numbers_among(p), _numbers_among(q)
        if len(numbers[0]) and len(numbers[1]):
            _refuse_rounded_labels(*numbers)
            _refuse_other_grid(*numbers)
        _refuse_overlaps(place)
    return [place[label] for label in p], [place[label] for label in q], len(place)


def _spread(values: FloatArray, at: list[int], size: int, axis: int) -> FloatArray:
    moved = np.moveaxis(values, axis, -1)
    wide = np.zeros((*moved.shape[:-1], size))
    wide[..., at] = moved
    return np.moveaxis(wide, -1, axis)


def _numbers_among(labels: Sequence[Any]) -> FloatArray:
    """The labels that are numbers which float64 holds, sorted."""
    numbers = (float(label) for label in labels if isinstance(label, Real))
    return np.array(sorted(number for number in numbers if abs(number) < EXACT))


def _refuse_rounded_labels(ours: FloatArray, theirs: FloatArray) -> None:
    """Raise on numbers that differ between both sides in their last digits alone."""
    right = np.searchsorted(theirs, ours).clip(1, max(len(theirs) - 1, 1))
    for near in (theirs[right - 1], theirs[np.minimum(right, len(theirs) - 1)]):
        gap = np.abs(near - ours)
        single = (near.astype(np.float32) == ours) | (ours.astype(np.float32) == near)
        fractions = (near % 1 != 0) | (ours % 1 != 0)
        alike = (gap > 0) & fractions & (single | (gap <= ROUNDED * np.abs(ours)))
        if alike.any():
            k = int(np.flatnonzero(alike)[0])
            raise InvalidInputError(
                "the labels of p and q must be equal where they mean the same, got "
                f"{float(ours[k])!r} and {float(near[k])!r}, which differ by rounding; to fix it, "
                "round the values of both before they are counted"
            )


def _refuse_other_grid(ours: FloatArray, theirs: FloatArray) -> None:
    """Raise on fractions among each other without one in common, as of bins that were shifted."""
    low, high = max(ours[0], theirs[0]), min(ours[-1], theirs[-1])
    among = [((low <= side) & (side <= high)).any() for side in (ours, theirs)]
    whole = (ours % 1 == 0).all() and (theirs % 1 == 0).all()
    if all(among) and not whole and not np.isin(ours, theirs).any():
        raise InvalidInputError(
            "p and q must be counted at values that both can show, got fractions without one in "
            f"common, such as {float(ours[0])!r} and {float(theirs[0])!r}; to fix it, cut both "
            "samples at the same edges, or compare them by js_from_samples"
        )


def _refuse_overlaps(labels: Any) -> None:
    """Raise on bins that overlap without being the same."""
    bins = [label for label in labels if hasattr(label, "left") and hasattr(label, "right")]
    bins.sort(key=lambda one: (one.left, one.right))
    for one, other in pairwise(bins):
        if other.left < one.right:
            raise InvalidInputError(
                f"p and q must be counted in the same bins, got {one} and {other}, which overlap; "
                "to fix it, cut both samples at the same edges (bins=[...])"
            )


# ---------------------------------------------------------------- matching


def order_like(wanted: Labels, given: Labels, names: tuple[str, str], thing: str) -> Indices | None:
    """Where the `wanted` labels stand among those `given`; None where positions count."""
    if wanted is None or given is None:
        return None
    if not _identical(wanted, given) and not _are_names(wanted, given):
        return None
    _refuse_twice(wanted, names[0], thing)
    _refuse_twice(given, names[1], thing)
    if _identical(wanted, given):
        return None
    if set(wanted) != set(given) and set(map(str, wanted)) == set(map(str, given)):
        wanted, given = list(map(str, wanted)), list(map(str, given))  # numbers, read as text
    place, asked = {label: k for k, label in enumerate(given)}, set(wanted)
    lacking = [label for label in wanted if label not in place]
    strange = [label for label in given if label not in asked]
    if lacking or strange or len(wanted) != len(given):
        only = [
            f"{_shown(labels)} only in {name}"
            for labels, name in ((lacking, names[0]), (strange, names[1]))
            if labels
        ]
        raise InvalidInputError(
            f"{names[0]} and {names[1]} must have {thing} of the same names, got "
            f"{' and '.join(only)}; to fix it, select and rename them alike, or pass plain arrays "
            "if positions count"
        )
    return np.array([place[label] for label in wanted], np.intp)


def _identical(one: Sequence[Any], other: Sequence[Any]) -> bool:
    if isinstance(one, range) and isinstance(other, range):
        return one == other
    return len(one) == len(other) and list(one) == list(other)


def _only_counted(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether a side was numbered by its library, and is no other order of the other side."""
    return (isinstance(one, range) or isinstance(other, range)) and set(one) != set(other)


def _are_names(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether labels that differ are to be matched, rather than read by position.

    They are not where those of one side were made up by counting, and those of the other side
    are of another kind.
    """
    if one == range(len(one)) and other == range(len(other)):
        return False
    if len(one) == len(other) and set(map(str, one)) == set(map(str, other)):
        return True
    return not any(
        (pattern := _counting(labels)) and not all(re.fullmatch(pattern, str(v)) for v in others)
        for labels, others in ((one, other), (other, one))
    )


def _counting(labels: Sequence[Any]) -> str:
    """How labels look that a library makes up by counting, if these are; else nothing."""
    for stem, pattern in (("", r"-?\d+"), ("column_", r"column_\d+"), ("f", r"f\d+")):
        if all(str(label) == f"{stem}{k}" for k, label in enumerate(labels)):
            return pattern
    return ""


def _refuse_twice(labels: Sequence[Any], name: str, thing: str) -> None:
    if isinstance(labels, range) or len(set(labels)) == len(labels):
        return
    twice = [label for label, count in Counter(labels).items() if count > 1]
    raise InvalidInputError(
        f"{name} must have {thing} of different names, got {_shown(twice)} more than once; to fix "
        "it, rename them, or pass a plain array if positions count"
    )


def _refuse_other_kind(one: Sequence[Any], other: Sequence[Any], names: tuple[str, str]) -> None:
    """Raise where no label of one side could ever equal one of the other."""
    examples = ({type(v): v for v in labels if v is not MISSING} for labels in (one, other))
    kinds = [set(map(_kind, example.values())) for example in examples]
    if all(kinds) and kinds[0].isdisjoint(kinds[1]):
        raise InvalidInputError(
            f"the labels of {names[0]} and {names[1]} must be of one kind, got "
            f"{', '.join(sorted(kinds[0]))} and {', '.join(sorted(kinds[1]))}; to fix it, convert "
            "one of them before counting"
        )


def _kind(label: Any) -> str:
    if isinstance(label, (Real, np.bool_)):
        return "numbers"
    if getattr(label, "tzinfo", None) is not None:
        return f"{type(label).__name__} in a time zone"
    return "text" if isinstance(label, str) else type(label).__name__


def _shown(labels: Sequence[Any]) -> str:
    listed = ", ".join(repr(label) for label in labels[:SHOWN])
    return f"{listed}, ..." if len(labels) > SHOWN else listed
