"""Exercises on the lesson `piles-of-dirt`."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan import wasserstein_1d
from otgan.lessons.exercises import Exercise, Number, as_array, need
from otgan.lessons.piles_of_dirt.numbers import PilesOfDirt

__all__ = ["EXERCISES"]

APART = 3
"""Steps between neighboring piles in the last exercise."""


def _judge_prices(answer: Any, n: PilesOfDirt) -> None:
    prices = as_array(answer, n.P.shape)
    steps = np.abs(np.diff(prices))
    need(
        (steps <= 1 + 1e-9).all(),
        f"between two neighboring piles the price changes by {steps.max(initial=0):.6g}, more than "
        "carrying costs",
    )
    earned = float(prices @ (n.P - n.Q))
    need(
        earned >= n.work * (1 - 1e-9) - 1e-12,
        f"these prices are allowed, but earn {earned:.6g} where a plan costs {n.work:.6g}",
    )


def _work_apart(n: PilesOfDirt) -> float:
    places = APART * np.arange(len(n.P))
    return float(n.P.sum() * wasserstein_1d(places, places, n.P, n.Q))


EXERCISES = (
    Exercise(
        question="With how little work do the piles `numbers.P` become `numbers.Q`? In shovelfuls "
        "times steps; find it before you look at `numbers.work`.",
        judge=Number(
            lambda n: n.work,
            {
                "so much dirt is moved, but work also counts how far": lambda n: n.tv * n.P.sum(),
                "that is for one shovelful in all; here there are more": lambda n: n.distance,
            },
        ),
        tip="What piles 1 to i have in excess must cross from pile i to pile i + 1.",
        worked="# What the first i piles have in excess crosses to the next, in either direction.\n"
        "answer = np.abs(np.cumsum(numbers.P - numbers.Q)).sum()",
    ),
    Exercise(
        question="Prove that nobody needs less work. Set prices `f`, one for each pile, that "
        "change by at most one from a pile to the next, so that `f @ (numbers.P - numbers.Q)` is "
        "the least work itself.",
        judge=_judge_prices,
        tip="Where dirt is carried to the right, the price should fall by one; where it is "
        "carried to the left, rise by one.",
        worked="# The price falls by one in the direction in which dirt flows.\n"
        "answer = -np.concatenate([[0], np.cumsum(np.sign(numbers.flow[:-1]))])",
    ),
    Exercise(
        question=f"Now the piles stand {APART} steps apart instead of one. How much work is it?",
        judge=Number(
            _work_apart,
            {
                "only KL, JS and TV stay; every shovelful goes further now": lambda n: n.work,
            },
        ),
        tip="Every path becomes longer by the same factor.",
        worked="# All distances grow by one factor, and so does W1. KL, JS and TV do not notice.\n"
        f"answer = {APART} * numbers.work",
    ),
)
"""What a student can compute after the lesson."""
