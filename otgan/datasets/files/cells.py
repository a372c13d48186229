"""Cells of a table as text: numbers, missing values or names."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = [
    "counts_up",
    "is_missing",
    "is_name",
    "is_number",
    "is_whole",
    "like_thousands",
    "odd_number",
    "preview",
    "with_decimal_comma",
]

NUMBER = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|infinity|nan)", re.I
)
WHOLE = re.compile(r"[+-]?[0-9]{1,300}")  # more are infinite in float64
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
GROUPS = re.compile(r"[+-]?[0-9]{1,3}([,.'’ \u00a0\u2009\u202f_][0-9]{3})+([.,][0-9]+)?")
ODD = (
    (re.compile(r"[+-]?[0-9.,]+\s?[%‰]"), "write percentages as numbers, 0.05 for 5%"),
    (re.compile(r"[+-]?[0-9_.]*[0-9]_[0-9][0-9_.]*"), "write no marks between digits"),
    (re.compile(r"[+-]?0[xXoObB][0-9a-fA-F]+"), "write it with decimal digits"),
    (re.compile(r"[\u2010-\u2015\u2212\uff0d][0-9.,]+"), "write the minus sign as '-'"),
    (
        re.compile(r"\(?([+-]?[0-9.]+(e[+-]?[0-9]+)?)?[+-]?[0-9.]+(e[+-]?[0-9]+)?[ij]\)?", re.I),
        "write real and imaginary parts as two columns",
    ),
    (re.compile(r"[$€£¥]\s?[+-]?[0-9.,]+|[+-]?[0-9.,]+\s?[$€£¥]"), "write no currency"),
    (re.compile(r"[+-]?[0-9.]+[dD][+-]?[0-9]+"), "write exponents with 'e'"),
)
"""Notations of numbers that are not read, and what to write instead."""
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "?", "."}


def is_number(cell: str) -> bool:
    """A number with a decimal point, or without."""
    return NUMBER.fullmatch(cell.strip()) is not None


def is_whole(cell: str) -> bool:
    """A number that is written with digits alone."""
    return WHOLE.fullmatch(cell.strip()) is not None


def with_decimal_comma(cell: str) -> bool:
    """A number that is written with a decimal comma."""
    return DECIMAL_COMMA.fullmatch(cell.strip()) is not None


def like_thousands(cell: str) -> bool:
    """A number with commas between groups of three digits, which may be one with a decimal comma.

    Examples
    --------
    >>> [like_thousands(cell) for cell in ("1,234", "0,234", "1,23", "1,234,567")]
    [True, False, False, True]
    """
    return THOUSANDS.fullmatch(cell.strip()) is not None


def odd_number(cell: str) -> str:
    """What to write instead of a number in a notation that is not read; empty for all else.

    Examples
    --------
    >>> [odd_number(cell) for cell in ("1,234.5", "0x10", "u", "1.5")]
    ['write no marks between thousands', 'write it with decimal digits', '', '']
    """
    cell = cell.strip()
    if is_number(cell):
        return ""
    if GROUPS.fullmatch(cell):
        return "write no marks between thousands"
    digits = cell.isdecimal() and not cell.isascii()
    found = (hint for pattern, hint in ODD if pattern.fullmatch(cell))
    return "write digits as 0 to 9" if digits else next(found, "")


def is_missing(cell: str) -> bool:
    """A mark for a value that is missing."""
    return cell.strip().lower() in MISSING


def is_name(cell: str) -> bool:
    """Neither a number, with a point or a comma, nor missing."""
    return not (is_number(cell) or is_missing(cell) or with_decimal_comma(cell))


def counts_up(cells: Sequence[str]) -> bool:
    """Three whole numbers or more, each one above the last; or ten or more in equal steps.

    Examples
    --------
    >>> counts_up(["7", "8", "9"]), counts_up(["1", "3", "5"]), counts_up(["0", "0", "0"])
    (True, False, False)
    >>> counts_up([str(10 * i) for i in range(12)])
    True
    """
    if len(cells) < 3 or not (is_whole(cells[0]) and is_whole(cells[1])):
        return False
    start, step = int(cells[0]), int(cells[1]) - int(cells[0])
    if step == 0 or (step != 1 and len(cells) < 10):
        return False
    return all(cell.strip() == str(start + step * i) for i, cell in enumerate(cells))


def preview(cells: Sequence[object], most: int = 6) -> str:
    """The first cells of a row, for a message.

    Examples
    --------
    >>> preview(["a", "b"]), preview(range(2019, 2030), most=3)
    ('a, b', '2019, 2020, 2021, ...')
    """
    words = [str(cell)[:40] for cell in cells[:most]]
    return ", ".join(words) + (", ..." if len(cells) > most else "")
