"""Notebooks of the lessons: those of `docs/notebooks` are what is made of the lessons now."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from otgan.lessons import LESSONS, load
from otgan.lessons.mistakes import mistakes
from otgan.lessons.notebooks import notebook
from tests.lessons.cached import trains

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"


def cells_of(name, parameters=None):
    return {cell["id"]: cell for cell in json.loads(notebook(name, parameters))["cells"]}


def source(cell):
    return "".join(cell["source"])


@pytest.mark.parametrize("name", LESSONS)
def test_the_notebook_in_the_docs_is_up_to_date(name):
    file = FOLDER / f"{name}.ipynb"
    parameters = {"quick": True} if trains(name) else {}
    fix = "to fix it, run: otgan lesson --notebook docs/notebooks --quick"
    assert file.exists() and file.read_text("utf-8") == notebook(name, parameters), fix


def test_the_page_on_lessons_leads_to_all_of_them():
    page = (FOLDER.parent / "lessons.md").read_text(encoding="utf-8")
    linked = re.findall(r"\[([\w-]+)\]\(notebooks/([\w-]+)\.ipynb\)", page)
    assert linked == [(name, name) for name in LESSONS]


def test_no_other_notebooks_are_in_the_docs():
    assert {file.stem for file in FOLDER.iterdir()} == set(LESSONS)


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_has_all_parts_and_no_outputs(name):
    cells = cells_of(name)
    assert len(cells) == len(json.loads(notebook(name))["cells"])  # every cell its own name
    assert list(cells)[:5] == ["title", "run", "picture", "page-title", "page"]
    exercises = load(name).EXERCISES
    for number, exercise in enumerate(exercises, 1):
        assert exercise.question in source(cells[f"question-{number}"])
        assert source(cells[f"exercise-{number}"]).startswith(exercise.blank)
    assert f"exercise-{len(exercises) + 1}" not in cells
    for cell in cells.values():
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            ast.parse(source(cell).removeprefix("%matplotlib inline"))


@pytest.mark.parametrize("name", LESSONS)
def test_no_cell_gives_a_solution_away(name):
    text = "\n".join(map(source, cells_of(name).values()))
    for exercise in load(name).EXERCISES:
        assert exercise.solution() not in text and exercise.hint() not in text


def test_mistakes_are_in_the_notebook_of_their_lesson_and_all_in_one():
    for name, cards in (("xy-game", mistakes("xy-game")), ("find_the_mistake", mistakes())):
        cells = cells_of(name)
        assert [source(cells[f"counterexample-{k}"]) for k in range(1, len(cards) + 1)] == [
            card.code for card in cards
        ]
        assert "<summary>" in source(cells["right-1"]) and cards[0].cited in source(
            cells["right-1"]
        )


def test_markdown_keeps_what_looks_like_a_tag():
    from otgan.lessons.notebooks import _card

    card = mistakes()[0].__class__(**{**vars(mistakes()[0]), "says": "a<b & <i>"})
    (_, _, says), *_ = _card(1, card)
    assert "a&lt;b &amp; &lt;i&gt;" in says
