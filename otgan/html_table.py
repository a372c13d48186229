"""Tables in HTML: what a notebook shows of a result."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from otgan.text import printable, shortened

__all__ = ["cell_text", "html_table"]

MOST_ITEMS = 12
"""Items of a list that are shown; of a longer one, how many there are."""


def html_table(
    caption: str,
    rows: Sequence[Sequence[str]],
    *,
    header: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """A table in HTML whose first column names the rows.

    It has no colors and no scripts, so that it looks as its page does, dark or light; names and
    numbers are headers and cells, and the caption is its title, for those who listen to it.

    Parameters
    ----------
    caption : str
    rows : sequence of sequence of str
        The name of each row, and its cells.
    header : sequence of str, optional
        Names of all columns.
    notes : sequence of str
        Paragraphs below.

    Examples
    --------
    >>> print(html_table("x < y", [("p", "0.5")]))
    <table>
    <caption>x &lt; y</caption>
    <tbody>
    <tr><th scope="row" style="text-align: left">p</th><td style="text-align: left">0.5</td></tr>
    </tbody>
    </table>
    """
    lines = ["<table>", f"<caption>{_escaped(caption)}</caption>"]
    if header:
        cells = (_element("th", name, "col") for name in header)
        lines += ["<thead>", f"<tr>{''.join(cells)}</tr>", "</thead>"]
    lines.append("<tbody>")
    for name, *values in rows:
        cells = (_element("td", value) for value in values)
        lines.append(f"<tr>{_element('th', name, 'row')}{''.join(cells)}</tr>")
    lines += ["</tbody>", "</table>"]
    return "\n".join([*lines, *(f"<p>{_escaped(note)}</p>" for note in notes)])


def cell_text(value: Any, *, digits: int = 6) -> str:
    """Numbers, text and short lists of them as a cell of a table shows them.

    Examples
    --------
    >>> cell_text((0.123456789, True, None)), cell_text({"k": 5}), cell_text(list(range(1000)))
    ('0.123457, yes, -', 'k: 5', '1,000 items')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if dataclasses.is_dataclass(value):
        return repr(value)
    if isinstance(value, (Mapping, list, tuple)):
        if len(value) > MOST_ITEMS:
            return f"{len(value):,} items"
        if isinstance(value, Mapping):
            return ", ".join(f"{name}: {cell_text(one)}" for name, one in value.items()) or "-"
        return ", ".join(cell_text(one) for one in value) or "-"
    return repr(value)


def _element(tag: str, text: str, scope: str = "") -> str:
    scoped = f' scope="{scope}"' if scope else ""
    return f'<{tag}{scoped} style="text-align: left">{_escaped(text)}</{tag}>'


def _escaped(text: str) -> str:
    return escape(printable(shortened(text)))
