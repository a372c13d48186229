"""Statistics that are quadratic forms of the labels: the energy distance and MMD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy.spatial.distance import pdist, squareform

from otgan.divergences.kernels import is_median
from otgan.errors import InvalidInputError
from otgan.inference.statistics import BoolArray, Prepared, check_matrix
from otgan.measures import FloatArray

__all__ = ["Energy", "Mmd"]

BATCH_WORK = 3 * 10**8
"""Entries of the matrix for each of the relabelings valued at once, about."""


@dataclass(frozen=True)
class Energy:
    """The squared energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| between the samples.

    Every point is paired with itself too (a V-statistic), so that it is never negative. It is the
    square of ``scipy.stats.energy_distance``.

    References
    ----------
    Székely and Rizzo, Energy statistics: a class of statistics based on distances (2013).
    """

    name: ClassVar[str] = "energy"

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """All distances, once."""
        check_matrix(len(x), len(y), self.name)
        matrix = squareform(pdist(np.concatenate([x, y])))
        np.negative(matrix, out=matrix)
        return _quadratic_form(matrix, len(x), len(y))


@dataclass(frozen=True)
class Mmd:
    """The squared maximum mean discrepancy with a Gaussian kernel k = exp(-|x - y|²/(2 σ²)).

    E k(X, X') + E k(Y, Y') - 2 E k(X, Y), every point paired with itself too (biased, never
    negative).

    Attributes
    ----------
    bandwidth : float or "median"
        σ, in the units of x. "median" is the median distance between two points of the pool: that
        knows nothing of the labels, and so is the same for every permutation.

    References
    ----------
    Gretton et al., A kernel two-sample test (2012), equation 5.
    """

    bandwidth: float | Literal["median"] = "median"
    name: ClassVar[str] = "mmd"

    def __post_init__(self) -> None:
        is_median(self.bandwidth)  # or a number, else it raises

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """The kernel between all points, once."""
        check_matrix(len(x), len(y), self.name)
        distances = pdist(np.concatenate([x, y]))
        distances /= self._width(distances)
        np.square(distances, out=distances)
        distances *= -0.5
        matrix = squareform(np.exp(distances, out=distances))
        np.fill_diagonal(matrix, 1.0)
        return _quadratic_form(matrix, len(x), len(y))

    def _width(self, distances: FloatArray) -> float:
        width = float(np.median(distances) if is_median(self.bandwidth) else self.bandwidth)
        if width == 0:
            raise InvalidInputError(
                "the median distance between the points must be positive to serve as bandwidth, "
                "got 0: more than half of the pairs coincide; to fix it, pass "
                "statistic=Mmd(bandwidth=...)"
            )
        return width


def _quadratic_form(matrix: FloatArray, n: int, m: int) -> Prepared:
    """zᵀ K z with z = 1/n on x and -1/m on y, for a symmetric matrix K, which is overwritten.

    z sums to zero, so K may be centered in rows and columns. A constant may then be added to z:
    with ones on x and zeros on y the form is the same up to (1/n + 1/m)², and nothing cancels.
    """
    means = matrix.mean(axis=0)
    matrix -= means
    matrix -= (means - means.mean())[:, None]
    factor = (1 / n + 1 / m) ** 2

    def values(labels: BoolArray) -> FloatArray:
        ones = labels.astype(np.float64)
        return factor * np.einsum("bi,bi->b", ones @ matrix, ones)

    return Prepared(n, m, values, batch=int(np.clip(BATCH_WORK // (n + m) ** 2, 64, 256)))
