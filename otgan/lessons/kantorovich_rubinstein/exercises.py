"""Exercises on the lesson `kantorovich-rubinstein`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from otgan.lessons.exercises import Exercise, Number, as_array, called, need
from otgan.lessons.kantorovich_rubinstein.numbers import KantorovichRubinstein

__all__ = ["EXERCISES"]

STEEPEST, SCORE = 3.0, 6.0
ELSEWHERE = np.stack(np.meshgrid(np.linspace(-4, 4, 9), np.linspace(-4, 4, 9)), -1).reshape(-1, 2)
"""Points between and around the clouds, where a critic has slopes, too."""


def _judge_critic(answer: Any, n: KantorovichRubinstein) -> None:
    points = np.concatenate([n.x, n.y, ELSEWHERE])
    values = as_array(called(answer, points), (len(points),), "what the function returns")
    apart = cdist(points, points)
    steepest = (np.abs(values[:, None] - values) / np.where(apart > 0, apart, np.inf)).max()
    need(steepest <= 1 + 1e-9, f"between two points of the plane its slope is {steepest:.6g}")
    on_x, on_y, _ = np.split(values, [len(n.x), len(n.x) + len(n.y)])
    score, random = on_x.mean() - on_y.mean(), n.dual_values.max()
    need(
        score > random,
        f"its slopes are allowed, but it scores {score:.4g}; the best random one {random:.4g}",
    )


def _judge_coupling(answer: Any, n: KantorovichRubinstein) -> None:
    plan = as_array(answer, n.plan.shape)
    need((plan >= -1e-12).all(), f"no entry may be negative, got {plan.min():.4g}")
    for axis, cloud in ((1, "x"), (0, "y")):
        sums = plan.sum(axis=axis)
        off = np.abs(sums - 1 / len(sums)).max()
        need(off <= 1e-9, f"mass at a point of {cloud} is off by {off:.3g}; it is 1 / {len(sums)}")
    cost, random = float((plan * cdist(n.x, n.y)).sum()), n.primal_costs.min()
    need(cost < random, f"it is a coupling, but costs {cost:.4g}; the best random one {random:.4g}")


EXERCISES = (
    Exercise(
        question="Write a critic: a function of points of the plane, shape (k, 2), that returns "
        "their values, shape (k,), has slopes up to one everywhere, and scores more, "
        "E f(x) - E f(y), than all random critics of the lesson (`numbers.dual_values`).",
        judge=_judge_critic,
        tip="The points of y lie to the left and right of those of x. Or take optimal potentials: "
        "`numbers.g`, and McShane's formula in `otgan.lessons.kantorovich_rubinstein.numbers`.",
        worked="# Optimal potentials at y, extended to the plane.\n"
        "from otgan.lessons.kantorovich_rubinstein.numbers import mcshane\n\n"
        "def answer(points):\n    return mcshane(numbers.y, -numbers.g, points)",
        blank="def answer(points):\n    ...",
    ),
    Exercise(
        question="Find a coupling of the two clouds, an array of shape `numbers.plan.shape`, that "
        "costs less than all random couplings of the lesson (`numbers.primal_costs`).",
        judge=_judge_coupling,
        tip="All points of a cloud have equal mass. `otgan.emd` finds the best coupling.",
        worked="# The linear program finds the best of all couplings.\n"
        "answer = otgan.emd(numbers.x, numbers.y).plan.toarray()",
    ),
    Exercise(
        question=f"Slopes of some critic are proved to be at most {STEEPEST:g}, and it scores "
        f"E f(x) - E f(y) = {SCORE:g}. W1 is then at least ...?",
        judge=Number(
            lambda n: SCORE / STEEPEST,
            {
                "that would be so if slopes were at most one": lambda n: SCORE,
                "steeper functions score more for the same distance": lambda n: SCORE * STEEPEST,
            },
        ),
        tip="Which multiple of the critic has slopes up to one?",
        worked="# f / K has slopes up to one, and scores as many times less.\n"
        f"answer = {SCORE:g} / {STEEPEST:g}",
    ),
)
"""What a student can compute after the lesson."""
