"""The notebooks of `docs/notebooks`, run by a kernel of Jupyter's with all exercises solved."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from otgan.lessons import LESSONS, load
from otgan.lessons.mistakes import mistakes

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"

pytestmark = pytest.mark.notebook

NOTEBOOKS = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LESSONS]
"""One process runs a notebook once, for all tests of it."""


def read(name: str) -> Any:
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@cache
def solved(name: str) -> dict[str, Any]:
    """Outputs of all cells by their names, after each exercise got its solution."""
    from nbclient import NotebookClient

    notebook = read(name)
    for number, exercise in enumerate(load(name).EXERCISES, 1):
        (cell,) = (cell for cell in notebook.cells if cell.id == f"exercise-{number}")
        assert exercise.blank in cell.source
        cell.source = cell.source.replace(exercise.blank, exercise.solution())
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    return {cell.id: cell.get("outputs") for cell in notebook.cells}


def printed(outputs: list[Any]) -> str:
    """What cells print, and nothing of what they complain about."""
    assert not [o for o in outputs if o.output_type == "stream" and o.name != "stdout"], outputs
    return "".join(o.text for o in outputs if o.output_type == "stream")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_a_notebook(name):
    import nbformat

    nbformat.validate(read(name))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_solution_is_graded_right(name):
    cells = solved(name)
    for number, _ in enumerate(load(name).EXERCISES, 1):
        (output,) = cells[f"exercise-{number}"]
        assert output.data["text/plain"] == "✓ Right."


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_text_picture_and_page_are_shown(name):
    cells = solved(name)
    assert printed(cells["run"]).splitlines()[1].startswith("===")
    (picture,) = cells["picture"]
    assert "image/png" in picture.data
    (page,) = cells["page"]
    assert page.data["text/html"].startswith("<iframe ")
    assert len(page.data["text/plain"]) < 100


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_counterexamples_print_what_their_cards_show(name):
    cells = solved(name)
    cards = mistakes(None if name == "find-the-mistake" else name)
    for number, card in enumerate(cards, 1):
        assert printed(cells[f"counterexample-{number}"]).strip() == card.shows
