"""Ten distances between mixtures of normal distributions on the line."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf, logsumexp, ndtr, ndtri

from otgan import sinkhorn_divergence
from otgan.lessons.which_distance.distances import Distances
from otgan.measures import FloatArray

__all__ = [
    "NORMAL",
    "Mixture",
    "divergences",
    "energy",
    "mmd",
    "normal_density",
    "of_mixtures",
    "sinkhorn",
]

LOG_2 = math.log(2)

POINTS = 100
"""Points of equal weight that represent a distribution on the line in Sinkhorn's iterations."""


@dataclass(frozen=True)
class Mixture:
    """A mixture of normal distributions on the line; a deviation of 0 makes an atom."""

    weights: FloatArray
    means: FloatArray
    deviations: FloatArray

    @classmethod
    def of(cls, *parts: tuple[float, float, float]) -> Mixture:
        """From (weight, mean, deviation) of each part."""
        return cls(*np.array(parts, dtype=float).T)

    @property
    def mean(self) -> float:
        """E X."""
        return float(self.weights @ self.means)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.weights @ (self.deviations**2 + (self.means - self.mean) ** 2))

    def log_density(self, x: FloatArray) -> FloatArray:
        """At x; without atoms."""
        z = (x[:, None] - self.means) / self.deviations
        scales = np.log(self.weights / self.deviations / math.sqrt(2 * math.pi))
        return logsumexp(scales - z**2 / 2, axis=1)

    def cdf(self, x: FloatArray) -> FloatArray:
        """P(X <= x)."""
        return ndtr((x[:, None] - self.means) / self.deviations) @ self.weights

    def integrated_cdf(self, x: FloatArray) -> FloatArray:
        """E max(0, x - X), whose derivative is `cdf`."""
        z = (x[:, None] - self.means) / self.deviations
        return (self.deviations * (z * ndtr(z) + normal_density(z))) @ self.weights

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """So many independent points."""
        part = rng.choice(len(self.weights), size=n, p=self.weights)
        return rng.normal(self.means[part], self.deviations[part])

    def points(self, count: int) -> FloatArray:
        """So many points of equal weight: each part's quantile bins, at their means."""
        kept = [
            mean + deviation * _bin_means(round(weight * count))
            for weight, mean, deviation in zip(
                self.weights, self.means, self.deviations, strict=True
            )
        ]
        return np.concatenate(kept)


NORMAL = Mixture.of((1, 0, 1))


def normal_density(z: FloatArray) -> FloatArray:
    """Of N(0, 1)."""
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _bin_means(count: int) -> FloatArray:
    """The means of N(0, 1) between its quantiles k/count."""
    edges = normal_density(ndtri(np.arange(count + 1) / count))
    return count * (edges[:-1] - edges[1:])


def of_mixtures(P: Mixture, Q: Mixture) -> Distances:
    """All distances of two mixtures with densities; TV and W₁ from where p = q and F = G.

    Examples
    --------
    >>> values = of_mixtures(Mixture.of((1, 0, 1)), Mixture.of((1, 1, 2)))
    >>> print(f"{values.kl:.10f} {values.w1:.10f}")
    0.4431471806 1.1666309412
    """
    x, _ = _grid(P, Q)
    forth, back, shared = divergences(P, Q)
    w1 = _variation(
        lambda t: P.cdf(t) - Q.cdf(t), lambda t: P.integrated_cdf(t) - Q.integrated_cdf(t), x
    )
    return Distances(
        kl=forth,
        kl_back=back,
        js=shared,
        tv=0.5
        * _variation(
            lambda t: np.exp(P.log_density(t)) - np.exp(Q.log_density(t)),
            lambda t: P.cdf(t) - Q.cdf(t),
            x,
        ),
        energy=energy(P, Q),
        mmd=mmd(P, Q),
        sliced=w1,
        w1=w1,
        sinkhorn=sinkhorn(P.points(POINTS), Q.points(POINTS)),
        frechet=math.hypot(P.mean - Q.mean, P.deviation - Q.deviation),
    )


def divergences(P: Mixture, Q: Mixture) -> tuple[float, float, float]:
    """KL(P‖Q), KL(Q‖P) and JS by the trapezoidal rule, which is exact for such densities."""
    x, step = _grid(P, Q)
    log_p, log_q = P.log_density(x), Q.log_density(x)
    log_m = np.logaddexp(log_p, log_q) - LOG_2
    p, q = step * np.exp(log_p), step * np.exp(log_q)
    forth, back = float(p @ (log_p - log_q)), float(q @ (log_q - log_p))
    return forth, back, float(p @ (log_p - log_m) + q @ (log_q - log_m)) / 2


def _grid(P: Mixture, Q: Mixture) -> tuple[FloatArray, float]:
    """Where either distribution has mass, finely enough for the trapezoidal rule to be exact."""
    means = np.concatenate([P.means, Q.means])
    deviations = np.concatenate([P.deviations, Q.deviations])
    step = float(deviations.min()) / 20
    reach = 10 * deviations
    parts = [
        np.arange(math.floor((m - r) / step), math.ceil((m + r) / step) + 1)
        for m, r in zip(means, reach, strict=True)
    ]
    return step * np.unique(np.concatenate(parts)), step


def _variation(
    slope: Callable[[FloatArray], FloatArray],
    function: Callable[[FloatArray], FloatArray],
    x: FloatArray,
) -> float:
    """∫ |slope|: how far its antiderivative goes up and down between the slope's roots."""
    signs = np.sign(slope(x))
    turns = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    roots = [
        brentq(lambda t: float(slope(np.array([t]))[0]), x[k], x[k + 1], xtol=1e-15) for k in turns
    ]
    at = np.concatenate([x[:1], np.array(roots), x[signs == 0], x[-1:]])
    return float(np.abs(np.diff(function(np.sort(at)))).sum())


def energy(P: Mixture, Q: Mixture) -> float:
    """The energy distance, not rooted: 2 E|X - Y| - E|X - X'| - E|Y - Y'|."""

    def mean(A: Mixture, B: Mixture) -> float:
        shift, deviation = _differences(A, B)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(deviation > 0, shift / deviation, np.inf)
        spread = np.where(deviation > 0, 2 * deviation * normal_density(np.abs(z)), 0)
        return float(
            A.weights @ (spread + np.abs(shift) * erf(np.abs(z) / math.sqrt(2))) @ B.weights
        )

    return 2 * mean(P, Q) - mean(P, P) - mean(Q, Q)


def mmd(P: Mixture, Q: Mixture) -> float:
    """MMD², with a Gaussian kernel of bandwidth one."""

    def mean(A: Mixture, B: Mixture) -> float:
        shift, deviation = _differences(A, B)
        square = 1 + deviation**2
        kernel = np.exp(-(shift**2) / (2 * square)) / np.sqrt(square)
        return float(A.weights @ kernel @ B.weights)

    return mean(P, P) + mean(Q, Q) - 2 * mean(P, Q)


def _differences(A: Mixture, B: Mixture) -> tuple[FloatArray, FloatArray]:
    """Means and deviations of the difference of any part of A and any of B."""
    shift = np.subtract.outer(A.means, B.means)
    return shift, np.hypot.outer(A.deviations, B.deviations)


def sinkhorn(x: FloatArray, y: FloatArray) -> float:
    """Sinkhorn's divergence of points, with the cost |x - y|² and ε = 1."""
    return float(sinkhorn_divergence(x, y, p=2, reg=1.0, max_iterations=100_000))
