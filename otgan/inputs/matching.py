"""When two axes have the same labels, in whatever order, and when they are told apart by position.

Labels that a library made up by counting (0, 1, ... of pandas, column_0 of polars, f0 of NumPy) are
no names, unless the other side has the same ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.inputs.tables import MISSING, Labeled, Labels

__all__ = [
    "along_one_order",
    "identical",
    "only_counted",
    "order_like",
    "refuse_counted",
    "refuse_other_kind",
    "refuse_twice",
    "shown",
]

SHOWN = 5
"""So many labels are named in an error, at most."""

NUMBERS = r"-?\d+"
"""How labels look that are whole numbers."""

Indices = npt.NDArray[np.intp]


def order_like(wanted: Labels, given: Labels, names: tuple[str, str], thing: str) -> Indices | None:
    """Where the `wanted` labels stand among those `given`; None where positions count."""
    if wanted is None or given is None:
        return None
    if not identical(wanted, given) and not _are_names(wanted, given):
        return None
    refuse_twice(wanted, names[0], thing)
    refuse_twice(given, names[1], thing)
    if identical(wanted, given):
        return None
    if set(wanted) != set(given) and set(map(str, wanted)) == set(map(str, given)):
        wanted, given = list(map(str, wanted)), list(map(str, given))  # numbers, read as text
    place, asked = {label: k for k, label in enumerate(given)}, set(wanted)
    lacking = [label for label in wanted if label not in place]
    strange = [label for label in given if label not in asked]
    if lacking or strange or len(wanted) != len(given):
        only = [
            f"{shown(labels)} only in {name}"
            for labels, name in ((lacking, names[0]), (strange, names[1]))
            if labels
        ]
        raise InvalidInputError(
            f"{names[0]} and {names[1]} must have {thing} of the same names, got "
            f"{' and '.join(only)}; to fix it, select and rename them alike, or pass plain arrays "
            "if positions count"
        )
    return np.array([place[label] for label in wanted], np.intp)


def identical(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether both have the same labels in the same order."""
    if isinstance(one, range) and isinstance(other, range):
        return one == other
    return len(one) == len(other) and list(one) == list(other)


def only_counted(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether a side was numbered by its library, and is no other order of the other side."""
    return _is_made_up(one, other) or _is_made_up(other, one)


def _is_made_up(labels: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether these labels only count from zero, as the others do not.

    A range that starts elsewhere was given, or is what a slice left of other labels.
    """
    pattern = _counting(labels)
    if not isinstance(labels, range):
        # Whole numbers in a list were given: they are classes, years, ...
        listed = pattern in ("", NUMBERS)
        return not listed and not all(re.fullmatch(pattern, str(v)) for v in others)
    names, theirs = list(map(str, labels)), list(map(str, others))
    reordered = set(labels) == set(others) or (names != theirs and set(names) == set(theirs))
    return bool(pattern) and not reordered


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
    for stem, pattern in (("", NUMBERS), ("column_", r"column_\d+"), ("f", r"f\d+")):
        if all(str(label) == f"{stem}{k}" for k, label in enumerate(labels)):
            return pattern
    return ""


def refuse_twice(labels: Sequence[Any], name: str, thing: str) -> None:
    """Raise on labels that appear more than once."""
    if isinstance(labels, range) or len(set(labels)) == len(labels):
        return
    twice = [label for label, count in Counter(labels).items() if count > 1]
    raise InvalidInputError(
        f"{name} must have {thing} of different names, got {shown(twice)} more than once; to fix "
        "it, rename them, or pass a plain array if positions count"
    )


def refuse_other_kind(one: Sequence[Any], other: Sequence[Any], names: tuple[str, str]) -> None:
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


def shown(labels: Sequence[Any]) -> str:
    """The first of the labels, for an error message."""
    listed = ", ".join(repr(label) for label in labels[:SHOWN])
    return f"{listed}, ..." if len(labels) > SHOWN else listed


def along_one_order(x: Labeled, y: Labeled) -> tuple[Labeled, Labeled]:
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


def _from_end(table: Labeled, axis: str) -> int:
    return len(table.axes) - table.axes.index(axis)


def refuse_counted(table: Labeled, name: str, other: str) -> None:
    """Raise on counts by value, in the order of a table of frequencies, beside positions."""
    labels = table.labels[0]
    if table.counted and labels is not None and not _in_order(labels):
        raise InvalidInputError(
            f"{name} must not be masses by value in no order beside {other} without labels, got "
            f"the labels {shown(labels)}; to fix it, give {other} the same kind of labels, or "
            "sort by the labels and pass the masses alone"
        )


def _in_order(labels: Sequence[Any]) -> bool:
    try:
        return all(labels[k] <= labels[k + 1] for k in range(len(labels) - 1))
    except TypeError:
        return False
