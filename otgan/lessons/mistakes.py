"""Mistakes of introductory texts, as cards: what is said, a counterexample, what is so.

The cards are in ``mistakes.toml``, which says what each of their fields means.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from otgan.lessons.record import Record

__all__ = ["Mistake", "mistakes", "texts"]

KINDS = {
    "wrong": "What is wrong?",
    "leaves out": "What is left out?",
    "misprint": "What is misprinted?",
}
"""What can be the matter, and the question of the card."""


@dataclass(frozen=True, repr=False)
class Mistake(Record):
    """A card.

    Attributes
    ----------
    title : str
    text : str
        Which text says it: a key of `texts`.
    says : str
        In double quotes its words, otherwise a paraphrase.
    kind : str
        "wrong", "leaves out" or "misprint".
    code : str
        Python that computes a counterexample, and prints it.
    shows : str
        What it prints.
    right : str
        What is so.
    source : str
        A key of ``docs/references.bib``.
    cited : str
        The source in words.
    lesson : str
        The lesson whose notebook has it.
    """

    title: str
    text: str
    says: str
    kind: str
    code: str
    shows: str
    right: str
    source: str
    cited: str
    lesson: str

    @property
    def question(self) -> str:
        """What the card asks."""
        return KINDS[self.kind]


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(
        files("otgan.lessons").joinpath("mistakes.toml").read_text(encoding="utf-8")
    )


def texts() -> dict[str, str]:
    """The introductory texts by letter.

    Examples
    --------
    >>> texts()["B"]
    'Weng, From GAN to WGAN (2017)'
    """
    return dict(_file()["texts"])


@cache
def mistakes(lesson: str | None = None) -> tuple[Mistake, ...]:
    """All cards in order, or those that belong to a lesson.

    Parameters
    ----------
    lesson : str, optional
        A name in `otgan.lessons.LESSONS`.

    Examples
    --------
    >>> [mistake.title for mistake in mistakes("xy-game")]
    ['Different signs']
    """
    sources = _file()["sources"]
    cards = (
        Mistake(
            **card
            | {"code": card["code"].strip(), "shows": card["shows"].strip()}
            | {"cited": sources[card["source"]]}
        )
        for card in _file()["mistake"]
    )
    return tuple(card for card in cards if lesson in (None, card.lesson))
