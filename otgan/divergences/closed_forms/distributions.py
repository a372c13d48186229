"""Parametric distributions: densities, quantiles and moments from a few parameters.

They are known by their parameters; the distributions of :mod:`otgan.datasets` are known by how to
sample them. These can be sampled too, in NumPy, and serve wherever a sampler does.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.stats
from scipy.special import xlogy

from otgan.divergences.closed_forms.special import (
    gammaln_difference,
    log_poisson,
    log_quotient,
)
from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_moments
from otgan.inputs.matching import order_like
from otgan.inputs.options import as_count, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_float64, as_points

__all__ = [
    "Exponential",
    "Gamma",
    "Gaussian",
    "Laplace",
    "ParametricDistribution",
    "Poisson",
    "Uniform",
]

LARGEST = 1e100
"""Parameters beyond it, or positive ones below its inverse, could leave the range of floats."""

MOST_BINS = 1e10
"""A larger rate of a Poisson distribution would take gigabytes to list."""


class ParametricDistribution(ABC):
    """A distribution given by its parameters."""

    discrete: ClassVar[bool] = False

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return 1

    @cached_property
    @abstractmethod
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw `n` independent points.

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator or int
            A generator, or a seed.

        Returns
        -------
        ndarray, shape (n, d)

        Raises
        ------
        InvalidInputError
            `n` is not a whole number of at least 0.

        Examples
        --------
        >>> Uniform(0, 1).sample(3, 0).shape
        (3, 1)
        """
        n = as_count(n, "n", least=0)
        points = self._draw(n, as_rng(rng))
        return np.asarray(points, dtype=np.float64).reshape(n, self.d)

    def _draw(self, n: int, rng: np.random.Generator) -> Any:
        return self.frozen.rvs(size=n, random_state=rng)

    def log_density(self, points: Any) -> FloatArray:
        """Logarithm of the density, or of the probability of a point of a discrete distribution.

        Parameters
        ----------
        points : array_like, shape (n, d), or (n,) on the line

        Returns
        -------
        ndarray, shape (n,)
            In nats; -inf outside the support.

        Raises
        ------
        InvalidInputError
            NaN, infinities, or another number of columns than d.

        Examples
        --------
        >>> Gamma(shape=1, rate=2).log_density([0.5, 1.0, -1.0]).round(6)
        array([-0.306853, -1.306853,      -inf])
        """
        return self._log_density(self._rows(points))

    def cdf(self, points: Any) -> FloatArray:
        """Probability of a point that is in no coordinate above the given one.

        Parameters
        ----------
        points : array_like, shape (n, d), or (n,) on the line

        Returns
        -------
        ndarray, shape (n,)
            Exact to rounding on the line; in more dimensions as good as SciPy's integration, 1e-5.

        Raises
        ------
        InvalidInputError
            As in :meth:`log_density`.

        Examples
        --------
        >>> Uniform(0, 4).cdf([1.0, 3.0])
        array([0.25, 0.75])
        """
        return np.atleast_1d(self.frozen.cdf(self._rows(points)))

    def _rows(self, points: Any) -> FloatArray:
        array = as_points(points, "points")
        if array.shape[1] != self.d:
            raise InvalidInputError(
                f"points must have the {self.d} columns of the distribution, got {array.shape[1]}; "
                "to fix it, give one point a row"
            )
        return array[:, 0] if self.d == 1 else array

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.atleast_1d(self.frozen.logpdf(x))

    def _log_ratio(self, other: Any, x: FloatArray) -> FloatArray:
        """The logarithm of p/q for `other` of the same class, where both densities are positive.

        Families subtract parameters instead, so that distributions that nearly agree keep their
        digits.
        """
        return self._log_density(x) - other._log_density(x)

    @property
    def _support(self) -> tuple[float, float]:
        low, high = self.frozen.support()
        return float(low), float(high)

    def _moved(self, shift: float) -> Any:
        """The distribution of X + shift, as far as integrals need it."""
        return _Moved(self, shift)

    def _quantile(self, u: FloatArray) -> FloatArray:
        return self.frozen.ppf(u)

    def _upper_quantile(self, v: FloatArray) -> FloatArray:
        """The quantile of 1 - v, without the rounding of 1 - v."""
        return self.frozen.isf(v)


