"""The page of the lesson `which-distance`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble
from otgan.lessons.which_distance.distances import NAMES
from otgan.lessons.which_distance.numbers import TESTED, WhichDistance
from otgan.lessons.which_distance.sizes import changes_in_sizes

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: WhichDistance) -> str:
    """The lesson as a page: choose a change and its size, and see it through ten distances.

    Parameters
    ----------
    numbers : WhichDistance
        What tests find of each change is taken from here; the sizes take some seconds more.

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    data = {
        "names": NAMES,
        "changes": [change.to_dict() for change in changes_in_sizes()],
        "tested": {change.name: [change.what, change.power] for change in numbers.changes},
        "points": TESTED,
    }
    return assemble("which_distance", "Which distance for which job?", data)
