"""The lesson `perfect-discriminator` as text."""

from __future__ import annotations

import math

import numpy as np

from otgan.estimates import shown
from otgan.keywords import checks_keywords
from otgan.lessons.perfect_discriminator.numbers import PerfectDiscriminator
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: PerfectDiscriminator) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : PerfectDiscriminator

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.perfect_discriminator import run
    >>> print(explain(run(deltas=[1, 8])).splitlines()[0])
    The perfect discriminator: at distance 8 the GAN pulls with 0.000393, W₁ with 1
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.deltas) - 1, 9).round().astype(int))
    columns = (
        n.loss,
        2 * n.js - 2 * math.log(2),
        n.saturating,
        n.saturating_identity,
        n.non_saturating,
        n.non_saturating_identity,
        n.wasserstein,
    )
    body = table(
        ["delta", "L(G, D*)", "2JS-2log2", "saturating", "2 dJS", "non-sat.", "d(KL-2JS)", "dW₁"],
        [
            [f"{n.deltas[row]:g}", f"{columns[0][row]:.8f}", f"{columns[1][row]:.8f}"]
            + [shown(float(column[row]), 1.0) for column in columns[2:-1]]
            + [shown(float(columns[-1][row]), 1.0) + "+" * bool(n.deltas[row] == 0)]
            for row in rows
        ],
    )
    return page(
        f"The perfect discriminator: at distance {n.deltas[-1]:g} the GAN pulls with "
        f"{shown(float(n.saturating[-1]), 1.0, digits=3)}, W₁ with {n.wasserstein[-1]:.3g}",
        body,
        [
            "The best discriminator is D* = p_r/(p_r + p_g). Its value is 2 JS - 2 log 2 "
            "(natural logarithms; the base changes the value but not D*), from -2 log 2 = "
            f"{-2 * math.log(2):.8f} where the two agree, up to 0 far apart.",
            "A generator that lowers E log(1 - D*) gets exactly twice the slope of JS: D* is at "
            "its optimum, so its own dependence on delta adds nothing. Far away that vanishes.",
            "One that lowers -E log D* instead gets the slope of KL(g‖r) - 2 JS. That does not "
            "vanish, but it rewards being unlike in JS, and it grows with the distance.",
            "W₁ pulls with 1, near and far. (+: from the right; at zero it has a kink.)",
            "Data and generator overlap everywhere here: the gradient vanishes without disjoint "
            "supports and without a discriminator that is never wrong.",
        ],
    )
