"""Exercises on the lesson `gan-and-wgan-side-by-side`."""

from __future__ import annotations

import math

import numpy as np

from otgan.lessons.exercises import Choice, Exercise, Number
from otgan.lessons.gan_and_wgan_side_by_side.records import SideBySide

__all__ = ["EXERCISES"]


def _above(n: SideBySide, threshold: float) -> float:
    """Fraction of the GAN's scores of real images above a threshold."""
    return float((n.trained[0].real_scores > threshold).mean())


def _in_errors(n: SideBySide, ddof: int = 1) -> float:
    """The difference of the first claim on its first networks, in its standard errors."""
    less, more = n.claims[0].less_values[0], n.claims[0].more_values[0]
    variance = sum(float(np.var(side, ddof=ddof)) / len(side) for side in (less, more))
    return float(less.mean() - more.mean()) / math.sqrt(variance)


EXERCISES = (
    Exercise(
        question="`numbers.trained[0]` is a GAN. Which fraction of its `real_scores` does the "
        "sigmoid turn into a probability above ½?",
        judge=Number(
            lambda n: _above(n, 0.0),
            {"that is of scores above ½, which are no probabilities": lambda n: _above(n, 0.5)},
        ),
        tip="Where is 1 / (1 + exp(-s)) equal to ½?",
        worked="# The sigmoid is above ½ where the score is positive.\n"
        "answer = (numbers.trained[0].real_scores > 0).mean()",
    ),
    Exercise(
        question="Take the first pair of networks of `numbers.claims[0]`: `less_values[0]` and "
        "`more_values[0]` are two sets of seeds. By how many standard errors do their means "
        "differ, the first less the second? The variance of a mean is that of the seeds over "
        "their number, and the variances of two means are added.",
        judge=Number(
            _in_errors,
            {
                "that is with the opposite sign": lambda n: -_in_errors(n),
                "a variance of few seeds is divided by one less than there are": lambda n: (
                    _in_errors(n, ddof=0)
                ),
            },
        ),
        tip="`x.var(ddof=1) / len(x)`, for both.",
        worked="# Welch's statistic: the two variances need not be equal.\n"
        "less, more = numbers.claims[0].less_values[0], numbers.claims[0].more_values[0]\n"
        "variance = less.var(ddof=1) / len(less) + more.var(ddof=1) / len(more)\n"
        "answer = (less.mean() - more.mean()) / np.sqrt(variance)",
    ),
    Exercise(
        question="A test over five seeds does not tell two games apart. Is the claim that the "
        "first is better 'right', 'wrong' or 'open'?",
        judge=Choice(
            lambda n: "open",
            {
                "right": "a difference that chance could have made is no evidence for the claim",
                "wrong": "a difference that is too small for five seeds may be real",
                "open": "",
            },
        ),
        tip="What would more seeds do to the standard error?",
        worked="# More seeds, or a larger difference, could decide.\nanswer = 'open'",
    ),
)
"""What a student can compute after the lesson."""
