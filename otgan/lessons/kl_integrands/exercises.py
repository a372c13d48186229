"""Exercises on the lesson `kl-integrands`."""

from __future__ import annotations

import math
from typing import Any

from otgan.lessons.densities import Normal, crossings
from otgan.lessons.exercises import Exercise, Number, as_number, called, need
from otgan.lessons.kl_integrands.numbers import KLIntegrands, far_bump

__all__ = ["EXERCISES"]

NEAR, FAR = 3.0, 8.0
OUT_OF_SIGHT = 30.0
"""Where a bump lies as good as infinitely far away."""


def _judge_limit(answer: Any, n: KLIntegrands) -> None:
    for weight in (0.05, 0.1, 0.5, 0.9):
        wanted, _, _ = far_bump(weight, OUT_OF_SIGHT)
        found = as_number(called(answer, weight), f"KL(P‖Q) for the weight {weight}")
        need(
            math.isclose(found, wanted, rel_tol=0.005),
            f"with {weight} of the mass in the bump, {OUT_OF_SIGHT:g} away, KL(P‖Q) is "
            f"{wanted:.4f}, and not {found:.4f}",
        )


EXERCISES = (
    Exercise(
        question="p is the density of N(0, 1) and q that of N(1, 1). The integrands p log(p/q) and "
        "q log(q/p) are mirror images of each other, so that both have the same area. At which x "
        "stands the mirror?",
        judge=Number(
            lambda n: crossings(Normal(0, 1), Normal(1, 1))[0],
            {
                "there p has its peak; mirrored, it would not become q": lambda n: 0.0,
                "there q has its peak; mirrored, it would not become p": lambda n: 1.0,
            },
        ),
        tip="The mirror makes p of q. Where are they equal?",
        worked="# Halfway between the means, where the densities cross.\nanswer = (0 + 1) / 2",
    ),
    Exercise(
        question="A part `weight` of the mass of Q moves far away from P, where p is as good as "
        "zero; the rest of Q is P. Write what KL(P‖Q) tends to.",
        judge=_judge_limit,
        tip="Where p is, q = (1 - weight) p. What is log(p/q) there?",
        worked="# p/q = 1 / (1 - weight) where P is. Where the bump went does not count.\n"
        "def answer(weight):\n    return -np.log(1 - weight)",
        blank="def answer(weight):\n    ...",
    ),
    Exercise(
        question="In this lesson a bump has `numbers.weight` of the mass of Q. By how much does W1 "
        f"between P and Q grow as it moves from {NEAR:g} to {FAR:g}?",
        judge=Number(
            lambda n: n.weight * (FAR - NEAR),
            {
                "all of Q does not move, only the bump": lambda n: FAR - NEAR,
                "that is W1 afterwards": lambda n: n.weight * FAR,
            },
        ),
        tip="Mass times distance.",
        worked="# Only the bump has to be carried further.\n"
        f"answer = numbers.weight * ({FAR:g} - {NEAR:g})",
    ),
)
"""What a student can compute after the lesson."""
