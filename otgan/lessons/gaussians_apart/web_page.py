"""The page of the lesson `gaussians-apart`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.gaussians_apart.numbers import GaussiansApart
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: GaussiansApart) -> str:
    """The lesson as a page: slide a Gaussian, and see how five distances pull.

    Parameters
    ----------
    numbers : GaussiansApart

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("gaussians_apart", "Gaussians moving apart", numbers.to_dict())
