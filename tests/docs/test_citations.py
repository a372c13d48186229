"""Every formula has a source, and every source is an entry of `docs/references.bib`."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path

import pytest

import otgan

DOCS = Path(__file__).parents[2] / "docs"
CITATIONS = runpy.run_path(str(DOCS / "_extensions" / "citations.py"))
SOURCES = CITATIONS["sources"](DOCS / "references.bib")
KEYS = {source.key for source in SOURCES}
ROLE = re.compile(r"\{cite:[tp]\}`([\w,]+)`")
PAGES = sorted(DOCS.glob("*.md"))
TABLE = (DOCS / "formulas.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if line.startswith("| `")]
MODULES = sorted((DOCS.parent / "otgan").rglob("*.py"))


def test_the_whole_file_is_read():
    text = (DOCS / "references.bib").read_text(encoding="utf-8")
    assert len(KEYS) == text.count("@") > 100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_cite_is_listed(page):
    cited = {key for keys in ROLE.findall(page.read_text("utf-8")) for key in keys.split(",")}
    assert cited - KEYS == set()


def test_every_formula_of_the_table_has_a_source():
    rows = [row for row in ROWS if not row.startswith("| `compare`")]  # which has those of others
    assert [row for row in rows if not ROLE.search(row)] == []


@pytest.mark.torch
def test_the_table_names_every_public_function():
    named = set(re.findall(r"`([a-z0-9_]+)`", TABLE))
    public = [name for name in dir(otgan) if inspect.isfunction(getattr(otgan, name))]
    assert [name for name in public if name not in named] == []


FUNCTIONS = [name for name in dir(otgan) if inspect.isfunction(getattr(otgan, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_docstrings_refer_to_is_listed(name):
    section = CITATIONS["references"](inspect.getdoc(getattr(otgan, name)))
    assert not section or CITATIONS["cited"](section, SOURCES)


def test_every_entry_is_cited():
    pages = " ".join(page.read_text("utf-8") for page in PAGES)
    modules = " ".join(module.read_text("utf-8") for module in MODULES)
    named = set(CITATIONS["cited"](modules, SOURCES))
    named |= {key for keys in ROLE.findall(pages) for key in keys.split(",")}
    assert KEYS - named == set()


def test_a_docstring_cites_by_author_and_title():
    section = CITATIONS["references"](
        "Text.\n\nReferences\n----------\nMcShane, Extension of range "
        "of functions (1934).\n\nExamples\n--------\n>>> 1\n1\n"
    )
    assert section.endswith("(1934).")
    assert CITATIONS["cited"](section, SOURCES) == ["mcshane1934"]
