"""What a discriminator learns: to tell thin sets apart, and then to leave no gradient."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from otgan.errors import require
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.what_a_discriminator_learns.records import Fixed, WhatADiscriminatorLearns
from otgan.progress import Progress, Report, as_progress, reporting

__all__ = ["SPACE", "run"]

SPACE = 64
"""Dimensions of the space in which the ring lies in a plane, as images do among all pixels."""


@dataclass(frozen=True)
class _Effort:
    separation_steps: int
    stages: tuple[int, ...]
    looks: tuple[int, ...]


LOOKS = (0, 5, 10, 20, 30, 50, 70, 100, 150, 200, 250, 300)
FULL = _Effort(4000, (1, 10, 25), (*LOOKS, *range(400, 2001, 100)))
QUICK = _Effort(300, (1, 10), (0, 5, 10, 20, 50, 100, 200, 250))


@checks_parameters
def run(
    *, quick: bool = False, rng: int = 0, progress: Progress = False
) -> WhatADiscriminatorLearns:
    """Train discriminators between thin sets, and against generators that are held fixed.

    Parameters
    ----------
    quick : bool
        Fewer steps: some seconds instead of about a minute.
    rng : int
        The seed of everything random.
    progress : bool or callable(done, total, message)
        In trainings.

    Returns
    -------
    WhatADiscriminatorLearns

    References
    ----------
    Arjovsky and Bottou, Towards principled methods for training generative adversarial networks
    (ICLR 2017), figures 2 and 3, for gradients against a fixed generator.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> first = numbers.fixed[0]  # doctest: +SKIP
    >>> first.stage, first.dimensions  # doctest: +SKIP
    (1, 64)
    >>> bool(first.falls[0] > 50 and first.drift[2] < 0.2)  # doctest: +SKIP
    True
    """
    require("torch", extra="torch", purpose="training discriminators")
    from otgan.lessons.what_a_discriminator_learns.thin_sets import PAIRS, separate

    effort = QUICK if quick else FULL
    total = len(PAIRS) + 2 * len(effort.stages)
    with reporting(as_progress(progress), total, "trainings", unit="") as report:
        separations = []
        for done, pair in enumerate(PAIRS, start=1):
            separations.append(separate(pair, effort.separation_steps, rng))
            report(done, pair.name)
        return WhatADiscriminatorLearns(
            tuple(separations), tuple(_fixed(effort, rng, report, len(PAIRS)))
        )


def _fixed(effort: _Effort, rng: int, report: Report, done: int) -> list[Fixed]:
    from otgan.lessons.what_a_discriminator_learns.fixed_generator import (
        measure,
        trained_generators,
    )

    found, number = [], count(done + 1)
    for dimensions in (SPACE, 2):
        for stage, generator in trained_generators(dimensions, effort.stages, rng):
            found.append(measure(dimensions, stage, generator, effort.looks, rng))
            report(next(number), f"stage {stage}")
    return found
