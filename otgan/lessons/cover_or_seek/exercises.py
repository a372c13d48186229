"""Exercises on the lesson `cover-or-seek`."""

from __future__ import annotations

from otgan.lessons.cover_or_seek.numbers import CoverOrSeek
from otgan.lessons.exercises import Choice, Exercise, Number

__all__ = ["EXERCISES"]

NAMES = ("KL(P‖Q)", "JS", "KL(Q‖P)")
"""Of the divergences, in the order of the lesson's fits."""


def _narrowest(n: CoverOrSeek) -> str:
    return min(zip(NAMES, n.fits, strict=True), key=lambda pair: pair[1].std)[0]


EXERCISES = (
    Exercise(
        question="P has two bumps of standard deviation 1, `numbers.separation` apart, the left "
        "one with `numbers.weight` of the mass. The Gaussian Q with the least KL(P‖Q) has the mean "
        "and the variance of P. What is its standard deviation?",
        judge=Number(
            lambda n: n.fits[0].std,
            {
                "so wide is one bump, and Q has to cover both": lambda n: 1.0,
                "so far are the bumps from the middle; each is wide itself, too": lambda n: (
                    n.separation / 2
                ),
            },
        ),
        tip="The variance within the bumps, plus that of their places: a place is taken with "
        "probability `weight`.",
        worked="# Variance within, plus variance between.\nw = numbers.weight\n"
        "answer = np.sqrt(1 + w * (1 - w) * numbers.separation**2)",
    ),
    Exercise(
        question="Which of `'KL(P‖Q)'`, `'JS'`, `'KL(Q‖P)'` has the narrowest best Gaussian in "
        "this lesson? Guess, then look at `numbers.fits`.",
        judge=Choice(
            _narrowest,
            {
                "KL(P‖Q)": "it is infinite where P has mass and Q has none, so Q has to be wide",
                "JS": "JS lies between the two, and another fit is narrower here",
                "KL(Q‖P)": "another fit is narrower here",
            },
        ),
        tip="Which of them is large where Q has mass and P has hardly any?",
        worked="# KL(Q‖P) punishes mass in the valley, so Q keeps to one bump once it is deep.\n"
        'stds = {"KL(P‖Q)": numbers.fits[0].std, "JS": numbers.fits[1].std}\n'
        'stds["KL(Q‖P)"] = numbers.fits[2].std\nanswer = min(stds, key=stds.get)',
    ),
)
"""What a student can compute after the lesson."""
