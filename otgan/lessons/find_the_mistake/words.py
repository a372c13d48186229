"""The lesson `find-the-mistake` as text."""

from __future__ import annotations

import textwrap

from otgan.keywords import checks_keywords
from otgan.lessons.find_the_mistake.numbers import FindTheMistake
from otgan.lessons.mistakes import Mistake, texts
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: FindTheMistake) -> str:
    """All cards as they lie, or the one that is turned.

    Parameters
    ----------
    numbers : FindTheMistake

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.find_the_mistake import run
    >>> print(explain(run(card=17)))
    Card 17, What is so: Equality
    =============================
    <BLANKLINE>
        import numpy as np
        import otgan
    <BLANKLINE>
        x, y = np.random.default_rng(0).normal(size=(2, 50, 2))
        r = otgan.emd(x, y)
        print(f"{r.lower:.9f}")  # what potentials prove
        print(f"{r.upper:.9f}")  # what the plan costs
    <BLANKLINE>
        # 0.441428041
        # 0.441428041
    <BLANKLINE>
    Mucllari, Wasserstein GAN (2021): The dual objective is shown to be at most the primal
      one; "The equality can be proved by carefully constructing optimal solutions."
    What is left out? What is proved is weak duality. That both sides meet is the harder
      half: for finite clouds it is the duality of linear programs, which constructs the
      solutions, and McShane's formula extends them to the whole space.
    Source: Kantorovich and Rubinstein, On a space of completely additive functions (1958).
    """
    if numbers.turned:
        return _turned(numbers.turned, numbers.cards[numbers.turned - 1])
    rows = [
        [letter, name, str(sum(card.text == letter for card in numbers.cards))]
        for letter, name in texts().items()
    ]
    return page(
        f"Find the mistake: {len(numbers.cards)} cards",
        table(["", "text", "cards"], rows),
        [
            *(
                f"{number}. {card.text}: {card.says} {card.question}"
                for number, card in enumerate(numbers.cards, 1)
            ),
            "To turn a card in a terminal: otgan lesson find-the-mistake --card 1",
        ],
    )


def _turned(number: int, card: Mistake) -> str:
    shown = "\n".join(f"# {line}" for line in card.shows.splitlines())
    return page(
        f"Card {number}, What is so: {card.title}",
        textwrap.indent(f"{card.code}\n\n{shown}", "    "),
        [
            f"{texts()[card.text]}: {card.says}",
            f"{card.question} {card.right}",
            f"Source: {card.cited}.",
        ],
    )
