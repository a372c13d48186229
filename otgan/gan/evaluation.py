"""The final evaluation of a generator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from otgan.keywords import checks_keywords
from otgan.results import Result

__all__ = ["Evaluation"]


@checks_keywords
@dataclass(frozen=True)
class Evaluation(Result):
    """A generator evaluated on held-out real points, averaged over several draws.

    ``float(evaluation)`` is `exact_w1`.

    Attributes
    ----------
    exact_w1, floor : float
        Mean exact W1 of generated against real samples, and of real against real ones.
    exact_w1_se, floor_se, excess_se : float
        Standard errors of the two, and of their difference, from the spread over the draws. Each
        draw compares the same real sample with both, so the difference is known better than
        either. For a finite data set the draws are splits of the same held-out points, and the
        errors do not count that there are only so many of these.
    points, draws : int
        Size of each sample, and number of draws.
    modes, of : int
        Modes captured (by all generated points together), and modes of the mixture; 0 if unknown.
    high_quality, reverse_kl : float
        As in `otgan.gan.modes.ModeCoverage`; NaN if the modes are unknown.
    """

    derived: ClassVar[tuple[str, ...]] = ("ratio",)

    exact_w1: float
    floor: float
    exact_w1_se: float
    floor_se: float
    excess_se: float
    points: int
    draws: int
    modes: int
    of: int
    high_quality: float
    reverse_kl: float

    @property
    def ratio(self) -> float:
        """exact_w1 / floor: 1 is perfect."""
        return self.exact_w1 / self.floor if self.floor > 0 else math.inf

    def __float__(self) -> float:
        return self.exact_w1

    def __repr__(self) -> str:
        modes = f", modes={self.modes}, of={self.of}" if self.of else ""
        return (
            f"Evaluation(exact_w1={self.exact_w1:.4g}, floor={self.floor:.4g}, "
            f"ratio={self.ratio:.3g}{modes}, points={self.points}, draws={self.draws})"
        )
