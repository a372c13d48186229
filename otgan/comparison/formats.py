"""Tables as text that other programs read: Markdown and comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

__all__ = ["csv_table", "markdown_table"]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""A table of GitHub's Markdown.

    Examples
    --------
    >>> print(markdown_table(["", "value"], [["a|b", "0.5"]]))
    | | value |
    |---|---|
    | a\|b | 0.5 |
    """
    lines = [_line(header), "|" + "---|" * len(header), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("\\", r"\\").replace("|", r"\|") for cell in cells)
    return "|" + "|".join(f" {cell} " if cell else " " for cell in escaped) + "|"


def csv_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Comma-separated values as RFC 4180 has them, but for the ends of lines; None is empty.

    Numbers are written so that reading gives the same ones.

    Examples
    --------
    >>> print(csv_table(["a", "b"], [[0.1, None], ["x, y", 2]]))
    a,b
    0.1,
    "x, y",2
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return written.getvalue().removesuffix("\n")
