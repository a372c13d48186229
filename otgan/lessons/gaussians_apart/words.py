"""The lesson `gaussians-apart` as text."""

from __future__ import annotations

import numpy as np

from otgan.estimates import shown
from otgan.keywords import checks_keywords
from otgan.lessons.gaussians_apart.numbers import GaussiansApart
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: GaussiansApart) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : GaussiansApart

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.gaussians_apart import run
    >>> print(explain(run(deltas=[0, 5, 10])).splitlines()[0])
    Gaussians moving apart: at 10, JS pulls with 2.23e-06, W₁ with 1
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.deltas) - 1, 11).round().astype(int))
    columns = (n.deltas, n.kl, n.js, n.tv, n.w1, n.kl_slope, n.js_slope, n.tv_slope, n.w1_slope)
    kinked = n.tv_slope, n.w1_slope
    body = table(
        ["delta", "KL", "JS", "TV", "W₁", "dKL", "dJS", "dTV", "dW₁"],
        [
            [
                shown(float(column[row]), 1.0)
                + "+" * bool(n.deltas[row] == 0 and any(column is one for one in kinked))
                for column in columns
            ]
            for row in rows
        ],
    )
    pairs = [
        [f"N({c.P.mean:g}, {c.P.std:g}²), N({c.Q.mean:g}, {c.Q.std:g}²)"]
        + [f"{value:.10f}" for value in (c.kl, c.kl_reversed, c.js, c.w1)]
        for c in (n.equal, n.unequal)
    ]
    return page(
        f"Gaussians moving apart: at {n.deltas[-1]:g}, JS pulls with "
        f"{shown(float(n.js_slope[-1]), 1.0, digits=3)}, W₁ with {n.w1_slope[-1]:.3g}",
        body + "\n\n" + table(["pair", "KL(P‖Q)", "KL(Q‖P)", "JS", "W₁"], pairs),
        [
            "JS and TV run into their ceilings (log 2 nats, which is one bit, and 1), and their "
            "slopes vanish: from far away they no longer say where to go.",
            "KL grows like delta²/2 with slope delta. It stays finite, since Gaussians overlap "
            "everywhere, and its pull grows in proportion rather than exploding.",
            "W₁ is the shift itself, with slope 1 at every distance.",
            "+ is a derivative from the right: at zero TV and W₁ have a kink, since a shift to the "
            "left counts as much as one to the right. KL and JS are smooth there, with slope 0.",
            f"KL is not symmetric in general, but this family cannot show it: with equal "
            f"variances both directions give {n.equal.kl:.4g} at delta = 1, though a well-known "
            f"figure uses this very pair. The second pair gives {n.unequal.kl:.4f} one way and "
            f"{n.unequal.kl_reversed:.4f} back.",
            "W₁ between Gaussians equals the distance of the means only if the variances agree: "
            f"in the second pair, with means 1 apart, it is {n.unequal.w1:.10f}.",
            "KL and JS are not metrics (the square root of JS is one).",
        ],
    )
