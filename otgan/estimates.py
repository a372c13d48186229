"""Estimates from samples with their standard errors, and normal intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from otgan.inputs.options import as_confidence
from otgan.keywords import checks_keywords
from otgan.results import Result

__all__ = [
    "OUTSIDE",
    "Estimate",
    "interval_of_power",
    "normal_interval",
    "root_and_error",
    "rooted",
    "shown",
    "standard_error_of_gap",
    "standard_error_of_mean",
    "warn_near_zero",
]

OUTSIDE = (
    "the value lies outside its interval: the interval is for the distributions and allows for the "
    "bias of the value, which is that of these samples"
)
"""The warning of an estimate whose interval does not hold its value."""


@checks_keywords
@dataclass(frozen=True)
class Estimate(Result):
    """A number estimated from two samples, and how well it is known.

    ``float(estimate)`` is the value, ``print(estimate.report())`` shows all of it.

    Attributes
    ----------
    value : float
        The estimate, as the formula gives it: never clamped to what the truth can be.
    se : float
        Standard error of `value` from the randomness of both samples.
    interval : tuple of float
        Confidence interval at level `confidence_level`, for the distributions. Where it allows for
        a bias of `value`, it is not around it, and may lie below it: a warning then says so.
    method : str
        What computed it.
    n, m : int
        Sizes of the two samples.
    confidence_level : float
        Level of `interval`.
    diagnostics : mapping of str to float
        Other numbers that the method gives: other estimates, tuning constants, effective sizes.
    warnings : tuple of str
        Reasons to distrust the value, a sentence each; empty if none was found.

    Examples
    --------
    >>> Estimate(0.5, 0.1, normal_interval(0.5, 0.1), "knn", 100, 80)
    Estimate(0.5 ± 0.1, 95 % in [0.304, 0.696], method='knn', n=100, m=80)
    """

    bracket: ClassVar[tuple[str, ...]] = ("interval",)

    value: float
    se: float
    interval: tuple[float, float]
    method: str
    n: int
    m: int
    confidence_level: float = 0.95
    diagnostics: Mapping[str, float] = field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        low, high = self.interval
        if not low <= self.value <= high and OUTSIDE not in self.warnings:
            object.__setattr__(self, "warnings", (*self.warnings, OUTSIDE))

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        low, high = self.interval
        warned = f", {len(self.warnings)} warning(s)" if self.warnings else ""
        return (
            f"Estimate({self.value:.4g} ± {self.se:.2g}, {100 * self.confidence_level:g} % in "
            f"[{low:.4g}, {high:.4g}], method={self.method!r}, n={self.n}, m={self.m}{warned})"
        )

    def report(self) -> str:
        """All of it as a table for people.

        Examples
        --------
        >>> print(Estimate(0.5, 0.1, (0.3, 0.7), "knn", 100, 80, diagnostics={"k": 5}).report())
        value       0.5 ± 0.1
        interval    [0.3, 0.7], 95 %
        method      knn
        points      100 and 80
        k           5
        """
        low, high = self.interval
        rows = [
            ("value", f"{self.value:.6g} ± {self.se:.2g}"),
            ("interval", f"[{low:.6g}, {high:.6g}], {100 * self.confidence_level:g} %"),
            ("method", self.method),
            ("points", f"{self.n:,} and {self.m:,}"),
            *((name, f"{number:.6g}") for name, number in self.diagnostics.items()),
            *(("warning", sentence) for sentence in self.warnings),
        ]
        width = max(12, *(len(name) + 2 for name, _ in rows))
        return "\n".join(f"{name:<{width}}{text}" for name, text in rows)


def normal_interval(
    value: float, se: float, confidence_level: float = 0.95, *, df: float = math.inf
) -> tuple[float, float]:
    """The two-sided interval ``value ± z se`` with the normal quantile z, or Student's for `df`.

    Examples
    --------
    >>> low, high = normal_interval(1.0, 0.5)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0200 1.9800
    >>> low, high = normal_interval(1.0, 0.5, df=39)
    >>> print(f"{low:.4f} {high:.4f}")
    -0.0113 2.0113
    """
    level = 0.5 + 0.5 * as_confidence(confidence_level)
    normal = math.isinf(df)
    margin = se * (NormalDist().inv_cdf(level) if normal else float(stdtrit(df, level)))
    return value - margin, value + margin


def interval_of_power(
    value: float, se: float, p: float, confidence_level: float = 0.95, *, df: float = math.inf
) -> tuple[float, float]:
    """The interval of a p-th power that is never negative, from an estimate that may be.

    The upper end is at least that of the interval of the root, which varies by nearly the same
    amount wherever it is. The power varies less, the smaller it is: where it is estimated too small
    by chance, its standard error is too small as well.

    Examples
    --------
    >>> low, high = interval_of_power(1.0, 0.5, 2)  # 1 - 0.98, (1 + 0.49)²
    >>> print(f"{low:.4f} {high:.4f}")
    0.0200 2.2201
    """
    low, high = normal_interval(value, se, confidence_level, df=df)
    root = root_and_error(max(value, 0.0), se, p)
    _, high_of_root = normal_interval(*root, confidence_level, df=df)
    return low, max(high, high_of_root**p)


def root_and_error(power: float, se: float, p: float) -> tuple[float, float]:
    """The p-th root of a number that is not negative, and its standard error, from that of both.

    There is no slope at zero: the error of a root is at most the root of the error.

    Examples
    --------
    >>> root_and_error(4.0, 0.5, 2), root_and_error(0.0, 0.25, 2)
    ((2.0, 0.125), (0.0, 0.5))
    """
    if p == 1:
        return power, se
    root, most = power ** (1 / p), se ** (1 / p)
    return root, min(se / p * power ** (1 / p - 1), most) if power > 0 else most


def rooted(interval: tuple[float, float], p: float) -> tuple[float, float]:
    """The interval for a distance, from one for its p-th power: roots, and nothing below zero.

    Examples
    --------
    >>> rooted((4.0, 9.0), 2), rooted((-1.0, 1.0), 2)
    ((2.0, 3.0), (0.0, 1.0))
    """
    low, high = (max(end, 0.0) ** (1 / p) for end in interval)
    return low, high


def standard_error_of_gap(of_x: npt.NDArray[np.float64], of_y: npt.NDArray[np.float64]) -> float:
    """Standard error of a gap of means, mean(of_x) - mean(of_y), of independent samples.

    Also that of an estimate whose first-order change is such a gap or sum, with the influence of
    each point. Constants and signs of `of_x`, shape (n,), and `of_y`, shape (m,), do not matter. A
    single value shows no spread.

    Examples
    --------
    >>> standard_error_of_gap(np.array([-1.0, 1.0]), np.array([5.0, 5.0]))
    1.0
    """
    return math.hypot(standard_error_of_mean(of_x), standard_error_of_mean(of_y))


def standard_error_of_mean(values: npt.ArrayLike) -> float:
    """Standard error of the mean of independent values, shape (n,); a single one shows no spread.

    Examples
    --------
    >>> standard_error_of_mean([1.0, 2.0, 3.0, 4.0, 5.0])
    0.7071067811865476
    """
    array = np.asarray(values, dtype=np.float64)
    return float(array.std(ddof=1)) / math.sqrt(len(array)) if len(array) > 1 else 0.0


def warn_near_zero(value: float, se: float) -> tuple[str, ...]:
    """A warning for a divergence that equal distributions could have shown, or none.

    Examples
    --------
    >>> warn_near_zero(0.5, 0.1)
    ()
    >>> len(warn_near_zero(0.2, 0.1))
    1
    """
    if value > 3 * se:
        return ()
    return (
        "the value is within three standard errors of zero, as for equal distributions; "
        "otgan.two_sample_test tests whether the distributions differ at all",
    )


def shown(value: float, scale: float, *, digits: int = 6) -> str:
    """A number as text, zero if it is within rounding of zero at this scale.

    Examples
    --------
    >>> shown(-4e-18, 1.0), shown(0.25, 1.0)
    ('0', '0.25')
    """
    return "0" if abs(value) <= 1e-12 * scale else f"{value:.{digits}g}"
