"""How well generated points cover the modes of a known mixture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from otgan.datasets import GaussianMixture
from otgan.divergences.histograms import kl_divergence
from otgan.measures import FloatArray, as_points

__all__ = ["ModeCoverage", "coverage_of", "mode_coverage"]


@dataclass(frozen=True)
class ModeCoverage:
    """The fraction of high-quality points, and how evenly they are spread over the modes.

    Attributes
    ----------
    modes : int
        Modes with at least one high-quality point.
    of : int
        Modes of the mixture.
    high_quality : float
        Fraction of points within three standard deviations of a mode. Samples of the mixture
        itself score 1 - exp(-9/2) = 98.9 % in the plane; more means modes drawn too narrow.
    reverse_kl : float
        KL(h || uniform) in nats, h the histogram of the high-quality points over the modes;
        infinite if there are none.
    """

    modes: int
    of: int
    high_quality: float
    reverse_kl: float


def mode_coverage(points: Any, mixture: GaussianMixture) -> ModeCoverage:
    """Count modes, high-quality points and their unevenness.

    Parameters
    ----------
    points : array_like, shape (n, d)
    mixture : GaussianMixture

    Returns
    -------
    ModeCoverage
        O(n log k) time.

    References
    ----------
    Srivastava et al., VEEGAN (NeurIPS 2017), section 4.1; Lin et al., PacGAN (NeurIPS 2018).

    Examples
    --------
    >>> from otgan.datasets import ring8
    >>> mode_coverage(ring8().modes[:4], ring8())
    ModeCoverage(modes=4, of=8, high_quality=1.0, reverse_kl=0.6931471805599453)
    """
    return coverage_of(as_points(points, "points"), mixture)


def coverage_of(points: FloatArray, mixture: GaussianMixture) -> ModeCoverage:
    """:func:`mode_coverage` of points that have been checked."""
    distance, nearest = cKDTree(mixture.modes).query(points)
    near = distance < 3.0 * mixture.std
    counts = np.bincount(nearest[near], minlength=len(mixture.modes))
    return ModeCoverage(
        modes=int((counts > 0).sum()),
        of=len(counts),
        high_quality=float(near.mean()),
        reverse_kl=_reverse_kl(counts) if near.any() else math.inf,
    )


def _reverse_kl(counts: np.ndarray) -> float:
    return float(kl_divergence(counts / counts.sum(), np.full(len(counts), 1.0 / len(counts))))
