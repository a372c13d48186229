"""One Gaussian for two bumps: KL(P‖Q) covers both, KL(Q‖P) seeks one, JS does either."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.lessons.cover_or_seek.fitting import Bumps, Fit, best_fit, divergence
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["CoverOrSeek", "run", "switch"]

FARTHEST = 20.0
"""Standard deviations between the bumps up to which fits are looked at."""

SHOWN_PIS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@checks_keywords
@dataclass(frozen=True, repr=False)
class CoverOrSeek(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    separation : float
        Between the two bumps, in their standard deviations.
    weight : float
        Of the left bump.
    fits : tuple of Fit
        The best Gaussians by KL(P‖Q), by JS_π, and by KL(Q‖P).
    table : ndarray, shape (3, 3)
        Of each fit, a row: KL(P‖Q), JS_π/(π(1 - π)), KL(Q‖P), in nats. The smallest number of
        column k is in row k.
    separations : ndarray, shape (n,)
    stds : ndarray, shape (3, n)
        Standard deviations of the best fits at these separations.
    pis : ndarray, shape (m,)
    switches : ndarray, shape (m,)
        The separation from which on the best fit by JS_π sits on one bump; infinite if none up
        to 40 is.
    """

    separation: float
    weight: float
    fits: tuple[Fit, Fit, Fit]
    table: FloatArray
    separations: FloatArray
    stds: FloatArray
    pis: FloatArray
    switches: FloatArray

    @property
    def pi(self) -> float:
        """Weight of P in the middle divergence."""
        return self.fits[1].pi


@checks_parameters
def run(*, separation: float = 6.0, weight: float = 0.5, pi: float = 0.5) -> CoverOrSeek:
    """Fit one Gaussian to two of standard deviation 1, by three divergences.

    Parameters
    ----------
    separation : float
        Between the bumps, in their standard deviations, up to 20.
    weight : float
        Of the left bump, between 0 and 1.
    pi : float
        Weight of P in JS_π, between 0 and 1; ½ is JS.

    Returns
    -------
    CoverOrSeek
        About two seconds.

    Raises
    ------
    InvalidInputError
        A separation outside (0, 20], or a weight or a pi outside (0, 1).

    References
    ----------
    Huszár, How (not) to train your generative model: scheduled sampling, likelihood, adversary?
    (2015).

    Examples
    --------
    >>> for fit in run().fits:
    ...     print(f"N({abs(fit.mean):.3f}, {fit.std:.3f}²), covers both: {fit.covers}")
    N(0.000, 3.162²), covers both: True
    N(0.000, 3.120²), covers both: True
    N(2.984, 1.023²), covers both: False
    """
    _check(separation, weight, pi)
    P = _bumps(separation, weight)
    pis = (0.0, pi, 1.0)
    forward, middle, reverse = (best_fit(P, one) for one in pis)
    fits = (forward, middle, reverse)
    separations = np.linspace(0.5, 12, 47)
    shown = np.array(sorted({*SHOWN_PIS, pi}))
    return CoverOrSeek(
        separation=separation,
        weight=weight,
        fits=fits,
        table=np.array([[divergence(P, fit.mean, fit.std, one) for one in pis] for fit in fits]),
        separations=separations,
        stds=np.array(
            [[best_fit(_bumps(s, weight), one).std for s in separations.tolist()] for one in pis]
        ),
        pis=shown,
        switches=np.array([switch(weight, one) for one in shown.tolist()]),
    )


def _bumps(separation: float, weight: float) -> Bumps:
    return Bumps(-separation / 2, separation / 2, weight)


def _check(separation: float, weight: float, pi: float) -> None:
    if not 0 < separation <= FARTHEST:
        raise InvalidInputError(
            f"separation must be above 0 and at most {FARTHEST:g}, got {separation!r}; to fix it, "
            "pass a distance in standard deviations, such as 6"
        )
    for name, value in (("weight", weight), ("pi", pi)):
        if not 0 < value < 1:
            raise InvalidInputError(
                f"{name} must be between 0 and 1, got {value!r}; to fix it, pass a number such as "
                "0.5"
            )


def switch(weight: float, pi: float) -> float:
    """The separation from which on the best fit by JS_π no longer covers both bumps.

    Parameters
    ----------
    weight : float
        Of the left bump.
    pi : float

    Returns
    -------
    float
        To six digits; infinite if the best fit covers both at a separation of 20.

    Examples
    --------
    >>> round(switch(0.5, 1.0), 3)
    5.6
    """
    low, high = 0.5, FARTHEST
    if best_fit(_bumps(high, weight), pi).covers:
        return math.inf
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if best_fit(_bumps(middle, weight), pi).covers else (low, middle)
    return high
