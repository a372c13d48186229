"""The page of the lesson `kl-integrands`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.kl_integrands.numbers import KLIntegrands
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: KLIntegrands) -> str:
    """The lesson as a page: drag two Gaussians, and see the areas that make KL and JS.

    Parameters
    ----------
    numbers : KLIntegrands

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("kl_integrands", "What KL and JS add up", numbers.to_dict())
