"""Exercises on the lesson `parallel-lines`."""

from __future__ import annotations

import math
from typing import Any

from otgan import js_divergence
from otgan.lessons.densities import Normal, js
from otgan.lessons.exercises import Exercise, Number, as_number, called, need
from otgan.lessons.parallel_lines.numbers import ParallelLines, run

__all__ = ["EXERCISES"]

SIGMA = 0.5


def _judge_shift(answer: Any, n: ParallelLines) -> None:
    theta = as_number(answer)
    need(theta > 0, f"theta must be positive, got {theta:.6g}")
    wanted = js(Normal(0, 1), Normal(2, 1))
    found = js(Normal(0, SIGMA), Normal(theta, SIGMA))
    need(
        math.isclose(found, wanted, rel_tol=0.005),
        f"at {theta:.6g}, with sigma = {SIGMA}, JS is {found:.4f}; wanted is {wanted:.4f}",
    )


def _judge_slope(answer: Any, n: ParallelLines) -> None:
    step = 1e-3
    for theta in (-1.5, -0.2, 0.3, 1.0, 2.5):
        low, high = run(thetas=[theta - step, theta + step], sigmas=[1.0], points=4).w
        wanted = (high - low) / (2 * step)
        found = as_number(called(answer, theta), f"the slope at theta = {theta}")
        need(
            math.isclose(found, wanted, rel_tol=0.005),
            f"at theta = {theta}, W1 changes by {wanted:.4g} times a small change of theta, and "
            f"not by {found:.4g} times",
        )


EXERCISES = (
    Exercise(
        question="Without noise the lines are 0.3 apart. How many *bits* is JS?",
        judge=Number(
            lambda n: float(js_divergence([1, 0], [0, 1], base=2)),
            {
                "that is JS in nats": lambda n: math.log(2),
                "that is W1; JS does not see how far the lines are apart": lambda n: 0.3,
            },
        ),
        tip="One look at a point tells from which line it is: an answer to one yes-or-no question.",
        worked="# Disjoint distributions are log 2 nats apart at any distance, and a bit is log 2 "
        "nats.\nanswer = otgan.js_divergence([1, 0], [0, 1], base=2)",
    ),
    Exercise(
        question="With noise of standard deviation 1, JS is .3368 nats where the lines are 2 "
        f"apart. With noise of {SIGMA}, how far apart must they be for the same JS?",
        judge=_judge_shift,
        tip="JS does not change if the unit of length does.",
        worked=f"# Only theta / sigma matters.\nanswer = 2 * {SIGMA}",
    ),
    Exercise(
        question="Write the slope of W1 in `theta`, wherever it has one: by how much W1 changes if "
        "`theta` changes a little, divided by that change. Mind that `theta` may be negative.",
        judge=_judge_slope,
        tip="W1 is |theta|.",
        worked="# W1 = |theta| has the slope 1 or -1, near and far, and none at zero: a kink.\n"
        "def answer(theta):\n    return np.sign(theta)",
        blank="def answer(theta):\n    ...",
    ),
)
"""What a student can compute after the lesson."""
