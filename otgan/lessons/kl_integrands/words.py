"""The lesson `kl-integrands` as text."""

from __future__ import annotations

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.kl_integrands.numbers import Areas, KLIntegrands
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: KLIntegrands) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : KLIntegrands

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.kl_integrands import run
    >>> print(explain(run(deltas=[0, 5])).splitlines()[0])
    Integrands of KL and JS: 0.5000 and 0.5000 as drawn, 0.4431 and 1.3069 as it should be
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.deltas) - 1, 6).round().astype(int))
    far = [
        [f"{n.deltas[k]:g}"]
        + [f"{column[k]:.6f}" for column in (n.kl, n.kl_reversed, n.js)]
        + [f"{n.w1[k]:.4g}"]
        for k in rows
    ]
    return page(
        f"Integrands of KL and JS: {n.drawn.kl:.4f} and {n.drawn.kl_reversed:.4f} as drawn, "
        f"{n.unequal.kl:.4f} and {n.unequal.kl_reversed:.4f} "
        + ("for the second pair" if _has_one_variance(n.unequal) else "as it should be"),
        "\n\n".join(
            [
                table(
                    ["area, nats", "above 0", "below 0", "difference"],
                    [*_rows(n.drawn), *_rows(n.unequal)],
                ),
                table(["bump at", "KL(P‖Q)", "KL(Q‖P)", "JS", "W₁"], far),
            ]
        ),
        [
            "KL(P‖Q) is the area under p log(p/q): what is above zero, where p is larger, less "
            "what is below. JS has an integrand that is negative nowhere.",
            "A well-known figure draws the integrands for N(0, 1) and N(1, 1), to show that KL is "
            "not symmetric. The curves differ, but one is the mirror image of the other, and "
            f"their areas are equal: {n.drawn.kl:.4g}. Whenever two Gaussians have one variance, "
            f"KL is the same both ways. {_on_second_pair(n.unequal)}",
            "Where p is near zero and q is not, the integrand p log(p/q) is near zero. So the "
            "text is right that KL(P‖Q) disregards q there: moving a bump of "
            f"{n.weight:.3g} of the mass of Q from {n.deltas[0]:g} to {n.deltas[-1]:g} takes "
            f"KL(P‖Q) no further than -log(1 - {n.weight:.3g}) = {n.kl_limit:.4f}. What it counts "
            "is that this mass is missing where p is, not where it went.",
            "KL(Q‖P) counts that, and grows like the square of the distance: where its first "
            "distribution has mass and its second has nearly none, KL is huge, and infinite "
            "where it has none. That half matters more, and the text leaves it out.",
            f"JS is symmetric, but it hardly sees where the bump is: its limit is "
            f"{n.js_limit:.4f}, and for no pair is it above log 2 = 0.6931. W₁ is weight times "
            "distance.",
        ],
    )


def _has_one_variance(pair: Areas) -> bool:
    return pair.P.std == pair.Q.std


def _on_second_pair(pair: Areas) -> str:
    if _has_one_variance(pair):
        return "So it is for the second pair too; another std shows what was meant."
    return "Unequal variances show what was meant (second pair)."


def _rows(pair: Areas) -> list[list[str]]:
    P, Q = pair.P, pair.Q
    name = f"N({P.mean:g}, {P.std:g}²), N({Q.mean:g}, {Q.std:g}²)"
    return [
        [f"{name}: KL(P‖Q)", f"{pair.above:.6f}", f"{pair.below:.6f}", f"{pair.kl:.6f}"],
        [
            "KL(Q‖P)", f"{pair.above_reversed:.6f}", f"{pair.below_reversed:.6f}",
            f"{pair.kl_reversed:.6f}",
        ],
        ["JS", f"{pair.js:.6f}", f"{0:.6f}", f"{pair.js:.6f}"],
    ]  # fmt: skip
