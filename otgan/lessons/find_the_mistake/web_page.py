"""The page of the lesson `find-the-mistake`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.find_the_mistake.numbers import FindTheMistake
from otgan.lessons.mistakes import KINDS, texts
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: FindTheMistake) -> str:
    """The lesson as a page: cards to turn, and two of them to move.

    Parameters
    ----------
    numbers : FindTheMistake

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    data = numbers.to_dict() | {"texts": texts(), "questions": KINDS}
    return assemble("find_the_mistake", "Find the mistake", data)
