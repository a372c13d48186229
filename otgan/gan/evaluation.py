"""The final evaluation of a generator: what it holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from otgan.divergences.memorization import MemorizationTest
from otgan.gan.measuring.feature_scores import FeatureScores
from otgan.gan.measuring.two_sample import RealDataTest
from otgan.gan.modes import ModeCoverage
from otgan.keywords import checks_keywords
from otgan.results import Result

__all__ = ["DistanceInSpace", "Evaluation"]


@dataclass(frozen=True)
class DistanceInSpace:
    """Exact W1 in one space, means over the draws. Each `_se` is a standard error of them.

    Attributes
    ----------
    w1, w1_se : float
        Of generated against real samples.
    floor, floor_se : float
        Of real against real samples.
    debiased, debiased_se : float
        W1 less the mean of `floor` and `within`, in each draw. Zero in the mean for a perfect
        generator.
    within : float
        Of generated against generated samples.
    """

    w1: float
    w1_se: float
    floor: float
    floor_se: float
    debiased: float
    debiased_se: float
    within: float

    @property
    def ratio(self) -> float:
        """w1 / floor. One at the floor; below one, points are blurred or repeated."""
        return self.w1 / self.floor if self.floor > 0 else math.inf


@checks_keywords
@dataclass(frozen=True)
class Evaluation(Result):
    """A generator evaluated on held-out real points, over several draws.

    ``float(evaluation)`` is `debiased_w1`, of points.

    Attributes
    ----------
    points, draws : int
        Size of each sample, and number of draws.
    spaces : mapping of str to DistanceInSpace
        W1 of "points", of "patches" of images, and of "features" where there are some. For a finite
        data set the draws are splits of the same held-out points, and the errors do not count that
        there are only so many of these.
    scored_in : str
        The space of the scores that follow: "features" where there are some, else "points".
    scores, floor_scores : FeatureScores
        Fréchet distance, precision, recall, density and coverage of generated against real samples,
        and of real against real ones; means over the draws.
    test : RealDataTest
        Whether generated points were told from real ones.
    memorization : MemorizationTest or None
        Whether they are nearer to training points than held-out ones are; None for a sampler, of
        which no two points are alike.
    mode_coverage : ModeCoverage or None
        Of the modes, by all generated points together; None where the modes are not known.
    """

    bracket: ClassVar[tuple[str, ...]] = ("debiased_w1",)
    panel: ClassVar[str] = "otgan.gan.result_plot.distances_to_real"
    derived: ClassVar[tuple[str, ...]] = (
        "exact_w1",
        "exact_w1_se",
        "floor",
        "floor_se",
        "ratio",
        "debiased_w1",
        "debiased_w1_se",
        "modes",
        "of",
        "high_quality",
        "reverse_kl",
    )

    points: int
    draws: int
    spaces: Mapping[str, DistanceInSpace] = field(hash=False)
    scored_in: str
    scores: FeatureScores
    floor_scores: FeatureScores
    test: RealDataTest
    memorization: MemorizationTest | None
    mode_coverage: ModeCoverage | None

    @property
    def exact_w1(self) -> float:
        """W1 of points, of generated against real samples."""
        return self.spaces["points"].w1

    @property
    def exact_w1_se(self) -> float:
        """Its standard error."""
        return self.spaces["points"].w1_se

    @property
    def floor(self) -> float:
        """W1 of points, of real against real samples."""
        return self.spaces["points"].floor

    @property
    def floor_se(self) -> float:
        """Its standard error."""
        return self.spaces["points"].floor_se

    @property
    def ratio(self) -> float:
        """exact_w1 / floor. One at the floor; below one, points are blurred or repeated."""
        return self.spaces["points"].ratio

    @property
    def debiased_w1(self) -> float:
        """Debiased W1 of points."""
        return self.spaces["points"].debiased

    @property
    def debiased_w1_se(self) -> float:
        """Its standard error."""
        return self.spaces["points"].debiased_se

    @property
    def modes(self) -> int:
        """Modes captured; 0 if they are not known."""
        return 0 if self.mode_coverage is None else self.mode_coverage.modes

    @property
    def of(self) -> int:
        """Modes of the distribution; 0 if they are not known."""
        return 0 if self.mode_coverage is None else self.mode_coverage.of

    @property
    def high_quality(self) -> float:
        """As in `otgan.gan.modes.ModeCoverage`; NaN if the modes are not known."""
        return math.nan if self.mode_coverage is None else self.mode_coverage.high_quality

    @property
    def reverse_kl(self) -> float:
        """As in `otgan.gan.modes.ModeCoverage`; NaN if the modes are not known."""
        return math.nan if self.mode_coverage is None else self.mode_coverage.reverse_kl

    def __float__(self) -> float:
        return self.debiased_w1

    def __repr__(self) -> str:
        modes = f", modes={self.modes}, of={self.of}" if self.of else ""
        return (
            f"Evaluation(exact_w1={self.exact_w1:.4g}, floor={self.floor:.4g}, "
            f"debiased_w1={self.debiased_w1:.3g} ± {self.debiased_w1_se:.2g}{modes}, "
            f"points={self.points}, draws={self.draws})"
        )
