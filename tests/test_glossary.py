"""The glossary is in order and complete; pages, docstrings and messages use its terms."""

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"(?m)^## ", GLOSSARY)[1:]
ENTRIES = {
    section.partition("\n")[0]: re.findall(r"(?ms)^- \*\*(.+?)\*\*(.*?)(?=^- |\Z)", section)
    for section in SECTIONS
}

PRIVATE = {
    "house": "package",
    "houses": "packages",
    "door": "input validation",
    "doors": "input validation",
    "wall": "layer boundary",
    "walls": "layer boundary",
    "rooms": "modules",
    "law": "distribution",
    "laws": "distributions",
    "sandwich": "held-out bracket",
    "committee": "ensemble",
    "crew": "members",
    "mend": "hint, or: to fix it",
    "symptom": "diagnosis",
    "symptoms": "diagnoses",
}
"""Words that this package once used in a sense of its own, and the standard terms."""

PROPER = re.compile(
    r"metric laws?|test_laws|laws? of large numbers|power laws?|laws hold|wall[- ](?:clock|time)"
    r"|Mathematical laws?",
    re.IGNORECASE,
)

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.md")),
]
MODULES = sorted(
    module
    for folder in ("otgan", "tests", "benchmarks", "examples")
    for module in (ROOT / folder).rglob("*.py")
    if module != Path(__file__)
)
WORDS = {tokenize.NAME, tokenize.STRING, tokenize.COMMENT}
WORDS.add(getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
"""Tokens that hold words; f-strings are tokens of their own from Python 3.12 on."""


@pytest.mark.parametrize("section", ENTRIES)
def test_terms_are_in_alphabetical_order(section):
    terms = [term.casefold() for term, _ in ENTRIES[section]]
    assert terms == sorted(terms) and len(set(terms)) == len(terms) > 4


def test_every_term_has_a_source():
    for term, text in (entry for entries in ENTRIES.values() for entry in entries):
        if not text.startswith(": see "):
            assert re.search(r"\*[^*]*\{cite:t\}`[^*]+\*\s*$", text), f"{term} has no source"


def private_words(text):
    words = re.findall(r"[a-z]+", PROPER.sub("", text).casefold().replace("'s", ""))
    return sorted({word for word in words if word in PRIVATE})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_use_standard_terms(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":
        text = re.sub(r"(?m)^\|.*?\|", "", text)  # its first column holds names that are gone
    found = private_words(text)
    assert not found, {word: PRIVATE[word] for word in found}


def test_names_docstrings_comments_and_messages_use_standard_terms():
    found = {}
    for module in MODULES:
        with tokenize.open(module) as file:
            words_of = [
                token.string
                for token in tokenize.generate_tokens(file.readline)
                if token.type in WORDS
            ]
        if words := private_words("\n".join(words_of)):
            found[str(module.relative_to(ROOT))] = words
    assert found == {}
