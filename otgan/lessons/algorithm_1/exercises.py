"""Exercises on the lesson `algorithm-1`."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.lessons.algorithm_1.numbers import Algorithm1
from otgan.lessons.algorithm_1.problem import WIDTH
from otgan.lessons.exercises import Exercise, Number, as_array, called, need

__all__ = ["EXERCISES"]


def _critic_steps(n: Algorithm1) -> int:
    return n.training.settings.n_critic * len(n.training.gap)


def _steepest(n: Algorithm1) -> float:
    return float(WIDTH * n.training.settings.limit**2)


def _judge_step(answer: Any, n: Algorithm1) -> None:
    w, gradient = np.array([0.0, 0.05, -0.09, 0.1]), np.array([1.0, -2.0, -3.0, 4.0])
    for rate, limit in ((0.01, 0.1), (0.1, 0.1), (0.1, 1.0)):
        moved = called(answer, w.copy(), gradient.copy(), rate, limit)
        found = as_array(moved, w.shape, "what the function returns")
        need(
            not np.allclose(found, np.clip(w - rate * gradient, -limit, limit)),
            "the critic ascends: its score is to become larger",
        )
        need((np.abs(found) <= limit + 1e-12).all(), f"{found.tolist()} leaves the window, {limit}")
        need(
            np.allclose(found, np.clip(w + rate * gradient, -limit, limit)),
            f"from {w.tolist()} with the gradient {gradient.tolist()}, rate {rate} and limit "
            f"{limit} it moves to {found.tolist()}",
        )


EXERCISES = (
    Exercise(
        question="`len(numbers.training.gap)` steps of the generator were made, with "
        "`numbers.training.settings.n_critic`. How many steps did the critic make in all?",
        judge=Number(
            _critic_steps,
            {
                "t = 0, ..., n_critic is a misprint: that would be one more each time": lambda n: (
                    (n.training.settings.n_critic + 1) * len(n.training.gap)
                ),
                "that is how often θ moved": lambda n: len(n.training.gap),
            },
            rtol=1e-12,
        ),
        tip="Lines 2 to 8 run once for every step of θ.",
        worked="# t = 0, ..., n_critic - 1.\n"
        "answer = numbers.training.settings.n_critic * len(numbers.training.gap)",
    ),
    Exercise(
        question=f"The critic of this lesson has one hidden layer of {WIDTH} ReLU units between a "
        "line and a line, and all weights in [-c, c], c = `numbers.training.settings.limit`. How "
        "steep can it be at most?",
        judge=Number(
            _steepest,
            {
                "that is what W1 asks for, and line 7 does not give": lambda n: 1.0,
                "a path has two weights": lambda n: float(WIDTH * n.training.settings.limit),
                "that is one path; they add up": lambda n: n.training.settings.limit**2,
            },
        ),
        tip="A path multiplies a weight into a unit with one out of it.",
        worked="# All paths with c times c, all units active. The gap is in this unit, not in W1's."
        f"\nanswer = {WIDTH} * numbers.training.settings.limit**2",
    ),
    Exercise(
        question="Write lines 6 and 7 with plain steps in place of RMSProp: move the weights `w` "
        "along `gradient`, that of the critic's score, by `rate` times it, and clip them to "
        "[-`limit`, `limit`].",
        judge=_judge_step,
        tip="The critic climbs. `np.clip(values, low, high)` clips.",
        worked="# Ascend, then clip.\ndef answer(w, gradient, rate, limit):\n"
        "    return np.clip(w + rate * gradient, -limit, limit)",
        blank="def answer(w, gradient, rate, limit):\n    ...",
    ),
)
"""What a student can compute after the lesson."""
