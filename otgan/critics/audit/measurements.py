"""What was measured of a critic, and what follows from it, for the diagnoses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from otgan.critics.audit.adapter import CriticFunction
from otgan.critics.audit.gradients import Rays, SteepestPair
from otgan.critics.gaps import normalized_gap
from otgan.estimates import standard_error_of_gap
from otgan.measures import FloatArray
from otgan.transport.result import TransportResult

__all__ = [
    "ALIGNED",
    "INITIAL_SLOPE",
    "STEEP_RATIO",
    "SUFFICIENT_FRACTION",
    "Measurements",
    "TrainingInfo",
]

STEEP_RATIO = 1.1
"""A gap or a mean slope above this multiple of the right one is called too steep."""

SUFFICIENT_FRACTION = 0.8
"""Fraction of what the samples allow below which a critic is called under-trained or too flat."""

ALIGNED = 0.6
"""Fraction of the gap that slopes could attain from which on they point the right way."""

INITIAL_SLOPE = 0.3
"""Slopes below this may be those of initial weights."""

CLIPPED_FRACTION = 0.2
"""Fraction of a layer's weights at the largest absolute value, above which they were clipped."""


@dataclass(frozen=True)
class TrainingInfo:
    """What is known of the training; NaN, or a batch size of zero, where nothing is.

    Attributes
    ----------
    reported : float
        The number that was printed as W1.
    penalty_weight : float
        Of the gradient penalty.
    batch_size : int
        Points of each sample in a batch.
    """

    reported: float
    penalty_weight: float
    batch_size: int


@dataclass(frozen=True)
class Measurements:
    """What was measured of a critic; distances in the units of the data.

    Attributes
    ----------
    function : CriticFunction
    x, y, f_x, f_y : ndarray
        Points, and the critic's values.
    gap, sample_lower, sample_lower_zero, floor : float
    transport : TransportResult
    steepest : SteepestPair
        As in CriticAudit.
    slopes : ndarray
        At points between independent x and y.
    rays : Rays
    training : TrainingInfo
    """

    function: CriticFunction
    x: FloatArray
    y: FloatArray
    f_x: FloatArray
    f_y: FloatArray
    gap: float
    transport: TransportResult
    sample_lower: float
    sample_lower_zero: float
    floor: float
    steepest: SteepestPair
    slopes: FloatArray
    rays: Rays
    training: TrainingInfo

    @property
    def sample_distance(self) -> float:
        """W1 of the two samples."""
        return self.transport.distance

    @property
    def normalized_gap(self) -> float:
        """The gap over the largest slope."""
        return normalized_gap(self.gap, self.steepest.slope)

    @property
    def abs_gap(self) -> float:
        """The gap, whatever its sign."""
        return abs(self.gap)

    @property
    def mean_slope(self) -> float:
        """Mean slope between the samples."""
        return float(self.slopes.mean())

    @property
    def rms_slope(self) -> float:
        """Root mean square of the slopes."""
        return float(np.sqrt(np.square(self.slopes).mean()))

    @cached_property
    def simple_gap(self) -> float:
        """What the simplest critics of slope one show beyond noise: at most about W1.

        They are the linear one along the difference of the means, and the distance from the center.
        Three standard errors are taken off, of the squared difference where that is what is
        estimated.
        """
        sizes = len(self.x), len(self.y)
        means = [points.mean(axis=0) for points in (self.x, self.y)]
        shift = float(np.square(means[0] - means[1]).sum())
        noise = sum(
            float(points.var(axis=0).sum()) / n
            for points, n in zip((self.x, self.y), sizes, strict=True)
        )
        center = (means[0] + means[1]) / 2
        radii = [np.linalg.norm(points - center, axis=1) for points in (self.x, self.y)]
        by_radius = abs(float(radii[0].mean() - radii[1].mean())) - 3.0 * standard_error_of_gap(
            *radii
        )
        return max(0.0, by_radius, math.sqrt(max(0.0, shift - 9.0 * noise)))

    @cached_property
    def attainable(self) -> float:
        """What a critic of slope one should show at least, if it learned what there is to learn.

        W1 of the samples less what sampling adds to it, at most about the distance that equal
        distributions show; or three quarters of what a simple critic shows already.
        """
        return max(self.sample_distance - self.floor, 0.75 * self.simple_gap)

    @property
    def is_informative(self) -> bool:
        """Whether these samples differ by more than samples of equal distributions do."""
        return self.attainable > 0.05 * self.floor

    @property
    def samples_differ(self) -> bool:
        """Whether there is anything to learn."""
        return self.sample_distance > 1e-9 * (float(np.abs(self.x).max()) or 1.0)

    @property
    def is_constant(self) -> bool:
        """Whether all values agree to rounding."""
        values = np.concatenate([self.f_x, self.f_y])
        return float(np.ptp(values)) <= 64 * self.function.precision * float(np.abs(values).max())

    @property
    def alignment(self) -> float:
        """The gap over what slopes like these attain: near one, or above, if they point rightly.

        The gap is the integral of slope times cosine along the rays, so a small one at this slope
        means cosines far below what can be attained.
        """
        return self.abs_gap / max(self.attainable * self.mean_slope, 1e-300)

    @property
    def is_aligned(self) -> bool:
        """Whether the slopes point the right way; initial ones may do so by chance, roughly."""
        return self.alignment >= (ALIGNED if self.is_trained else 0.9)

    @property
    def is_reversed(self) -> bool:
        """Whether minus the critic has much of the gap that it should have, beyond noise."""
        noise = standard_error_of_gap(self.f_x, self.f_y)
        return self.is_informative and self.gap < 0 and self.abs_gap > 4.0 * noise

    @cached_property
    def is_trained(self) -> bool:
        """Whether slopes or weights are what no initialization leaves."""
        return self.mean_slope > INITIAL_SLOPE or self._is_clipped

    @property
    def is_steep(self) -> bool:
        """Whether the gap, or the slope, is larger than any 1-Lipschitz function allows."""
        too_large = self.abs_gap > STEEP_RATIO * self.sample_distance
        return too_large or self.mean_slope > 1.0 + 1.5 * (STEEP_RATIO - 1.0)

    @property
    def flat_fraction(self) -> float:
        """Fraction of the mass to be moved on whose rays the critic is flat."""
        flat = self.rays.slopes[:, 1] < 0.01 * self.steepest.slope
        return float(self.rays.mass @ flat) if len(self.rays.mass) else 0.0

    @property
    def _is_clipped(self) -> bool:
        """Whether many weights of every matrix have the largest absolute value, as if clipped."""
        module = self.function.module
        weights = [] if module is None else [w.detach().abs() for w in module.parameters()]
        matrices = [w for w in weights if w.ndim > 1 and w.numel() > 8]
        return bool(matrices) and all(
            float((w >= (1.0 - 1e-6) * w.max()).double().mean()) > CLIPPED_FRACTION
            for w in matrices
        )
