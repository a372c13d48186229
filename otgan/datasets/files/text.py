"""Tables as text: cells between commas, semicolons, tabs, bars or spaces."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from otgan.datasets.files.cells import (
    counts_up,
    is_missing,
    is_name,
    is_number,
    is_whole,
    like_thousands,
    shown,
    with_decimal_comma,
)
from otgan.datasets.files.headers import is_header, kept_columns
from otgan.datasets.files.opened import (
    UNPACKERS,
    allowance,
    faults_named,
    in_bytes,
    open_unpacked,
    refuse_size,
)
from otgan.datasets.files.reading import Reading, Table
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_points

__all__ = ["read_text"]

HEAD = 1000
"""Lines from which all is decided but the numbers themselves."""
LONGEST_LINE = 2**26
CHUNK = 10_000
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
    """How the text of a table becomes numbers: all that its first lines decide."""

    delimiter: str
    decimal: str
    names: tuple[str, ...]
    width: int
    """Columns in a row."""
    kept: list[int]
    """Positions of those that hold points."""
    joined: bool
    """Whether a decimal comma cuts the one number of a row into two cells."""
    trailing: bool
    """Whether every row ends with a delimiter."""
    declared: int
    """Lines before the table that say how it is written."""
    skipped: int
    """Rows before the first point."""
    notes: tuple[str, ...]


def read_text(path: Path, reading: Reading) -> Table:
    """The points of a table, one in each row that is not empty."""
    with (
        faults_named(path, "a text file of a table"),
        open_unpacked(path, reading.limit) as file,
    ):
        start = file.peek(4)
        encoding = next((name for mark, name in MARKS.items() if start.startswith(mark)), "utf-8")
        lines = _Lines(io.TextIOWrapper(file, encoding=encoding), path)
        head = list(islice(lines, HEAD + 1))
        layout = _layout(head, lines.comment, reading, path)
        rows = _rows(chain(head[layout.declared :], lines), layout.delimiter)
        packed = path.suffix.lower() in UNPACKERS
        limit = allowance(path, reading.limit) if packed else None
        points, blank = _numbers(islice(rows, layout.skipped, None), layout, lines, limit, path)
    notes = layout.notes
    if blank:
        notes += (f"{path}: {blank} rows without a value in any cell were left out",)
    return Table(as_points(points, str(path)), layout.names, notes, points.shape)


class _Lines:
    """The lines of a text that are not blank, with their numbers; comments start with #."""

    def __init__(self, text: io.TextIOWrapper, path: Path) -> None:
        self.text, self.path = text, path
        self.comment = ""
        """The last one before the first line."""
        self.number = 0
        self.begun = False
        self.odd = False
        """Whether there was anything that Python takes for part of a number, and nobody else."""

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        while line := self.text.readline(LONGEST_LINE):
            self.number += 1
            if len(line) == LONGEST_LINE:
                refuse_size(f"line {self.number} of {self.path}", "more", LONGEST_LINE)
            if line.startswith("#"):
                self.comment = self.comment if self.begun else line[1:].strip()
            elif not line.isspace():
                self.begun = True
                self.odd |= "_" in line or not line.isascii()
                return self.number, line
        raise StopIteration


def _rows(
    lines: Iterable[tuple[int, str]], delimiter: str, *, lenient: bool = False
) -> Iterator[Numbered]:
    """The cells of each line, with its number; `lenient` where the text may be cut."""
    number = 0

    def texts() -> Iterator[str]:
        nonlocal number
        for number, line in lines:  # noqa: B007 - read in the loop below
            yield line.strip() if delimiter == " " else line

    options: dict[str, Any] = {
        "delimiter": delimiter,
        "skipinitialspace": True,
        "strict": not lenient,
    }
    for row in csv.reader(texts(), **options):
        yield number, row


# ---------------------------------------------------------------- decided by the first lines


