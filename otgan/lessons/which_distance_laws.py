"""Nine distances between distributions that differ in one way at a time: closed forms, as far as they go.

Everything is in units of the first distribution's standard deviation; the kernel of MMD is Gaussian
with the bandwidth √d, Sinkhorn's cost is |x - y|² with ε = 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf, erfinv, gammaln, hyp1f1, logsumexp, ndtr, ndtri

from otgan import sinkhorn_divergence
from otgan.divergences.closed_forms import Gaussian, Uniform, js, kl, total_variation
from otgan.measures import FloatArray

__all__ = [
    "NORMAL",
    "Distances",
    "Mixture",
    "as_shifts",
    "divergences",
    "mixtures",
    "moved_uniform",
    "of_shift",
    "rotated",
    "rounded",
    "scaled_shift",
]

POINTS = 100
"""Points of equal weight that stand for a distribution on the line where Sinkhorn's iterations run."""

LOG_2 = math.log(2)

FARTHEST = 60.0
"""Shifts beyond which JS and TV are at their ceilings to all digits."""


@dataclass(frozen=True)
class Distances:
    """Nine distances between two distributions, as the functions of `otgan` return them.

    Attributes
    ----------
    kl, kl_back, js, tv : float
        KL(P‖Q), KL(Q‖P), JS in nats; total variation.
    energy, mmd : float
        Neither is rooted.
    sliced, w1 : float
    sinkhorn : float
        In squared units.
    frechet : float
        W₂ of the Gaussians with the same means and covariances.
    """

    kl: float
    kl_back: float
    js: float
    tv: float
    energy: float
    mmd: float
    sliced: float
    w1: float
    sinkhorn: float
    frechet: float


# ---------------------------------------------------------------- shifts


def of_shift(shift: float, d: int = 1) -> Distances:
    """N(0, I) in d dimensions against the same with its first coordinate moved.

    A translation moves all mass alike, so that Sinkhorn's divergence is its square for any ε.

    Examples
    --------
    >>> far, hidden = of_shift(1), of_shift(1, d=100)
    >>> print(f"{far.energy:.6f} {hidden.energy:.6f} {far.w1:g} {hidden.w1:g}")
    0.541807 0.070448 1 1
    """
    P, Q = Gaussian(0, 1), Gaussian(shift, 1)  # further coordinates change nothing
    return Distances(
        kl=kl(P, Q),
        kl_back=kl(Q, P),
        js=js(P, Q),
        tv=total_variation(P, Q),
        energy=_energy_of_shift(shift, d),
        mmd=_mmd_of_shift(shift, d, d),
        sliced=shift * _mean_cosine(d),
        w1=shift,
        sinkhorn=shift**2,
        frechet=shift,
    )


def scaled_shift(shift: float, unit: float) -> Distances:
    """The same on the line in other units: the numbers are `unit` times as large.

    Bandwidth and ε stay what they were.
    """
    there = of_shift(shift)
    moved = unit * shift
    return Distances(
        kl=there.kl,
        kl_back=there.kl_back,
        js=there.js,
        tv=there.tv,
        energy=unit * there.energy,
        mmd=_mmd_of_shift(shift, 1, unit**-2),
        sliced=moved,
        w1=moved,
        sinkhorn=moved**2,
        frechet=moved,
    )


def _energy_of_shift(shift: float, d: int) -> float:
    """2 E|X - Y| - 2 E|X - X'|, where differences are √2 N(shift/√2, I)."""
    return (
        4
        * math.exp(gammaln((d + 1) / 2) - gammaln(d / 2))
        * (float(hyp1f1(-0.5, d / 2, -(shift**2) / 4)) - 1)
    )


def _mmd_of_shift(shift: float, d: int, square: float) -> float:
    """With the squared bandwidth `square`: differences are N(0, 2I) and N(shift, 2I)."""
    scale = 2 * (1 + 2 / square) ** (-d / 2)
    return -scale * math.expm1(-(shift**2) / (2 * (square + 2)))


