"""The page of the lesson `piles-of-dirt`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble, check_sizes
from otgan.lessons.piles_of_dirt.numbers import PilesOfDirt

__all__ = ["MOST", "page"]

MOST = {"P": 12, "Q": 12}
"""More piles have no room on a phone."""


@checks_keywords
def page(numbers: PilesOfDirt) -> str:
    """The lesson as a page: drag the piles, and prices that prove how much work they take.

    Parameters
    ----------
    numbers : PilesOfDirt
        Where the page begins; up to 12 piles.

    Returns
    -------
    str
        An HTML file that loads nothing.

    Raises
    ------
    InvalidInputError
        More piles.

    Examples
    --------
    >>> from otgan.lessons.piles_of_dirt import run
    >>> print(page(run())[:15])
    <!DOCTYPE html>
    """
    check_sizes(MOST, {"P": numbers.P})
    return assemble("piles_of_dirt", "Piles of dirt", numbers.to_dict())
