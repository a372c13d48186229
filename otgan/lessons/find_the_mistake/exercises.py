"""Exercises on the lesson `find-the-mistake`: counterexamples of the student's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan import js_divergence
from otgan.lessons.exercises import Exercise, Number, as_array, as_number, called, need
from otgan.lessons.find_the_mistake.numbers import FindTheMistake

__all__ = ["EXERCISES"]

REACH = 100
STEEP = 100.0
STEPS = 1e-5, 1e-7
LOW, HIGH, FAR = 1.0, 3.0, 4.0


def _judge_function(answer: Any, n: FindTheMistake) -> None:
    """Slopes to both sides of whole numbers, by two small steps each, have to agree."""
    steepest = 0.0
    for x in range(-REACH, REACH + 1):
        slopes = [_slope(answer, float(x), sign * step) for step in STEPS for sign in (-1, 1)]
        need(
            np.ptp(slopes) <= 0.01 * (1 + max(map(abs, slopes))),
            f"at {x} it jumps or has a kink: its slope is not continuous there",
        )
        steepest = max(steepest, *map(abs, slopes))
    need(
        steepest > STEEP,
        f"between -{REACH} and {REACH} its slope is {steepest:.4g} at most; make it grow faster",
    )


def _slope(answer: Any, x: float, step: float) -> float:
    ends = (as_number(called(answer, at), f"f({at:g})") for at in (x, x + step))
    low, high = ends
    return (high - low) / step


def _judge_triangle(answer: Any, n: FindTheMistake) -> None:
    three = as_array(answer, (3, 2))
    need((three >= 0).all(), f"masses must not be negative, got {three.min():.6g}")
    sums = three.sum(axis=1)
    need(np.allclose(sums, 1, atol=1e-9), f"all must add up to 1, got {sums.round(6).tolist()}")
    p, q, r = three
    direct, detour = float(js_divergence(p, r)), float(js_divergence(p, q) + js_divergence(q, r))
    need(direct > detour + 1e-9, f"JS is {direct:.4f}, and {detour:.4f} by way of q: no shorter")


EXERCISES = (
    Exercise(
        question="Write a continuously differentiable function of the line whose slopes have no "
        f"bound. It is graded between -{REACH} and {REACH}, where some slope must be more than "
        f"{STEEP:g}.",
        judge=_judge_function,
        tip="Which powers of x become ever steeper?",
        worked="# Its slope is 2x: continuous, and as large as you like.\n"
        "def answer(x):\n    return x**2",
        blank="def answer(x):\n    ...",
    ),
    Exercise(
        question="Show that JS is no metric: find distributions `(p, q, r)` on two bins for which "
        "JS(p, r) is more than JS(p, q) + JS(q, r).",
        judge=_judge_triangle,
        tip="Let q be halfway between p and r.",
        worked="# The square root of JS is a metric; so JS is like a squared distance.\n"
        "answer = [1, 0], [0.5, 0.5], [0, 1]",
    ),
    Exercise(
        question=f"All real points are at 0, and all generated ones at {FAR:g}. ε is uniform on "
        f"[0, 1]. Which fraction of the points ε x + (1 - ε) y lies between {LOW:g} and {HIGH:g}?",
        judge=Number(
            lambda n: (HIGH - LOW) / FAR,
            {"that is the mixture of the two distributions": lambda n: 0.0},
        ),
        tip="ε x + (1 - ε) y is uniform on the way from y to x.",
        worked=f"# Uniform on [0, {FAR:g}].\nanswer = ({HIGH:g} - {LOW:g}) / {FAR:g}",
    ),
)
"""What a student can compute after the lesson."""
