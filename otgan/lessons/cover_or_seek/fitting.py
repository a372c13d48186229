"""Fits of one Gaussian Q to two bumps P by KL both ways and by the JS divergences between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from otgan.errors import SolverError
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Bumps", "Fit", "best_fit", "divergence", "minima", "value_and_slope"]

TAIL = 10
"""Standard deviations to integrate over on either side: all but 2e-23 of the mass."""

POINTS = 16
"""Points of a quadrature for the smallest length."""


MAX_STEPS = 200
"""Of Newton's method; some ten are enough."""


@dataclass(frozen=True)
class Bumps:
    """The mixture weight N(left, 1) + (1 - weight) N(right, 1)."""

    left: float
    right: float
    weight: float

    @property
    def mean(self) -> float:
        """Where its mass is balanced."""
        return self.weight * self.left + (1 - self.weight) * self.right

    @property
    def std(self) -> float:
        """Standard deviation of the whole."""
        spread = self.weight * (1 - self.weight) * (self.right - self.left) ** 2
        return math.sqrt(1 + spread)

    def log_pdf(self, x: FloatArray) -> FloatArray:
        """Logarithm of the density, which does not underflow."""
        return np.logaddexp(
            math.log(self.weight) + norm.logpdf(x, self.left),
            math.log1p(-self.weight) + norm.logpdf(x, self.right),
        )


@dataclass(frozen=True, repr=False)
class Fit(Record):
    """The Gaussian that is nearest to two bumps in one divergence.

    Attributes
    ----------
    pi : float
        Which divergence: 0 is KL(P‖Q), 1 is KL(Q‖P), ½ is JS; see `divergence`.
    mean, std : float
    value : float
        That divergence, in nats.
    covers : bool
        Whether both bumps are within two of its standard deviations.
    """

    pi: float
    mean: float
    std: float
    value: float
    covers: bool


def divergence(P: Bumps, mean: float, std: float, pi: float) -> float:
    """JS_π(P, Q)/(π(1 - π)) for Q = N(mean, std²), in nats.

    JS_π = π KL(P‖M) + (1 - π) KL(Q‖M) with M = π P + (1 - π) Q. Divided by π(1 - π) it tends to
    KL(P‖Q) as π tends to 0, and to KL(Q‖P) as π tends to 1; these are its values there. At ½ it is
    4 JS.

    Parameters
    ----------
    P : Bumps
    mean, std : float
    pi : float
        From 0 to 1.

    Returns
    -------
    float

    References
    ----------
    Huszár, How (not) to train your generative model: scheduled sampling, likelihood, adversary?
    (2015), section 4.

    Examples
    --------
    >>> P = Bumps(-3, 3, 0.5)
    >>> [round(divergence(P, 3.0, 1.0, pi), 3) for pi in (0, 0.5, 1)]
    [8.311, 0.858, 0.689]
    """
    value, _ = value_and_slope(P, mean, std, pi)
    return value


def minima(P: Bumps, pi: float) -> list[Fit]:
    """The minima that descents from either bump, and from the moments of P, arrive at.

    Parameters
    ----------
    P : Bumps
    pi : float

    Returns
    -------
    list of Fit
        The lowest first; of equally low ones, that to the right. Some milliseconds.

    Examples
    --------
    >>> [f"{fit.mean:.3f} {fit.std:.3f}" for fit in minima(Bumps(-3, 3, 0.4), 1)]
    ['2.988 1.019', '0.471 2.703', '-2.980 1.029']
    """
    found: list[Fit] = []
    for start in ((P.right, 1.0), (P.left, 1.0), (P.mean, P.std)):
        fit = _descend(P, pi, *start)
        if fit and not any(math.dist((fit.mean, fit.std), (f.mean, f.std)) < 1e-6 for f in found):
            found.append(fit)
    return sorted(found, key=lambda fit: round(fit.value, 12))


def best_fit(P: Bumps, pi: float) -> Fit:
    """The lowest of the `minima`."""
    return minima(P, pi)[0]


def _descend(P: Bumps, pi: float, mean: float, std: float) -> Fit | None:
    """The minimum that Newton's method arrives at, going downhill; None if it is a saddle.

    Steps are in units of the deviation for the mean, and in log std; they are at most ½ long, and
    uphill directions of the Hessian are turned around.
    """
    for _ in range(MAX_STEPS):
        value, slope = value_and_slope(P, mean, std, pi)
        curvatures, directions = np.linalg.eigh(_hessian(P, mean, std, pi, slope))
        step = -directions @ (directions.T @ slope / np.maximum(np.abs(curvatures), 1e-9))
        length = math.hypot(*step)
        step *= min(1.0, 0.5 / max(length, 0.5))
        while divergence(P, *_moved(mean, std, step), pi) > value + 1e-12 * (1 + value):
            step /= 2
        mean, std = _moved(mean, std, step)
        if length < 1e-9:  # the next one would be as good as zero
            break
    else:
        raise SolverError(
            f"a fit must be reached within {MAX_STEPS} steps of Newton's method, got no further "
            f"than N({mean:.6g}, {std:.6g}²); to fix it, move the bumps a little"
        )
    if curvatures[0] <= 0:
        return None
    covers = max(abs(mean - P.left), abs(mean - P.right)) < 2 * std
    return Fit(pi, mean, std, divergence(P, mean, std, pi), covers)


def _moved(mean: float, std: float, step: FloatArray) -> tuple[float, float]:
    return mean + std * float(step[0]), std * math.exp(step[1])


def _hessian(P: Bumps, mean: float, std: float, pi: float, slope: FloatArray) -> FloatArray:
    """Second derivatives in units of `_moved`, by differences of the slope."""
    hessian = np.empty((2, 2))
    for k, step in enumerate(1e-5 * np.eye(2)):
        there = _moved(mean, std, step)
        hessian[k] = (value_and_slope(P, *there, pi)[1] - slope) / 1e-5
    return (hessian + hessian.T) / 2


def value_and_slope(P: Bumps, mean: float, std: float, pi: float) -> tuple[float, FloatArray]:
    """The `divergence`, and its derivatives in the mean, for each deviation of it, and in log std.

    All by the trapezoidal rule, whose error falls exponentially for smooth densities.

    Examples
    --------
    >>> value, slope = value_and_slope(Bumps(-3, 3, 0.5), 2.0, 1.0, 1)
    >>> print(f"{value:.4f}", slope.round(4))
    1.1261 [-0.8332 -0.3659]
    """
    step = min(1.0, std, 10 / max(P.right - P.left, 1)) / POINTS  # log p bends within 1/distance
    low = min(P.left - TAIL, P.right - TAIL, mean - TAIL * std)
    high = max(P.left + TAIL, P.right + TAIL, mean + TAIL * std)
    x = np.arange(low, high + step, step)
    log_p, log_q = P.log_pdf(x), norm.logpdf(x, mean, std)
    p, q = step * np.exp(log_p), step * np.exp(log_q)
    z = (x - mean) / std
    score = np.array([z, z**2 - 1])  # of log q
    if pi == 0:
        return float(p @ (log_p - log_q)), -score @ p
    if pi == 1:
        return float(q @ (log_q - log_p)), score @ (q * (log_q - log_p))
    log_m = np.logaddexp(math.log(pi) + log_p, math.log1p(-pi) + log_q)
    js = pi * (p @ (log_p - log_m)) + (1 - pi) * (q @ (log_q - log_m))
    # d JS_π/dθ = (1 - π) ∫ log(q/m) dq/dθ: what p and m contribute besides cancels
    return float(js) / (pi * (1 - pi)), score @ (q * (log_q - log_m)) / pi
