"""Closed forms between two distributions of one family."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import eigvalsh, solve_triangular, svdvals
from scipy.special import erf

from otgan.divergences.closed_forms.distributions import (
    Gamma,
    Gaussian,
    Laplace,
    ParametricDistribution,
    Poisson,
    Uniform,
)
from otgan.divergences.closed_forms.special import (
    excess,
    excess_of_quotient,
    gammaln_bregman,
    log_quotient,
)
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = [
    "closed_kl",
    "closed_wasserstein",
    "distance_if_alike",
    "gaussian_hellinger",
    "gaussian_wasserstein",
]

ALIKE = 1e-12
"""Relative difference of two covariances that counts as rounding."""


# ---------------------------------------------------------------- KL


def closed_kl(P: Any, Q: Any) -> float:
    """KL(P‖Q) of two distributions of one class, by terms that vanish to second order at P = Q."""
    return _KL[type(P)](P, Q)


def _kl_gaussian(P: Gaussian, Q: Gaussian) -> float:
    shift, x, deviations = _whitened(P, Q)
    spreads = excess(x, 2 * np.log(deviations))
    return float(0.5 * (shift @ shift + spreads.sum()))


def _kl_gamma(P: Gamma, Q: Gamma) -> float:
    by_rates = P.shape * excess_of_quotient(Q.rate, P.rate)
    by_both = (Q.shape - P.shape) * log_quotient(P.rate, Q.rate)
    return by_rates + by_both + gammaln_bregman(Q.shape, P.shape)


def _kl_laplace(P: Laplace, Q: Laplace) -> float:
    t = abs(P.location - Q.location) / P.scale
    by_locations = float(excess(math.expm1(-t), -t))  # exp(-t) - 1 + t
    return excess_of_quotient(P.scale, Q.scale) + P.scale / Q.scale * by_locations


def _kl_poisson(P: Poisson, Q: Poisson) -> float:
    return P.rate * excess_of_quotient(Q.rate, P.rate)


def _kl_uniform(P: Uniform, Q: Uniform) -> float:
    inside = Q.low <= P.low and P.high <= Q.high
    return log_quotient(Q.width, P.width) if inside else math.inf


_KL: dict[type, Callable[[Any, Any], float]] = {
    Gaussian: _kl_gaussian,
    Gamma: _kl_gamma,
    Laplace: _kl_laplace,
    Poisson: _kl_poisson,
    Uniform: _kl_uniform,
}


# ---------------------------------------------------------------- Wasserstein on the line


def closed_wasserstein(
    P: ParametricDistribution, Q: ParametricDistribution, p: float
) -> float | None:
    """W1 or W2 of two distributions on the line where it has a closed form, else None.

    Where one distribution is the other one shifted and stretched, equal quantiles differ by Δ + s
    Z, with the standardized distribution Z: W1 = E |Δ + s Z| and W2² = Δ² + s². In stochastic
    order, W1 = |Δ|.
    """
    if type(P) is not type(Q) or p not in (1, 2):
        return None
    shift = abs(float(P.frozen.mean() - Q.frozen.mean()))
    stretch = abs(float(P.frozen.std() - Q.frozen.std()))
    if isinstance(P, Gamma) and isinstance(Q, Gamma):
        ordered = (P.shape - Q.shape) * (P.rate - Q.rate) <= 0
        if p == 1:
            return shift if ordered else None
        return math.hypot(shift, stretch) if P.shape == Q.shape else None
    if isinstance(P, Poisson):
        return shift if p == 1 else None
    if p == 2 or stretch == 0:
        return math.hypot(shift, stretch)
    return _MEAN_SIZE[type(P)](shift, stretch)


def _mean_size_gaussian(shift: float, stretch: float) -> float:
    t = shift / stretch / math.sqrt(2)
    return float(stretch * math.sqrt(2 / math.pi) * np.exp(-t * t) + shift * erf(t))


def _mean_size_laplace(shift: float, stretch: float) -> float:
    scale = stretch / math.sqrt(2)
    return shift + scale * math.exp(-shift / scale)


def _mean_size_uniform(shift: float, stretch: float) -> float:
    reach = stretch * math.sqrt(3)
    return shift if shift >= reach else 0.5 * (shift * shift / reach + reach)


_MEAN_SIZE: dict[type, Callable[[float, float], float]] = {
    Gaussian: _mean_size_gaussian,
    Laplace: _mean_size_laplace,
    Uniform: _mean_size_uniform,
}
"""E |Δ + s Z| for a standardized distribution Z."""


# ---------------------------------------------------------------- Gaussians in any dimension


def gaussian_hellinger(P: Gaussian, Q: Gaussian) -> float:
    """H, where 1 - H² = √(√(det A det B)/det M) exp(-|M^-½ Δ|²/8) with M = (A + B)/2."""
    _, x, deviations = _whitened(P, Q)
    # √(2√λ/(λ + 1)) for every eigenvalue λ = 1 + x, and √λ - 1 = x/(1 + √λ)
    spreads = 0.5 * (x / (1 + deviations)) ** 2 / deviations
    middle = np.linalg.cholesky(0.5 * (P.covariance + Q.covariance))
    shift = solve_triangular(middle, P.mean - Q.mean, lower=True)
    return math.sqrt(-math.expm1(-0.5 * np.log1p(spreads).sum() - shift @ shift / 8))


def gaussian_wasserstein(P: Gaussian, Q: Gaussian, p: float) -> float:
    """W2 by Bures, or the distance of the means if the covariances agree."""
    shift = float(np.linalg.norm(P.mean - Q.mean))
    if distance_if_alike(P, Q) is not None:
        return shift
    if p != 2:
        raise InvalidInputError(
            f"p must be 2 for Gaussians in {P.d} dimensions with different covariances, got "
            f"{p:g}, for which there is no closed form; to fix it, pass p=2, or give samplers "
            "such as these two distributions to otgan.estimate_w1"
        )
    # tr A + tr B - 2 tr (A^½ B A^½)^½ is the least |R - S O|² over rotations O, where A = R Rᵀ
    # and B = S Sᵀ: Procrustes' problem, in which no traces are subtracted.
    R, S = np.linalg.cholesky(P.covariance), np.linalg.cholesky(Q.covariance)
    left, _, right = np.linalg.svd(S.T @ R)
    return math.hypot(shift, float(np.linalg.norm(R - S @ (left @ right))))


def distance_if_alike(P: Gaussian, Q: Gaussian) -> float | None:
    """|A^-½ Δ| if both covariances are A, up to rounding; else None."""
    shift, x, _ = _whitened(P, Q)
    return float(np.linalg.norm(shift)) if np.abs(x).max() <= ALIKE else None


def _whitened(P: Gaussian, Q: Gaussian) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P as it looks where Q is standard normal.

    Its mean, the eigenvalues of its covariance less one, and their roots before that, ascending.
    """
    root = np.linalg.cholesky(Q.covariance)

    def whiten(columns: FloatArray) -> FloatArray:
        return solve_triangular(root, columns, lower=True)

    difference = whiten(whiten(P.covariance - Q.covariance).T)
    deviations = svdvals(whiten(np.linalg.cholesky(P.covariance)))[::-1]
    near = eigvalsh(0.5 * (difference + difference.T))
    return whiten(P.mean - Q.mean), near, deviations
