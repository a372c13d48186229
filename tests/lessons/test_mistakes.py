"""Mistakes of introductory texts: every counterexample runs, and every source is listed."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest

from otgan.lessons import LESSONS
from otgan.lessons.mistakes import KINDS, mistakes, texts

DOCS = Path(__file__).parents[2] / "docs"
CITATIONS = runpy.run_path(str(DOCS / "_extensions" / "citations.py"))
SOURCES = CITATIONS["sources"](DOCS / "references.bib")
CARDS = mistakes()
TORCH = re.compile(r"torch|otgan\.gan|GANConfig")


def named(card):
    marks = [pytest.mark.torch] if TORCH.search(card.code) else []
    return pytest.param(card, id=card.title, marks=marks)


@pytest.mark.parametrize("card", [named(card) for card in CARDS])
def test_a_counterexample_prints_what_the_card_shows(card):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(card.code, {})
    assert printed.getvalue().strip() == card.shows
    assert card.shows


def test_a_wrong_card_is_found_out():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(CARDS[0].code.replace("[0.5, 0.5]", "[1, 0]"), {})
    assert printed.getvalue().strip() != CARDS[0].shows


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.title)
def test_a_card_cites_a_source_of_the_bibliography(card):
    assert card.source in CITATIONS["cited"](card.cited, SOURCES)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.title)
def test_a_card_says_whose_it_is_and_what_is_the_matter(card):
    assert card.text in texts() and card.kind in KINDS and card.lesson in LESSONS
    assert card.says and card.right and max(map(len, card.code.splitlines())) <= 92
    assert card.title != card.right


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.title)
def test_a_counterexample_leaves_the_names_of_a_notebook_alone(card):
    nodes = ast.walk(ast.parse(card.code))
    names = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    assert names.isdisjoint({"answer", "lesson", "numbers"})


def test_titles_are_told_apart():
    assert len({card.title for card in CARDS}) == len(CARDS)


def test_every_text_has_cards_and_every_card_a_row_on_the_page_of_texts():
    assert {card.text for card in CARDS} == set(texts())
    page = (DOCS / "introductory-texts.md").read_text(encoding="utf-8")
    for letter, name in texts().items():
        assert re.search(rf"(?m)^- \*\*{letter}\*\*: ", page), name


def test_cards_of_a_lesson_are_those_that_name_it():
    assert sum(len(mistakes(name)) for name in LESSONS) == len(CARDS)
    assert all(card.lesson == "xy-game" for card in mistakes("xy-game"))
