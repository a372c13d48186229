"""The page of the lesson `perfect-discriminator`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble
from otgan.lessons.perfect_discriminator.numbers import PerfectDiscriminator

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: PerfectDiscriminator) -> str:
    """The lesson as a page: slide the generator away, and see what is left of its gradient.

    Parameters
    ----------
    numbers : PerfectDiscriminator

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("perfect_discriminator", "The perfect discriminator", numbers.to_dict())
