"""Exercises on the lesson `what-a-discriminator-learns`."""

from __future__ import annotations

from otgan.lessons.exercises import Choice, Exercise, Number
from otgan.lessons.what_a_discriminator_learns.records import (
    LOSSES,
    SETTLED,
    WhatADiscriminatorLearns,
)

__all__ = ["EXERCISES"]

RISE = 0.8
NEARBY = 0.01


def _near_the_crossing(n: WhatADiscriminatorLearns) -> float:
    from otgan.lessons.what_a_discriminator_learns.thin_sets import share_within

    return share_within(NEARBY)


def _steadiest(n: WhatADiscriminatorLearns) -> str:
    return LOSSES[n.fixed[0].drift.argmin()]


EXERCISES = (
    Exercise(
        question=f"Two lines of the plane, (t, {RISE} t) and (t, -{RISE} t) with t uniform on "
        f"[-1, 1], cross at 0. Which fraction of the points of one has the other line within "
        f"{NEARBY} above or below?",
        judge=Number(
            _near_the_crossing,
            {
                "that is how near it is; count the points": lambda n: NEARBY,
                "the lines part twice as fast": lambda n: NEARBY / RISE,
            },
        ),
        tip=f"At t the heights differ by 2 · {RISE} |t|.",
        worked="# |t| up to that, and |t| is uniform on [0, 1]. Only there can one be mistaken.\n"
        f"answer = {NEARBY} / (2 * {RISE})",
    ),
    Exercise(
        question="`numbers.fixed[0].norms` has norms of the generator's gradient, a row for each "
        "of log(1 - D), -log D and Wasserstein, a column for each look at the critic while it "
        "learned. By which factor did that of log(1 - D) fall from the first to the last look?",
        judge=Number(
            lambda n: float(n.fixed[0].falls[0]),
            {
                "that is the last over the first": lambda n: 1 / float(n.fixed[0].falls[0]),
                "that is -log D": lambda n: float(n.fixed[0].falls[1]),
                "that is the Wasserstein critic": lambda n: float(n.fixed[0].falls[2]),
            },
        ),
        tip="The first row; its first number over its last.",
        worked="# The better the discriminator, the less is left.\n"
        "answer = numbers.fixed[0].norms[0, 0] / numbers.fixed[0].norms[0, -1]",
    ),
    Exercise(
        question=f"Whose gradient changes least from step {SETTLED} on, relative to itself: "
        f"{', '.join(repr(loss) for loss in LOSSES)}? Look at `numbers.fixed[0].drift`.",
        judge=Choice(
            _steadiest,
            {
                "saturating": "its gradient goes on falling",
                "non-saturating": "its gradient goes on growing, as the discriminator gets steeper",
                "Wasserstein": "another one is steadier here",
            },
        ),
        tip="Whose slopes are held near one?",
        worked="# The slopes of a penalized critic are held near one.\n"
        "from otgan.lessons.what_a_discriminator_learns.records import LOSSES\n\n"
        "answer = LOSSES[numbers.fixed[0].drift.argmin()]",
    ),
)
"""What a student can compute after the lesson."""
