"""A confidence bound for a mean, by a bettor who stakes money on it."""

from __future__ import annotations

import math

import numpy as np
import scipy.optimize

from otgan.measures import FloatArray

__all__ = ["lower_bound_by_betting"]


def lower_bound_by_betting(terms: FloatArray, confidence_level: float) -> float:
    """A lower confidence bound for the mean of terms in [0, 1], valid for any number of them.

    Parameters
    ----------
    terms : ndarray, shape (n,)
        In an order that does not depend on their values. They need not be independent: if the mean
        of each, given those before it, is at most μ, the bound lies below μ.
    confidence_level : float
        The probability with which the bound is at most μ, at least.

    Returns
    -------
    float
        The least μ for which the capital Π (1 + λᵢ (termᵢ - μ)) never reaches
        1/(1 - confidence_level), by Ville's inequality; the stakes λᵢ use the terms before i alone.

    Notes
    -----
    n log(1/precision) operations. Source: Waudby-Smith and Ramdas, Estimating means of bounded
    random variables by betting, 2024, theorem 3, the side of the lower bound.

    Examples
    --------
    >>> terms = np.tile([0.4, 0.6], 500)
    >>> print(f"{lower_bound_by_betting(terms, 0.95):.3f}")
    0.492
    """
    goal = -math.log1p(-confidence_level)
    count = np.arange(1, len(terms) + 1)
    guess = np.concatenate([[0.5], (0.5 + np.cumsum(terms)) / (count + 1)])[:-1]
    variance = (0.01 + np.concatenate([[0.0], np.cumsum((terms - guess) ** 2)])[:-1]) / count
    stakes = np.sqrt(2 * goal / (len(terms) * variance))

    def excess(mean: float) -> float:
        growth = np.log1p(np.minimum(stakes, 0.9 / mean) * (terms - mean))
        return float(np.cumsum(growth).max()) - goal

    least = 1e-9
    return 0.0 if excess(least) <= 0 else float(scipy.optimize.brentq(excess, least, 1.0))
