"""Tables as text, their cells separated by commas, semicolons, tabs, bars or spaces."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import NoReturn

import numpy as np

from otgan.datasets.files.cells import (
    counts_up,
    is_missing,
    is_name,
    is_number,
    is_whole,
    like_thousands,
    odd_number,
    preview,
    with_decimal_comma,
)
from otgan.datasets.files.columns import joined_labels
from otgan.datasets.files.headers import index_columns, is_header, select_columns
from otgan.datasets.files.read_options import ReadOptions, Table, other_columns
from otgan.datasets.files.safe_open import (
    as_input_errors,
    check_decompressed_size,
    open_decompressed,
)
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.measures import FloatArray, as_points

__all__ = ["read_text"]

HEAD, ENOUGH, FEWEST = 1000, 2**17, 12
"""Layout is detected from so many lines, or from fewer with so many characters."""
LONGEST_LINE = 2**26
GROWTH = 4
"""A number takes at least two characters, and eight bytes in memory."""
CHUNK = 2**20
"""Characters that are made into numbers at a time."""
EXACT = 2.0**53
"""Whole numbers below are exact in float64."""

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

Numbered = tuple[int, list[str]]
"""A row with the number of its line."""

DECIMAL_NOTE = (
    "{}: commas inside numbers were read as decimal commas (decimal='.' or --decimal . reads them "
    "otherwise)"
)
SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True)
class Layout:
    """How the text of a table becomes numbers, detected from its first lines."""

    delimiter: str
    decimal: str
    names: tuple[str, ...]
    width: int
    """Columns in a row."""
    kept: list[int]
    """Positions of those that hold points."""
    labels: list[int]
    """Positions of those that label the rows."""
    joined: bool
    """Whether a decimal comma cuts the one number of a row into two cells."""
    trailing: bool
    """Whether every row ends with a delimiter."""
    declared: int
    """Lines before the table that say how it is written."""
    skipped: int
    """Rows before the first point."""
    notes: tuple[str, ...]


def read_text(path: Path, options: ReadOptions) -> Table:
    """The points of a table, one in each row that is not empty."""
    with as_input_errors(path, "a text file of a table"):
        check_decompressed_size(path, options.limit, growth=GROWTH)
        with open_decompressed(path, options.limit, growth=GROWTH) as file:
            start = file.peek(4)
            marked = [encoding for mark, encoding in MARKS.items() if start.startswith(mark)]
            text = io.TextIOWrapper(file, encoding=marked[0] if marked else "utf-8")
            head = _first_lines(text)
            _check_lines(head, path)
            layout = _layout(head, options, path)
            index: list[list[str]] = [[] for _ in layout.labels]
            first, blank = _checked_numbers(head, 1, layout, index, path)
            parts, number = [first], 1 + len(head)
            while lines := _with_whole_cells(text.readlines(CHUNK), text):
                numbers = _plain_numbers(lines, layout, index)
                if numbers is None:
                    numbers, more = _checked_numbers(lines, number, layout, index, path)
                    blank += more
                parts.append(numbers)
                number += len(lines)
    notes = layout.notes
    if blank:
        rows = "1 row" if blank == 1 else f"{blank} rows"
        notes += (f"{path}: left out {rows} without a value in any cell",)
    points = as_points(np.concatenate(parts), str(path))
    return Table(points, layout.names, notes, points.shape, joined_labels(index))


def _first_lines(text: io.TextIOWrapper) -> list[str]:
    """The lines that the layout is detected from: fewer where they are long."""
    lines: list[str] = []
    size = 0
    while len(lines) <= HEAD and (size < ENOUGH or len(lines) < FEWEST):
        line = text.readline(LONGEST_LINE)
        if not line:
            break
        lines.append(line)
        size += len(line)
    return _with_whole_cells(lines, text)


def _with_whole_cells(lines: list[str], text: io.TextIOWrapper) -> list[str]:
    """The lines, and those that a quoted cell of the last one continues in."""
    if sum(line.count('"') for line in lines) % 2:
        for line in iter(text.readline, ""):
            lines.append(line)
            if line.count('"') % 2:
                break
    return lines


def _check_lines(head: list[str], path: Path) -> None:
    """Refuse what can be no text of a table, by its first lines."""
    if any("\0" in line for line in head):
        raise DamagedFileError(
            f"{path} must be a text file of a table, got zero bytes in it; to fix it, export it as "
            "CSV in UTF-8"
        )
    if any(len(line) >= LONGEST_LINE for line in head):
        raise DamagedFileError(
            f"{path} must be a text file of a table, got a line of more than {LONGEST_LINE} "
            "characters; to fix it, check that it was written"
        )


def _content_lines(lines: Iterable[str], number: int = 1) -> list[tuple[int, str]]:
    """The lines that are neither blank nor comments, with their numbers."""
    numbered = enumerate(lines, start=number)
    return [(i, line) for i, line in numbered if not (line.isspace() or line.startswith("#"))]


def _rows(
    lines: Iterable[tuple[int, str]], delimiter: str, *, lenient: bool = False
) -> Iterator[Numbered]:
    """The cells of each line, with its number; `lenient` where the text may be cut."""
    number = 0

    def texts() -> Iterator[str]:
        nonlocal number
        for number, line in lines:  # noqa: B007 - read in the loop below
            yield line.strip() if delimiter == " " else line

    for row in _reader(texts(), delimiter, lenient):
        yield number, row


def _reader(lines: Iterable[str], delimiter: str, lenient: bool = False) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=not lenient)


# ---------------------------------------------------------------- decided by the first lines


def _delimiter(head: list[tuple[int, str]], options: ReadOptions) -> str:
    """The character between cells."""
    if options.delimiter is not None:
        return options.delimiter
    quoted = all('"' in line for _, line in head[1:] or head)
    candidates = [mark for mark in "\t;|, " if quoted or mark != options.decimal]
    for mark in candidates:
        try:
            rows = [row for _, row in _rows(iter(head), mark, lenient=True)]
        except csv.Error:  # a cell as long as that is none
            continue
        rows = rows[1:] or rows
        if rows and all(_filled(row) > 1 and _is_cut_well(row, mark) for row in rows):
            return mark
    # The rows below the first do not decide; the first one may.
    first = head[0][1] if head else ""
    return next((mark for mark in candidates[:-1] if mark in first), candidates[-2])


def _is_cut_well(row: list[str], mark: str) -> bool:
    """Whether cells are numbers: all of them between spaces, some between other marks."""
    numbers = [is_number(cell) or with_decimal_comma(cell) for cell in row]
    return all(numbers) if mark == " " else any(numbers)


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _layout(lines: list[str], options: ReadOptions, path: Path) -> Layout:
    """The layout of a table by its first lines.

    Raises
    ------
    InvalidInputError
        They are ambiguous; the message names the option that decides.
    """
    head = _content_lines(lines)
    comments = [line[1:].strip() for line in takewhile(lambda line: line[:1] in "#\n", lines)]
    delimiter, declared, rows = _split_rows(head, options, path)
    comment = next(filter(None, reversed(comments)), "")
    names, skipped = _names(rows, comment, delimiter, options, path)
    body = [row for row in rows[skipped:] if _filled(row)]
    if not body:
        _refuse_empty(path)
    joined = _is_cut(names, body, delimiter, options, path)
    named = len(names) == len(body[0]) and names[-1] != ""
    trailing = not (joined or named) and all(len(row) > 1 and not row[-1].strip() for row in body)
    width = 1 if joined else len(body[0]) - trailing
    names = _fitting(names, width, options, path)
    decimal = "," if joined else options.decimal or _decimal(names, body, delimiter, path)
    notes = [] if decimal == (options.decimal or ".") else [DECIMAL_NOTE.format(path)]

    def cells_of(column: int) -> list[str]:
        return [row[column] for row in body if column < len(row)]

    kept, more_notes = select_columns(names, width, cells_of, options, str(path))
    _refuse_text(kept, names, [cells_of(i) for i in range(width)], path)
    if (options.columns, options.delimiter, options.decimal) == (None, None, None):
        _check_named(names, kept, path)
    chosen = tuple(names[i] for i in kept) if names else ()
    labels = index_columns(names, kept, cells_of, options)
    notes += more_notes
    return Layout(
        delimiter=delimiter,
        decimal=decimal,
        names=chosen,
        width=width,
        kept=kept,
        labels=labels,
        joined=joined,
        trailing=trailing,
        declared=declared,
        skipped=skipped,
        notes=tuple(notes),
    )


def _split_rows(
    head: list[tuple[int, str]], options: ReadOptions, path: Path
) -> tuple[str, int, list[list[str]]]:
    """The character between cells, the lines that declare it, and the cells of the rows below."""
    delimiter, declared = _delimiter(head, options), 0
    if head and head[0][1].strip('\r\n "').lower().startswith("sep="):  # as Excel declares it
        delimiter, declared = options.delimiter or head[0][1].strip('\r\n "')[4:5] or "\t", 1
    rows = [row for _, row in _rows(iter(head[declared:]), delimiter, lenient=True)]
    rows = rows[:-1] if len(rows) > FEWEST else rows  # the last one may be cut within quotes
    if not rows:
        _refuse_empty(path)
    return delimiter, declared, rows


def _refuse_empty(path: Path) -> NoReturn:
    raise InvalidInputError(
        f"{path} must hold at least one row of numbers, got an empty file or table; to fix it, "
        "check that it was written"
    )


def _names(
    rows: list[list[str]], comment: str, delimiter: str, options: ReadOptions, path: Path
) -> tuple[list[str], int]:
    """The names of the columns, and how many rows they take."""
    remark = next(_rows([(0, comment)], delimiter, lenient=True), (0, [""]))[1]
    fits = len(remark) == len(rows[0]) and not all(map(is_name, rows[0]))
    if comment and fits and (len(remark) > 1 or " " not in comment):
        # As numpy.savetxt writes names.
        return ([] if options.header is False else [cell.strip() for cell in remark]), 0
    if is_header(rows[0], rows[1:], options, str(path)):
        return [cell.strip() for cell in rows[0]], 1
    return [], 0


def _is_cut(
    names: list[str], body: list[list[str]], delimiter: str, options: ReadOptions, path: Path
) -> bool:
    """Whether rows of two cells under one name are single numbers with decimal commas."""
    given = (options.delimiter, options.decimal, options.index) != (None, None, None)
    if len(names) != 1 or delimiter != "," or given or {len(row) for row in body} - {1, 2}:
        return False
    pairs = [row for row in body if len(row) == 2]
    if not pairs or not all(with_decimal_comma(",".join(row)) for row in pairs):
        return False
    if counts_up([row[0] for row in body]):
        raise InvalidInputError(
            f"{path} must have as many names as columns, got {names[0]!r} above rows such as "
            f"'{','.join(body[0])}', which could be an index and a number, or one number; to fix "
            "it, pass index=True (--index) or decimal=',' (--decimal ,)"
        )
    return True


def _fitting(names: list[str], width: int, options: ReadOptions, path: Path) -> list[str]:
    """As many names as there are columns, or none."""
    if not names:
        return []
    while len(names) > width and not names[-1]:
        names = names[:-1]  # a comma at the end of the header
    if len(names) == width:
        return [names[0].rstrip(",; ")] if width == 1 else names
    if len(names) == width - 1 and options.index:
        return ["", *names]
    hint = "name every column once, or remove the header"
    if len(names) == width - 1:
        hint = "pass index=True (--index) if the first column names the rows, or " + hint
    elif width == 2 * len(names):
        hint = "write cells between semicolons if these are decimal commas, or " + hint
    raise InvalidInputError(
        f"{path} must have as many names as columns, got {len(names)} ({preview(names)}) above "
        f"rows of {width} cells; to fix it, {hint}"
    )


def _check_named(names: list[str], kept: list[int], path: Path) -> None:
    """Refuse a column without a name after one with a name."""
    named = next((i for i, name in enumerate(names) if name), len(names))
    if names and any(i > named and not names[i] for i in kept):
        raise InvalidInputError(
            f"{path} must have a name for every column, got {preview(names)!r} above values in all "
            "of them; to fix it, name them, choose some (--columns), or pass decimal=',' "
            "(--decimal ,) if these are decimal commas, delimiter=',' (--delimiter ,) if not"
        )


def _decimal(names: list[str], body: list[list[str]], delimiter: str, path: Path) -> str:
    """The decimal mark, point or comma, that the cells have."""
    cells = [cell.strip() for row in body for cell in row]
    commas = [cell for cell in cells if with_decimal_comma(cell)]
    reason, hint = "", "pass decimal=',' (--decimal ,) or decimal='.' (--decimal .)"
    if commas and any(is_number(cell) and "." in cell for cell in cells):
        reason = f"{commas[0]!r} beside points"
    elif commas and delimiter != ";" and all(like_thousands(cell) for cell in commas):
        reason = f"{commas[0]!r}, which may be above a thousand"
        hint = "write no marks between thousands, or pass decimal=',' (--decimal ,)"
    elif delimiter == "," and not names and all(map(is_whole, cells)):
        zeros = [cell for cell in cells if len(cell) > 1 and cell[0] == "0"]
        reason = f"{zeros[0]!r}, which may follow a decimal comma" if zeros else ""
    elif delimiter == " " and not names and all(map(is_whole, cells)):
        behind = [cell for row in body for cell in row[1:]]
        zeros = [cell for cell in behind if cell[0] == "0"]
        if zeros and {len(cell) for cell in behind} == {3}:
            reason = f"{zeros[0]!r}, which may follow a space between thousands"
            hint = "write no marks between thousands, or pass decimal='.' (--decimal .)"
    if reason:
        raise InvalidInputError(
            f"{path} must show its decimal mark, got {reason}; to fix it, {hint}"
        )
    return "," if commas else "."


def _refuse_text(kept: list[int], names: list[str], columns: list[list[str]], path: Path) -> None:
    text = [i for i in kept if columns[i] and all(map(is_name, columns[i]))]
    if not text:
        return
    column, cell = names[text[0]] if names else text[0], columns[text[0]][0]
    numbers = [names[i] if names else i for i in kept if i not in text]
    hint = other_columns(numbers) if numbers else "write numbers"
    hint = next(filter(None, map(odd_number, columns[text[0]])), hint)
    raise InvalidInputError(
        f"{path} must hold numbers only, got {cell[:40]!r} in column {column!r}; to fix it, {hint}"
    )


# ---------------------------------------------------------------- the numbers


def _plain_numbers(lines: list[str], layout: Layout, index: list[list[str]]) -> FloatArray | None:
    """The points in plain lines, read at once; None for lines that need `_checked_numbers`.

    The labels of rows are added to the levels of the `index`.
    """
    text = "".join(lines)
    if "#" in text or "_" in text or not text.isascii() or layout.joined:
        return None
    try:
        stripped = map(str.strip, lines) if layout.delimiter == " " else lines
        rows = list(_reader(stripped, layout.delimiter))
    except csv.Error:
        return None
    if set(map(len, rows)) != {layout.width + layout.trailing}:
        return None
    if layout.trailing and any(row[-1].strip() for row in rows):
        return None
    levels = [[row[i].strip() for row in rows] for i in layout.labels]
    if layout.trailing or layout.kept != list(range(layout.width)):
        rows = [[row[i] for i in layout.kept] for row in rows]
    if layout.decimal == ",":
        rows = [[cell.translate(SWAPPED) for cell in row] for row in rows]
    numbers = _floats(rows, len(layout.kept))
    if numbers is None or np.abs(numbers).max() >= EXACT:
        return None
    for level, labels in zip(index, levels, strict=True):
        level.extend(labels)
    return numbers


def _checked_numbers(
    lines: list[str], number: int, layout: Layout, index: list[list[str]], path: Path
) -> tuple[FloatArray, int]:
    """The points in lines, each cell checked, and how many rows have no value in any cell.

    The labels of rows are added to the levels of the `index`.
    """
    content = _content_lines(lines, number)
    first = number == 1
    rows = _rows(content[layout.declared :] if first else content, layout.delimiter)
    numbers, blank = [], 0
    for line, row in islice(rows, layout.skipped if first else 0, None):
        if len(row) > 1 and not any(map(str.strip, row)):
            blank += 1
            continue
        cells = _cells(row, line, layout, path)
        _check_cells(cells, line, layout, path)
        numbers.append([float(cell) for cell in cells])
        for level, i in zip(index, layout.labels, strict=True):
            level.append(row[i].strip())
    return np.array(numbers, dtype=np.float64).reshape(-1, len(layout.kept)), blank


def _floats(cells: list[list[str]], width: int) -> FloatArray | None:
    """The numbers in the cells, or None if one is no number."""
    try:
        return np.array(cells, dtype=np.float64).reshape(len(cells), width)
    except ValueError:
        return None


def _cells(row: list[str], line: int, layout: Layout, path: Path) -> list[str]:
    """The cells of a row that hold numbers, with decimal points."""
    if layout.joined:
        row = [",".join(row)] if len(row) <= 2 else row
    if layout.trailing and len(row) == layout.width + 1 and not row[-1].strip():
        row = row[:-1]
    if len(row) != layout.width:
        raise InvalidInputError(
            f"{path} must have {layout.width} columns in every row, got {len(row)} in line {line}; "
            "to fix it, fill or remove that line"
        )
    if len(layout.kept) < layout.width or layout.kept[0]:
        row = [row[i] for i in layout.kept]
    if layout.decimal == ",":
        row = [cell.translate(SWAPPED) for cell in row]
    return row


def _check_cells(cells: list[str], line: int, layout: Layout, path: Path) -> None:
    for cell in cells:
        found = cell.translate(SWAPPED) if layout.decimal == "," else cell
        if not is_number(cell):
            hint = odd_number(found) or "remove that column or line"
            hint = "fill or remove it" if is_missing(cell) else hint
            raise InvalidInputError(
                f"{path} must hold numbers only, got {found[:40]!r} in line {line}; to fix it, "
                f"{hint}"
            )
        if is_whole(cell) and int(cell) != int(float(cell)):
            raise InvalidInputError(
                f"{path} must hold numbers that float64 can hold, got {cell[:40]} in line {line}, "
                "which it would round; to fix it, subtract what they have in common"
            )
