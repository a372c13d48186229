"""KL and JS from kernel density estimates, in one or two dimensions.

Where one distribution has tails that the other lacks, kernels of one width fall to nothing between
the last points of a sample and the points at which its density is asked: KL of two normal
distributions came out two to five times too large. So a kernel is at least as wide as the way to
the 5th point, and what wide kernels smear is corrected as it would have to be if the sample's
distribution were the Gaussian that fits.

Sources: Scott, Multivariate density estimation (1992), (6.44) for the bandwidth; Terrell and Scott,
Variable kernel density estimation (Annals of Statistics 1992) for widths by neighbors; Hjort and
Glad, Nonparametric density estimation with a parametric start (Annals of Statistics 1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from otgan.divergences.gaussian_start import Whitening
from otgan.divergences.held_out import js_by_log_ratio
from otgan.divergences.nearest_neighbors import NearestNeighbors
from otgan.divergences.subsampling import check_subsamples, subsample_spread
from otgan.errors import InvalidInputError
from otgan.estimates import Estimate, normal_interval
from otgan.inputs.options import as_positive
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.pooled_null import extend_to_zero

__all__ = ["KernelDensity"]

_BLOCK = 2**21  # pairs of points held at once
_NEIGHBOR = 5  # the point that a kernel reaches at least
_AGREEMENT = 3  # standard errors between kernels and neighbors that call for no warning


@checks_keywords
@dataclass(frozen=True)
class KernelDensity:
    """KL and JS from Gaussian kernels, in coordinates that whiten each sample.

    Each point is left out of the density at itself. With h the bandwidth, or the distance to the
    5th other point if that is more, and φ the Gaussian that fits the sample, the density at z is
    the mean of the kernels there, times φ(z) over what kernels of that width make of φ.

    Parameters
    ----------
    bandwidth : float, optional
        In standard deviations of each sample. By default Scott's n^(-1/(d+4)).

    Notes
    -----
    O(n (n + m)) time, memory for two million pairs. Kernels smear densities over the ends of
    their support: prefer neighbors where densities jump. Their estimate stands among the
    diagnostics, and the interval holds those around either of the two, as the bias of neither is
    known; where they differ by more than three standard errors a warning says so. The
    standard error of KL is that of subsamples, the one of JS that of its terms.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(500, 1)), 0.5 * rng.normal(size=(500, 1))
    >>> e = KernelDensity().kl(x, y, confidence_level=0.95, rng=rng)  # exactly: 0.8069
    >>> e.interval[0] < 0.8069 < e.interval[1]
    True
    """

    bandwidth: float | None = None

    def __post_init__(self) -> None:
        if self.bandwidth is not None:
            as_positive(
                self.bandwidth,
                "bandwidth",
                hint="pass a number of standard deviations, or leave it out",
            )

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from samples x (n, d) of P and y (m, d) of Q, d at most 2."""

        def estimate(x: FloatArray, y: FloatArray) -> FloatArray:
            return self._log_ratio(x, x, y).mean(keepdims=True)

        value = float(estimate(x, y)[0])
        spread = subsample_spread(estimate, x, y, rng)
        se = float(spread.std(ddof=1))
        interval = normal_interval(value, se, confidence_level, df=len(spread) - 1)
        found = Estimate(value, se, interval, "kde", len(x), len(y), confidence_level)
        return self._beside_neighbors(found, NearestNeighbors().kl_value(x, y), x.shape[1])

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from samples x (n, d) of P and y (m, d) of Q, d at most 2."""
        check_subsamples(len(x), len(y))
        value, se = js_by_log_ratio(self._log_ratio(x, x, y), -self._log_ratio(y, y, x))
        interval = normal_interval(value, se, confidence_level)
        found = Estimate(value, se, interval, "kde", len(x), len(y), confidence_level)
        return self._beside_neighbors(found, NearestNeighbors().js_value(x, y, rng), x.shape[1])

    def _log_ratio(self, points: FloatArray, own: FloatArray, other: FloatArray) -> FloatArray:
        """Log density of the points' own distribution less that of the other, at the points."""
        ratio = self._log_density(points, own, own=True)
        ratio -= self._log_density(points, other, own=False)
        return ratio

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
        at, centers = whitening(points), whitening(sample)
        reach = cKDTree(centers).query(at, k=[min(_NEIGHBOR, n - own) + own])[0][:, 0]
        widths = np.maximum(self.bandwidth or n ** (-1 / (d + 4)), reach)
        rows = max(1, _BLOCK // n)
        logs = np.empty(len(at))
        for start in range(0, len(at), rows):
            here = slice(start, start + rows)
            exponents = cdist(at[here], centers, "sqeuclidean") / (-2 * widths[here, None] ** 2)
            if own:
                among = np.arange(len(exponents))
                exponents[among, start + among] = -np.inf
            logs[here] = logsumexp(exponents, axis=1)
        unit = 0.5 * d * math.log(2 * math.pi) + whitening.log_scale
        spread = 1 + widths**2  # what the Gaussian's variance becomes
        squared = np.square(at).sum(axis=1)
        start_over_smeared = 0.5 * (d * np.log(spread) + squared / spread - squared)
        return logs - math.log(n - own) - unit - d * np.log(widths) + start_over_smeared

    def _beside_neighbors(self, found: Estimate, alternative: float, d: int) -> Estimate:
        """The estimate with the interval widened to hold that of neighbors, `alternative`, too."""
        diagnostics = {
            f"bandwidth_{name}": self.bandwidth or size ** (-1 / (d + 4))
            for name, size in (("x", found.n), ("y", found.m))
        }
        diagnostics["alternative: neighbors"] = alternative
        (low, high), excess = found.interval, alternative - found.value
        warnings: tuple[str, ...] = ()
        if abs(excess) > _AGREEMENT * found.se:
            warnings = (
                f"neighbors give {alternative:.3g} for the same points, and kernels smear what "
                "ends or jumps: the interval was widened to hold both",
            )
        return replace(
            found,
            interval=extend_to_zero((low + min(excess, 0), high + max(excess, 0))),
            diagnostics=diagnostics,
            warnings=warnings,
        )
