"""Docstrings cite in words, which a terminal shows too; on the site, links to the sources follow.

A docstring cites an entry of `references.bib` if its section "References" has the surname of the
first author and the beginning of the title.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BEGINNING = 20
"""So many letters of a title have to agree, before its colon: docstrings shorten long ones."""


class Source(NamedTuple):
    """An entry of `references.bib`: its key, and what a docstring has of it."""

    key: str
    author: str
    title: str


def sources(file: Path) -> list[Source]:
    """The entries of a file that has one field a line."""
    text = file.read_text(encoding="utf-8")
    entries = re.findall(r"@misc\{(\w+),\n  author = \{(.+)\},\n  title = \{(.+)\},\n", text)
    return [
        Source(key, letters(authors.split(" and ")[0]), letters(title.split(":")[0])[:BEGINNING])
        for key, authors, title in entries
    ]


def letters(text: str) -> str:
    """The letters of a text, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).lower() if c.isalpha())


def references(docstring: str) -> str:
    """The section "References" of a docstring, or nothing."""
    after = re.split(r"(?m)^ *References\n *-+$", docstring)[1:]
    return re.split(r"(?m)^ *[A-Z]\w+\n *-+$", after[0])[0].strip() if after else ""


def cited(text: str, known: list[Source]) -> list[str]:
    """The keys of the sources that a text names."""
    found = letters(text)
    return [key for key, author, title in known if author in found and title in found]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add links to docstrings as they are read."""
    known = sources(Path(app.srcdir) / "references.bib")

    def add_links(
        app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
    ) -> None:
        """Add the keys to the end of the section, before numpydoc reads the docstring."""
        section = references("\n".join(lines))
        if keys := cited(section, known):
            before, _, after = "\n".join(lines).partition(section)
            links = f"\n\n:cite:p:`{','.join(keys)}`"
            lines[:] = (before + section + links + after).splitlines()

    app.connect("autodoc-process-docstring", add_links, priority=100)
    return {"parallel_read_safe": True}
