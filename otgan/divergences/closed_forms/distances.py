"""KL, JS, total variation, Hellinger and Wasserstein distances between parametric distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from otgan.divergences.closed_forms.distributions import (
    Exponential,
    Gamma,
    Gaussian,
    Laplace,
    ParametricDistribution,
    Uniform,
)
from otgan.divergences.closed_forms.formulas import (
    closed_kl,
    closed_wasserstein,
    distance_if_alike,
    gaussian_hellinger,
    gaussian_wasserstein,
)
from otgan.divergences.closed_forms.quadrature import integrate
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_order
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray

__all__ = ["hellinger", "js", "kl", "total_variation", "wasserstein"]

CENTER = np.array([0.05, 0.2, 0.35, 0.5])
"""Probabilities whose quantiles stand for the size of all."""

FIRST = 1e-100
"""Integrals of quantiles begin here. Beyond, |x|^p for p <= 10 adds nothing to a mean."""

HIGHEST_ORDER = 10

LOG_2 = math.log(2)

PROBABILITIES = np.array([1e-30, 1e-15, 1e-8, 1e-4, 0.01, 0.1, 0.25, 0.5])
"""Integrals are split at these quantiles, from below and from above, and end at the first."""

MOVABLE = (Gaussian, Laplace, Uniform)
"""Families with a location."""

STEEPEST = 0.05
"""Of a gamma distribution of a smaller shape, more than rounding lies below the smallest float."""


@checks_keywords
def kl(P: ParametricDistribution, Q: ParametricDistribution) -> float:
    """Kullback-Leibler divergence KL(P‖Q) = E_P log(p/q), in nats.

    Parameters
    ----------
    P, Q : ParametricDistribution
        Of the same dimension.

    Returns
    -------
    float
        In closed form for two distributions of one family (exponential distributions are gamma
        distributions); by quadrature to a relative 1e-11 of ``E_P |log(p/q)|`` for two families.
        Infinite exactly where the support of Q does not cover that of P.

    Raises
    ------
    InvalidInputError
        Something that is no distribution, distributions of different dimensions, or two families of
        which one is a gamma distribution with a shape below 0.05.
    SolverError
        Quadrature missed its accuracy, as it may for parameters many orders of magnitude apart.

    Notes
    -----
    Differences of parameters are taken first, so that distributions that nearly agree keep all
    digits. O(d³) time for Gaussians; milliseconds for quadrature.

    Source: Kullback and Leibler, On information and sufficiency, 1951; the closed forms: Gil,
    Alajaji and Linder, Rényi divergence measures for commonly used univariate continuous
    distributions, 2013.

    Examples
    --------
    >>> print(f"{kl(Gaussian(0, 1), Gaussian(1, 4)):.10f}")  # variances 1 and 4
    0.4431471806
    >>> print(f"{kl(Uniform(0, 1), Gaussian(0, 1)):.10f}")
    1.0856051999
    >>> kl(Gaussian(0, 1), Exponential(1))
    inf
    """
    P, Q = _as_pair(P, Q)
    if type(P) is type(Q):
        return closed_kl(P, Q)
    if P.discrete or Q.discrete or not _covers(Q, P):
        return math.inf
    return _mean_over(P, Q, lambda log_ratio: log_ratio)


@checks_keywords
def js(P: ParametricDistribution, Q: ParametricDistribution) -> float:
    """Jensen-Shannon divergence JS(P, Q) = ½ KL(P‖M) + ½ KL(Q‖M), M = (P + Q)/2, in nats.

    Parameters
    ----------
    P, Q : ParametricDistribution
        On the line; or Gaussians with equal covariances, which differ along one direction only.

    Returns
    -------
    float
        Between 0 and log 2, by quadrature to a relative 1e-11.

    Raises
    ------
    InvalidInputError
        Something that is no distribution, distributions of different dimensions, Gaussians in the
        plane or beyond with different covariances, a gamma distribution with a shape below 0.05
        (against another distribution).
    SolverError
        Quadrature missed its accuracy.

    Notes
    -----
    Source: Lin, Divergence measures based on the Shannon entropy, 1991.

    Examples
    --------
    >>> print(f"{js(Gaussian(0, 1), Gaussian(10, 1)):.8f}, log 2 = {math.log(2):.8f}")
    0.69314632, log 2 = 0.69314718
    """
    P, Q = _on_the_line(*_as_pair(P, Q), "js")
    return _trim(_mean_over_both(P, Q, _js_term), LOG_2)


@checks_keywords
def total_variation(P: ParametricDistribution, Q: ParametricDistribution) -> float:
    """Total variation distance ``TV(P, Q) = ½ ∫ |p - q|``: a metric between 0 and 1.

    Parameters
    ----------
    P, Q : ParametricDistribution
        As in :func:`js`.

    Returns
    -------
    float
        erf(δ/√8) for Gaussians with equal covariances, whose means are δ apart in units of it;
        otherwise by quadrature to a relative 1e-11.

    Raises
    ------
    InvalidInputError, SolverError
        As in :func:`js`.

    Notes
    -----
    Source: Gibbs and Su, On choosing and bounding probability metrics, 2002.

    Examples
    --------
    >>> print(f"{total_variation(Gaussian(0, 1), Gaussian(1, 1)):.8f}")
    0.38292492
    """
    P, Q = _on_the_line(*_as_pair(P, Q), "total_variation")
    if isinstance(P, Gaussian) and isinstance(Q, Gaussian):
        distance = distance_if_alike(P, Q)
        if distance is not None:
            return math.erf(distance / math.sqrt(8))
    return _trim(_mean_over_both(P, Q, _tv_term, kinks=True), 1.0)


@checks_keywords
def hellinger(P: ParametricDistribution, Q: ParametricDistribution) -> float:
    """Hellinger distance H(P, Q), where H² = ½ ∫ (√p - √q)² = 1 - ∫ √(pq): between 0 and 1.

    Parameters
    ----------
    P, Q : ParametricDistribution
        Of the same dimension.

    Returns
    -------
    float
        The distance H, not its square: in closed form for Gaussians of any dimension, otherwise
        by quadrature to a relative 1e-11.

    Raises
    ------
    InvalidInputError
        Something that is no distribution, distributions of different dimensions, a gamma
        distribution with a shape below 0.05 (against another distribution).
    SolverError
        Quadrature missed its accuracy.

    Notes
    -----
    Source: Gibbs and Su, On choosing and bounding probability metrics, 2002; for Gaussians: Pardo,
    Statistical inference based on divergence measures, 2005.

    Examples
    --------
    >>> print(f"{hellinger(Gaussian(0, 1), Gaussian(2, 1))**2:.8f}")  # 1 - exp(-1/2)
    0.39346934
    """
    P, Q = _as_pair(P, Q)
    if isinstance(P, Gaussian) and isinstance(Q, Gaussian):
        return gaussian_hellinger(P, Q)
    return math.sqrt(_trim(_mean_over_both(P, Q, _hellinger_term), 1.0))


@checks_keywords
def wasserstein(P: ParametricDistribution, Q: ParametricDistribution, *, p: float = 1) -> float:
    """Wasserstein distance W_p(P, Q) = (inf E ‖X - Y‖^p)^(1/p), Euclidean, root taken.

    Parameters
    ----------
    P, Q : ParametricDistribution
        On the line, continuous or discrete; or Gaussians: in the plane and beyond with p=2, or
        with equal covariances.
    p : float, default 1
        The order, at least 1.

    Returns
    -------
    float
        In the units of the distributions. In closed form: p = 1 and 2 for two distributions that
        differ by location and scale; p=1 for gamma and Poisson distributions in stochastic order;
        Gaussians in the plane and beyond. Else ``(∫ |F⁻¹(u) - G⁻¹(u)|^p du)^(1/p)`` by quadrature,
        to a relative 1e-11, or as well as quantiles are rounded.

    Raises
    ------
    InvalidInputError
        Something that is no distribution, distributions of different dimensions, p < 1, p > 10
        where it takes quadrature, or Gaussians in the plane and beyond with different covariances
        and p other than 2.
    SolverError
        Quadrature missed its accuracy.

    Notes
    -----
    W1 is the distance of the means if one distribution is the other one shifted or, on the line, in
    stochastic order with it; in general it is larger. O(d³) time for Gaussians; milliseconds for
    quadrature; O(√rate) quantiles for Poisson distributions.

    Source: Santambrogio, Optimal transport for applied mathematicians, 2015, Prop. 2.17 on the
    line; Bhatia, Jain and Lim, On the Bures-Wasserstein distance between positive definite
    matrices, 2019, Thm. 1 for Gaussians.

    Examples
    --------
    >>> print(f"{wasserstein(Gaussian(0, 1), Gaussian(1, 4)):.10f}")  # not 1
    1.1666309412
    >>> A, B = Gaussian([1, 0], [[2, 0.5], [0.5, 1]]), Gaussian([0, 0], [[1, -0.3], [-0.3, 2]])
    >>> print(f"{wasserstein(A, B, p=2):.9f}")
    1.255159708
    """
    P, Q = _as_pair(P, Q)
    p = as_order(p)
    if P.d > 1 and isinstance(P, Gaussian) and isinstance(Q, Gaussian):
        return gaussian_wasserstein(P, Q, p)
    closed = closed_wasserstein(P, Q, p)
    return _by_quantiles(P, Q, p) if closed is None else closed


# ---------------------------------------------------------------- the pair


def _as_pair(P: Any, Q: Any) -> tuple[ParametricDistribution, ParametricDistribution]:
    for distribution, name in ((P, "P"), (Q, "Q")):
        if not isinstance(distribution, ParametricDistribution):
            raise InvalidInputError(
                f"{name} must be a parametric distribution such as Gaussian(0, 1), got "
                f"{type(distribution)}; to fix it, use otgan.kl_divergence and the like for "
                "histograms, otgan.wasserstein for points"
            )
    if isinstance(P, Gaussian) and isinstance(Q, Gaussian):
        Q = Q._ordered_like(P)
    if P.d != Q.d:
        raise InvalidInputError(
            f"P and Q must have the same dimension, got {P.d} and {Q.d}; "
            "to fix it, give both distributions the same coordinates"
        )
    # An exponential distribution is a gamma distribution: one family less to hold formulas for.
    P, Q = (
        Gamma(1, distribution.rate) if isinstance(distribution, Exponential) else distribution
        for distribution in (P, Q)
    )
    return P, Q


def _on_the_line(
    P: Any, Q: Any, what: str
) -> tuple[ParametricDistribution, ParametricDistribution]:
    """The pair itself, or Gaussians on the line that are as far apart."""
    if P.d == 1:
        return P, Q
    distance = distance_if_alike(P, Q)
    if distance is None:
        raise InvalidInputError(
            f"{what} of Gaussians in {P.d} dimensions must have equal covariances, got different "
            "ones, for which there is no closed form; to fix it, estimate it from samples, which "
            "P.sample(n, rng) draws"
        )
    return Gaussian(0.0, 1.0), Gaussian(distance, 1.0)


def _centered(P: Any, Q: Any) -> tuple[Any, Any]:
    """The pair moved so that P lies where floats are dense, at the origin, if it can be moved."""
    if not isinstance(P, MOVABLE):
        return P, Q
    shift = -float(P.frozen.mean())
    return P._moved(shift), Q._moved(shift)


def _covers(Q: ParametricDistribution, P: ParametricDistribution) -> bool:
    (low_q, high_q), (low_p, high_p) = Q._support, P._support
    return low_q <= low_p and high_p <= high_q


# ---------------------------------------------------------------- integrals of densities

Term = Callable[[FloatArray], FloatArray]
"""A function of log(p/q)."""


def _mean_over_both(P: Any, Q: Any, term: Term, *, kinks: bool = False) -> float:
    """½ E_P term(log(p/q)) + ½ E_Q term(log(p/q)) for an even, bounded term."""
    if P.discrete != Q.discrete:  # no mass in common
        return float(term(np.array([math.inf]))[0])
    return 0.5 * _mean_over(P, Q, term, kinks=kinks) + 0.5 * _mean_over(Q, P, term, kinks=kinks)


def _mean_over(P: Any, Q: Any, term: Term, *, kinks: bool = False) -> float:
    """E_P term(log(p/q)), with kinks where p = q or without."""
    if P.discrete:
        return float((np.exp(P._log_density(P._bins)) * term(_log_ratio(P, Q, P._bins))).sum())
    for distribution in (P, Q):
        if isinstance(distribution, Gamma) and distribution.shape < STEEPEST:
            raise InvalidInputError(
                f"the shape of a gamma distribution must be at least {STEEPEST} for quadrature, "
                f"got {distribution.shape:g}, which puts mass below the least positive float; to "
                "fix it, choose another"
            )
    P, Q = _centered(P, Q)

    def ratio(x: FloatArray, middle: FloatArray) -> FloatArray:
        return _log_ratio(P, Q, x, middle)

    def integrand(x: FloatArray, middle: FloatArray) -> FloatArray:
        return np.exp(_log_density(P, x, middle)) * term(ratio(x, middle))

    # Between two families the logarithm of a ratio is a difference of logarithms, and rounded.
    slack = 0.0 if type(P) is type(Q) else 1e-15
    return integrate(integrand, _breaks(P, Q), sign_of=ratio if kinks else None, slack=slack)


def _log_ratio(P: Any, Q: Any, x: FloatArray, middle: FloatArray | None = None) -> FloatArray:
    """log(p/q) where p is positive."""
    if type(P) is not type(Q):
        return _log_density(P, x, middle) - _log_density(Q, x, middle)
    low, high = Q._support
    inside = (low <= x) & (x <= high) if middle is None else (low <= middle) & (middle <= high)
    return np.where(inside, P._log_ratio(Q, x), math.inf)


def _log_density(distribution: Any, x: FloatArray, middle: FloatArray | None) -> FloatArray:
    """The middle tells on which side of the ends of the support x is."""
    if middle is None:
        return distribution._log_density(x)
    low, high = distribution._support
    inside = (low <= middle) & (middle <= high)
    return np.where(inside, distribution._log_density(np.clip(x, low, high)), -math.inf)


def _breaks(P: Any, Q: Any) -> FloatArray:
    """Where an integral over P begins, is split, and ends."""
    points: list[float] = []
    for distribution in (P, Q):
        ends = [end for end in distribution._support if math.isfinite(end)]
        points += [
            *ends,
            *distribution._quantile(PROBABILITIES),
            *distribution._upper_quantile(PROBABILITIES),
        ]
    low, high = P._support
    first, last = P._quantile(PROBABILITIES[:1])[0], P._upper_quantile(PROBABILITIES[:1])[0]
    return np.clip(points, low if math.isfinite(low) else first, min(high, last))


def _trim(value: float, bound: float) -> float:
    """The value less what rounding put above its bound; anything larger stays, to be seen."""
    return bound if bound < value < bound + 1e-12 else value


def _tv_term(log_ratio: FloatArray) -> FloatArray:
    """|p - q|/(p + q)."""
    return np.abs(np.tanh(log_ratio / 2))


def _hellinger_term(log_ratio: FloatArray) -> FloatArray:
    """(√p - √q)²/(p + q) = 1 - 1/cosh(y) with y = log(p/q)/2, which is tanh(y) tanh(y/2)."""
    return np.tanh(log_ratio / 2) * np.tanh(log_ratio / 4)


def _js_term(log_ratio: FloatArray) -> FloatArray:
    """(p log(p/m) + q log(q/m))/(p + q) with m = (p + q)/2.

    With y = log(p/q)/2 it is y tanh(y) - log cosh(y), written so that nothing cancels near zero
    nor near its limit log 2.
    """
    size = np.minimum(np.abs(log_ratio), 800.0)
    y = np.minimum(0.5 * size, 1.0)
    near = y * np.tanh(y) - 0.5 * np.log1p(np.sinh(y) ** 2)
    small = np.exp(-size)
    far = LOG_2 - np.log1p(small) - size * small / (1 + small)
    return np.where(size < 1, near, far)


# ---------------------------------------------------------------- integrals of quantiles


def _by_quantiles(P: Any, Q: Any, p: float) -> float:
    """W_p as the L^p distance of the quantile functions, from either end to the median."""
    if p > HIGHEST_ORDER:
        raise InvalidInputError(
            f"p must be at most {HIGHEST_ORDER} for quadrature, got {p:g}, whose integrand lies "
            "too far out in the tails; to fix it, choose a smaller order"
        )
    if isinstance(Q, MOVABLE):
        P, Q = _centered(P, Q)
    halves = [_Half(P, Q, upper=upper) for upper in (False, True)]
    # Quantiles are rounded to so much, and W_p can be no better.
    rounding = 16 * np.finfo(float).eps * max(float(abs(half.quantiles).max()) for half in halves)
    rough = max(float(abs(half.apart(CENTER, CENTER)).max()) for half in halves)
    slack = p * max(rough, rounding) ** (p - 1) * rounding
    cost = sum(
        integrate(
            lambda u, middle, half=half: np.abs(half.apart(u, middle)) ** p,  # type: ignore[misc]
            half.points,
            sign_of=None if p == 2 else half.apart,
            slack=slack,
        )
        for half in halves
    )
    return float(cost ** (1 / p))


class _Half(NamedTuple):
    """Both quantile functions below the median, or above it as functions of 1 - u."""

    P: Any
    Q: Any
    upper: bool

    def _quantile(self, distribution: Any, u: FloatArray, middle: FloatArray) -> FloatArray:
        if distribution.discrete:  # constant on a panel
            u = np.broadcast_to(middle, u.shape)
        return distribution._upper_quantile(u) if self.upper else distribution._quantile(u)

    def apart(self, u: FloatArray, middle: FloatArray) -> FloatArray:
        """The difference of the quantiles."""
        return self._quantile(self.P, u, middle) - self._quantile(self.Q, u, middle)

    @property
    def quantiles(self) -> FloatArray:
        """Some quantiles of both distributions."""
        return np.array(
            [self._quantile(distribution, CENTER, CENTER) for distribution in (self.P, self.Q)]
        )

    @property
    def points(self) -> FloatArray:
        """Where the integral begins, is split, and ends."""
        name = "_upper_levels" if self.upper else "_levels"
        jumps = [
            getattr(distribution, name)
            for distribution in (self.P, self.Q)
            if distribution.discrete
        ]
        points = np.concatenate([[FIRST], PROBABILITIES, *jumps])
        return points[(points >= FIRST) & (points <= 0.5)]
