"""The page of the lesson `clipping-and-penalties`."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.clipping_and_penalties.records import ClippingAndPenalties, Critic
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page", "page_data"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: ClippingAndPenalties) -> str:
    """The lesson as a page: slide the window, and see gradients, surfaces and weights.

    Parameters
    ----------
    numbers : ClippingAndPenalties

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble("clipping_and_penalties", "Clipping and penalties", page_data(numbers))


def page_data(numbers: ClippingAndPenalties) -> dict[str, Any]:
    """All numbers; heights as parts of what lies between the lowest and the highest."""
    data = numbers.to_dict()
    for name in ("points", "noisy"):
        data[name] = np.round(getattr(numbers, name), 3).tolist()
    for kept, critic in zip(data["critics"], numbers.critics, strict=True):
        kept["span"], kept["heights"] = _scaled(critic)
    return data


def _scaled(critic: Critic) -> tuple[list[float], list[Any]]:
    """How high the surface is at each look, and the surface in [0, 1]; zero where it is flat."""
    lowest = critic.heights.min(axis=(1, 2), keepdims=True)
    span = critic.heights.max(axis=(1, 2), keepdims=True) - lowest
    parts = (critic.heights - lowest) / np.where(span > 0, span, 1.0)
    return span.ravel().tolist(), np.round(parts, 3).tolist()
