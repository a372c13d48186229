"""The page of the lesson `gan-and-wgan-side-by-side`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.gan_and_wgan_side_by_side.numbers import CLIPPED_AT
from otgan.lessons.gan_and_wgan_side_by_side.records import SideBySide
from otgan.lessons.measured import half_widths
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: SideBySide) -> str:
    """The lesson as a page: look at three critics, then at every claim, seed by seed.

    Parameters
    ----------
    numbers : SideBySide

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble(
        "gan_and_wgan_side_by_side",
        "GAN and WGAN side by side",
        {**numbers.to_dict(), "half_widths": half_widths(), "clipped_at": CLIPPED_AT},
    )
