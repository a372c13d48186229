"""Exercises on the lesson `gaussians-apart`."""

from __future__ import annotations

from typing import Any

from otgan.lessons.densities import Normal, kl, w1
from otgan.lessons.exercises import Exercise, Number, as_number, need
from otgan.lessons.gaussians_apart.numbers import GaussiansApart

__all__ = ["EXERCISES"]

NARROWEST, WIDEST = 0.05, 20.0


def _judge_deviation(answer: Any, n: GaussiansApart) -> None:
    std = as_number(answer)
    need(
        NARROWEST <= std <= WIDEST,
        f"the standard deviation must be in [{NARROWEST:g}, {WIDEST:g}], got {std:.6g}",
    )
    P, Q = Normal(0, 1), Normal(1, std)
    need(
        2 * kl(P, Q) < kl(Q, P),
        f"with {std:.6g}, KL(P‖Q) is {kl(P, Q):.4f} and KL(Q‖P) is {kl(Q, P):.4f}",
    )


EXERCISES = (
    Exercise(
        question="What is KL(N(0, 1) ‖ N(3, 1)), in nats?",
        judge=Number(
            lambda n: kl(Normal(0, 1), Normal(3, 1)),
            {
                "that is W1": lambda n: w1(Normal(0, 1), Normal(3, 1)),
                "there is a factor ½": lambda n: 2 * kl(Normal(0, 1), Normal(3, 1)),
            },
        ),
        tip="With equal variances, the logarithm of the ratio of the densities is a straight line.",
        worked="# log p - log q = (x - 3)² / 2 - x² / 2 = 9 / 2 - 3 x, and x is 0 in the mean.\n"
        "answer = 3**2 / 2",
    ),
    Exercise(
        question="P = N(0, 1) and Q = N(1, `answer`²). Find a standard deviation for which "
        "KL(P‖Q) is less than half of KL(Q‖P).",
        judge=_judge_deviation,
        tip="KL(P‖Q) is large where P has mass and Q hardly has any. Which of the two should be "
        "the wide one?",
        worked="# A wide Q covers P. Back, P does not cover the tails of Q, and that costs more.\n"
        "answer = 2.0",
    ),
    Exercise(
        question="N(0, 1) and N(0, 2²) have the same mean. What is W1 between them?",
        judge=Number(
            lambda n: w1(Normal(0, 1), Normal(0, 2)),
            {
                "that is the distance of the means; mass also has to spread out": lambda n: 0.0,
                "that is W2, the root of a mean square": lambda n: 1.0,
            },
        ),
        tip="On the line it is best to keep the order: x goes to 2x. How far is that, in the mean?",
        worked="# x goes to 2x, so W1 is E|2X - X| = E|X|.\nanswer = np.sqrt(2 / np.pi)",
    ),
)
"""What a student can compute after the lesson."""
