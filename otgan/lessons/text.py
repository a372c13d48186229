"""How a lesson reads in a terminal: a title, a table, a few sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

__all__ = ["page", "table"]

WIDTH = 88


def table(header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Columns aligned to the right; numbers to eight significant digits.

    Examples
    --------
    >>> print(table(["x", "x squared"], [[1, 1.0], [10, 100.0]]))
      x  x squared
      1          1
     10        100
    """
    cells = [list(header)]
    cells += [[c if isinstance(c, str) else f"{c:.8g}" for c in row] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    return "\n".join(
        " " + "  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells
    )


def page(title: str, body: str, sentences: Iterable[str]) -> str:
    """A title, a table and wrapped sentences, ready to print."""
    wrapped = [textwrap.fill(s, WIDTH, subsequent_indent="  ") for s in sentences]
    return "\n".join([title, "=" * len(title), "", body, "", *wrapped])
