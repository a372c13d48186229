"""Whether the first line of a table names its columns, and whether the first column its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise, takewhile

from otgan.datasets.files.cells import (
    counts_up,
    is_name,
    is_number,
    is_whole,
    odd_number,
    preview,
)
from otgan.datasets.files.read_options import ReadOptions
from otgan.errors import InvalidInputError, nearest_name

__all__ = ["index_columns", "is_header", "select_columns"]

UNNAMED = re.compile(r"|Unnamed: \d+|__index_level_\d+__")
IDENTIFIERS = {"id", "ids", "idx", "index", "row", "rowid", "row_id", "rownames", "level_0"}
YEARS = range(1500, 2200)
ENOUGH = 10
"""The first line is judged by the cells below it if there are so many."""

Row = Sequence[str]


# ---------------------------------------------------------------- the first line


def is_header(first: Row, rows: Sequence[Row], options: ReadOptions, where: str) -> bool:
    """Whether `first` names the columns of `rows`, the rows below it.

    Raises
    ------
    InvalidInputError
        It could be either; the message names the option that decides.
    """
    cells = [cell.strip() for cell in first]
    if options.header is not None:
        return bool(options.header)
    wanted = {column for column in options.columns or () if isinstance(column, str)}
    if any(is_name(column) for column in wanted) and wanted <= set(cells):
        return True
    named, numbers = any(map(is_name, cells)), any(map(is_number, cells))
    odd = [cell for cell in cells if odd_number(cell) and is_name(cell)]
    if odd and (numbers or any(odd_number(cell) for row in rows for cell in row)):
        raise InvalidInputError(
            f"{where} must hold numbers only, got {odd[0][:40]!r} in its first line; to fix it, "
            f"{odd_number(odd[0])}, or pass header=True (--header) if it names a column"
        )
    if named and not numbers:
        return True
    if named:
        reason: str | None = "it holds names and numbers"
    elif all(map(is_number, cells)):
        reason = _like_names(cells, rows)
    elif numbers and not cells[0] and all(map(is_number, cells[1:])):
        if _index_below(rows):
            return True  # the columns 0, 1, ... of a table with an index
        reason = "its first cell is blank"
    else:
        reason = "it may be a missing value" if len(cells) == 1 and cells[0].isalpha() else None
    if reason is None:
        return False
    raise InvalidInputError(
        f"the first line of {where} must be a point or the names of columns, got "
        f"{preview(cells)!r}, which could be either ({reason}); to fix it, pass header=True "
        "(--header) if it names the columns, header=False (--no-header) if it is a point"
    )


def _index_below(rows: Sequence[Row]) -> bool:
    cells = [row[0] for row in rows if row]
    return bool(cells) and _like_index(cells)


def _like_names(cells: Row, rows: Sequence[Row]) -> str | None:
    """Why a line of numbers may be names: a property that no row below it has."""
    values = [float(cell) for cell in cells]
    d = len(values)
    if len(set(values)) < d or (d == 1 and not rows):
        return None
    whole = all(is_whole(cell) for cell in cells)
    if whole and values == list(range(d)):
        return None if _counts_on(rows, d) else "it counts from 0"
    if not rows:
        return None
    if _are_years(cells) and not any(_are_years(row) for row in rows):
        return "it looks like years"
    enough = sum(map(len, rows)) >= ENOUGH
    if whole and enough and not any(is_whole(cell) for row in rows for cell in row):
        return "it holds whole numbers, and no row below it does"
    if any("e" in cell.lower() for cell in cells) or not (enough or d > 3):
        return None  # numpy.savetxt writes points with exponents, unlike names
    for property_of, reason in ((_evenly, "its numbers are evenly spaced"), (_sorted, "it rises")):
        if property_of(cells) and not any(property_of(row) for row in rows):
            return f"{reason}, and no row below it does the same"
    return None


def _counts_on(rows: Sequence[Row], start: int) -> bool:
    """Whether all cells together go on counting, as numpy.arange does."""
    cells = [cell.strip() for row in rows for cell in row]
    return len(cells) >= ENOUGH and all(cell == str(start + i) for i, cell in enumerate(cells))


def _are_years(row: Row) -> bool:
    if not all(is_whole(cell) and int(cell) in YEARS for cell in row):
        return False
    return _monotone([int(cell) for cell in row])


def _evenly(row: Row) -> bool:
    if len(row) < 3 or not all(is_number(cell) for cell in row):
        return False
    values = [float(cell) for cell in row]
    step = (values[-1] - values[0]) / (len(values) - 1)
    return step != 0 and all(abs(b - a - step) <= 1e-6 * abs(step) for a, b in pairwise(values))


def _sorted(row: Row) -> bool:
    """In order, and too long for that to be chance."""
    if len(row) < 6 or not all(is_number(cell) for cell in row):
        return False
    return _monotone([float(cell) for cell in row])


def _monotone(values: Sequence[float]) -> bool:
    steps = [b - a for a, b in pairwise(values)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


# ---------------------------------------------------------------- the columns


def select_columns(
    names: Sequence[str],
    width: int,
    cells_of: Callable[[int], list[str]],
    options: ReadOptions,
    where: str,
) -> tuple[list[int], list[str]]:
    """Positions of the columns that hold points, and notes on how they were chosen.

    Parameters
    ----------
    names : sequence of str
        Of all columns; empty if there are none.
    width : int
        How many columns there are.
    cells_of : callable
        The first cells of a column, as text.
    """
    if options.columns is not None:
        return [_position(column, names, width, where) for column in options.columns], []
    if options.index:
        if width < 2:
            raise InvalidInputError(
                f"{where} must have a column of numbers beside its index, got one column; to fix "
                "it, pass index=False (--no-index)"
            )
        return list(range(1, width)), []
    if options.index is not None or width < 2:
        return list(range(width)), []
    unnamed = 0
    while names and unnamed < width - 1 and UNNAMED.fullmatch(names[unnamed]):
        if not _like_index(cells_of(unnamed)):
            _refuse_index(names[unnamed], where, "numbers under no name")
        unnamed += 1
    if unnamed:
        columns = "column has" if unnamed == 1 else f"{unnamed} columns have"
        note = (
            f"{where}: the first {columns} no name, as the index of a table has none, and was left "
            "out (index=False or --no-index keeps it)"
        )
        return list(range(unnamed, width)), [note]
    cells = cells_of(0)
    name = names[0] if names else ""
    if counts_up(cells):
        _refuse_index(name, where, f"{preview(cells, 3)}")
    if name.lower() in IDENTIFIERS and _like_index(cells):
        _refuse_index(name, where, "a different value in each row")
    return list(range(width)), []


def index_columns(
    names: Sequence[str],
    kept: Sequence[int],
    cells_of: Callable[[int], list[str]],
    options: ReadOptions,
) -> list[int]:
    """Positions of the columns that label the rows: the first ones, where they hold no points."""
    if options.columns is None:
        return list(range(kept[0]))
    if options.index is not None:
        return [0] if options.index and 0 not in kept else []
    unnamed = takewhile(lambda i: UNNAMED.fullmatch(names[i]), range(len(names)))
    return list(takewhile(lambda i: i not in kept and _like_index(cells_of(i)), unnamed))


def _like_index(cells: Sequence[str]) -> bool:
    """Text, or whole numbers that never repeat."""
    if all(is_whole(cell) for cell in cells):
        return len(set(cells)) == len(cells)
    return not any(is_number(cell) for cell in cells)


def _refuse_index(name: str, where: str, found: str) -> None:
    first = f"first column of {where}" + (f" ({name})" if name else "")
    raise InvalidInputError(
        f"the {first} must be a coordinate or an index, got {found}, which could be either; to fix "
        "it, pass index=True (--index) to leave it out, index=False (--no-index) to keep it, or "
        "choose columns (--columns)"
    )


def _position(column: str | int, names: Sequence[str], width: int, where: str) -> int:
    if isinstance(column, str) and not names and column.isdecimal():
        column = int(column)
    if isinstance(column, int):
        if column < width:
            return column
        raise InvalidInputError(
            f"columns must be among the {width} of {where}, counted from 0, got {column}; to fix "
            f"it, choose at most {width - 1}"
        )
    found = [i for i, name in enumerate(names) if name == column]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInputError(
            f"columns must be chosen by names that are unique, got {len(found)} columns {column!r} "
            f"in {where}; to fix it, choose by position"
        )
    known = preview(names, 12) if names else f"{width} columns without names"
    hint = nearest_name(column, names) if names else "choose by position, from 0"
    raise InvalidInputError(
        f"columns must be in {where}, got {column!r} where there are {known}; to fix it, {hint}"
    )
