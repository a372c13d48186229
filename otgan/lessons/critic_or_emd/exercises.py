"""Exercises on the lesson `critic-or-emd`."""

from __future__ import annotations

from otgan.lessons.critic_or_emd.numbers import CriticOrEmd
from otgan.lessons.exercises import Choice, Exercise, Number

__all__ = ["EXERCISES"]

MANY = 16

ERRORS = {
    "emd": "in many dimensions samples lie much further apart than their distributions",
    "held out": "potentials of few points do not know what is between them",
    "midpoint": "its two ends are off by different amounts here",
    "critic": "something else errs less here",
}


def _nearest(n: CriticOrEmd) -> str:
    errors = n.emd[-1, -1], n.held_out[-1, -1], n.midpoint[-1, -1], n.critic[-1]
    return min(zip(ERRORS, errors, strict=True), key=lambda pair: abs(pair[1]))[0]


EXERCISES = (
    Exercise(
        question="W1 of two samples exceeds that of their distributions, in the end by about "
        f"n^(-1/d). How many times as many points halve the excess in {MANY} dimensions?",
        judge=Number(
            lambda n: 2.0**MANY,
            {
                "that is for errors like 1 / √n, as of a mean": lambda n: 4.0,
                "that is for the line, if the excess fell like 1 / n": lambda n: 2.0,
                "2^d, not 2 d": lambda n: 2.0 * MANY,
            },
        ),
        tip="Solve (k n)^(-1/d) = n^(-1/d) / 2 for k.",
        worked=f"# k^(-1/d) = 1/2: 2,000 points would become 131 million.\nanswer = 2**{MANY}",
    ),
    Exercise(
        question="Which of `'emd'`, `'held out'`, `'midpoint'`, `'critic'` errs least in the "
        "largest dimension of this lesson, with the most points? Guess, then look at "
        "`numbers.emd[-1, -1]` and so on; errors are in per cent.",
        judge=Choice(_nearest, ERRORS),
        tip="A critic that draws fresh points in every step has no sample to be far from.",
        worked="# The critic has no sampling bias, only what the network has not learned.\n"
        "errors = {\n"
        '    "emd": numbers.emd[-1, -1],\n'
        '    "held out": numbers.held_out[-1, -1],\n'
        '    "midpoint": numbers.midpoint[-1, -1],\n'
        '    "critic": numbers.critic[-1],\n'
        "}\n"
        "answer = min(errors, key=lambda name: abs(errors[name]))",
    ),
)
"""What a student can compute after the lesson."""
