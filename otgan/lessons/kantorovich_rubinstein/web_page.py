"""The page of the lesson `kantorovich-rubinstein`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.kantorovich_rubinstein.numbers import KantorovichRubinstein
from otgan.lessons.pages import assemble, check_sizes

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {"n": 40, "m": 30}


@checks_keywords
def page(numbers: KantorovichRubinstein) -> str:
    """The lesson as a page: raise a critic from below, and improve a plan from above.

    Parameters
    ----------
    numbers : KantorovichRubinstein

    Returns
    -------
    str
        An HTML file that loads nothing.

    Raises
    ------
    InvalidInputError
        More points than there is room for.
    """
    check_sizes(MOST, {"n": len(numbers.x), "m": len(numbers.y)})
    return assemble(
        "kantorovich_rubinstein",
        "Kantorovich and Rubinstein",
        {"x": numbers.x.tolist(), "y": numbers.y.tolist()},
    )
