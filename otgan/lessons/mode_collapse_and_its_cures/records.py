"""The numbers of the lesson `mode-collapse-and-its-cures`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.measured import measured
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Experiment", "ModeCollapse", "Runs", "Training", "experiments"]


@dataclass(frozen=True, repr=False)
class Runs(Record):
    """One cure, or one objective, at one learning rate: its seeds.

    Attributes
    ----------
    name : str
    rate : float
        The learning rate of both players.
    choosing : bool
        Whether these seeds served to choose the learning rate, and are not reported.
    verdict : str
        Which numbers Welch's test over seeds tells from those without a cure; empty where it was
        not asked.
    seeds : ndarray of int, shape (k,)
    modes, reverse_kl, debiased_w1 : ndarray, shape (k,)
        Of 2,500 generated points: modes that they reach; KL of their shares from equal ones, in
        nats; debiased W1 to the distribution.
    """

    name: str
    rate: float
    choosing: bool
    verdict: str
    seeds: FloatArray
    modes: FloatArray
    reverse_kl: FloatArray
    debiased_w1: FloatArray


@dataclass(frozen=True, repr=False)
class Experiment(Record):
    """What has been measured in one setting.

    Attributes
    ----------
    name, title : str
        In a few words, and with its setting.
    modes_of : int
        How many modes there are.
    compared_with : str
        The name of the runs that the others are compared with.
    groups : tuple of Runs
    """

    name: str
    title: str
    modes_of: int
    compared_with: str
    groups: tuple[Runs, ...]

    @property
    def reported(self) -> tuple[Runs, ...]:
        """Without the seeds that chose learning rates."""
        return tuple(runs for runs in self.groups if not runs.choosing)


@dataclass(frozen=True, repr=False)
class Training(Record):
    """One training on a ring of eight Gaussians, measured k times.

    Attributes
    ----------
    name : str
    steps : ndarray of int, shape (k,)
        Of the generator.
    modes : ndarray, shape (k,)
        Of eight, with a point within three standard deviations.
    debiased_w1, debiased_w1_se : ndarray, shape (k,)
    points : ndarray, shape (k, n, 2)
        Generated, from the same latents at every measurement.
    """

    name: str
    steps: FloatArray
    modes: FloatArray
    debiased_w1: FloatArray
    debiased_w1_se: FloatArray
    points: FloatArray


@checks_keywords
@dataclass(frozen=True, repr=False)
class ModeCollapse(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    experiments : tuple of Experiment
        Measured by benchmarks/stabilizers.py and benchmarks/collapse.py, for minutes a run.
    real : ndarray, shape (n, 2)
        Points of the ring of the trainings.
    trainings : tuple of Training
        Run now: without a cure, and with the one that was asked for.
    """

    experiments: tuple[Experiment, ...]
    real: FloatArray
    trainings: tuple[Training, ...]


def experiments() -> tuple[Experiment, ...]:
    """The experiments that this package holds."""
    found = measured("mode_collapse_and_its_cures")["experiments"]
    return tuple(
        Experiment(**{**one, "groups": tuple(_runs(group) for group in one["groups"])})
        for one in found
    )


def _runs(group: dict[str, Any]) -> Runs:
    arrays = {name: np.array(value) for name, value in group.items() if isinstance(value, list)}
    return Runs(**{**group, **arrays})
