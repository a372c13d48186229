"""Exercises on the lesson `two-halves-of-duality`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from otgan.lessons.exercises import Choice, Exercise, as_array, called, need
from otgan.lessons.two_halves_of_duality.functions import FUNCTIONS
from otgan.lessons.two_halves_of_duality.numbers import TwoHalves, lower_envelope

__all__ = ["EXERCISES"]


def _judge_prices(answer: Any, n: TwoHalves) -> None:
    is_pair = isinstance(answer, (tuple, list, np.ndarray)) and len(answer) == 2
    need(is_pair, "the answer must be a pair, prices on x and prices on y")
    f, g = as_array(answer[0], n.x.shape, "f"), as_array(answer[1], n.y.shape, "g")
    over = (f[:, None] + g - np.abs(n.x[:, None] - n.y)).max()
    need(over <= 1e-9, f"somewhere f + g is above the distance by {over:.6g}")
    earned = float(f.mean() + g.mean())
    need(
        earned >= n.distance - 1e-9,
        f"these prices are allowed, but earn {earned:.6g} where the best plan costs "
        f"{n.distance:.6g}",
    )


def _judge_envelope(answer: Any, n: TwoHalves) -> None:
    z = np.linspace(-6, 6, 25)
    for y, g in ((n.y, n.g), (n.y, n.best_g), (np.array([-3.0, 0.5, 2.0]), np.array([1.0, -2, 0]))):
        found = as_array(called(answer, z, y, g), z.shape, "what the function returns")
        wanted = lower_envelope(y, -g, z)
        k = int(np.abs(found - wanted).argmax())
        need(
            abs(found[k] - wanted[k]) <= 1e-9,
            f"for y = {y.round(3).tolist()} and g = {g.round(3).tolist()}, φ({z[k]:g}) is "
            f"{wanted[k]:.4g}, and not {found[k]:.4g}",
        )


def _smooth_and_steep(n: TwoHalves) -> str:
    return next(
        f.name for f in n.functions if f.continuously_differentiable and math.isinf(f.lipschitz)
    )


EXERCISES = (
    Exercise(
        question="Find the best prices: `f`, one for each of `numbers.x`, and `g`, one for each of "
        "`numbers.y`, with f_i + g_j ≤ |x_i - y_j| everywhere, that earn as much as the best plan "
        "costs, in the mean. Answer with the pair `(f, g)`.",
        judge=_judge_prices,
        tip="They are what the linear program has beside its plan: `otgan.emd(...).f` and `.g`.",
        worked="# The dual of the program over plans.\n"
        "r = otgan.emd(numbers.x, numbers.y)\nanswer = r.f, r.g",
    ),
    Exercise(
        question="Make one function of prices `g` on the points `y`: the largest φ that has slopes "
        "up to one and φ(y_j) ≤ -g_j. Write φ(z), for an array `z` of places.",
        judge=_judge_envelope,
        tip="From each y_j on φ can rise by no more than one a step: it is below a V-shaped graph.",
        worked="# The lowest of the V-shaped graphs.\ndef answer(z, y, g):\n"
        "    return (np.abs(z[:, None] - y) - g).min(axis=1)",
        blank="def answer(z, y, g):\n    ...",
    ),
    Exercise(
        question="Which of "
        + ", ".join(f"`{function.name!r}`" for function in FUNCTIONS)
        + " is continuously differentiable and yet not Lipschitz?",
        judge=Choice(
            _smooth_and_steep,
            {
                "|x|": "it has no derivative at 0",
                "sin x": "its slope is at most one",
                "x²": "its derivative is continuous, and has no bound",
                "√|x|": "it has no derivative at 0",
            },
        ),
        tip="Its derivative is continuous, and has no bound.",
        worked='# The slope of x² is 2x.\nanswer = "x²"',
    ),
)
"""What a student can compute after the lesson."""
