"""The lesson `piles-of-dirt` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.piles_of_dirt.numbers import PilesOfDirt
from otgan.lessons.text import page, table

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
    columns = ["pile", "P", "Q", "flow to the next", "price f"]
    body = (
        table(columns, rows)
        + "\n\n"
        + table(
            ["work", "plan (primal)", "prices (dual)", "normalized", "KL", "KL back", "JS", "TV"],
            [[n.work, n.primal, n.dual, n.distance, n.kl, n.kl_reversed, n.js, n.tv]],
        )
    )
    return page(
        f"Piles of dirt: {n.work:.6g} shovel-steps, or {n.distance:.6g} for distributions",
        body,
        [
            "Flow is a running total, flow_i = flow_(i-1) + P_i - Q_i, counting pile i itself: "
            "what the first i piles have in excess must cross to the next. Its sign is a "
            "direction; only its size is work.",
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
