"""What goes along with one solve: its limits, its counters, and who gets a report of every pass."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.keywords import checks_keywords
from otgan.measures import FloatArray

__all__ = ["Counters", "Limits", "Outcome", "PricingPass", "SolveContext"]

logger = logging.getLogger(__name__)


class PricingPass(NamedTuple):
    """Where a solve stands after a pricing pass.

    Attributes
    ----------
    level, levels : int
        The current level, from 1 (coarsest) to `levels` (the points themselves).
    round : int
        Pricing passes on this level.
    points, arcs, pivots : int
        Points of the level, arcs in its candidate set, pivots so far on all levels.
    cost, gap : float
        Primal value of the level's problem, and by how much its dual value is smaller; NaN while
        there is no plan.
    """

    level: int
    levels: int
    round: int
    points: int
    arcs: int
    pivots: int
    cost: float
    gap: float

    def __str__(self) -> str:
        if math.isnan(self.cost):
            return f"level {self.level} of {self.levels}, round {self.round}, {self.arcs:,} arcs"
        gap = max(self.gap, 0.0) / abs(self.cost) if self.cost else 0.0
        return (
            f"level {self.level} of {self.levels}, round {self.round}, {self.arcs:,} arcs, "
            f"gap {gap:.1e} of cost {self.cost:.6g}"
        )


class Outcome(NamedTuple):
    """Plan and potentials that a solver found, and whether it says that it finished."""

    i: npt.NDArray[np.integer]
    j: npt.NDArray[np.integer]
    mass: FloatArray
    f: FloatArray
    g: FloatArray
    finished: bool
    stats: dict[str, int]


@checks_keywords
@dataclass(frozen=True)
class Limits:
    """When to stop: at this relative gap, or after so many pivots in all."""

    rtol: float = 0.0
    max_pivots: int = 10**18


@dataclass
class Counters:
    """What was done so far, by all solvers that share a context."""

    pivots: int = 0
    passes: int = 0
    arcs: int = 0

    def stats(self, levels: int) -> dict[str, int]:
        """The counts by the names that results use."""
        return {
            "levels": levels,
            "pricing_passes": self.passes,
            "pivots": self.pivots,
            "arcs": self.arcs,
        }


@checks_keywords
@dataclass(frozen=True)
class SolveContext:
    """Limits, counters and reporter of a solve.

    Attributes
    ----------
    limits : Limits
    counters : Counters
        Shared by all contexts that were made from this one by `in_units`.
    reporter : callable, optional
        Is given every `PricingPass`, in the units of the caller's problem.
    n_jobs : int, optional
        Threads; all cores by default.
    scale, offset : float
        A cost c of the problem at work stands for ``scale * c + offset`` in the caller's.
    """

    limits: Limits = Limits()
    counters: Counters = field(default_factory=Counters)
    reporter: Callable[[PricingPass], None] | None = None
    n_jobs: int | None = None
    scale: float = 1.0
    offset: float = 0.0

    @property
    def pivots_left(self) -> int:
        """How many pivots the limit leaves."""
        return max(0, self.limits.max_pivots - self.counters.pivots)

    @property
    def exhausted(self) -> bool:
        """Whether the pivots are used up."""
        return self.pivots_left == 0

    def in_units(self, scale: float, offset: float = 0.0) -> SolveContext:
        """The context of a problem with these units: what it reports is translated."""
        offset = self.scale * offset + self.offset
        return replace(self, scale=self.scale * scale, offset=offset)

    def without_pivots(self) -> SolveContext:
        """The same with a limit of zero pivots, and counters of its own."""
        limits = Limits(self.limits.rtol, 0)
        return replace(self, limits=limits, counters=Counters(), reporter=None)

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants to know where the solve stands."""
        return self.reporter is not None or logger.isEnabledFor(logging.DEBUG)

    def report(self, step: PricingPass) -> None:
        """Count a pass, and report where the solve stands."""
        self.counters.passes += 1
        self.counters.arcs = step.arcs
        if not self.is_watched:
            return
        step = step._replace(cost=self.scale * step.cost + self.offset, gap=self.scale * step.gap)
        logger.debug("pricing pass %d: %s", self.counters.passes, step)
        if self.reporter is not None:
            self.reporter(step)
