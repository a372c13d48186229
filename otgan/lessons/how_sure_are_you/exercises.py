"""Exercises on the lesson `how-sure-are-you`."""

from __future__ import annotations

import math

from otgan.lessons.exercises import Exercise, Number
from otgan.lessons.how_sure_are_you.numbers import HowSure
from otgan.lessons.how_sure_are_you.trials import nearest_point

__all__ = ["EXERCISES"]

POINTS = 1600
X, Y = [0.0, 1.0], [2.0, 3.0]
BIASED = 2
"""Which of the lesson's trials have a bias far beyond their standard error."""


def _bias_in_errors(n: HowSure) -> float:
    trials = n.trials[BIASED]
    return float((trials.plug_in.mean() - trials.truth) / trials.se.mean())


EXERCISES = (
    Exercise(
        question=f"Two samples of {POINTS} points each are drawn from the *same* distribution, "
        "U[0, 1]. How large is W1 between them, on average?",
        judge=Number(
            lambda n: n.floors[1].limit / math.sqrt(POINTS),
            {
                "the distributions are equal, but the samples are not": lambda n: 0.0,
                "that is √n times as much": lambda n: n.floors[1].limit,
                "it falls with √n, not with n": lambda n: n.floors[1].limit / POINTS,
                "that is for the normal distribution": lambda n: (
                    n.floors[0].limit / math.sqrt(POINTS)
                ),
            },
        ),
        tip="√n E W1 tends to `numbers.floors[1].limit`.",
        worked="# √n E W1 tends to √π / 4. No generator comes closer than that to as many points.\n"
        f"answer = numbers.floors[1].limit / np.sqrt({POINTS})",
    ),
    Exercise(
        question="x = (0, 1) and y = (2, 3) are samples of P and of Q. Estimate KL(P‖Q) by nearest "
        "points, mean log(ν/ρ) + log(m / (n - 1)): ρ is the distance from a point of x to the "
        "nearest other point of x, ν that to the nearest of y. In nats, by hand.",
        judge=Number(
            lambda n: nearest_point(X, Y),
            {
                "the second term is missing, log(m / (n - 1))": lambda n: (
                    nearest_point(X, Y) - math.log(len(Y) / (len(X) - 1))
                ),
                "that is the second term alone": lambda n: math.log(len(Y) / (len(X) - 1)),
            },
        ),
        tip="ρ is 1 for both points of x; ν is 2 for the first one.",
        worked="# ρ = 1, 1 and ν = 2, 1; n = m = 2.\n"
        "answer = np.mean(np.log([2 / 1, 1 / 1])) + np.log(2 / (2 - 1))",
    ),
    Exercise(
        question=f"`numbers.trials[{BIASED}]` has W1 of many pairs of samples (`plug_in`), each "
        "with its standard error (`se`), and W1 of the distributions (`truth`). How many (mean) "
        "standard errors is their mean above the truth? No interval of ± 1.96 of them can be "
        "trusted then.",
        judge=Number(
            _bias_in_errors,
            {
                "that is the bias itself; divide it by the mean standard error": lambda n: float(
                    n.trials[BIASED].plug_in.mean() - n.trials[BIASED].truth
                ),
                "the mean is above the truth, so the answer is positive": lambda n: (
                    -_bias_in_errors(n)
                ),
            },
        ),
        tip="(mean of `plug_in` - `truth`) / mean of `se`.",
        worked="# A standard error measures noise around the mean, and not how far the mean is off."
        f"\ntrials = numbers.trials[{BIASED}]\n"
        "answer = (trials.plug_in.mean() - trials.truth) / trials.se.mean()",
    ),
)
"""What a student can compute after the lesson."""
