"""The page of the lesson `cover-or-seek`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.cover_or_seek.numbers import CoverOrSeek
from otgan.lessons.pages import assemble, check_sizes

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {"separation": 12}


@checks_keywords
def page(numbers: CoverOrSeek) -> str:
    """The lesson as a page: drag two bumps, and see which Gaussian each divergence chooses.

    Parameters
    ----------
    numbers : CoverOrSeek

    Returns
    -------
    str
        An HTML file that loads nothing.

    Raises
    ------
    InvalidInputError
        Bumps further apart than there is room for.
    """
    check_sizes(MOST, {"separation": numbers.separation})
    return assemble("cover_or_seek", "Cover both, or seek one", numbers.to_dict())
