"""The lesson `parallel-lines` as text."""

from __future__ import annotations

import math

import numpy as np

from otgan.estimates import shown
from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal, js
from otgan.lessons.parallel_lines.numbers import ParallelLines
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: ParallelLines) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : ParallelLines

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.parallel_lines import run
    >>> print(explain(run(thetas=[0, 1])).splitlines()[0])
    Parallel lines: JS jumps between 0 and log 2 = 0.693147, W is |theta|
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.thetas) - 1, 9).round().astype(int))
    columns = [n.thetas, n.kl, n.kl_reversed, n.js, n.w, *n.js_noisy]
    noisy = [f"JS, sigma={sigma:g}" for sigma in n.sigmas]
    body = table(
        ["theta", "KL", "KL back", "JS", "W", *noisy],
        [[shown(float(column[row]), 1.0, digits=8) for column in columns] for row in rows],
    )
    wrong = float(np.abs(n.w_noisy - np.abs(n.thetas)).max())
    return page(
        f"Parallel lines: JS jumps between 0 and log 2 = {math.log(2):.6g}, W is |theta|",
        body,
        [
            "The segments share no point unless theta = 0, so both KL are infinite and JS is "
            "log 2 (in nats; its ceiling is 1 only in bits). These values are well defined, but "
            "the same at every distance: nothing to descend.",
            "W, by exact transport of the points, is |theta|: everything moves across, and "
            f"nothing shorter will do (every bracket is narrower than {max(n.gap, 1e-15):.1g}). "
            "It is continuous, with a kink at 0, so not smooth everywhere.",
            "Noise makes the two overlap, and JS becomes the one between N(0, sigma²) and "
            "N(theta, sigma²), a smooth function of theta/sigma: "
            f"{js(Normal(0, 1), Normal(2, 1)):.4f} where theta is 2 sigma.",
            f"W does not notice the noise: it stays |theta| (to {max(wrong, 1e-15):.0e}).",
            "KL is infinite whenever P puts mass where Q has none; the supports need not be "
            "disjoint for that.",
        ],
    )
