"""Worked examples of duality and divergence: each lesson computes, explains and draws its numbers.

Every lesson is a package with ``run(...)``, which returns a frozen dataclass of numbers,
``explain(numbers)``, a text for a terminal, ``draw(numbers)``, a figure (needs matplotlib),
``page(numbers)``, an HTML file in which the numbers follow what is dragged, and ``EXERCISES`` that
grade themselves. Lessons that train critics take about a minute, and some seconds with
``run(quick=True)``.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from otgan.errors import InvalidInputError, nearest_name
from otgan.keywords import checks_keywords

__all__ = ["LESSONS", "load"]

LESSONS = (
    "piles-of-dirt",
    "parallel-lines",
    "gaussians-apart",
    "kl-integrands",
    "cover-or-seek",
    "perfect-discriminator",
    "what-a-discriminator-learns",
    "dimension-of-data",
    "xy-game",
    "kantorovich-rubinstein",
    "two-halves-of-duality",
    "algorithm-1",
    "neural-critic",
    "clipping-and-penalties",
    "critic-or-emd",
    "how-sure-are-you",
    "which-distance",
    "mode-collapse-and-its-cures",
    "does-the-loss-mean-anything",
    "gan-and-wgan-side-by-side",
    "find-the-mistake",
)
"""Names of the lessons, in the order to read them."""


@checks_keywords
def load(name: str) -> ModuleType:
    """Import a lesson by name.

    Parameters
    ----------
    name : str
        One of `LESSONS`; underscores count as hyphens.

    Returns
    -------
    module
        With the functions ``run``, ``explain``, ``draw`` and ``page``, and ``EXERCISES``.

    Raises
    ------
    InvalidInputError
        There is no such lesson; the message offers the nearest name.

    Examples
    --------
    >>> import otgan
    >>> otgan.lessons.load("piles_of_dirt").run().work
    5.0
    """
    key = str(name).lower().replace("_", "-")
    if key not in LESSONS:
        raise InvalidInputError(
            f"name must be one of {', '.join(LESSONS)}, got {name!r}; to fix it, "
            f"{nearest_name(key, LESSONS)}"
        )
    return import_module(f"{__name__}.{key.replace('-', '_')}")
