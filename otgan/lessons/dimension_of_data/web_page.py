"""The page of the lesson `dimension-of-data`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.dimension_of_data.numbers import DimensionOfData
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: DimensionOfData) -> str:
    """The lesson as a page: choose a shape, and see which dimension its points read.

    Parameters
    ----------
    numbers : DimensionOfData

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("dimension_of_data", "The dimension of data", numbers.to_dict())
