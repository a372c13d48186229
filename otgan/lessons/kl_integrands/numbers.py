"""Where KL and JS come from: their integrands, and what one of them leaves out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal, check_shifts, crossings, expect, js as js_of_normals
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Areas", "KLIntegrands", "areas", "far_bump", "run"]


@dataclass(frozen=True, repr=False)
class Areas(Record):
    """The areas under the integrands of KL and JS, in nats.

    Attributes
    ----------
    P, Q : Normal
    above, below : float
        Area between zero and p log(p/q) where that is positive, and where it is negative.
    above_reversed, below_reversed : float
        The same of q log(q/p).
    js : float
        Area under ½ p log(p/m) + ½ q log(q/m), m = (p + q)/2, which is negative nowhere.
    """

    P: Normal
    Q: Normal
    above: float
    below: float
    above_reversed: float
    below_reversed: float
    js: float

    @property
    def kl(self) -> float:
        """KL(P‖Q)."""
        return self.above - self.below

    @property
    def kl_reversed(self) -> float:
        """KL(Q‖P)."""
        return self.above_reversed - self.below_reversed


@checks_keywords
@dataclass(frozen=True, repr=False)
class KLIntegrands(Record):
    """The numbers of the lesson, all by quadrature, in nats; W₁ in units of x.

    Attributes
    ----------
    drawn, unequal : Areas
        N(0, 1) with N(1, 1), the pair of the well-known figure, and with N(mean, std²).
    weight : float
        Of a bump of Q that lies where p is near zero: P = N(0, 1) and
        Q = (1 - weight) N(0, 1) + weight N(delta, 1).
    deltas : ndarray, shape (n,)
        How far away it lies.
    kl, kl_reversed, js, w1 : ndarray, shape (n,)
        KL(P‖Q), KL(Q‖P), JS and W₁ at each of these.
    """

    drawn: Areas
    unequal: Areas
    weight: float
    deltas: FloatArray
    kl: FloatArray
    kl_reversed: FloatArray
    js: FloatArray
    w1: FloatArray

    @property
    def kl_limit(self) -> float:
        """KL(P‖Q) with the bump infinitely far away: -log(1 - weight)."""
        return -math.log1p(-self.weight)

    @property
    def js_limit(self) -> float:
        """JS with the bump infinitely far away."""
        w = self.weight
        over_q = (1 - w) * math.log(2 * (1 - w) / (2 - w)) + w * math.log(2)
        return 0.5 * math.log(2 / (2 - w)) + 0.5 * over_q


@checks_parameters
def run(
    *, mean: float = 1.0, std: float = 2.0, weight: float = 0.1, deltas: Any = None
) -> KLIntegrands:
    """The areas that make KL and JS, and what a far bump of Q adds to them.

    Parameters
    ----------
    mean, std : float
        Of the Gaussian that is held against N(0, 1) to show that KL is not symmetric.
    weight : float
        Of the bump, between 0 and 1.
    deltas : array_like, shape (n,), optional
        How far away it lies; 0, 0.25, ..., 10 if omitted.

    Returns
    -------
    KLIntegrands
        Some milliseconds for each distance.

    Raises
    ------
    InvalidInputError
        A weight outside (0, 1), a standard deviation that is not positive, negative distances.

    References
    ----------
    Kullback and Leibler, On information and sufficiency, Annals of Mathematical Statistics 22
    (1951), for KL; Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on
    Information Theory 37 (1991), for JS.

    Examples
    --------
    >>> numbers = run(deltas=[0, 5, 10])
    >>> print(f"{numbers.drawn.kl:.4f} {numbers.drawn.kl_reversed:.4f}")
    0.5000 0.5000
    >>> print(f"{numbers.unequal.kl:.4f} {numbers.unequal.kl_reversed:.4f}")
    0.4431 1.3069
    >>> numbers.kl.round(4), numbers.kl_reversed.round(4)
    (array([0.    , 0.1006, 0.1054]), array([0.    , 0.9346, 4.6749]))
    """
    if not 0 < weight < 1:
        raise InvalidInputError(
            f"weight must be between 0 and 1, got {weight!r}; to fix it, pass the fraction of Q "
            "that lies in the bump, such as 0.1"
        )
    deltas = check_shifts(np.linspace(0, 10, 41) if deltas is None else deltas, "deltas")
    kl, kl_reversed, js = np.array([far_bump(weight, delta) for delta in deltas.tolist()]).T
    return KLIntegrands(
        drawn=areas(Normal(0, 1), Normal(1, 1)),
        unequal=areas(Normal(0, 1), Normal(mean, std)),
        weight=weight,
        deltas=deltas,
        kl=kl,
        kl_reversed=kl_reversed,
        js=js,
        w1=weight * deltas,  # no mass moves but that of the bump, all of it to the right
    )


def areas(P: Normal, Q: Normal) -> Areas:
    """The areas above and below zero of the integrands of KL both ways, and of JS.

    Parameters
    ----------
    P, Q : Normal

    Returns
    -------
    Areas

    Examples
    --------
    >>> pair = areas(Normal(0, 1), Normal(1, 1))
    >>> print(f"{pair.above:.4f} - {pair.below:.4f} = {pair.kl:.4f}")
    0.6978 - 0.1978 = 0.5000
    """
    return Areas(P, Q, *_above_and_below(P, Q), *_above_and_below(Q, P), js_of_normals(P, Q))


def _above_and_below(P: Normal, Q: Normal) -> tuple[float, float]:
    """E_P of the positive and of the negative part of log(p/q)."""
    breaks = [*crossings(P, Q), *Q.panels]  # the parts have kinks where the densities cross
    return (
        expect(P, lambda x: max(0.0, P.log_pdf(x) - Q.log_pdf(x)), breaks),
        expect(P, lambda x: max(0.0, Q.log_pdf(x) - P.log_pdf(x)), breaks),
    )


def far_bump(weight: float, delta: float) -> tuple[float, float, float]:
    """KL(P‖Q), KL(Q‖P) and JS of P = N(0, 1) and Q, which has a second bump at delta.

    Parameters
    ----------
    weight : float
        Of the bump N(delta, 1) in Q; the rest of Q is P.
    delta : float

    Returns
    -------
    tuple of three floats
        In nats.

    Examples
    --------
    >>> kl, kl_reversed, js = far_bump(0.1, 30.0)
    >>> print(f"{kl:.6f} {kl_reversed:.3f} {js:.6f}")
    0.105361 44.675 0.035974
    """
    P, bump = Normal(0, 1), Normal(delta, 1)

    def ratio(x: float) -> float:
        """log(q/p)."""
        return float(
            np.logaddexp(math.log1p(-weight), math.log(weight) + bump.log_pdf(x) - P.log_pdf(x))
        )

    def over_mixture(log_ratio: float) -> float:
        """log(q/m) of log(q/p), m = (p + q)/2."""
        return math.log(2) - float(np.logaddexp(0, -log_ratio))

    def over_q(h: Callable[[float], float]) -> float:
        return (1 - weight) * expect(P, h, bump.panels) + weight * expect(bump, h, P.panels)

    over_p = expect(P, lambda x: over_mixture(-ratio(x)), bump.panels)
    values = (
        expect(P, lambda x: -ratio(x), bump.panels),
        over_q(ratio),
        0.5 * (over_p + over_q(lambda x: over_mixture(ratio(x)))),
    )
    kl, kl_reversed, js = (max(0.0, value) for value in values)  # rounding, at delta = 0
    return kl, kl_reversed, js
