"""Tables made of columns: of structured arrays, Parquet and Feather files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from otgan.datasets.files.headers import index_columns, select_columns
from otgan.datasets.files.read_options import ReadOptions, Table
from otgan.errors import InvalidInputError
from otgan.measures import as_float64, as_points

__all__ = ["choose_columns", "joined_labels", "table_of_columns"]

HEAD = 1000


def table_of_columns(
    names: list[str],
    columns: Sequence[Any],
    options: ReadOptions,
    where: str,
    labels_of: Callable[[int], Sequence[object]] | None = None,
) -> Table:
    """The points whose coordinates are these columns; `names` is empty if they have none.

    `labels_of` gives a column that labels the rows, where it may be no array of numbers.
    """

    def cells_of(column: int) -> list[str]:
        head = np.asarray(columns[column][:HEAD])
        return [str(value) for value in head] if head.dtype.kind in "iuU" else ["0.5", "0.5"]

    kept, notes = select_columns(names, len(columns), cells_of, options, where)
    coordinates = []
    for i in kept:
        label = f"column {names[i]!r} of {where}" if names else f"column {i} of {where}"
        column = as_float64(columns[i], label)
        if column.ndim != 1:
            raise InvalidInputError(
                f"{label} must hold one number a row, got shape {column.shape}; to fix it, save "
                "each coordinate as a column"
            )
        coordinates.append(column)
    points = as_points(np.stack(coordinates, axis=1), where)
    chosen = tuple(names[i] for i in kept) if names else ()
    labels = index_columns(names, kept, cells_of, options)
    labels_of = labels_of or (lambda i: np.asarray(columns[i]).tolist())
    index = joined_labels([labels_of(i) for i in labels])
    return Table(points, chosen, tuple(notes), points.shape, index)


def joined_labels(levels: Sequence[Sequence[object]]) -> tuple[str, ...] | None:
    """The labels of rows, from those of each level of an index; None without a level.

    Examples
    --------
    >>> joined_labels([["a", "b"], [1, 2]])
    ('a,1', 'b,2')
    """
    if not levels:
        return None
    return tuple(",".join(map(str, labels)) for labels in zip(*levels, strict=True))


def choose_columns(table: Table, options: ReadOptions, where: str) -> Table:
    """A table without names, with the chosen columns."""
    if options.columns is None:
        return table
    kept, _ = select_columns([], table.points.shape[1], lambda _: [], options, where)
    points = np.ascontiguousarray(table.points[:, kept])
    return replace(table, points=points, shape=points.shape, image_shape=None)
