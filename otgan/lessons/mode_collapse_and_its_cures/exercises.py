"""Exercises on the lesson `mode-collapse-and-its-cures`."""

from __future__ import annotations

import math

import numpy as np

from otgan import kl_divergence, wasserstein
from otgan.lessons.exercises import Exercise, Number
from otgan.lessons.mode_collapse_and_its_cures.records import Experiment, ModeCollapse, Runs

__all__ = ["EXERCISES"]

MODES, REACHED = 8, 2


def _without_cure(n: ModeCollapse) -> tuple[Experiment, Runs]:
    experiment = n.experiments[0]
    named = (runs for runs in experiment.reported if runs.name == experiment.compared_with)
    return experiment, next(named)


def _fraction_of_full_runs(n: ModeCollapse) -> float:
    experiment, runs = _without_cure(n)
    return float((runs.modes == experiment.modes_of).mean())


def _fraction_of_modes(n: ModeCollapse) -> float:
    experiment, runs = _without_cure(n)
    return float(runs.modes.mean() / experiment.modes_of)


def _reverse_kl(reached: int) -> float:
    return float(kl_divergence(np.arange(MODES) < reached, np.ones(MODES), normalize=True))


def _from_one_mode(n: ModeCollapse) -> float:
    angles = 2 * np.pi * np.arange(MODES) / MODES
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    return float(wasserstein(ring[:1], ring))


EXERCISES = (
    Exercise(
        question=f"A generator reaches {REACHED} of {MODES} equal modes, both alike. What is its "
        "reverse KL, that of its fractions of the modes from equal ones, in nats?",
        judge=Number(
            lambda n: _reverse_kl(REACHED),
            {
                "that would be for a single mode": lambda n: _reverse_kl(1),
                "that is the number of modes for each that is reached": lambda n: MODES / REACHED,
                "that is in bits": lambda n: _reverse_kl(REACHED) / math.log(2),
            },
        ),
        tip="KL(½, ½, 0, ... ‖ ⅛, ⅛, ⅛, ...).",
        worked=f"# Each reached mode has {MODES} / {REACHED} times what it should have.\n"
        f"answer = np.log({MODES} / {REACHED})",
    ),
    Exercise(
        question="`numbers.experiments[0].reported[0]` are runs without a cure that differ in "
        "their seed alone. Which fraction of them reached all modes (`modes`, of "
        "`numbers.experiments[0].modes_of`)? Would you have believed one run?",
        judge=Number(
            _fraction_of_full_runs,
            {"that is the fraction of modes, not of runs": _fraction_of_modes},
        ),
        tip="`(runs.modes == 8).mean()`, for these runs.",
        worked="# Seeds decide. One run proves nothing.\nexperiment = numbers.experiments[0]\n"
        "answer = (experiment.reported[0].modes == experiment.modes_of).mean()",
    ),
    Exercise(
        question=f"The data are {MODES} points on a circle of radius 1, equally far apart, with "
        "equal mass. A generator has collapsed to one of them. What is W1?",
        judge=Number(
            _from_one_mode,
            {
                "that is from the center, which is on no mode at all": lambda n: 1.0,
                "that is to the farthest mode": lambda n: 2.0,
            },
        ),
        tip="All mass comes from one place, so W1 is the mean distance to the others.",
        worked="# From the center it would be 1: W1 prefers a point on no mode to this one.\n"
        f"angles = 2 * np.pi * np.arange({MODES}) / {MODES}\n"
        "ring = np.column_stack([np.cos(angles), np.sin(angles)])\n"
        "answer = otgan.wasserstein(ring[:1], ring)",
    ),
)
"""What a student can compute after the lesson."""
