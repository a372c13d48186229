"""The page of the lesson `two-halves-of-duality`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble, check_sizes
from otgan.lessons.two_halves_of_duality.numbers import TwoHalves
from otgan.lessons.two_halves_of_duality.unknown_slope import KNOTS

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {"x": 8, "y": 8, "f": 8, "g": 8}


@checks_keywords
def page(numbers: TwoHalves) -> str:
    """The lesson as a page: drag prices into one function, a critic's heights, and a cone.

    Parameters
    ----------
    numbers : TwoHalves

    Returns
    -------
    str
        An HTML file that loads nothing.

    Raises
    ------
    InvalidInputError
        More points than there is room for.
    """
    n = numbers
    check_sizes(MOST, {"x": n.x, "y": n.y})
    start = {name: getattr(n, name).tolist() for name in ("x", "y", "f", "g")}
    knots = {"knots": KNOTS.tolist(), "heights": n.critic.heights.tolist()}
    return assemble("two_halves_of_duality", "Two halves of duality", {**start, **knots})
