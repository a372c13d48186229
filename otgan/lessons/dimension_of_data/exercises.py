"""Exercises on the lesson `dimension-of-data`."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.lessons.dimension_of_data.estimation import estimate_dimension
from otgan.lessons.dimension_of_data.numbers import DimensionOfData
from otgan.lessons.dimension_of_data.shapes import meeting
from otgan.lessons.exercises import Exercise, Number, as_array, called, need

__all__ = ["EXERCISES"]

FIRST, SECOND, SPACE = 30, 50, 64
POINTS, AMBIENT = 800, 10
LOW, HIGH = 1.8, 2.2


def _judge_surface(answer: Any, n: DimensionOfData) -> None:
    rng = np.random.default_rng(1)
    points = as_array(called(answer, POINTS, rng), (POINTS, AMBIENT), "what the function returns")
    need(len(np.unique(points, axis=0)) == POINTS, "no two points may be equal")
    read = estimate_dimension(points).value
    need(LOW <= read <= HIGH, f"their dimension is read as {read:.2f}")
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    flat = spread[:2].sum() / spread.sum()
    need(
        flat < 0.95,
        f"it is a surface, but nearly flat: two principal components have {flat:.0%} of its "
        "variance",
    )


def _shared(n: DimensionOfData) -> float:
    found = meeting(np.random.default_rng(0), FIRST, SECOND, SPACE)
    assert found is not None
    return float(found)


EXERCISES = (
    Exercise(
        question=f"Two flat sets in general position, of {FIRST} and of {SECOND} dimensions, lie "
        f"in a space of {SPACE}. Of what dimension is what they share?",
        judge=Number(
            _shared,
            {
                "so much they span together, and what they share counts twice": lambda n: float(
                    SPACE
                ),
                "that is what the larger one lacks": lambda n: float(SPACE - SECOND),
                "the larger one does not contain the other": lambda n: float(FIRST),
                "they do meet, for together they have more dimensions than the space": lambda n: (
                    0.0
                ),
            },
            rtol=1e-9,
        ),
        tip="Each equation takes a dimension away: one set has as many equations as it lacks "
        "dimensions.",
        worked="# a + b - d. It has no mass in either, so that JS is still log 2.\n"
        f"answer = {FIRST} + {SECOND} - {SPACE}",
    ),
    Exercise(
        question=f"Make a surface in {AMBIENT} dimensions that is not flat: write a function that "
        f"draws `n` points with `rng`, shape (n, {AMBIENT}), whose dimension is read as {LOW:g} to "
        f"{HIGH:g}, though two principal components have less than 95 % of their variance.",
        judge=_judge_surface,
        tip="The surface of a ball in three of the coordinates.",
        worked="# A sphere: locally a plane, but it takes three coordinates to hold it.\n"
        "def answer(n, rng):\n"
        f"    points = np.zeros((n, {AMBIENT}))\n"
        "    points[:, :3] = rng.normal(size=(n, 3))\n"
        "    return points / np.linalg.norm(points, axis=1, keepdims=True)",
        blank="def answer(n, rng):\n    ...",
    ),
)
"""What a student can compute after the lesson."""
