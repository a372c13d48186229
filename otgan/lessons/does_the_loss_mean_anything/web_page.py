"""The page of the lesson `does-the-loss-mean-anything`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.does_the_loss_mean_anything.records import LossMeaning
from otgan.lessons.measured import half_widths
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: LossMeaning) -> str:
    """The lesson as a page: move through two trainings, then through the seeds of six objectives.

    Parameters
    ----------
    numbers : LossMeaning

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble(
        "does_the_loss_mean_anything",
        "Does the loss mean anything?",
        {**numbers.to_dict(), "half_widths": half_widths()},
    )
