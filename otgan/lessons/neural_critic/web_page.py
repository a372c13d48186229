"""The page of the lesson `neural-critic`."""

from __future__ import annotations

from typing import Any

from otgan.keywords import checks_keywords
from otgan.lessons.neural_critic.numbers import NeuralCritic
from otgan.lessons.pages import assemble

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {}


@checks_keywords
def page(numbers: NeuralCritic) -> str:
    """The lesson as a page: slide the weight of a penalty, a width and the steps of training.

    Parameters
    ----------
    numbers : NeuralCritic

    Returns
    -------
    str
        An HTML file that loads nothing.
    """
    return assemble(
        "neural_critic", "A neural critic beside the exact number", _on_the_line(numbers)
    )


def _on_the_line(numbers: NeuralCritic) -> dict[str, Any]:
    """All but the surfaces, which are for the figure."""
    return {name: value for name, value in numbers.to_dict().items() if name != "surfaces"}
