"""The page of the lesson `how-sure-are-you`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.how_sure_are_you.numbers import HowSure
from otgan.lessons.how_sure_are_you.trials import NEIGHBORS
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: HowSure) -> str:
    """The lesson as a page: slide the number of points and the dimension, and draw samples.

    Parameters
    ----------
    numbers : HowSure

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble(
        "how_sure_are_you", "How sure are you?", numbers.to_dict() | {"points_of_kl": NEIGHBORS}
    )
