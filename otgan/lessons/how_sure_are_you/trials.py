"""The experiments of the lesson: samples, and the distance of their distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.special import bdtr, ndtr

from otgan import emd, kl_from_samples, wasserstein, wasserstein_interval
from otgan.divergences.closed_forms import Gaussian, kl
from otgan.divergences.nearest_neighbors import NearestNeighbors
from otgan.errors import DuplicateSamplesError
from otgan.estimates import normal_interval, standard_error_of_gap
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = [
    "DIMENSIONS", "METHODS", "NEIGHBORS", "PAIRS", "Floor", "Intervals", "Neighbors", "Trials",
    "equal_distributions", "floors", "in_ten_dimensions", "intervals", "kl_of_shifts",
    "nearest_point", "refusal", "slopes_of", "trials",
]  # fmt: skip

COUNTS = (25, 100, 400, 1600)
SIZES = (50, 100, 200, 400)
DIMENSIONS = (1, 2, 3, 5, 10)
PAIRS = ((1, 1.0), (2, 3.0), (5, 3.0), (2, 0.0))
"""Dimensions and shifts of two normal distributions: their W₁ is the shift."""

NEIGHBORS = 500
"""Points of each sample where KL is estimated."""

PLAIN = NearestNeighbors(k=1, start="none", whiten=False)
METHODS = {
    "nearest point": PLAIN,
    "5th nearest": NearestNeighbors(k=5, start="none", whiten=False),
    "matched radii": NearestNeighbors(k="matched", whiten=False),
    "nearest, whitened": NearestNeighbors(k=1, start="none"),
    "default": NearestNeighbors(),
}


@dataclass(frozen=True, repr=False)
class Floor(Record):
    """What W₁ of two samples of one distribution on the line is in the mean, times √n.

    Attributes
    ----------
    distribution : str
    limit : float
        (2/√π) ∫ √(F(1 - F)), what it tends to.
    counts : ndarray, shape (k,)
        Points n of each sample.
    exact : ndarray, shape (k,)
        By quadrature of E|Fₙ - Gₙ|, the mean difference of two binomial numbers.
    simulated, simulated_se : ndarray, shape (k,)
        The mean over many pairs of samples, and its standard error.
    """

    distribution: str
    limit: float
    counts: FloatArray
    exact: FloatArray
    simulated: FloatArray
    simulated_se: FloatArray


@dataclass(frozen=True, repr=False)
class Trials(Record):
    """W₁ of many pairs of samples, each with the standard error that its potentials show.

    Attributes
    ----------
    d : int
    truth : float
        W₁ of the distributions.
    plug_in, se : ndarray, shape (r,)
        W₁ of the samples, and √(Var f(X)/n + Var g(Y)/m) with their potentials f and g.
    """

    d: int
    truth: float
    plug_in: FloatArray
    se: FloatArray

    def coverage(self, value: float) -> float:
        """The fraction of trials whose 95 % interval around `plug_in` covers the value."""
        return _fraction_covering(*_normal_intervals(self.plug_in, self.se), value)

    @property
    def covers_truth(self) -> float:
        """How often the interval covers W₁ of the distributions."""
        return self.coverage(self.truth)

    @property
    def covers_mean(self) -> float:
        """How often it covers the mean of W₁ of samples."""
        return self.coverage(float(self.plug_in.mean()))


@dataclass(frozen=True, repr=False)
class Intervals(Record):
    """What `otgan.wasserstein_interval` says about many pairs of samples.

    Attributes
    ----------
    d : int
    truth : float
        W₁ of the distributions.
    low, high : ndarray, shape (r,)
        Its ends.
    plug_in, plug_in_se : ndarray, shape (r,)
        W₁ of the samples and its standard error: an error bar that knows of no bias.
    """

    d: int
    truth: float
    low: FloatArray
    high: FloatArray
    plug_in: FloatArray
    plug_in_se: FloatArray

    @property
    def naive(self) -> tuple[FloatArray, FloatArray]:
        """Both ends of plug_in ± 1.96 standard errors."""
        return _normal_intervals(self.plug_in, self.plug_in_se)

    @property
    def coverage(self) -> float:
        """The fraction of intervals that cover the truth."""
        return _fraction_covering(self.low, self.high, self.truth)

    @property
    def naive_coverage(self) -> float:
        """The same of the naive ones."""
        return _fraction_covering(*self.naive, self.truth)


@dataclass(frozen=True, repr=False)
class Neighbors(Record):
    """KL of one pair of distributions by several ways to use nearest neighbors.

    Attributes
    ----------
    pair : str
    truth : float
        In nats.
    values : ndarray, shape (methods, r)
        Estimates of `METHODS`, for r pairs of samples.
    """

    pair: str
    truth: float
    values: FloatArray


# ---------------------------------------------------------------- W₁


def floors(rng: np.random.Generator) -> tuple[Floor, ...]:
    """Of a normal and a uniform distribution on the line."""
    x, step = np.linspace(-9, 9, 181, retstep=True)  # beyond, less than rounding
    nodes, weights = np.polynomial.legendre.leggauss(200)
    normal = quad(lambda t: math.sqrt(ndtr(t) * ndtr(-t)), 0, np.inf)[0]  # of the right half
    uniform = quad(lambda t: math.sqrt(t * (1 - t)), 0, 1)[0]
    scale = 2 / math.sqrt(math.pi)
    return (
        _floor("N(0, 1)", 2 * scale * normal, ndtr(x), np.full(x.shape, step), rng.standard_normal),
        _floor("U[0, 1]", scale * uniform, (nodes + 1) / 2, weights / 2, rng.random),
    )


def _floor(
    distribution: str,
    limit: float,
    levels: FloatArray,
    steps: FloatArray,
    sample: Callable[..., FloatArray],
) -> Floor:
    """With ∫ h(F(x)) dx taken as the sum of steps h(levels)."""
    shown = [_matched_in_order(sample, n, 400) for n in COUNTS]
    return Floor(
        distribution=distribution,
        limit=limit,
        counts=np.array(COUNTS),
        exact=np.array([math.sqrt(n) * float(_mean_difference(n, levels) @ steps) for n in COUNTS]),
        simulated=np.array([values.mean() for values in shown]),
        simulated_se=np.array([values.std(ddof=1) / math.sqrt(400) for values in shown]),
    )


def _mean_difference(n: int, levels: FloatArray) -> FloatArray:
    """E|Fₙ - Gₙ| where F has these values: of two binomial numbers, over n.

    The mean difference of two independent copies is 2 Σ C(1 - C) for a distribution function C.
    """
    below = bdtr(np.arange(n)[:, None], n, levels)
    return 2 * (below * (1 - below)).sum(axis=0) / n


def _matched_in_order(sample: Callable[..., FloatArray], n: int, repeats: int) -> FloatArray:
    """√n W₁ of so many pairs of samples."""
    x, y = np.sort(sample((2, repeats, n)), axis=-1)
    return math.sqrt(n) * np.abs(x - y).mean(axis=1)


def _shifted(d: int, shift: float, n: int, rng: np.random.Generator) -> tuple[FloatArray, ...]:
    x, y = rng.normal(size=(2, n, d))
    y[:, 0] += shift
    return x, y


def limit_slope(d: int) -> str:
    """What the slope of log mean W₁ of two samples in log n tends to, in words.

    Examples
    --------
    >>> limit_slope(1), limit_slope(10)
    ('-1/2', '-1/10')
    """
    return {1: "-1/2", 2: "-1/2, log"}.get(d, f"-1/{d}")


def equal_distributions(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Mean W₁ of samples of one distribution, for DIMENSIONS and SIZES, and its standard error."""
    means, ses = np.empty((2, len(DIMENSIONS), len(SIZES)))
    for k, d in enumerate(DIMENSIONS):
        for j, n in enumerate(SIZES):
            repeats = 400 if d == 1 else 2400 // n
            values = [float(wasserstein(*_shifted(d, 0, n, rng))) for _ in range(repeats)]
            means[k, j] = np.mean(values)
            ses[k, j] = np.std(values, ddof=1) / math.sqrt(repeats)
    return means, ses


