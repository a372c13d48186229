"""The page of the lesson `critic-or-emd`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.critic_or_emd.numbers import CriticOrEmd
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: CriticOrEmd) -> str:
    """The lesson as a page: choose the dimension and the number of points.

    Parameters
    ----------
    numbers : CriticOrEmd

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble(
        "critic_or_emd", "A critic, or the exact distance of samples", numbers.to_dict()
    )
