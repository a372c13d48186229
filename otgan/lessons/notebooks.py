"""Notebooks of the lessons: text, numbers, picture, page, exercises and mistakes to find.

They are made of what the lessons have anyway, hold no numbers, and so are made in no time: whoever
opens one runs it.
"""

from __future__ import annotations

import html
import inspect
import json
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from otgan.keywords import checks_keywords
from otgan.lessons import load
from otgan.lessons.exercises import Exercise
from otgan.lessons.mistakes import Mistake, mistakes, texts

__all__ = ["notebook"]

ALL_CARDS = "find-the-mistake"
"""The lesson that has every card, and not those of one lesson."""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Cell = tuple[str, str, str]
"""What kind it is, its name within the notebook, and what stands in it."""


@checks_keywords
def notebook(name: str, parameters: Mapping[str, Any] | None = None) -> str:
    """A lesson as a notebook, without outputs.

    Parameters
    ----------
    name : str
        One of `otgan.lessons.LESSONS`.
    parameters : mapping, optional
        Options of the lesson's `run`, which becomes part of the notebook; exercises grade
        themselves by the numbers that it returns.

    Returns
    -------
    str
        A file of Jupyter's format 4.5.

    Examples
    --------
    >>> cells = json.loads(notebook("xy-game", {"eta": 0.2}))["cells"]
    >>> print("".join(cells[1]["source"]))
    %matplotlib inline
    import numpy as np
    import otgan
    <BLANKLINE>
    lesson = otgan.lessons.load("xy-game")
    numbers = lesson.run(eta=0.2)
    print(lesson.explain(numbers))
    """
    lesson = load(name)
    known = name.lower().replace("_", "-")
    cards = mistakes(None if known == ALL_CARDS else known)
    cells = [
        *_lesson(lesson, known, parameters or {}),
        *_exercises(lesson.EXERCISES),
        *(cell for number, card in enumerate(cards, 1) for cell in _card(number, card)),
    ]
    content = {
        "cells": [_as_json(*cell) for cell in cells],
        "metadata": METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _as_json(kind: str, name: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}


def _lesson(lesson: ModuleType, name: str, parameters: Mapping[str, Any]) -> Iterator[Cell]:
    trains = "quick" in inspect.signature(lesson.run).parameters
    arguments = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
    remark = "  # quick=True: smaller samples, shorter trainings" if "quick" in parameters else ""
    yield (
        "markdown",
        "title",
        f"# {(lesson.__doc__ or name).splitlines()[0].rstrip('.')}\n\n"
        f"The lesson `{name}` of otgan, `pip install 'otgan[plot{',torch' * trains}]'`. Run the "
        "cells from top to bottom.",
    )
    yield (
        "code",
        "run",
        "%matplotlib inline\nimport numpy as np\nimport otgan\n\n"
        f'lesson = otgan.lessons.load("{name}")\n'
        f"numbers = lesson.run({arguments}){remark}\nprint(lesson.explain(numbers))",
    )
    yield "code", "picture", "lesson.draw(numbers)"
    yield (
        "markdown",
        "page-title",
        "## The page\n\nDrag, slide, and see the numbers follow. "
        f"`otgan lesson {name} --open` shows it in a window of its own.",
    )
    yield "code", "page", "lesson.page(numbers)"


def _exercises(exercises: tuple[Exercise, ...]) -> Iterator[Cell]:
    names = [f"exercise_{number}" for number in range(1, len(exercises) + 1)]
    yield (
        "markdown",
        "exercises-title",
        "## Exercises\n\nPut your answers in place of the dots, and run the cell. They are graded "
        "by the numbers above. In a cell of your own, `exercise_1.hint()` helps, and "
        "`exercise_1.solution()` tells.",
    )
    yield "code", "exercises", f"{', '.join(names)} = lesson.EXERCISES"
    for number, (name, exercise) in enumerate(zip(names, exercises, strict=True), 1):
        yield "markdown", f"question-{number}", f"**Exercise {number}.** {exercise.question}"
        yield "code", f"exercise-{number}", f"{exercise.blank}\n\n{name}.check(answer, numbers)"


def _card(number: int, card: Mistake) -> Iterator[Cell]:
    def escaped(text: str) -> str:
        return html.escape(text, quote=False)

    title = "## Find the mistake\n\n" if number == 1 else ""
    yield (
        "markdown",
        f"says-{number}",
        f"{title}**{card.title}.** {escaped(card.says)}\n\n*{texts()[card.text]}*\n\n"
        f"{card.question} Think first; then run the cell.",
    )
    yield "code", f"counterexample-{number}", card.code
    yield (
        "markdown",
        f"right-{number}",
        f"<details><summary>What is so</summary>\n\n{escaped(card.right)}\n\n*{card.cited}*\n\n"
        "</details>",
    )