def _mean_cosine(d: int) -> float:
    """E|θ₁| over directions θ."""
    return math.exp(gammaln(d / 2) - gammaln((d + 1) / 2)) / math.sqrt(math.pi)


def as_shifts(values: Distances) -> Distances:
    """By how much N(0, 1) must move to look as far to each distance: one unit for all of them.

    Infinite where no shift looks so far.

    Examples
    --------
    >>> print(f"{as_shifts(of_shift(2)).js:.6f}")
    2.000000
    """
    at = {
        "kl": lambda v: math.sqrt(2 * v),
        "kl_back": lambda v: math.sqrt(2 * v),
        "js": _shift_of_js,
        "tv": lambda v: math.sqrt(8) * float(erfinv(v)),
        "energy": _shift_of_energy,
        "mmd": _shift_of_mmd,
        "sliced": float,
        "w1": float,
        "sinkhorn": lambda v: math.sqrt(max(v, 0.0)),  # negative by rounding alone
        "frechet": float,
    }
    return Distances(**{f.name: at[f.name](getattr(values, f.name)) for f in fields(Distances)})


def _shift_of_js(value: float) -> float:
    if value > LOG_2 - 1e-12:
        return math.inf
    return _inverse(lambda shift: js(Gaussian(0, 1), Gaussian(shift, 1)), value, FARTHEST)


def _shift_of_energy(value: float) -> float:
    return _inverse(lambda shift: _energy_of_shift(shift, 1), value, value + 2)


def _shift_of_mmd(value: float) -> float:
    share = value * math.sqrt(3) / 2
    return math.sqrt(-6 * math.log1p(-share)) if share < 1 else math.inf


def _inverse(increasing: Callable[[float], float], value: float, high: float) -> float:
    return float(brentq(lambda shift: increasing(shift) - value, 0, high, xtol=1e-14, rtol=1e-12))


# ---------------------------------------------------------------- supports that do not meet


def moved_uniform(shift: float) -> Distances:
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


# ---------------------------------------------------------------- mixtures on the line


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
        return (self.deviations * (z * ndtr(z) + _density(z))) @ self.weights

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


def _density(z: FloatArray) -> FloatArray:
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _bin_means(count: int) -> FloatArray:
    """The means of N(0, 1) between its quantiles k/count."""
    edges = _density(ndtri(np.arange(count + 1) / count))
    return count * (edges[:-1] - edges[1:])


def mixtures(P: Mixture, Q: Mixture) -> Distances:
    """All distances of two mixtures with densities; TV and W₁ from where p = q and F = G.

    Examples
    --------
    >>> values = mixtures(Mixture.of((1, 0, 1)), Mixture.of((1, 1, 2)))
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
        energy=_energy(P, Q),
        mmd=_mmd(P, Q),
        sliced=w1,
        w1=w1,
        sinkhorn=_sinkhorn(P.points(POINTS), Q.points(POINTS)),
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


def _energy(P: Mixture, Q: Mixture) -> float:
    def mean(A: Mixture, B: Mixture) -> float:
        shift, deviation = _differences(A, B)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(deviation > 0, shift / deviation, np.inf)
        spread = np.where(deviation > 0, 2 * deviation * _density(np.abs(z)), 0)
        return float(
            A.weights @ (spread + np.abs(shift) * erf(np.abs(z) / math.sqrt(2))) @ B.weights
        )

    return 2 * mean(P, Q) - mean(P, P) - mean(Q, Q)


def _mmd(P: Mixture, Q: Mixture) -> float:
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


def _sinkhorn(x: FloatArray, y: FloatArray) -> float:
    return float(sinkhorn_divergence(x, y, p=2, reg=1.0, max_iterations=100_000))


# ---------------------------------------------------------------- rounding, rotation


def rounded(step: float) -> Distances:
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
        energy=_energy(NORMAL, atoms),
        mmd=_mmd(NORMAL, atoms),
        sliced=w1,
        w1=w1,
        sinkhorn=_sinkhorn(points, step * np.round(points / step)),
        frechet=abs(1 - atoms.deviation),
    )


def rotated(correlation: float) -> Distances:
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
    weights = step * _density(z)
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
