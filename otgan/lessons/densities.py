"""Normal distributions on the line, and divergences between them by quadrature.

Nothing here uses the closed forms, so that the lessons can hold the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy.integrate import quad

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_points

__all__ = [
    "Normal",
    "as_numbers",
    "check_shifts",
    "crossings",
    "expect",
    "js",
    "js_slope",
    "kl",
    "kl_slope",
    "tv",
    "tv_slope",
    "w1",
    "w1_slope",
]

TAIL = 12
"""Standard deviations to integrate over on either side: all but 4e-33 of the mass."""


@dataclass(frozen=True)
class Normal:
    """The normal distribution with this mean and standard deviation."""

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        real = isinstance(self.mean, Real) and isinstance(self.std, Real)
        if not (real and math.isfinite(self.mean) and 0 < self.std < math.inf):
            raise InvalidInputError(
                "a normal distribution must have a finite mean and a positive, finite standard "
                f"deviation, got {self.mean!r} and {self.std!r}; to fix it, check both numbers"
            )
        object.__setattr__(self, "mean", float(self.mean))
        object.__setattr__(self, "std", float(self.std))

    def __repr__(self) -> str:
        return f"Normal(mean={self.mean:g}, std={self.std:g})"

    def log_pdf(self, x: float) -> float:
        """Logarithm of the density, which unlike the density never underflows."""
        z = (x - self.mean) / self.std
        return -0.5 * z * z - math.log(self.std * math.sqrt(2 * math.pi))

    def cdf(self, x: float) -> float:
        """Probability of a value up to x."""
        return 0.5 * math.erfc((self.mean - x) / (self.std * math.sqrt(2)))

    @property
    def panels(self) -> list[float]:
        """Points two standard deviations apart, over all the mass that floats can see."""
        return [self.mean + k * self.std for k in range(-TAIL, TAIL + 1, 2)]


def expect(
    distribution: Normal, h: Callable[[float], float], breaks: Sequence[float] = ()
) -> float:
    """The mean of h(X) for X drawn from `distribution`, by adaptive quadrature.

    Parameters
    ----------
    distribution : Normal
    h : callable
    breaks : sequence of float
        Where h has a jump, a kink, or detail on a small scale.

    Examples
    --------
    >>> round(expect(Normal(3, 2), lambda x: x * x), 10)
    13.0
    """
    low, *_, high = distribution.panels
    inside = [point for point in breaks if low < point < high]
    return _integrate(
        lambda x: math.exp(distribution.log_pdf(x)) * h(x), [*distribution.panels, *inside]
    )


def kl(P: Normal, Q: Normal) -> float:
    """KL(P‖Q) = E_P[log p - log q], in nats.

    Examples
    --------
    >>> print(f"{kl(Normal(0, 1), Normal(1, 2)):.10f}")
    0.4431471806
    """
    return expect(P, lambda x: P.log_pdf(x) - Q.log_pdf(x))


def js(P: Normal, Q: Normal) -> float:
    """JS(P, Q) = ½ E_P[log(p/m)] + ½ E_Q[log(q/m)] with m = (p + q)/2, in nats.

    Examples
    --------
    >>> print(f"{js(Normal(0, 1), Normal(1, 1)):.8f}")
    0.11142148
    """
    over_p = expect(P, lambda x: P.log_pdf(x) - _log_mixture(P, Q, x), Q.panels)
    over_q = expect(Q, lambda x: Q.log_pdf(x) - _log_mixture(P, Q, x), P.panels)
    return max(0.0, 0.5 * (over_p + over_q))  # rounding may take equal distributions below zero


def _log_mixture(P: Normal, Q: Normal, x: float) -> float:
    """log((p(x) + q(x))/2), which does not underflow where both densities do."""
    log_p, log_q = P.log_pdf(x), Q.log_pdf(x)
    return max(log_p, log_q) + math.log1p(math.exp(-abs(log_p - log_q))) - math.log(2)


def tv(P: Normal, Q: Normal) -> float:
    """Total variation TV(P, Q) = ½ ∫ |p - q| = E_P[max(0, 1 - q/p)].

    Examples
    --------
    >>> print(f"{tv(Normal(0, 1), Normal(1, 1)):.8f}")
    0.38292492
    """
    return expect(
        P,
        lambda x: -math.expm1(min(0.0, Q.log_pdf(x) - P.log_pdf(x))),
        breaks=[*crossings(P, Q), *Q.panels],  # kinks
    )


def crossings(P: Normal, Q: Normal) -> list[float]:
    """Where the densities cross: the roots of log p - log q, a quadratic.

    Examples
    --------
    >>> crossings(Normal(0, 1), Normal(1, 1))
    [0.5]
    """
    precision_p, precision_q = P.std**-2, Q.std**-2
    roots = np.roots(
        [
            0.5 * (precision_q - precision_p),
            precision_p * P.mean - precision_q * Q.mean,
            P.log_pdf(0.0) - Q.log_pdf(0.0),
        ]
    )
    return [float(root) for root in roots.real]


def w1(P: Normal, Q: Normal) -> float:
    """W₁(P, Q) = ∫ |F - G|, the area between the two distribution functions.

    Examples
    --------
    >>> print(f"{w1(Normal(0, 1), Normal(1, 2)):.10f}")
    1.1666309412
    """
    points = [*P.panels, *Q.panels]
    if P.std != Q.std:  # F and G cross once, and |F - G| has a kink there
        crossing = (P.mean * Q.std - Q.mean * P.std) / (Q.std - P.std)
        if min(points) < crossing < max(points):
            points.append(crossing)
    return _integrate(lambda x: abs(P.cdf(x) - Q.cdf(x)), points)


# As q moves, dq/ddelta = (x - delta) q. A divergence ∫ φ(p, q) then has the slope
# E_Q[(x - delta) ∂φ/∂q].


def kl_slope(delta: float) -> float:
    """The derivative of KL(N(0, 1)‖N(delta, 1)) in delta.

    φ = p log(p/q) gives E_P[-(x - delta)].
    """
    return expect(Normal(0, 1), lambda x: delta - x)


def js_slope(delta: float) -> float:
    """The derivative of JS(N(0, 1), N(delta, 1)) in delta, ½ E_Q[(x - delta) log(q/m)].

    Examples
    --------
    >>> print(f"{2 * js_slope(1.0):.6f}")
    0.397973
    """
    P, Q = Normal(0, 1), Normal(delta, 1)
    return 0.5 * expect(Q, lambda x: (x - delta) * (Q.log_pdf(x) - _log_mixture(P, Q, x)))


def tv_slope(delta: float) -> float:
    """The derivative of TV: φ = max(0, q - p) gives E_Q[(x - delta) 1{q > p}].

    q exceeds p to the right of delta/2.
    """
    return expect(Normal(delta, 1), lambda x: (x - delta) * (x > delta / 2), breaks=[delta / 2])


def w1_slope(delta: float) -> float:
    """The derivative of W₁ = ∫ |F - G|, where dG/ddelta = -q: E_Q[sign(F - G)].

    G is below F everywhere.
    """
    P, Q = Normal(0, 1), Normal(delta, 1)
    return expect(Q, lambda x: 1.0 if P.cdf(x) >= Q.cdf(x) else -1.0)


def as_numbers(values: Any, name: str) -> FloatArray:
    """A one-dimensional array of finite numbers."""
    points = as_points(values, name)
    if points.shape[1] != 1:
        raise InvalidInputError(
            f"{name} must be numbers on the line, got shape {points.shape}; to fix it, pass a list "
            "of numbers"
        )
    return points[:, 0]


def check_shifts(values: Any, name: str) -> FloatArray:
    """A one-dimensional array of finite, non-negative numbers."""
    shifts = as_numbers(values, name)
    if (shifts < 0).any():
        raise InvalidInputError(
            f"{name} must be non-negative, got {shifts.min():.6g}; to fix it, pass how far apart "
            "the two means are"
        )
    return shifts


def _integrate(h: Callable[[float], float], points: Sequence[float]) -> float:
    """The integral of h from the first to the last point.

    Points near narrow features keep them from being overlooked, and points at kinks keep the
    error estimate honest.
    """
    value, _ = quad(
        h, min(points), max(points), points=points, epsabs=1e-12, epsrel=1e-11, limit=200
    )
    return float(value)
