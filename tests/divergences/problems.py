"""Pairs of distributions with known KL: what estimators are measured on.

Nothing here calls the functions of otgan: the numbers are those that were published, or follow
from the formula beside them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from otgan.divergences.closed_forms import Exponential, Gaussian, ParametricDistribution, Uniform

if TYPE_CHECKING:
    from otgan import Estimate
    from otgan.divergences.samples import DivergenceMethod


Samples = tuple[np.ndarray, np.ndarray]


class Problem(NamedTuple):
    """Two distributions and KL(P‖Q) in nats."""

    P: ParametricDistribution
    Q: ParametricDistribution
    kl: float


def equicorrelated(d: int, correlation: float) -> np.ndarray:
    """Ones on the diagonal, `correlation` elsewhere."""
    return (1 - correlation) * np.eye(d) + correlation


LINE = {
    "exponential": Problem(Exponential(1), Exponential(1 / 12), 11 / 12 * -1 + math.log(12)),
    "gaussian": Problem(Gaussian(0, 1), Gaussian(1, 4), math.log(2) - 1 / 4),
    "uniform": Problem(Uniform(1, 2), Uniform(0, 4), math.log(4)),
    "uniform and gaussian": Problem(
        Uniform(0, 1), Gaussian(0, 1), math.log(2 * math.pi) / 2 + 1 / 6
    ),
}
"""The problems on the line of the R package kldest."""

WANG = {
    "figure 2": Problem(
        Gaussian([0.1, 0.3, 0.6, 0.9], equicorrelated(4, 0.5)),
        Gaussian(np.zeros(4), equicorrelated(4, 0.1)),
        0.9008706098,
    ),
    "figure 3": Problem(
        Gaussian(np.zeros(10), equicorrelated(10, 0.9)),
        Gaussian(np.zeros(10), equicorrelated(10, 0.1)),
        6.9990371774,
    ),
    "figure 5": Problem(
        Gaussian(np.zeros(10), equicorrelated(10, 0.999)),
        Gaussian(np.ones(10), equicorrelated(10, 0.999)),
        0.5004504054,
    ),
}
"""Wang, Kulkarni and Verdú, Divergence estimation for multidimensional densities (2009)."""


def shifted(rng: np.random.Generator, n: int, m: int, delta: float, d: int = 1) -> Samples:
    """Samples of N(0, I) and N(v, I) with |v| = delta."""
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + delta / math.sqrt(d)


def wider(rng: np.random.Generator, n: int, m: int) -> Samples:
    """Samples of N(0, 1) and N(1, 4): KL is 0.4431."""
    return rng.normal(0, 1, (n, 1)), rng.normal(1, 2, (m, 1))


def sheared(rng: np.random.Generator, n: int, m: int) -> Samples:
    """Samples of N(0, I) and N(0, [[1, 1], [1, 2]]): KL is 0.5."""
    return rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) @ np.array([[1.0, 1.0], [0.0, 1.0]])


def kl(method: DivergenceMethod, x: np.ndarray, y: np.ndarray, seed: int = 0) -> Estimate:
    """KL by a method of its own, without checks of the input."""
    return method.kl(x, y, confidence_level=0.95, rng=np.random.default_rng(seed))


def js(
    method: DivergenceMethod,
    x: np.ndarray,
    y: np.ndarray,
    seed: int = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """JS by a method of its own, without checks of the input."""
    return method.js(x, y, confidence_level=confidence_level, rng=np.random.default_rng(seed))
