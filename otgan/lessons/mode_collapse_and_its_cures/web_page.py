"""The page of the lesson `mode-collapse-and-its-cures`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.measured import half_widths
from otgan.lessons.mode_collapse_and_its_cures.records import ModeCollapse
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}

DECIMALS = 4
"""Of the coordinates of points to draw."""


@checks_keywords
def page(numbers: ModeCollapse) -> str:
    """The lesson as a page: watch a ring collapse, then step through seeds of cures.

    Parameters
    ----------
    numbers : ModeCollapse

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    data = numbers.to_dict()
    data["real"] = numbers.real.round(DECIMALS).tolist()
    for shown, training in zip(data["trainings"], numbers.trainings, strict=True):
        shown["points"] = training.points.round(DECIMALS).tolist()
    return assemble(
        "mode_collapse_and_its_cures",
        "Mode collapse and its cures",
        {**data, "half_widths": half_widths()},
    )
