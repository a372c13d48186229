"""Ten distances of a uniform distribution that moves, of rounding, and of a rotation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad

from otgan.divergences.closed_forms import Gaussian, Uniform, js, kl, total_variation
from otgan.lessons.which_distance.distances import Distances
from otgan.lessons.which_distance.mixtures import (
    NORMAL,
    POINTS,
    Mixture,
    energy,
    mmd,
    normal_density,
    sinkhorn,
)

__all__ = ["of_moved_uniform", "of_rotation", "of_rounding"]

LOG_2 = math.log(2)


def of_moved_uniform(shift: float) -> Distances:
    """A uniform distribution of variance one against itself moved."""
    width = math.sqrt(12)
    P, Q = Uniform(0, width), Uniform(shift, shift + width)
    return Distances(
        kl=kl(P, Q),
        kl_back=kl(Q, P),
        js=js(P, Q),
        tv=total_variation(P, Q),
        energy=2 * (_mean_of_difference(abs, shift, width) - _mean_of_difference(abs, 0, width)),
        mmd=2 * (_mean_of_difference(_bell, 0, width) - _mean_of_difference(_bell, shift, width)),
        sliced=shift,
        w1=shift,
        sinkhorn=shift**2,
        frechet=shift,
    )


def _bell(t: float) -> float:
    return math.exp(-(t**2) / 2)


def _mean_of_difference(h: Callable[[float], float], shift: float, width: float) -> float:
    """E h(X - Y) for uniform distributions: their difference has a triangular density."""
    peaks = [t for t in (-shift, 0.0) if -width < t < width]
    return quad(
        lambda t: (1 - abs(t) / width) / width * h(t + shift),
        -width,
        width,
        points=sorted(set(peaks)),
        epsabs=1e-13,
        limit=200,
    )[0]


def of_rounding(step: float) -> Distances:
    """N(0, 1) against itself rounded to multiples of `step`: a density against atoms."""
    count = math.ceil(9 / step)
    centers = step * np.arange(-count, count + 1.0)
    masses = np.diff(NORMAL.cdf(step * np.arange(-count - 0.5, count + 1)))
    atoms = Mixture(masses, centers, np.zeros_like(centers))
    # Rounding keeps the order, so that no transport is shorter: W₁ = E|X - round X|,
    # in each cell step/2 times its mass less the second difference of the integral of F.
    halves = NORMAL.integrated_cdf(step / 2 * np.arange(-2 * count - 1.0, 2 * count + 2))
    bends = halves[2::2] - 2 * halves[1:-1:2] + halves[:-2:2]
    w1 = float((step / 2 * masses - bends).sum())
    points = NORMAL.points(POINTS)
    return Distances(
        kl=math.inf,
        kl_back=math.inf,
        js=LOG_2,
        tv=1.0,
        energy=energy(NORMAL, atoms),
        mmd=mmd(NORMAL, atoms),
        sliced=w1,
        w1=w1,
        sinkhorn=sinkhorn(points, step * np.round(points / step)),
        frechet=abs(1 - atoms.deviation),
    )


def of_rotation(correlation: float) -> Distances:
    """Two normal distributions in the plane with variances one and opposite correlations.

    Along their axes they have the variances a > b and b > a. In each quadrant between the axes
    the distributions mirror each other, and on the lines across it their densities have a ratio
    that increases: mass need only slide down these lines, and f(x) = (|x₁| - |x₂|)/√2, which falls
    along all of them with slope one, is optimal: W₁ = (2/√π) (√a - √b).
    """
    a, b = 1 + correlation, 1 - correlation
    P = Gaussian([0, 0], [[1, correlation], [correlation, 1]])
    Q = Gaussian([0, 0], [[1, -correlation], [-correlation, 1]])
    wide, thin = math.atan(math.sqrt(a / b)), math.atan(math.sqrt(b / a))
    return Distances(
        kl=kl(P, Q),
        kl_back=kl(Q, P),
        js=_js_rotated(a, b),
        tv=2 / math.pi * (wide - thin),  # p > q where |x₁| > |x₂|
        energy=2 * (math.sqrt(math.pi) - _mean_length(2 * a, 2 * b)),
        mmd=2 * (1 / math.sqrt((1 + a) * (1 + b)) - 0.5),
        sliced=_sliced_rotated(correlation),
        w1=2 / math.sqrt(math.pi) * (math.sqrt(a) - math.sqrt(b)),
        sinkhorn=2 * (_entropic(a, b) - _entropic(a, a) / 2 - _entropic(b, b) / 2),
        frechet=math.sqrt(2) * (math.sqrt(a) - math.sqrt(b)),
    )


def _js_rotated(a: float, b: float) -> float:
    """As log 2 - E_P log(1 + q/p), by the trapezoidal rule in both axes."""
    z, step = np.linspace(-9, 9, 721, retstep=True)
    weights = step * normal_density(z)
    log_ratio = np.subtract.outer(a * z**2, b * z**2) * (1 / a - 1 / b) / 2
    return LOG_2 - float(weights @ np.logaddexp(0, log_ratio) @ weights)


def _mean_length(a: float, b: float) -> float:
    """E|Z| for independent normal coordinates of these variances, by an integral over angles."""
    mean = quad(lambda t: math.sqrt(a * math.cos(t) ** 2 + b * math.sin(t) ** 2), 0, math.pi / 2)[0]
    return math.sqrt(2 / math.pi) * mean


def _sliced_rotated(correlation: float) -> float:
    """In the direction t the variances are 1 ± correlation sin 2t."""

    def gap(t: float) -> float:
        turn = correlation * math.sin(2 * t)
        return math.sqrt(1 + turn) - math.sqrt(1 - turn)

    return math.sqrt(2 / math.pi) * quad(gap, 0, math.pi / 2)[0] * 2 / math.pi


def _entropic(a: float, b: float) -> float:
    """Entropic transport between N(0, a) and N(0, b) with ε = 1 and the cost |x - y|².

    Source: Janati, Muzellec, Peyré and Cuturi, Entropic optimal transport between unbalanced
    Gaussian measures has a closed form (2020), Theorem 1.
    """
    half = 0.5
    root = math.sqrt(4 * a * b + half**2)
    return a + b - root + half * (1 - math.log(2 * half)) + half * math.log(root + half)
