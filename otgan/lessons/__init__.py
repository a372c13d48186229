"""Worked examples of duality and divergence: each lesson computes, explains and draws its numbers.

Every lesson is a module with ``run(...)``, which returns a frozen dataclass of numbers,
``explain(numbers)``, a text for a terminal, and ``draw(numbers)``, a figure (needs matplotlib).
Lessons that train critics take about a minute, and some seconds with ``run(quick=True)``.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from otgan.errors import InvalidInputError, nearest_name

__all__ = ["LESSONS", "load"]

LESSONS: dict[str, str] = {
    "piles-of-dirt": "otgan.lessons.piles_of_dirt",
    "parallel-lines": "otgan.lessons.parallel_lines",
    "gaussians-apart": "otgan.lessons.gaussians_apart",
    "perfect-discriminator": "otgan.lessons.perfect_discriminator",
    "xy-game": "otgan.lessons.xy_game",
    "kantorovich-rubinstein": "otgan.lessons.kantorovich_rubinstein",
    "neural-critic": "otgan.lessons.neural_critic",
    "critic-or-emd": "otgan.lessons.critic_or_emd",
    "how-sure-are-you": "otgan.lessons.how_sure",
    "which-distance": "otgan.lessons.which_distance",
}
"""Names of the lessons, in the order to read them, and the modules that hold them."""


def load(name: str) -> ModuleType:
    """Import a lesson by name.

    Parameters
    ----------
    name : str
        A key of `LESSONS`; underscores count as hyphens.

    Returns
    -------
    module
        With the functions ``run``, ``explain`` and ``draw``.

    Raises
    ------
    InvalidInputError
        There is no such lesson; the message offers the nearest name.

    Examples
    --------
    >>> load("piles_of_dirt").run().work
    5.0
    """
    key = str(name).lower().replace("_", "-")
    if key not in LESSONS:
        raise InvalidInputError(
            f"name must be one of {', '.join(LESSONS)}, got {name!r}; to fix it, "
            f"{nearest_name(key, LESSONS)}"
        )
    return import_module(LESSONS[key])
