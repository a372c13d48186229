"""How well generated points cover the modes of a distribution that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import chi2

from otgan.datasets import GaussianMixture, StackedDigits
from otgan.divergences.histograms import kl_divergence
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, IntArray, as_points

__all__ = [
    "DigitModes",
    "KnownModes",
    "MixtureModes",
    "ModeCoverage",
    "known_modes",
    "mode_coverage",
]

RADIUS = 3.0
"""Standard deviations within which points of a mixture are of high quality."""


@dataclass(frozen=True)
class ModeCoverage:
    """The fraction of high-quality points, and how evenly they are spread over the modes.

    Attributes
    ----------
    modes : int
        Modes with at least one high-quality point.
    of : int
        Modes of the distribution.
    high_quality : float
        Fraction of points within three standard deviations of a mode. Samples of the mixture
        itself score 1 - exp(-9/2) = 98.9 % in the plane; more means modes drawn too narrow. One
        where quality is not judged, as for digits.
    reverse_kl : float
        KL(h || p) in nats, h the histogram of the high-quality points over the modes, p their
        probabilities; infinite if there are none. Samples of the distribution itself score about
        (of - 1) / (2 n) in the mean.
    narrowest, widest : float
        The least and the greatest standard deviation of the high-quality points of a mode about
        their mean, in units of what true points would show: one, up to the noise of m points of a
        mode, 1 / sqrt(2 m d). NaN where no mode has two points, or modes have no width.
    """

    modes: int
    of: int
    high_quality: float
    reverse_kl: float
    narrowest: float = math.nan
    widest: float = math.nan

    def __post_init__(self) -> None:
        if self.modes == 0:  # of a file, which holds no infinite numbers
            object.__setattr__(self, "reverse_kl", math.inf)


class KnownModes(Protocol):
    """The modes of a distribution, among which generated points are counted."""

    def coverage(self, points: FloatArray) -> ModeCoverage:
        """Count points of shape (n, d) that have been checked."""
        ...


@dataclass(frozen=True)
class MixtureModes:
    """The Gaussians of a mixture.

    Attributes
    ----------
    mixture : GaussianMixture
    """

    mixture: GaussianMixture

    def coverage(self, points: FloatArray) -> ModeCoverage:
        """Count points near modes. O(n log k) time."""
        modes, std = self.mixture.modes, self.mixture.std
        distance, nearest = cKDTree(modes).query(points)
        near = distance < RADIUS * std
        counts = np.bincount(nearest[near], minlength=len(modes))
        widths = _mode_stds(points[near], nearest[near], counts) / (std * _truncated_std(points))
        return ModeCoverage(
            modes=int((counts > 0).sum()),
            of=len(counts),
            high_quality=float(near.mean()),
            reverse_kl=_reverse_kl(counts, np.full(len(counts), 1.0 / len(counts))),
            narrowest=float(widths.min()) if len(widths) else math.nan,
            widest=float(widths.max()) if len(widths) else math.nan,
        )


@dataclass(frozen=True)
class DigitModes:
    """The numbers that stacked digits show, as a classifier reads them.

    Attributes
    ----------
    stacks : StackedDigits
    """

    stacks: StackedDigits

    def coverage(self, points: FloatArray) -> ModeCoverage:
        """Count the numbers that images show; any image shows one."""
        counts = np.bincount(self.stacks.modes_of(points), minlength=self.stacks.n_modes)
        return ModeCoverage(
            modes=int((counts > 0).sum()),
            of=len(counts),
            high_quality=1.0,
            reverse_kl=_reverse_kl(counts, self.stacks.mode_probabilities),
        )


def known_modes(distribution: Any) -> KnownModes | None:
    """The modes of a distribution; None if they are not known."""
    if isinstance(distribution, GaussianMixture):
        return MixtureModes(distribution)
    return DigitModes(distribution) if isinstance(distribution, StackedDigits) else None


def mode_coverage(points: Any, distribution: GaussianMixture | StackedDigits) -> ModeCoverage:
    """Count modes, high-quality points and their unevenness.

    Parameters
    ----------
    points : array_like, shape (n, d)
    distribution : GaussianMixture or StackedDigits

    Returns
    -------
    ModeCoverage
        O(n log k) time.

    References
    ----------
    Srivastava et al., VEEGAN (NeurIPS 2017), section 4.1; Lin et al., PacGAN (NeurIPS 2018),
    section 4.

    Examples
    --------
    >>> from otgan.datasets import ring8
    >>> found = mode_coverage(ring8().modes[:4], ring8())
    >>> found.modes, found.of, found.high_quality, round(found.reverse_kl, 4)
    (4, 8, 1.0, 0.6931)
    """
    modes = known_modes(distribution)
    if modes is None:
        raise InvalidInputError(
            "modes must be those of a GaussianMixture or of StackedDigits, got a "
            f"{type(distribution).__name__}; to fix it, pass one of these"
        )
    checked = as_points(points, "points")
    if checked.shape[1] != distribution.d:
        raise InvalidInputError(
            f"points must have the {distribution.d} numbers of the distribution's points, got "
            f"{checked.shape[1]}; to fix it, pass points in the units of the data"
        )
    return modes.coverage(checked)


def _mode_stds(points: FloatArray, mode: IntArray, counts: IntArray) -> FloatArray:
    """The standard deviation of a coordinate, of the modes that have two points or more."""
    d = points.shape[1]
    sums = np.zeros((len(counts), d))
    np.add.at(sums, mode, points)
    means = sums / np.maximum(counts, 1)[:, None]
    squares = np.square(points - means[mode]).sum(axis=1)
    several = counts > 1
    totals = np.bincount(mode, weights=squares, minlength=len(counts))[several]
    return np.sqrt(totals / (d * (counts[several] - 1)))


def _truncated_std(points: FloatArray) -> float:
    """Of a coordinate of a standard Gaussian, given that the radius is below `RADIUS`.

    E[r² 1(r < R)] = d P(chi²_{d+2} < R²), as the density of r² is one of chi²_d.
    """
    d, edge = points.shape[1], RADIUS**2
    return math.sqrt(chi2.cdf(edge, d + 2) / chi2.cdf(edge, d))


def _reverse_kl(counts: IntArray, probabilities: FloatArray) -> float:
    """KL of a histogram to the probabilities of the modes; infinite if it is empty."""
    return float(kl_divergence(counts / counts.sum(), probabilities)) if counts.any() else math.inf
