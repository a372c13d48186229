"""The lesson `piles-of-dirt` as text."""

from __future__ import annotations

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.piles_of_dirt.numbers import Move, PilesOfDirt
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

__all__ = ["explain"]


@checks_keywords
def explain(numbers: PilesOfDirt) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : PilesOfDirt

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.piles_of_dirt import run
    >>> print(explain(run()).splitlines()[0])
    Piles of dirt: 5 shovel-steps, or 0.5 for distributions
    """
    n = numbers
    rows = [
        [str(i + 1), p, q, flow, price]
        for i, (p, q, flow, price) in enumerate(zip(n.P, n.Q, n.flow, n.prices, strict=True))
    ]
    tables = [
        table(["pile", "P", "Q", "flow to the next", "price f"], rows),
        *_table_of_moves(n),
        table(
            ["work", "plan (primal)", "prices (dual)", "normalized", "KL", "KL back", "JS", "TV"],
            [[n.work, n.primal, n.dual, n.distance, n.kl, n.kl_reversed, n.js, n.tv]],
        ),
    ]
    return page(
        f"Piles of dirt: {n.work:.6g} shovel-steps, or {n.distance:.6g} for distributions",
        "\n\n".join(tables),
        [
            "Flow is a running total, flow_i = flow_(i-1) + P_i - Q_i, counting pile i itself: "
            "what the first i piles have in excess must cross to the next. Its sign is a "
            "direction; only its size is work.",
            "The moves go from left to right: the higher of two piles gives its excess to the next "
            "of its row, and the piles up to there match. What Q gives from i to i + 1 is what P "
            "would carry back from i + 1 to i: the same work, so P alone can be carried into Q.",
            f"No plan can do with less: the program over plans ends at {n.primal:.6g}.",
            "Prices that change by at most one a step earn Σ f (P - Q), never more than any plan "
            f"costs; the best earn {n.dual:.6g}, so both are optimal.",
            "Wherever dirt flows, the price falls by exactly one in that direction; where none "
            "flows, it may change by less.",
            f"Divided by the {n.P.sum():.6g} shovelfuls, the same work is the distance of two "
            f"probability distributions, {n.distance:.6g}.",
            "KL, JS and TV compare pile with pile and never ask how far apart they stand: "
            "rearranging the piles of P and Q alike changes the work and not these.",
        ],
    )


MOST_COLUMNS = 12
"""More piles than that have no room on a line."""


def _table_of_moves(n: PilesOfDirt) -> list[str]:
    """Both rows after each move, if a line holds them."""
    if len(n.P) > MOST_COLUMNS:
        return []
    before: list[str | float] = ["before", _piles(n.P), _piles(n.Q), 0.0]
    rows = [before, *(_after(move) for move in n.moves)]
    return [table(["move", "P", "Q", "work so far"], rows)]


def _piles(piles: FloatArray) -> str:
    """Heights to four digits; rounding dust is none."""
    return ", ".join(f"{pile:.4g}" for pile in np.where(np.abs(piles) < 1e-12, 0.0, piles))


def _after(move: Move) -> list[str | float]:
    """A row of the table of moves."""
    what = f"{move.amount:.4g} from {move.row}{move.pile} to {move.row}{move.pile + 1}"
    return [what, _piles(move.P), _piles(move.Q), move.work]
