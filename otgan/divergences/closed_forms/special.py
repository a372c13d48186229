"""Functions in which nothing cancels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import gammaln, hyp2f1, polygamma, psi, xlogy

from otgan.measures import FloatArray

__all__ = [
    "excess",
    "excess_of_quotient",
    "gammaln_bregman",
    "gammaln_difference",
    "log_poisson",
    "log_quotient",
]

NEAR = 0.5
"""Relative difference below which two numbers are near each other."""


def excess(x: Any, log: Any) -> Any:
    """The difference x - log(1 + x); `log` is log(1 + x), and used only away from zero.

    For |x| < 1/2 it is x²/2 · ₂F₁(1, 2; 3; -x), whose series is that of the logarithm without its
    first term (NIST Digital Library of Mathematical Functions, 4.6.1 and 15.2.1).

    Examples
    --------
    >>> print(f"{excess(1e-9, 1e-9):.6g}")
    5e-19
    """
    near = np.abs(x) < NEAR
    small = np.where(near, x, 0.0)
    return np.where(near, 0.5 * small**2 * hyp2f1(1, 2, 3, -small), x - log)[()]


def excess_of_quotient(a: float, b: float) -> float:
    """a/b - 1 - log(a/b).

    Examples
    --------
    >>> print(f"{excess_of_quotient(2, 1):.6f}")
    0.306853
    """
    return float(excess((a - b) / b, math.log(a) - math.log(b)))


def log_quotient(a: float, b: float) -> float:
    """log(a/b) of positive numbers.

    Examples
    --------
    >>> print(f"{log_quotient(1e8 + 1, 1e8):.6g}")
    1e-08
    """
    return math.log1p((a - b) / b) if abs(a - b) < NEAR * b else math.log(a) - math.log(b)


def gammaln_difference(a: float, b: float) -> float:
    """The difference log Γ(a) - log Γ(b): for numbers near each other the integral of ψ.

    Examples
    --------
    >>> print(f"{gammaln_difference(5, 4):.6f}")  # log 4
    1.386294
    """
    if abs(a - b) > NEAR * min(a, b):
        return float(gammaln(a) - gammaln(b))
    nodes, weights = _unit_rule()
    return float((a - b) * (weights @ psi(b + (a - b) * nodes)))


def gammaln_bregman(a: float, b: float) -> float:
    """What log Γ(a) lies above its tangent at b, log Γ(b) + (a - b) ψ(b).

    For numbers near each other it is an integral of ψ'.

    Examples
    --------
    >>> print(f"{gammaln_bregman(1 + 1e-9, 1):.6g}")  # (1e-9)²/2 ψ'(1)
    8.22467e-19
    """
    if abs(a - b) > NEAR * min(a, b):
        return float(gammaln(a) - gammaln(b) - (a - b) * psi(b))
    nodes, weights = _unit_rule()
    curvature = polygamma(1, b + (a - b) * nodes)
    return float((a - b) ** 2 * (weights @ ((1 - nodes) * curvature)))


def log_poisson(k: Any, rate: Any) -> Any:
    """The Poisson distribution k log(rate) - rate - log Γ(k + 1), for any real k > -1.

    For large k, log Γ is taken apart by Stirling's series, whose main terms would cancel.

    Source: Loader, Fast and accurate computation of binomial probabilities, 2000.

    Examples
    --------
    >>> print(f"{log_poisson(1e12, 1e12):.6f}")  # -log(2π 1e12)/2
    -14.734449
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        plain = xlogy(k, rate) - rate - gammaln(k + 1)
        if np.all(np.less(k, 16)):
            return plain
        many = np.maximum(k, 16)
        square = 1.0 / many**2
        stirling = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / many
        deviance = many * excess((rate - many) / many, np.log(rate / many))
        return np.where(k < 16, plain, -deviance - 0.5 * np.log(2 * np.pi * many) - stirling)[()]


def _unit_rule() -> tuple[FloatArray, FloatArray]:
    """Gauss and Legendre's rule on [0, 1]; exact to rounding for ψ between near numbers."""
    nodes, weights = np.polynomial.legendre.leggauss(30)
    return (nodes + 1) / 2, weights / 2
