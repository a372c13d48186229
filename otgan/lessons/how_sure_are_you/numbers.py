"""How sure can one be of a distance, when all one has is samples?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from otgan.divergences.closed_forms import Gaussian, kl
from otgan.inputs.options import as_rng
from otgan.keywords import checks_keywords
from otgan.lessons.how_sure_are_you.trials import (
    DIMENSIONS,
    NEIGHBORS,
    PAIRS,
    SIZES,
    Floor,
    Intervals,
    Neighbors,
    Trials,
    equal_distributions,
    floors,
    in_ten_dimensions,
    intervals,
    kl_of_shifts,
    nearest_point,
    refusal,
    slopes_of,
    trials,
)
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["HowSure", "run"]


@checks_keywords
@dataclass(frozen=True, repr=False)
class HowSure(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    floors : tuple of Floor
        Of N(0, 1) and U[0, 1].
    dimensions : ndarray, shape (k,)
    sizes : ndarray, shape (s,)
    distances, distances_se : ndarray, shape (k, s)
        Mean W₁ of two samples of N(0, I), and its standard error.
    slopes, slopes_se : ndarray, shape (k,)
        Of log distance in log size.
    trials : tuple of Trials
        N(0, I) against a shifted one, 200 points each.
    intervals : tuple of Intervals
        The same with 100 points each, in two and in five dimensions.
    by_hand : tuple of float
        KL by the nearest point, from (1, 2) against (1.5, 2.5), and (1, 2, 4) against (1.5, 3).
    refused : str
        What the estimate says to a repeated point.
    shifts : ndarray, shape (t,)
    kl_truth : ndarray, shape (t,)
        KL of N(0, 1) against N(shift, 1).
    kl_plain, kl_default : ndarray, shape (t,)
        Mean estimate by the nearest point, and by the default.
    neighbors : tuple of Neighbors
        Pairs of distributions in ten dimensions.
    """

    floors: tuple[Floor, ...]
    dimensions: FloatArray
    sizes: FloatArray
    distances: FloatArray
    distances_se: FloatArray
    slopes: FloatArray
    slopes_se: FloatArray
    trials: tuple[Trials, ...]
    intervals: tuple[Intervals, ...]
    by_hand: tuple[float, float]
    refused: str
    shifts: FloatArray
    kl_truth: FloatArray
    kl_plain: FloatArray
    kl_default: FloatArray
    neighbors: tuple[Neighbors, ...]

    @property
    def log_m(self) -> float:
        """The logarithm of the number of points where KL is estimated."""
        return math.log(NEIGHBORS)


@checks_parameters
def run(*, rng: np.random.Generator | int = 0) -> HowSure:
    """Compare distances of samples with those of the distributions that they come from.

    Parameters
    ----------
    rng : int or numpy.random.Generator
        The seed of all samples, or their source.

    Returns
    -------
    HowSure
        Some seconds.

    References
    ----------
    del Barrio, Giné and Matrán, Central limit theorems for the Wasserstein distance between the
    empirical and the true distributions (1999), for ∫ √(F(1 - F)); Weed and Bach, Sharp asymptotic
    and finite-sample rates of convergence of empirical measures in Wasserstein distance (2019),
    for n^(-1/d); Wang, Kulkarni and Verdú, Divergence estimation for multidimensional densities
    via k-nearest-neighbor distances (2009), Figs. 3 and 5, for the Gaussian pairs.

    Examples
    --------
    >>> numbers = run()  # doctest: +SKIP
    >>> print(", ".join(f"{floor.limit:.7f}" for floor in numbers.floors))  # doctest: +SKIP
    1.8220433, 0.4431135
    """
    rngs = as_rng(rng).spawn(6)
    distances, distances_se = equal_distributions(rngs[1])
    slopes, slopes_se = slopes_of(np.log(SIZES), distances, distances_se)
    shifts = np.arange(11.0)
    plain, default = kl_of_shifts(shifts, rngs[4])
    return HowSure(
        floors=floors(rngs[0]),
        dimensions=np.array(DIMENSIONS),
        sizes=np.array(SIZES),
        distances=distances,
        distances_se=distances_se,
        slopes=slopes,
        slopes_se=slopes_se,
        trials=tuple(trials(d, shift, 200, 100, rngs[2]) for d, shift in PAIRS),
        intervals=tuple(intervals(d, 1.0, 100, 120, rngs[3]) for d in (2, 5)),
        by_hand=(nearest_point([1, 2], [1.5, 2.5]), nearest_point([1, 2, 4], [1.5, 3])),
        refused=refusal(),
        shifts=shifts,
        kl_truth=np.array([kl(Gaussian(0, 1), Gaussian(shift, 1)) for shift in shifts]),
        kl_plain=plain,
        kl_default=default,
        neighbors=in_ten_dimensions(rngs[5]),
    )
