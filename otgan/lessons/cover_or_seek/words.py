"""The lesson `cover-or-seek` as text."""

from __future__ import annotations

import math

from otgan.keywords import checks_keywords
from otgan.lessons.cover_or_seek.numbers import FARTHEST, CoverOrSeek
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: CoverOrSeek) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : CoverOrSeek

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.cover_or_seek import run
    >>> print(explain(run()).splitlines()[0])
    Cover or seek: one Gaussian for two bumps, 6 deviations apart
    """
    n = numbers
    middle = "JS" if n.pi == 0.5 else f"JS_{n.pi:g}"
    names = ("KL(P‖Q)", middle, "KL(Q‖P)")
    scale = n.pi * (1 - n.pi)
    fits = [
        [f"best by {name}", f"{_plain(fit.mean)}", f"{fit.std:.4f}"]
        + [f"{value:.4f}" for value in (row[0], row[1] * scale, row[2])]
        + ["both" if fit.covers else "one"]
        for name, fit, row in zip(names, n.fits, n.table, strict=True)
    ]
    switches = [
        [f"{one:g}", f"{at:.4f}" if math.isfinite(at) else f"beyond {FARTHEST:g}"]
        for one, at in zip(n.pis, n.switches, strict=True)
    ]
    return page(
        f"Cover or seek: one Gaussian for two bumps, {n.separation:g} deviations apart",
        table(["", "mean", "std", *names, "covers"], fits)
        + "\n\n"
        + table(["weight π of P", "one bump from a separation of"], switches),
        [
            "P is two bumps, Q one Gaussian: no Q fits. What is the best one depends on how the "
            "misfit is counted.",
            "KL(P‖Q), which maximum likelihood minimizes, is large where P has mass and Q has "
            "none. Its best Q has the mean and the variance of P: it covers both bumps, and the "
            "valley between them.",
            "KL(Q‖P) is large where Q has mass and P has none. Its best Q seeks one bump once the "
            "valley is deep.",
            "JS_π = π KL(P‖M) + (1 - π) KL(Q‖M), M = π P + (1 - π) Q, goes from one to the other: "
            "divided by π(1 - π), it tends to KL(P‖Q) for π → 0 and to KL(Q‖P) for π → 1. JS is "
            "π = ½. The change is a jump, from one minimum to another: the last table says at "
            "which separation.",
            "Huszár (2015) conjectures that GANs make sharper pictures than maximum likelihood, "
            "since JS is more like KL(Q‖P). A well-known text shortens this to: symmetric JS, "
            "instead of asymmetric KL. Symmetry is not his argument: KL(Q‖P) is not symmetric "
            "either.",
            "What this lesson shows: the divergence decides what a model that cannot be P does. "
            f"JS seeks here only from a separation of {_switch(n)} on; nearer, it covers like "
            "KL(P‖Q).",
            "What it does not show: that this makes GANs succeed. A Q that can be P is best by "
            "all three. A GAN minimizes JS only while its discriminator is at its best, and the "
            "usual generator lowers -log D instead, whose gradient is that of KL(Q‖P) - 2 JS "
            "(Arjovsky and Bottou, 2017). GANs that are trained for KL(P‖Q) (Nowozin, Cseke and "
            "Tomioka, 2016) make sharp samples of few modes, too (Goodfellow, 2016, section "
            "3.2.5), which speaks against the divergence as the reason.",
        ],
    )


def _plain(value: float) -> str:
    """Four digits; no minus before zero."""
    return f"{round(value, 4) + 0.0:.4f}"


def _switch(numbers: CoverOrSeek) -> str:
    """Where JS itself begins to seek."""
    at = float(numbers.switches[numbers.pis == 0.5][0])
    return f"{at:.3g}" if math.isfinite(at) else f"more than {FARTHEST:g}"