def _delimiter(head: list[tuple[int, str]], reading: Reading, path: Path) -> str:
    """The character between cells."""
    if reading.delimiter is not None:
        return reading.delimiter
    if any("\0" in line for _, line in head):
        raise InvalidInputError(
            f"{path} must be a text file of a table, got zero bytes in it; to fix it, export it as "
            "CSV in UTF-8"
        )
    candidates = [mark for mark in "\t;|, " if mark != reading.decimal]
    for mark in candidates:
        rows = [row for _, row in _rows(iter(head), mark, lenient=True)]
        rows = rows[1:] or rows
        if rows and all(_filled(row) > 1 and _is_cut_well(row, mark) for row in rows):
            return mark
    # No row below the first tells; the first one may.
    first = head[0][1] if head else ""
    return next((mark for mark in candidates[:-1] if mark in first), candidates[-2])


def _is_cut_well(row: list[str], mark: str) -> bool:
    """Whether cells are numbers: all of them between spaces, some between other marks."""
    numbers = [is_number(cell) or with_decimal_comma(cell) for cell in row]
    return all(numbers) if mark == " " else any(numbers)


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _layout(head: list[tuple[int, str]], comment: str, reading: Reading, path: Path) -> Layout:
    """What the first lines of a table say about all of it.

    Raises
    ------
    InvalidInputError
        They can be read in several ways; the message names the option that decides.
    """
    delimiter, declared = _delimiter(head, reading, path), 0
    if head and head[0][1].strip('\r\n "').lower().startswith("sep="):  # as Excel declares it
        delimiter, declared = reading.delimiter or head[0][1].strip('\r\n "')[4:5] or "\t", 1
    rows = [row for _, row in _rows(iter(head[declared:]), delimiter, lenient=True)]
    rows = rows[:-1] if len(head) > HEAD else rows  # the last one may be cut within quotes
    if not rows:
        _refuse_empty(path)
    names, skipped = _names(rows, comment, delimiter, reading, path)
    body = [row for row in rows[skipped:] if _filled(row)]
    if not body:
        _refuse_empty(path)
    joined = _is_cut(names, body, delimiter, reading, path)
    trailing = not joined and all(len(row) > 1 and not row[-1].strip() for row in body)
    width = 1 if joined else len(body[0]) - trailing
    names = _fitting(names, width, reading, path)
    decimal = "," if joined else reading.decimal or _decimal(body, delimiter, path)
    notes = [] if decimal == (reading.decimal or ".") else [DECIMAL_NOTE.format(path)]

    def cells_of(column: int) -> list[str]:
        return [row[column] for row in body if column < len(row)]

    kept, said = kept_columns(names, width, cells_of, reading, str(path))
    _refuse_text(kept, names, [cells_of(i) for i in range(width)], path)
    named = tuple(names[i] for i in kept) if names else ()
    said = notes + said
    return Layout(
        delimiter, decimal, named, width, kept, joined, trailing, declared, skipped, tuple(said)
    )


def _refuse_empty(path: Path) -> NoReturn:
    raise InvalidInputError(
        f"{path} must hold at least one row of numbers, got an empty file or table; to fix it, "
        "check that it was written"
    )


def _names(
    rows: list[list[str]], comment: str, delimiter: str, reading: Reading, path: Path
) -> tuple[list[str], int]:
    """The names of the columns, and how many rows they take."""
    remark = next(_rows([(0, comment)], delimiter, lenient=True), (0, [""]))[1]
    fits = len(remark) == len(rows[0]) and not all(map(is_name, rows[0]))
    if comment and fits and (len(remark) > 1 or " " not in comment):
        # As numpy.savetxt writes names.
        return ([] if reading.header is False else [cell.strip() for cell in remark]), 0
    if is_header(rows[0], rows[1:], reading, str(path)):
        return [cell.strip() for cell in rows[0]], 1
    return [], 0


def _is_cut(
    names: list[str], body: list[list[str]], delimiter: str, reading: Reading, path: Path
) -> bool:
    """Whether rows of two cells under one name are numbers with decimal commas."""
    told = (reading.delimiter, reading.decimal, reading.index) != (None, None, None)
    if len(names) != 1 or delimiter != "," or told or {len(row) for row in body} - {1, 2}:
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


