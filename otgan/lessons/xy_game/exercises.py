"""Exercises on the lesson `xy-game`."""

from __future__ import annotations

import math
from typing import Any

from otgan.lessons.exercises import Exercise, Number, as_array, as_number, called, need
from otgan.lessons.xy_game.numbers import XYGame

__all__ = ["EXERCISES"]

LATER = 100


def _judge_doubling(answer: Any, n: XYGame) -> None:
    steps = as_number(answer)
    need(steps == round(steps) > 0, f"the answer must be a number of steps, got {steps:.6g}")
    reached = steps * math.log(n.growth)
    need(
        reached >= math.log(2) * (1 - 1e-12),
        f"after {steps:.0f} steps the radius is {math.exp(reached):.4f} times the first",
    )
    need(
        reached - math.log(n.growth) < math.log(2),
        f"one step earlier it is {math.exp(reached - math.log(n.growth)):.4f} times already",
    )


def _judge_scheme(answer: Any, n: XYGame) -> None:
    """Play (x - a)(y - b), for some (a, b) that the answer cannot know."""
    for a, b in ((0.0, 0.0), (0.7, -1.3)):

        def slopes(x: float, y: float, a: float = a, b: float = b) -> tuple[float, float]:
            return y - b, x - a

        for angle in range(0, 360, 30):
            x, y = a + math.cos(math.radians(angle)), b + math.sin(math.radians(angle))
            moved = called(answer, x, y, n.eta, slopes)
            x, y = as_array(moved, (2,), "what the function returns").tolist()
            radius = math.hypot(x - a, y - b)
            need(
                radius < 1 - 1e-12,
                f"from a point at distance 1 it moves to distance {radius:.6f} of where both "
                "players are content",
            )


EXERCISES = (
    Exercise(
        question=f"By which factor do {LATER} simultaneous steps of size `numbers.eta` change the "
        "distance from (0, 0)?",
        judge=Number(
            lambda n: n.growth**LATER,
            {
                "a step is at a right angle to the radius, so it adds less": lambda n: (
                    (1 + n.eta) ** LATER
                ),
                "that is the factor of its square": lambda n: n.growth ** (2 * LATER),
                "that is one step": lambda n: n.growth,
            },
            rtol=1e-3,
        ),
        tip="Pythagoras: the step has eta times the length of the radius.",
        worked="# Radius and step are the legs of a right triangle.\n"
        f"answer = np.sqrt(1 + numbers.eta**2) ** {LATER}",
    ),
    Exercise(
        question="After how many simultaneous steps of size `numbers.eta` is the distance from "
        "(0, 0) at least twice the first, for the first time?",
        judge=_judge_doubling,
        tip="Every step multiplies the radius by the same factor: take logarithms.",
        worked="# Halving eta makes it about four times as many: it is slower, not stable.\n"
        "answer = np.ceil(np.log(2) / np.log(numbers.growth))",
    ),
    Exercise(
        question="Write one move of both players that always brings them nearer to where both are "
        "content. `slopes(x, y)` returns the derivatives of what is played for, in `x` and in "
        "`y`; who moves `x` lowers it, who moves `y` raises it. Call it as often as you like.",
        judge=_judge_scheme,
        tip="Look one step ahead, and take the slopes that you find there.",
        worked="# Extragradient: both move by the slopes one step ahead.\n"
        "def answer(x, y, eta, slopes):\n"
        "    along_x, along_y = slopes(x, y)\n"
        "    along_x, along_y = slopes(x - eta * along_x, y + eta * along_y)\n"
        "    return x - eta * along_x, y + eta * along_y",
        blank="def answer(x, y, eta, slopes):\n    along_x, along_y = slopes(x, y)\n    ...",
    ),
)
"""What a student can compute after the lesson."""
