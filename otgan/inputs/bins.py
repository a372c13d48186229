"""The bins of two histograms, matched by their labels instead of their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError
from otgan.inputs.conversion import EXACT, FloatArray
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
from otgan.inputs.tables import MISSING, Labeled, is_plain, read_masses

__all__ = ["align_histograms"]

ROUNDED = 1e-12
"""Labels that differ relatively by less are the same number, rounded differently."""


def align_histograms(p: Any, q: Any, axis: Any) -> tuple[Any, Any]:
    """Two arrays of masses without labels, bin beside bin.

    Along `axis`, counted in the broadcast shape, a bin that one side does not have has no mass
    there; along the other axes both sides must have the same labels.
    """
    for masses, name in ((p, "p"), (q, "q")):
        _refuse_pair(masses, name)
    if is_plain(p) and is_plain(q):
        return p, q
    table_p, table_q = read_masses(p, "p"), read_masses(q, "q")
    if table_p is not None and table_q is not None:
        values_p, values_q = _bins_of(*along_one_order(table_p, table_q), axis)
        return values_p.astype(table_p.dtype), values_q.astype(table_q.dtype)
    if table_p is not None:
        refuse_counted(table_p, "p", "q")
        return table_p.values.astype(table_p.dtype), q
    if table_q is not None:
        refuse_counted(table_q, "q", "p")
        return p, table_q.values.astype(table_q.dtype)
    return p, q


def _refuse_pair(masses: Any, name: str) -> None:
    """Raise on the two arrays that numpy.unique and numpy.histogram return."""
    if type(masses) is not tuple or len(masses) != 2:
        return
    first, second = masses
    if not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray)):
        return
    if first.shape[0:1] != second.shape[0:1]:
        raise InvalidInputError(
            f"{name} must be one array of masses, got two of shapes {first.shape} and "
            f"{second.shape}, as numpy.histogram returns; to fix it, pass the first, with the same "
            "edges for both histograms"
        )
    if second.dtype.kind in "iu" and first.ndim == 1 and (first[1:] > first[:-1]).all():
        raise InvalidInputError(
            f"{name} must be one array of masses, got a pair of values and counts, as "
            "numpy.unique returns; to fix it, pass dict(zip(*pair)), which names what is counted"
        )


def _bins_of(p: Labeled, q: Labeled, axis: Any) -> tuple[FloatArray, FloatArray]:
    """Both histograms with every axis that both have labels for in one order."""
    values_p, values_q = p.values, q.values
    most = max(values_p.ndim, values_q.ndim)
    along = axis % most - most if isinstance(axis, (int, np.integer)) and most else None
    for k in range(1, min(values_p.ndim, values_q.ndim) + 1):
        labels_p, labels_q = p.labels[-k], q.labels[-k]
        if labels_p is None or labels_q is None:
            refuse_counted(*((p, "p", "q") if labels_q is None else (q, "q", "p")))
            continue
        if identical(labels_p, labels_q):
            continue
        if -k == along:
            if not (p.counted or q.counted) and only_counted(labels_p, labels_q):
                _refuse_other_numbers(labels_p, labels_q)
                continue
            at_p, at_q, size = _united(labels_p, labels_q)
            values_p, values_q = (
                _spread(values, at, size, -k) for values, at in ((values_p, at_p), (values_q, at_q))
            )
        elif len(labels_p) > 1 and len(labels_q) > 1:
            order = order_like(labels_p, labels_q, ("p", "q"), "histograms")
            if order is not None:
                values_q = values_q.take(order, -k)
    return values_p, values_q


def _refuse_other_numbers(p: Sequence[Any], q: Sequence[Any]) -> None:
    """Raise on bins counted from zero beside other whole numbers, which is ambiguous."""
    numbered = [identical(labels, range(len(labels))) for labels in (p, q)]
    if not all(numbered) and all(map(_is_whole, [*p, *q])):
        raise InvalidInputError(
            f"p and q must have the same numbers as labels, got {listed(p)} in p and {listed(q)} "
            "in q, of which one may only count its rows; to fix it, give both their labels "
            "(p.set_axis(...)), or pass .to_numpy() if positions count"
        )


def _is_whole(label: Any) -> bool:
    return label is MISSING or (isinstance(label, Real) and label % 1 == 0)


def _united(p: Sequence[Any], q: Sequence[Any]) -> tuple[list[int], list[int], int]:
    """Positions of the bins of both among all bins, and the number of these."""
    refuse_twice(p, "p", "labels")
    refuse_twice(q, "q", "labels")
    refuse_other_kind(p, q, ("p", "q"))
    position = {label: k for k, label in enumerate(dict.fromkeys([*p, *q]))}
    if not len(p) == len(q) == len(position):
        numbers = _numbers_among(p), _numbers_among(q)
        if len(numbers[0]) and len(numbers[1]):
            _refuse_rounded_labels(*numbers)
            _refuse_other_grid(*numbers)
        _refuse_overlaps(position)
    return [position[label] for label in p], [position[label] for label in q], len(position)


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
    """Raise on interleaved fractions without a common one, as the labels of shifted bins."""
    low, high = max(ours[0], theirs[0]), min(ours[-1], theirs[-1])
    among = [((low <= side) & (side <= high)).any() for side in (ours, theirs)]
    whole = (ours % 1 == 0).all() and (theirs % 1 == 0).all()
    if all(among) and not whole and not np.isin(ours, theirs).any():
        raise InvalidInputError(
            "p and q must be counted at values that both can take, got fractions without one in "
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