def _fitting(names: list[str], width: int, reading: Reading, path: Path) -> list[str]:
    """As many names as there are columns, or none."""
    if not names:
        return []
    while len(names) > width and not names[-1]:
        names = names[:-1]  # a comma at the end of the header
    if len(names) == width:
        return names
    if len(names) == width - 1 and reading.index:
        return ["", *names]
    mend = "name every column once, or remove the header"
    if len(names) == width - 1:
        mend = "pass index=True (--index) if the first column names the rows, or " + mend
    elif width == 2 * len(names):
        mend = "write cells between semicolons if these are decimal commas, or " + mend
    raise InvalidInputError(
        f"{path} must have as many names as columns, got {len(names)} ({shown(names)}) above rows "
        f"of {width} cells; to fix it, {mend}"
    )


def _decimal(body: list[list[str]], delimiter: str, path: Path) -> str:
    """The decimal mark, point or comma, that the cells have."""
    cells = [cell.strip() for row in body for cell in row]
    commas = [cell for cell in cells if with_decimal_comma(cell)]
    doubt = ""
    if commas and any(is_number(cell) and "." in cell for cell in cells):
        doubt = f"{commas[0]!r} beside points"
    elif commas and delimiter != ";" and all(like_thousands(cell) for cell in commas):
        doubt = f"{commas[0]!r}, which may be above a thousand"
    elif delimiter == "," and all(map(is_whole, cells)):
        zeros = [cell for cell in cells if len(cell) > 1 and cell[0] == "0"]
        doubt = f"{zeros[0]!r}, which may follow a decimal comma" if zeros else ""
    if doubt:
        raise InvalidInputError(
            f"{path} must show its decimal mark, got {doubt}; to fix it, pass decimal=',' "
            "(--decimal ,) or decimal='.' (--decimal .), and write no marks between thousands"
        )
    return "," if commas else "."


def _refuse_text(kept: list[int], names: list[str], columns: list[list[str]], path: Path) -> None:
    text = [i for i in kept if columns[i] and all(map(is_name, columns[i]))]
    if not text:
        return
    column, cell = names[text[0]] if names else text[0], columns[text[0]][0]
    numbers = [names[i] if names else i for i in kept if i not in text]
    mend = f"choose others, for example columns={numbers[:6]}" if numbers else "write numbers"
    if any(map(like_thousands, columns[text[0]])):
        mend = "write no marks between thousands"
    raise InvalidInputError(
        f"{path} must hold numbers only, got {cell[:40]!r} in column {column!r}; to fix it, {mend}"
    )


# ---------------------------------------------------------------- the numbers


def _numbers(
    rows: Iterator[Numbered], layout: Layout, lines: _Lines, limit: int | None, path: Path
) -> tuple[FloatArray, int]:
    """The points, and how many rows were left out because all their cells are blank."""
    parts: list[FloatArray] = []
    size = blank = 0
    while chunk := list(islice(rows, CHUNK)):
        odd, lines.odd = lines.odd, False
        numbered = [row for row in chunk if len(row[1]) < 2 or any(row[1])]
        blank += len(chunk) - len(numbered)
        cells = [_cells(row, line, layout, path) for line, row in numbered]
        values = _floats(cells, len(layout.kept))
        if odd or values is None or np.abs(values).max(initial=0.0) >= EXACT:
            for (line, _), row in zip(numbered, cells, strict=True):
                _check_cells(row, line, layout, path)
            values = np.array([[float(cell) for cell in row] for row in cells])
        parts.append(values)
        size += values.nbytes
        if limit is not None and size > limit:
            refuse_size(path, f"more than {in_bytes(limit)}", limit)
    return np.concatenate(parts), blank


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
            mend = "fill or remove it" if is_missing(cell) else "remove that column or line"
            raise InvalidInputError(
                f"{path} must hold numbers only, got {found[:40]!r} in line {line}; to fix it, "
                f"{mend}"
            )
        if is_whole(cell) and int(cell) != int(float(cell)):
            raise InvalidInputError(
                f"{path} must hold numbers that float64 can hold, got {cell[:40]} in line {line}, "
                "which it would round; to fix it, subtract what they have in common"
            )
