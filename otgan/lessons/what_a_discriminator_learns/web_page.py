"""The page of the lesson `what-a-discriminator-learns`."""

from __future__ import annotations

from typing import Any

from otgan.keywords import checks_keywords
from otgan.lessons.pages import assemble
from otgan.lessons.what_a_discriminator_learns.records import WhatADiscriminatorLearns

__all__ = ["MOST", "page", "rounded"]

MOST: dict[str, int] = {}

DIGITS = 6
"""Significant digits of points and scores on the page."""


@checks_keywords
def page(numbers: WhatADiscriminatorLearns) -> str:
    """The lesson as a page: turn thin sets, step through trainings against a fixed generator.

    Parameters
    ----------
    numbers : WhatADiscriminatorLearns

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("what_a_discriminator_learns", "What a discriminator learns", rounded(numbers))


def rounded(numbers: WhatADiscriminatorLearns) -> dict[str, Any]:
    """All numbers, with so many digits as can be seen."""
    return {name: _rounded(value) for name, value in numbers.to_dict().items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return value
