"""The page of the lesson `parallel-lines`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble
from otgan.lessons.parallel_lines.numbers import ParallelLines

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: ParallelLines) -> str:
    """The lesson as a page: slide one of the segments, and add noise.

    Parameters
    ----------
    numbers : ParallelLines

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("parallel_lines", "Parallel lines", numbers.to_dict())