def slopes_of(x: FloatArray, y: FloatArray, y_se: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of straight lines through log y by least squares, one for each row."""
    weights = (x - x.mean()) / np.square(x - x.mean()).sum()
    return np.log(y) @ weights, np.sqrt(np.square(y_se / y) @ np.square(weights))


def trials(d: int, shift: float, n: int, repeats: int, rng: np.random.Generator) -> Trials:
    """N(0, I) against its shift, solved exactly many times."""
    results = [emd(*_shifted(d, shift, n, rng)) for _ in range(repeats)]
    return Trials(
        d=d,
        truth=shift,
        plug_in=np.array([r.distance for r in results]),
        se=np.array([standard_error_of_gap(r.f, r.g) for r in results]),
    )


def intervals(d: int, shift: float, n: int, repeats: int, rng: np.random.Generator) -> Intervals:
    """The same pairs, with an interval for W₁ of the distributions each time."""
    found = [wasserstein_interval(*_shifted(d, shift, n, rng), rng=rng) for _ in range(repeats)]
    return Intervals(
        d=d,
        truth=shift,
        low=np.array([i.low for i in found]),
        high=np.array([i.high for i in found]),
        plug_in=np.array([i.plug_in for i in found]),
        plug_in_se=np.array([i.plug_in_se for i in found]),
    )


def _normal_intervals(values: FloatArray, ses: FloatArray) -> tuple[FloatArray, FloatArray]:
    margins = normal_interval(0.0, 1.0)[1] * ses
    return values - margins, values + margins


def _fraction_covering(low: FloatArray, high: FloatArray, value: float) -> float:
    return float(((low <= value) & (value <= high)).mean())


# ---------------------------------------------------------------- KL


def nearest_point(x: list[float], y: list[float]) -> float:
    """KL by the nearest point, on the line, as one would do it by hand."""
    return PLAIN.kl_value(np.array(x)[:, None], np.array(y)[:, None])


def refusal() -> str:
    """What is said about a point that comes twice."""
    try:
        kl_from_samples([1.0, 1.0, 2.0], [0.5, 3.0])
    except DuplicateSamplesError as error:
        return str(error)
    raise AssertionError("a repeated point has no distance to its nearest neighbor")


def kl_of_shifts(shifts: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """KL of N(0, 1) against N(shift, 1): means over six pairs of samples."""
    pairs = rng.normal(size=(6, 2, NEIGHBORS, 1))
    plain, default = (
        np.array([np.mean([method.kl_value(x, y + s) for x, y in pairs]) for s in shifts])
        for method in (PLAIN, NearestNeighbors())
    )
    return plain, default


def in_ten_dimensions(rng: np.random.Generator) -> tuple[Neighbors, ...]:
    """Two Gaussian pairs, and one of them with every coordinate bent: KL cannot tell."""
    thin = [Gaussian(np.full(10, mean), _alike(0.999)) for mean in (0.0, 1.0)]
    loose = [Gaussian(np.zeros(10), _alike(correlation)) for correlation in (0.9, 0.1)]
    kinds = (
        ("thin, shifted", thin, lambda z: z),
        ("correlations 0.9, 0.1", loose, lambda z: z),
        ("the same, bent", loose, lambda z: z + z**3 / 3),
    )
    return tuple(
        Neighbors(
            pair=name,
            truth=kl(*distributions),
            values=np.array(
                [
                    [method.kl_value(x, y) for method in METHODS.values()]
                    for x, y in (
                        [
                            bend(distribution.sample(NEIGHBORS, rng))
                            for distribution in distributions
                        ]
                        for _ in range(5)
                    )
                ]
            ).T,
        )
        for name, distributions, bend in kinds
    )


def _alike(correlation: float) -> FloatArray:
    """A covariance of ten coordinates of variance one that are all equally correlated."""
    return np.where(np.eye(10, dtype=bool), 1.0, correlation)
