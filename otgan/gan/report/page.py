"""Self-contained pages: text, tables and pictures in one HTML file."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otgan.output_files import make_folder, replacing
from otgan.plot import save
from otgan.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Section", "Table", "page_of", "write_page"]

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem; }
p { max-width: 46rem; margin: .4rem 0; }
img { max-width: 100%; height: auto; display: block; margin: .6rem 0; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .93rem; }
th, td { text-align: left; padding: .25rem 1.1rem .25rem 0; border-bottom: 1px solid #ddd;
         vertical-align: top; }
th { font-weight: 600; border-bottom-color: #888; }
td { font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
small { color: #666; }
"""


@dataclass(frozen=True)
class Table:
    """Rows of text under a header.

    Attributes
    ----------
    header : sequence of str
    rows : sequence of sequences of str
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def to_html(self) -> str:
        """The table, with all text escaped; short cells stay on one line."""
        head = "".join(f"<th>{_text(cell)}</th>" for cell in self.header)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in self.rows)
        return f"<table>\n<tr>{head}</tr>\n{body}</table>\n"


@dataclass(frozen=True)
class Section:
    """One part of a page: what to look at, and what it says.

    Attributes
    ----------
    title : str
    text : sequence of str
        Paragraphs.
    table : Table or None
    figures : sequence of (str, Figure)
        The name of each picture's file, and what is drawn.
    """

    title: str
    text: Sequence[str]
    table: Table | None = None
    figures: Sequence[tuple[str, Figure]] = ()


def page_of(title: str, sections: Sequence[Section], pictures: Path) -> str:
    """A page; its pictures are also written into a folder.

    Parameters
    ----------
    title : str
    sections : sequence of Section
    pictures : Path
        The folder, made if need be.
    """
    make_folder(pictures, inside=pictures.parent)
    parts = [_section(section, pictures) for section in sections]
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{_text(title)}</title><style>{STYLE}</style></head>
<body>
<h1>{_text(title)}</h1>
{"".join(parts)}</body>
</html>
"""


def write_page(page: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    with replacing(path) as file:
        file.write(page.encode())


def _section(section: Section, pictures: Path) -> str:
    text = "".join(f"<p>{_text(paragraph)}</p>\n" for paragraph in section.text)
    table = "" if section.table is None else section.table.to_html()
    drawn = "".join(
        _picture(figure, pictures / f"{name}.png", section.title)
        for name, figure in section.figures
    )
    heading = f"<h2>{_text(section.title)}</h2>\n" if section.title else ""
    return heading + text + table + drawn


def _picture(figure: Figure, path: Path, title: str) -> str:
    data = base64.b64encode(save(figure, path).read_bytes()).decode("ascii")
    return f'<img alt="{_text(title)}" src="data:image/png;base64,{data}">\n'


def _cell(text: str) -> str:
    kind = ' class="number"' if len(text) < 24 else ""
    return f"<td{kind}>{_text(text)}</td>"


def _text(text: str) -> str:
    return html.escape(printable(text))
