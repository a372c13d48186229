"""What a report reads of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from otgan.gan.objectives.base import Objective
from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY, OBJECTIVES
from otgan.gan.outcome import Outcome
from otgan.gan.plot import Snapshot
from otgan.gan.records import Record
from otgan.gan.run_directory import RunDirectory
from otgan.measures import FloatArray
from otgan.text import printable, shortened

__all__ = ["Contents"]

N_SNAPSHOTS = 6
"""Snapshots of the run that are drawn."""


@dataclass(frozen=True, eq=False)
class Contents:
    """A run directory, read once.

    Attributes
    ----------
    directory : RunDirectory
    settings : dict
        Data and settings, in plain values.
    records : sequence of Record
    outcome : Outcome or None
        None while the run has not ended.
    """

    directory: RunDirectory
    settings: Mapping[str, Any]
    records: Sequence[Record]
    outcome: Outcome | None

    @classmethod
    def of(cls, directory: RunDirectory) -> Contents:
        """What there is in a run directory."""
        records = directory.metrics()
        return cls(directory, directory.settings(), records, directory.outcome())

    @property
    def title(self) -> str:
        """Data, objective and constraint in words."""
        data = shortened(self.settings["data"] or "an array")
        name = self.directory.constraint
        game = self.directory.objective + (f", constraint {name}" if name else "")
        return printable(f"GAN on {data}: {game}")

    @property
    def data_in_words(self) -> str:
        """Name, number and shape of the points."""
        name, n = self.settings["data"] or "no name", self.directory.n_points
        shape = " x ".join(map(str, self.directory.point_shape))
        return f"{shortened(name)}, {f'{n:,} points' if n else 'a sampler'} of {shape} numbers"

    @property
    def estimates_w1(self) -> bool:
        """Whether the critic estimates W1, as the objective says, and no other divergence."""
        if self._built_in_objective is not None:
            return self._built_in_objective.divergence_name == "W1"
        stored = self.settings["objective"]
        return isinstance(stored, Mapping) and stored.get("divergence") == "W1"

    @property
    def trains_critic(self) -> bool:
        """Whether there is a critic; under the exact objective there is none."""
        return self._built_in_objective is None or self._built_in_objective.trains_critic

    @property
    def _built_in_objective(self) -> Objective | None:
        """That of the run; None if it is the user's own, whatever it is called."""
        known = OBJECTIVE_REGISTRY.is_known(self.settings["objective"])
        return OBJECTIVES.get(self.directory.objective) if known else None

    @cached_property
    def image_shape(self) -> tuple[int, ...] | None:
        """Channels, height and width, if points are images; vectors of d² numbers are drawn so."""
        shape = self.directory.point_shape
        if len(shape) == 3:
            return shape
        side = round(shape[0] ** 0.5)
        return (1, side, side) if side > 3 and side * side == shape[0] else None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coordinates, where the data have some."""
        return self.directory.point_names

    def images(self, points: FloatArray) -> FloatArray:
        """Points as images, shape (n, c, h, w)."""
        assert self.image_shape is not None
        return points.reshape(len(points), *self.image_shape)

    @cached_property
    def snapshots(self) -> Sequence[Snapshot]:
        """A few snapshots from all of the run, the first and the last included."""
        steps = self.directory.snapshot_steps()
        # Most happens early, so the snapshots are spread by the square of the step.
        fractions = np.linspace(0, 1, N_SNAPSHOTS) ** 2
        if len(steps) > N_SNAPSHOTS:
            picks = np.unique((fractions * (len(steps) - 1)).round().astype(int))
            steps = [steps[pick] for pick in picks]
        return [(step, self.directory.snapshot(step)) for step in steps]

    @cached_property
    def last_points(self) -> Mapping[str, FloatArray] | None:
        """Points of the generator that was kept; while there is none, of the last snapshot."""
        kept = self.directory.kept()
        if kept is None and self.snapshots:
            return self.snapshots[-1][1]
        return kept

    @property
    def value_range(self) -> tuple[float, float]:
        """The least and the greatest value of real points, which become black and white."""
        points = self.last_points
        return (0.0, 1.0) if points is None else (points["real"].min(), points["real"].max())
