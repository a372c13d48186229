"""Two arrays of masses on the cells of one grid, whose labels must say the same places."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.errors import InvalidInputError
from otgan.inputs.matching import (
    along_one_order,
    identical,
    listed,
    only_counted,
    refuse_counted,
)
from otgan.inputs.tables import Labels, is_plain, read_table

__all__ = ["align_grids"]

ROUNDED = 1e-9
"""Coordinates that differ relatively by less are the same, rounded differently."""


def align_grids(a: Any, b: Any) -> tuple[Any, Any]:
    """Both arrays without labels, the axes of `b` in the order of those of `a`.

    Cells are never moved along an axis, where their order says which are neighbors.

    Raises
    ------
    InvalidInputError
        Labels that differ along an axis, or counts by value on one side only.
    """
    if is_plain(a) and is_plain(b):
        return a, b
    of_a, of_b = read_table(a, "a"), read_table(b, "b")
    if of_a is None or of_b is None:
        for table, name, other in ((of_a, "a", "b"), (of_b, "b", "a")):
            if table is not None:
                refuse_counted(table, name, other)
        return a if of_a is None else of_a.values, b if of_b is None else of_b.values
    of_a, of_b = along_one_order(of_a, of_b)
    if of_a.values.ndim == of_b.values.ndim:
        for axis, (at_a, at_b) in enumerate(zip(of_a.labels, of_b.labels, strict=True)):
            _check_labels(at_a, at_b, axis)
    return of_a.values, of_b.values


def _check_labels(one: Labels, other: Labels, axis: int) -> None:
    if one is None or other is None or identical(one, other) or only_counted(one, other):
        return
    if len(one) != len(other):
        return  # shapes that differ are refused where they are compared
    try:
        if np.allclose(np.array(one, float), np.array(other, float), rtol=ROUNDED, atol=0):
            return
    except (TypeError, ValueError):
        pass
    raise InvalidInputError(
        f"a and b must have the same labels along axis {axis}, got {listed(one)} and "
        f"{listed(other)}; to fix it, bring both to the same cells in one order, as "
        "b.reindex_like(a) does, or pass .to_numpy() if positions count"
    )
