"""Exercises on the lesson `perfect-discriminator`."""

from __future__ import annotations

import math
from typing import Any

from otgan.lessons.densities import js_slope
from otgan.lessons.exercises import Exercise, Number, as_number, called, need
from otgan.lessons.perfect_discriminator.numbers import PerfectDiscriminator, discriminator

__all__ = ["EXERCISES"]

LOSS = -1.0
WEAK = 0.1
FARTHEST = 12.0


def _judge_discriminator(answer: Any, n: PerfectDiscriminator) -> None:
    for x, delta in ((0.0, 1.0), (2.0, 1.0), (-1.0, 2.0), (1.5, 3.0), (3.0, 4.0)):
        found = as_number(called(answer, x, delta), f"D({x:g}) at delta = {delta:g}")
        wanted = discriminator(x, delta)
        need(
            not math.isclose(found, 1 - wanted, rel_tol=1e-3) or math.isclose(wanted, 0.5),
            "that is the probability of a generated point; D is that of a real one",
        )
        need(
            math.isclose(found, wanted, rel_tol=1e-3),
            f"at x = {x:g} and delta = {delta:g} there is a better one than {found:.4g}",
        )


def _judge_weakest(answer: Any, n: PerfectDiscriminator) -> None:
    delta = as_number(answer)
    need(1 <= delta <= FARTHEST, f"delta must be in [1, {FARTHEST:g}], got {delta:.6g}")
    here, before = 2 * js_slope(delta), 2 * js_slope(delta - 0.1)
    need(here < WEAK, f"at {delta:.6g} the slope is still {here:.4f}")
    need(before >= WEAK, f"a tenth before {delta:.6g} the slope is already down to {before:.4f}")


EXERCISES = (
    Exercise(
        question="The data are N(0, 1), and the generator makes N(`delta`, 1). Write the best "
        "discriminator: the probability that `x` is real, if half of all points are.",
        judge=_judge_discriminator,
        tip="p_r / (p_r + p_g) depends only on the ratio of the densities, p_g / p_r.",
        worked="# The ratio p_g / p_r is exp(delta x - delta² / 2).\ndef answer(x, delta):\n"
        "    return 1 / (1 + np.exp(delta * x - delta**2 / 2))",
        blank="def answer(x, delta):\n    ...",
    ),
    Exercise(
        question=f"The best discriminator against some generator is worth L(G, D*) = {LOSS:g}. How "
        "many nats are generator and data apart, in JS?",
        judge=Number(
            lambda n: (LOSS + 2 * math.log(2)) / 2,
            {
                "the loss is twice JS, less 2 log 2": lambda n: LOSS + 2 * math.log(2),
                "there is 2 log 2 to be added first": lambda n: LOSS / 2,
            },
        ),
        tip="If the generator is perfect, L is -2 log 2 and JS is zero.",
        worked=f"# L = 2 JS - 2 log 2.\nanswer = ({LOSS:g} + 2 * np.log(2)) / 2",
    ),
    Exercise(
        question="W1 pulls the generator with the slope 1 wherever it is. From which `delta` on, "
        f"beyond 1 and to a tenth, does log(1 - D*) pull with less than {WEAK:g}?",
        judge=_judge_weakest,
        tip="`lesson.run(deltas=[2, 3]).saturating` has the slopes at 2 and at 3.",
        worked="# The slope is twice that of JS. It rises, then falls like the overlap.\n"
        "deltas = np.arange(10, 80) / 10\n"
        f"answer = deltas[lesson.run(deltas=deltas).saturating < {WEAK:g}][0]",
    ),
)
"""What a student can compute after the lesson."""
