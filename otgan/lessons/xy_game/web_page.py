"""The page of the lesson `xy-game`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble, check_sizes
from otgan.lessons.xy_game.numbers import XYGame

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {"steps": 2000}


@checks_keywords
def page(numbers: XYGame) -> str:
    """The lesson as a page: step through three orders of moves.

    Parameters
    ----------
    numbers : XYGame

    Returns
    -------
    str
        An HTML file that loads nothing.

    Raises
    ------
    InvalidInputError
        More steps than a slider is good for.
    """
    check_sizes(MOST, {"steps": numbers.steps})
    return assemble("xy_game", "The game xy", numbers.to_dict())