@checks_keywords
@dataclass(frozen=True, eq=False, repr=False)
class Gaussian(ParametricDistribution):
    """The normal distribution N(mean, covariance) in any dimension.

    Its second parameter is never a standard deviation: on the line it is the variance.

    Parameters
    ----------
    mean : float or array_like, shape (d,)
    covariance : float or array_like, shape (d, d)
        Symmetric and positive definite; a number is the variance, and for the line only. Labels of
        tables (``x.mean()``, ``x.cov()``) are matched, also with those of another Gaussian.

    Raises
    ------
    InvalidInputError
        Shapes that do not fit; a covariance that is not symmetric and positive definite.

    Examples
    --------
    >>> Gaussian(mean=0, covariance=4)  # standard deviation 2
    Gaussian(mean=0, covariance=4)
    >>> Gaussian([0, 0], [[1, 0.5], [0.5, 1]]).d
    2
    """

    mean: Any
    covariance: Any
    _names: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        names, mean, covariance = align_moments(self.mean, self.covariance)
        object.__setattr__(self, "_names", names)
        mean = np.atleast_1d(as_float64(mean, "mean"))
        covariance = as_float64(covariance, "covariance")
        if mean.size == 1 and covariance.ndim == 0:
            covariance = covariance.reshape(1, 1)
        d = len(mean) if mean.ndim == 1 else 0
        if d == 0 or covariance.shape != (d, d):
            raise InvalidInputError(
                "mean and covariance must have shapes (d,) and (d, d), or be two numbers, got "
                f"{np.shape(self.mean)} and {np.shape(self.covariance)}; to fix it, pass "
                "variance * numpy.eye(d) for equal, independent coordinates"
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", _as_covariance(covariance))
        if not np.abs(mean).max() <= LARGEST:
            raise InvalidInputError(
                f"mean must be finite, and at most {LARGEST:g} in size, got {self.mean}; "
                "to fix it, rescale the data"
            )

    def __repr__(self) -> str:
        if self.d == 1:
            return f"Gaussian(mean={self.mean[0]:g}, covariance={self.covariance[0, 0]:g})"
        return f"Gaussian(d={self.d}, mean={self.mean.tolist()})"

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return len(self.mean)

    @cached_property
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""
        if self.d == 1:
            return scipy.stats.norm(self.mean[0], math.sqrt(self.covariance[0, 0]))
        return scipy.stats.multivariate_normal(self.mean, self.covariance)

    def _draw(self, n: int, rng: np.random.Generator) -> Any:
        # SciPy draws in a basis of eigenvectors, which is another one on another machine.
        factor = np.linalg.cholesky(self.covariance)
        return self.mean + rng.standard_normal((n, self.d)) @ factor.T

    def _log_ratio(self, other: Gaussian, x: FloatArray) -> FloatArray:  # on the line
        (m,), ((v,),) = self.mean, self.covariance
        (n,), ((w,),) = other.mean, other.covariance
        by_means = (m - n) / w * (x - n - 0.5 * (m - n))
        by_variances = 0.5 * log_quotient(w, v) - 0.5 * ((w - v) / w) * ((x - m) ** 2 / v)
        return by_means + by_variances

    def _ordered_like(self, other: Gaussian) -> Gaussian:
        """The distribution with its coordinates in the order of another's, if both have names."""
        order = order_like(other._names, self._names, ("P", "Q"), "coordinates")
        if order is None:
            return self
        return Gaussian(self.mean[order], self.covariance[np.ix_(order, order)])

    def _moved(self, shift: float) -> Gaussian:
        return replace(self, mean=self.mean + shift)


@checks_keywords
@dataclass(frozen=True)
class Exponential(ParametricDistribution):
    """The distribution on [0, ∞) with density ``rate * exp(-rate * x)``.

    Parameters
    ----------
    rate : float
        Positive; one over the mean.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> Exponential(rate=0.5)
    Exponential(rate=0.5)
    """

    rate: float

    def __post_init__(self) -> None:
        _positive(self, "rate")

    @cached_property
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""
        return scipy.stats.expon(scale=1 / self.rate)


@checks_keywords
@dataclass(frozen=True)
class Gamma(ParametricDistribution):
    """The gamma distribution, on (0, ∞).

    Its density is ``rate**shape * x**(shape - 1) * exp(-rate * x) / Γ(shape)``.

    Parameters
    ----------
    shape, rate : float
        Positive. The mean is shape / rate; the scale is 1 / rate.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> Gamma(shape=2, rate=1)
    Gamma(shape=2.0, rate=1.0)
    """

    shape: float
    rate: float

    def __post_init__(self) -> None:
        _positive(self, "shape", "rate")

    @cached_property
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""
        return scipy.stats.gamma(self.shape, scale=1 / self.rate)

    def _log_density(self, x: FloatArray) -> FloatArray:
        # rate * Poisson(shape - 1; rate x), in which nothing cancels for large shapes
        inside = log_poisson(self.shape - 1, self.rate * np.maximum(x, 0))
        return np.where(x >= 0, math.log(self.rate) + inside, -math.inf)

    def _log_ratio(self, other: Gamma, x: FloatArray) -> FloatArray:
        by_rates = other.shape * log_quotient(self.rate, other.rate) - (self.rate - other.rate) * x
        by_shapes = xlogy(self.shape - other.shape, self.rate * x)
        return by_rates + by_shapes - gammaln_difference(self.shape, other.shape)


@checks_keywords
@dataclass(frozen=True)
class Laplace(ParametricDistribution):
    """The distribution with density ``exp(-|x - location| / scale) / (2 * scale)``.

    Parameters
    ----------
    location : float
        The mean and the median.
    scale : float
        Positive; the mean distance from the location. The variance is 2 scale².

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> Laplace(location=0, scale=1)
    Laplace(location=0.0, scale=1.0)
    """

    location: float
    scale: float

    def __post_init__(self) -> None:
        _finite(self, "location")
        _positive(self, "scale")

    @cached_property
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""
        return scipy.stats.laplace(self.location, self.scale)

    def _log_density(self, x: FloatArray) -> FloatArray:  # SciPy's underflows
        return -np.abs(x - self.location) / self.scale - math.log(2 * self.scale)

    def _log_ratio(self, other: Laplace, x: FloatArray) -> FloatArray:
        shift = other.location - self.location
        # |x - m| - |x - n|, which is ± the shift outside [m, n]
        nearer = np.clip((x - self.location) + (x - other.location), -abs(shift), abs(shift))
        by_locations = math.copysign(1, shift) * nearer / self.scale
        narrower = (other.scale - self.scale) / other.scale
        by_scales = narrower * np.abs(x - other.location) / self.scale
        return log_quotient(other.scale, self.scale) - by_locations - by_scales

    def _moved(self, shift: float) -> Laplace:
        return replace(self, location=self.location + shift)


@checks_keywords
@dataclass(frozen=True)
class Uniform(ParametricDistribution):
    """The distribution with constant density on [low, high].

    Parameters
    ----------
    low, high : float
        In this order, and different.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> Uniform(low=0, high=4)
    Uniform(low=0.0, high=4.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _finite(self, "low", "high")
        if self.high - self.low < 1 / LARGEST:
            raise InvalidInputError(
                f"low must be below high, got {self.low:g} and {self.high:g}; "
                "to fix it, check the order of the two ends"
            )

    @property
    def width(self) -> float:
        """The length of the interval."""
        return self.high - self.low

    @cached_property
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""
        return scipy.stats.uniform(self.low, self.width)

    @property
    def _support(self) -> tuple[float, float]:
        return self.low, self.high

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.where((x >= self.low) & (x <= self.high), -math.log(self.width), -math.inf)

    def _log_ratio(self, other: Uniform, x: FloatArray) -> FloatArray:
        return np.full(np.shape(x), log_quotient(other.width, self.width))

    def _moved(self, shift: float) -> Uniform:
        return replace(self, low=self.low + shift, high=self.high + shift)


@checks_keywords
@dataclass(frozen=True)
class Poisson(ParametricDistribution):
    """The distribution on 0, 1, 2, ... with probabilities ``exp(-rate) * rate**k / k!``.

    Parameters
    ----------
    rate : float
        Positive; the mean and the variance.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> Poisson(rate=3)
    Poisson(rate=3.0)
    """

    rate: float
    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _positive(self, "rate")

    @cached_property
    def frozen(self) -> Any:
        """The same distribution in `scipy.stats`, with its parameters frozen."""
        return scipy.stats.poisson(self.rate)

    def _log_density(self, x: FloatArray) -> FloatArray:
        possible = (x >= 0) & (x == np.floor(x))
        return np.where(possible, log_poisson(np.where(possible, x, 0), self.rate), -math.inf)

    def _log_ratio(self, other: Poisson, x: FloatArray) -> FloatArray:
        return x * log_quotient(self.rate, other.rate) - (self.rate - other.rate)

    @cached_property
    def _bins(self) -> FloatArray:
        """The numbers that are not too unlikely: beyond them lies a mass of 1e-30.

        P(|X - rate| >= t) <= 2 exp(-t²/(2 (rate + t/3))) (Boucheron, Lugosi and Massart,
        Concentration inequalities, 2013, section 2.7), and t²/2 = 70 (rate + t/3) here.
        """
        if self.rate > MOST_BINS:
            raise InvalidInputError(
                f"the rate of a Poisson distribution must be at most {MOST_BINS:g} to be listed, "
                "got "
                f"{self.rate:g}; to fix it, use Gaussian({self.rate:g}, {self.rate:g})"
            )
        reach = 70 / 3 + math.sqrt((70 / 3) ** 2 + 140 * self.rate)
        low, high = math.floor(self.rate - reach), math.ceil(self.rate + reach)
        return np.arange(max(0, low), high + 1, dtype=np.float64)

    @cached_property
    def _levels(self) -> FloatArray:
        return self.frozen.cdf(self._bins)

    @cached_property
    def _upper_levels(self) -> FloatArray:
        return self.frozen.sf(self._bins)

    def _quantile(self, u: FloatArray) -> FloatArray:
        at = np.searchsorted(self._levels, u)
        return self._bins[np.minimum(at, len(self._bins) - 1)]

    def _upper_quantile(self, v: FloatArray) -> FloatArray:
        at = len(self._bins) - np.searchsorted(self._upper_levels[::-1], v, side="right")
        return self._bins[np.minimum(at, len(self._bins) - 1)]


@dataclass(frozen=True)
class _Moved:
    """A distribution of a family without a location, moved."""

    distribution: ParametricDistribution
    shift: float

    @property
    def _support(self) -> tuple[float, float]:
        low, high = self.distribution._support
        return low + self.shift, high + self.shift

    def _log_density(self, x: FloatArray) -> FloatArray:
        low, high = self.distribution._support
        return self.distribution._log_density(
            np.clip(x - self.shift, low, high)
        )  # asked for inside only

    def _quantile(self, u: FloatArray) -> FloatArray:
        return self.distribution._quantile(u) + self.shift

    def _upper_quantile(self, v: FloatArray) -> FloatArray:
        return self.distribution._upper_quantile(v) + self.shift


def _as_covariance(covariance: FloatArray) -> FloatArray:
    size = np.abs(covariance).max()
    if not size <= LARGEST:
        raise InvalidInputError(
            f"covariance must be finite, with entries of at most {LARGEST:g}, got {size}; "
            "to fix it, rescale the data"
        )
    asymmetry = np.abs(covariance - covariance.T).max()
    if asymmetry > 1e-10 * size:
        raise InvalidInputError(
            f"covariance must be symmetric, got entries that differ by {asymmetry:.3g} from "
            "their mirror images; to fix it, pass (C + C.T) / 2"
        )
    symmetric = (covariance + covariance.T) / 2
    values = np.linalg.eigvalsh(symmetric)
    least, most = values[0], values[-1]
    smallest = max(len(values) * np.finfo(float).eps * most, 1 / LARGEST)
    if not (least > smallest and _has_cholesky_factor(symmetric)):
        raise InvalidInputError(
            f"covariance must be positive definite, got {least:.3g} as its least eigenvalue; to "
            "fix it, drop coordinates that others determine (a number is the variance)"
        )
    return symmetric


def _has_cholesky_factor(matrix: FloatArray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _finite(distribution: Any, *names: str) -> None:
    for name in names:
        object.__setattr__(distribution, name, _as_number(name, getattr(distribution, name)))


def _positive(distribution: Any, *names: str) -> None:
    for name in names:
        number = _as_number(name, getattr(distribution, name))
        if number < 1 / LARGEST:
            raise InvalidInputError(
                f"{name} must be positive, at least {1 / LARGEST:g}, got {number:g}; "
                f"to fix it, check the parameters of {type(distribution).__name__}"
            )
        object.__setattr__(distribution, name, number)


def _as_number(name: str, value: Any) -> float:
    number = isinstance(value, (int, float, np.integer, np.floating))
    if not number or isinstance(value, bool) or not abs(value) <= LARGEST:
        raise InvalidInputError(
            f"{name} must be a number, finite and at most {LARGEST:g} in size, got {value!r}; "
            "to fix it, pass a plain number"
        )
    return float(value)
