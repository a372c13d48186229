"""Exercises on the lesson `neural-critic`."""

from __future__ import annotations

import math
from typing import Any

from otgan.lessons.exercises import Exercise, Number, as_number, called, need
from otgan.lessons.neural_critic.exact import steepest_clipped
from otgan.lessons.neural_critic.numbers import LINE
from otgan.lessons.neural_critic.records import NeuralCritic

__all__ = ["EXERCISES"]

HIDDEN = 2


def _judge_extrapolation(answer: Any, n: NeuralCritic) -> None:
    for weight in (0.1, 1.0, 5.0):
        single, double = LINE.gap(weight), LINE.gap(2 * weight)
        found = as_number(called(answer, single, double), "what the function returns")
        need(
            math.isclose(found, n.w1, rel_tol=1e-3),
            f"from perfect critics of weights {weight:g} and {2 * weight:g} it makes {found:.4f}; "
            f"W1 is {n.w1:g}",
        )


def _judge_width(answer: Any, n: NeuralCritic) -> None:
    width = as_number(answer)
    need(width == round(width) > 1, f"the answer must be a number of units, got {width:.6g}")
    for units, is_enough in ((round(width), True), (round(width) - 1, False)):
        slope = steepest_clipped(n.limit, 1, units, HIDDEN)
        need((slope >= 1 - 1e-9) is is_enough, f"{units} units allow a slope of {slope:.6g}")


EXERCISES = (
    Exercise(
        question="Between N(0, 1) and N(2, 1), where W1 is 2, a perfect critic under a gradient "
        f"penalty of weight 10 shows {LINE.gap(10):.4f}. What does one of weight 20 show?",
        judge=Number(
            lambda n: LINE.gap(20),
            {
                "that is without the excess; no weight removes it": lambda n: n.w1,
                "the excess halves, and not the gap": lambda n: LINE.gap(10) / 2,
                "a heavier penalty lets the critic be less steep": lambda n: LINE.gap(5),
            },
            rtol=5e-4,
        ),
        tip="The excess over W1 is proportional to 1 / weight.",
        worked="# The excess halves when the weight doubles.\n"
        "answer = numbers.w1 + (numbers.on_line[1].ideal - numbers.w1) / 2",
    ),
    Exercise(
        question="Two critics are trained with penalties of some weight and of twice that weight. "
        "Write W1 in terms of what they show, `single` and `double`.",
        judge=_judge_extrapolation,
        tip="single = W1 + e and double = W1 + e / 2. Solve for W1.",
        worked="# Two equations for W1 and the excess e.\ndef answer(single, double):\n"
        "    return 2 * double - single",
        blank="def answer(single, double):\n    ...",
    ),
    Exercise(
        question="All weights of a ReLU network from the line to the line, with two hidden layers, "
        "are clipped to [-`numbers.limit`, `numbers.limit`]. How many units must each hidden layer "
        "have at least, so that the network can have the slope 1 at all?",
        judge=_judge_width,
        tip="A path through the network multiplies three weights, and there are width² paths.",
        worked="# limit³ width² = 1. A wider network may be steeper: the limit alone says little.\n"
        "answer = round(numbers.limit**-1.5)",
    ),
)
"""What a student can compute after the lesson."""
