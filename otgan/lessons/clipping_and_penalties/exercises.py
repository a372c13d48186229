"""Exercises on the lesson `clipping-and-penalties`."""

from __future__ import annotations

import math

from otgan.lessons.clipping_and_penalties.records import ClippingAndPenalties, layer_factors
from otgan.lessons.exercises import Exercise, Number

__all__ = ["EXERCISES"]

FACTOR = 0.5


def _window(n: ClippingAndPenalties) -> float:
    """The limit for which a layer leaves a gradient as long as it is."""
    return 1 / layer_factors(1.0, n.width)[0]


def _part_shown(n: ClippingAndPenalties) -> float:
    return float(n.critic("lp", n.depths[0]).gap[-1]) / n.w1


EXERCISES = (
    Exercise(
        question="All weights of a layer of `numbers.width` ReLU units are at ± c with random "
        "signs, and half of the units are on. For which c is a gradient as long after it as "
        "before?",
        judge=Number(
            _window,
            {
                "that would be so if all signs agreed": lambda n: 2 / n.width,
                "half of the units are off": lambda n: 1 / math.sqrt(n.width),
            },
        ),
        tip="Squares add up: the square of the norm is multiplied by c² times the units that are "
        "on.",
        worked="# c² width / 2 = 1.\nanswer = 1 / np.sqrt(numbers.width / 2)",
    ),
    Exercise(
        question=f"On its way back every hidden layer multiplies a gradient by {FACTOR:g}. What is "
        "left of it after as many layers as the deepest critics of this lesson have "
        "(`numbers.depths`)?",
        judge=Number(
            lambda n: FACTOR ** n.depths[-1],
            {
                "that is of the shallow ones": lambda n: FACTOR ** n.depths[0],
                "factors are multiplied": lambda n: FACTOR / n.depths[-1],
            },
        ),
        tip="A power.",
        worked=f"# Why a narrow window leaves nothing.\nanswer = {FACTOR:g} ** numbers.depths[-1]",
    ),
    Exercise(
        question="Which fraction of W1 (`numbers.w1`) does the shallow critic under the one-sided "
        'penalty show in the end? It is `numbers.critic("lp", numbers.depths[0])`, and shows its '
        "`gap`.",
        judge=Number(_part_shown, {"that is upside down": lambda n: 1 / _part_shown(n)}),
        tip="The last number of `gap`.",
        worked="# More than one is possible: a penalized critic may be steeper than one.\n"
        'answer = numbers.critic("lp", numbers.depths[0]).gap[-1] / numbers.w1',
    ),
)
"""What a student can compute after the lesson."""
