"""The lesson `neural-critic` as text."""

from __future__ import annotations

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.neural_critic.numbers import NOISE
from otgan.lessons.neural_critic.records import NeuralCritic, OnLine
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: NeuralCritic) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : NeuralCritic

    Returns
    -------
    str
    """
    n = numbers
    line = table(
        ["critic", "shows", "if perfect", "read as W₁", "±", "steepest met", "proved"],
        [[fit.label, *_row(fit)] for fit in n.on_line],
    )
    weights = table(
        ["lp, weight", "shows", "if perfect", "less 2 penalty", "±", "2 S(2w) - S(w)", "±"],
        [
            [f"{w.weight:g}", *_row(w.single)[:4], _digits(w.extrapolated)]
            + [f"{w.extrapolated_se:.1g}"]
            for w in n.weighed
        ],
    )
    widths = table(
        ["clip, width", "shows", "at most", "read as W₁", "±", "steepest met", "possible"],
        [
            [f"{c.width}", _digits(c.fit.gap), _digits(c.steepest * n.w1), _digits(c.fit.value)]
            + [f"{c.fit.se:.1g}", f"{c.fit.slope:.2g}", f"{c.steepest:.2g}"]
            for c in n.clipped
        ],
    )
    plane = table(
        ["in the plane", "critic", "read as W₁", "±", "W₁", "±", "at most", "fraction"],
        [
            [s.shape, s.constraint, _digits(s.value), f"{s.se:.1g}"]
            + [_digits(s.w1), f"{s.w1_se:.1g}", _digits(s.bound), f"{s.fraction:.0%}"]
            for s in n.surfaces
        ],
    )
    return page(
        f"A neural critic beside the exact number: N(0, 1) against N(2, 1), W₁ = {n.w1:g}",
        "\n\n".join([line, weights, widths, plane]),
        [*_about_the_line(n), *_about_the_plane(n)],
    )


def _about_the_line(n: NeuralCritic) -> list[str]:
    clip, gp, lp, div, *_ = n.on_line
    low, narrow, wide = n.weighed[0], n.clipped[0], n.clipped[-1]
    read = ", ".join(
        f"weight {w.weight:g} as {w.single.value:.3f} and {w.extrapolated:.3f}" for w in n.weighed
    )
    return [
        "What a critic shows, E f(x) - E f(y), is W₁ only if its slopes are at most one and it is "
        f"the best such function. Here the same two distributions show {clip.gap:.2g} to "
        f"{max(gp.gap, lp.gap, low.single.gap):.3g}.",
        "A gradient penalty lets a perfect critic be steeper than one, by w / (2 weight u), where "
        "w is the mass that has to pass a point and u the density with which slopes are sampled "
        f"there. So weight 10 shows {gp.ideal:.4f}, and weight {low.weight:g} shows "
        f"{low.single.ideal:.4g}; two-sided and one-sided agree, since no slope is below one.",
        "The excess is twice the penalty, which is known: subtract it. Or train twice: the excess "
        f"halves when the weight doubles. Read in these two ways: {read}. Both subtract large "
        "numbers if the weight is small, and then errors of training count most.",
        "A weight has the unit of a length: the same distributions at ten times the scale need "
        'ten times the weight. A short name ("gp", "lp") measures the scale first.',
        "WGAN-div penalizes a power of the slope, which no slope of one minimizes. Its gap "
        f"({div.ideal:.4f} if perfect) is not W₁; read as if between two point masses, it is "
        "close here.",
        f"Clipping at {n.limit:g} bounds the slope by limit^(layers) times the widths: "
        f"{narrow.steepest:.2g} at width {narrow.width}, {wide.steepest:.2g} at width "
        f"{wide.width}. What it shows is in that unit. Divided by the slope, it is at most W₁, "
        f"and here {n.clipped_ideal:.3f} at best, since clipped biases put all kinks within one "
        "deviation of the center.",
        "Spectral and orthogonal critics have slopes up to one by their weights: what they show "
        "is at most W₁, up to noise.",
    ]


def _about_the_plane(n: NeuralCritic) -> list[str]:
    fractions = {
        name: [f"{s.fraction:.0%}" for s in n.surfaces if s.constraint == name]
        for name in ("clip", "lp")
    }
    return [
        f"In the plane, x is a known shape and y the same shape with noise of deviation {NOISE:g}. "
        "The penalized critic rises to every cluster and along the roll, and is read as "
        f"{', '.join(fractions['lp'])} of W₁; the clipped one makes one hill of each shape, and is "
        f"read as {', '.join(fractions['clip'])}.",
        f"The weights show why: {n.fraction_at_limit:.0%} of the clipped ones lie at the limit, "
        "where only their signs can differ.",
    ]


def _row(fit: OnLine) -> list[str]:
    return [
        _digits(fit.gap),
        "-" if np.isnan(fit.ideal) else _digits(fit.ideal),
        _digits(fit.value),
        f"{fit.se:.1g}",
        f"{fit.slope:.3g}",
        f"{fit.proved:.3g}",
    ]


def _digits(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1 else f"{value:.3f}"
