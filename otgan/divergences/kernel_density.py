"""KL and JS from kernel density estimates, in one or two dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from otgan.divergences.gaussian_start import Whitening
from otgan.divergences.held_out import js_by_log_ratio
from otgan.divergences.subsampling import subsample_spread
from otgan.errors import InvalidInputError
from otgan.estimate import Estimate, normal_interval
from otgan.measures import FloatArray, as_positive

__all__ = ["KernelDensity"]

_BLOCK = 2**21  # pairs of points held at once


@dataclass(frozen=True)
class KernelDensity:
    """KL and JS from Gaussian kernels of one width, in coordinates that whiten each sample.

    Each point is left out of the density at itself.

    Parameters
    ----------
    bandwidth : float, optional
        In standard deviations of each sample. By default Scott's n^(-1/(d+4)).

    Notes
    -----
    O(n (n + m)) time, memory for two million pairs. Kernels smear densities over the ends of their
    support, and a tail of y that is thinner than a kernel makes KL too large: prefer neighbours
    where densities jump. The standard error of KL is that of subsamples, the one of JS that of its
    terms.

    Source: Scott, Multivariate Density Estimation, 1992, (6.44) for the bandwidth.
    """

    bandwidth: float | None = None

    def __post_init__(self) -> None:
        if self.bandwidth is not None:
            as_positive(
                self.bandwidth,
                "bandwidth",
                mend="pass a number of standard deviations, or leave it out",
            )

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from samples x (n, d) of P and y (m, d) of Q, d at most 2."""

        def estimate(x: FloatArray, y: FloatArray) -> FloatArray:
            return self._log_ratio(x, x, y).mean(keepdims=True)

        value = float(estimate(x, y)[0])
        spread = subsample_spread(estimate, x, y, rng)
        se = float(spread.std(ddof=1))
        interval = normal_interval(value, se, confidence, freedom=len(spread) - 1)
        return self._estimate(value, se, interval, x, y, confidence)

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from samples x (n, d) of P and y (m, d) of Q, d at most 2."""
        value, se = js_by_log_ratio(self._log_ratio(x, x, y), -self._log_ratio(y, y, x))
        interval = normal_interval(value, se, confidence)
        return self._estimate(value, se, interval, x, y, confidence)

    def _log_ratio(self, points: FloatArray, own: FloatArray, other: FloatArray) -> FloatArray:
        """Log density of the points' own law less that of the other, at the points."""
        difference = self._log_density(points, own, own=True)
        difference -= self._log_density(points, other, own=False)
        if not np.isfinite(difference).all():
            raise InvalidInputError(
                f"every point must lie within reach of the kernels, got "
                f"{int((~np.isfinite(difference)).sum())} where a density underflows; to fix it, "
                'pass a larger bandwidth, or method="knn"'
            )
        return difference

    def _log_density(self, points: FloatArray, sample: FloatArray, *, own: bool) -> FloatArray:
        n, d = sample.shape
        if d > 2:
            raise InvalidInputError(
                f"x and y must have one or two columns for kernel densities, got {d}; to fix it, "
                'use method="knn" or method="classifier"'
            )
        whitening = Whitening.of(sample)
        if whitening is None:
            raise InvalidInputError(
                f"each sample must spread over all {d} coordinates, got one of {n} points that "
                "does not; to fix it, drop the coordinate that is constant or a copy"
            )
        width = self.bandwidth or n ** (-1 / (d + 4))
        at, centres = whitening(points) / width, whitening(sample) / width
        rows = max(1, _BLOCK // n)
        logs = np.empty(len(at))
        for start in range(0, len(at), rows):
            exponents = -0.5 * cdist(at[start : start + rows], centres, "sqeuclidean")
            if own:
                here = np.arange(len(exponents))
                exponents[here, start + here] = -np.inf
            logs[start : start + rows] = logsumexp(exponents, axis=1)
        unit = 0.5 * d * math.log(2 * math.pi) + d * math.log(width) + whitening.log_scale
        return logs - math.log(n - own) - unit

    def _estimate(
        self,
        value: float,
        se: float,
        interval: tuple[float, float],
        x: FloatArray,
        y: FloatArray,
        confidence: float,
    ) -> Estimate:
        d = x.shape[1]
        widths = {
            f"bandwidth_{name}": self.bandwidth or len(z) ** (-1 / (d + 4))
            for name, z in (("x", x), ("y", y))
        }
        return Estimate(value, se, interval, "kde", len(x), len(y), confidence, widths)
