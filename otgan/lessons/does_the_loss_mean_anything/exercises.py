"""Exercises on the lesson `does-the-loss-mean-anything`."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.lessons.does_the_loss_mean_anything.records import LossMeaning
from otgan.lessons.exercises import Exercise, Number, as_array, need

__all__ = ["EXERCISES"]

ADDED = 3.0
CRITIC = 1
"""Which of the lesson's curves is that of the Wasserstein critic."""


def _judge_constant(answer: Any, n: LossMeaning) -> None:
    found = as_array(answer, (2,))
    on_real, on_fake = np.array([1.0, 4.0]), np.array([-2.0, 0.0, 1.0])

    def losses(constant: float) -> np.ndarray:
        real, fake = on_real + constant, on_fake + constant
        return np.array([real.mean() - fake.mean(), -fake.mean()])

    wanted = losses(ADDED) - losses(0)
    for name, given, change in zip(
        ("the estimate", "the generator's loss"), found, wanted, strict=True
    ):
        need(abs(given - change) < 1e-9, f"{name} does not change by {given:g}")


def _correlation(n: LossMeaning) -> float:
    return n.curves[CRITIC].correlations["critic_estimate"]


EXERCISES = (
    Exercise(
        question=f"{ADDED:g} is added to a Wasserstein critic, f + {ADDED:g} in place of f. By how "
        "much change its estimate, E f(x) - E f(y), and the generator's loss, -E f(y)? Answer with "
        "two numbers.",
        judge=_judge_constant,
        tip="Write both with f + 3.",
        worked="# The constant cancels in a difference. So the generator's loss has no zero.\n"
        f"answer = 0, -{ADDED:g}",
    ),
    Exercise(
        question=f"`numbers.curves[{CRITIC}]` is the training of a WGAN. Compute Spearman's "
        "correlation of its `critic_estimate` with its `debiased_w1`, over the first "
        "`until_floor` measurements.",
        judge=Number(
            _correlation,
            {"that is with the opposite sign": lambda n: -_correlation(n)},
            rtol=1e-6,
        ),
        tip="Spearman's is the correlation of ranks: `scipy.stats.spearmanr(a, b).statistic`.",
        worked="# After the floor is reached, both change by chance alone.\n"
        "from scipy.stats import spearmanr\n\n"
        f"curve = numbers.curves[{CRITIC}]\nfirst = slice(curve.until_floor)\n"
        "answer = spearmanr(curve.critic_estimate[first], curve.debiased_w1[first]).statistic",
    ),
)
"""What a student can compute after the lesson."""
