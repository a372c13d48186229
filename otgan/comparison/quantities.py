"""The quantities by which two samples are compared: what each shows, costs, and is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict

from otgan.divergences.energy import energy_distance_squared
from otgan.divergences.frechet import frechet_distance
from otgan.divergences.mmd import mmd_squared
from otgan.divergences.samples import js_from_samples, kl_from_samples
from otgan.divergences.ties import Ties
from otgan.errors import InvalidInputError, SolverError
from otgan.estimates import Estimate
from otgan.inference.permutations import two_sample_test
from otgan.inference.wasserstein import check_sizes, interval_of
from otgan.inputs.options import as_rng
from otgan.label_statistic import LARGEST_POOL
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult
from otgan.transport.sinkhorn import sinkhorn_divergence
from otgan.transport.sliced import sliced_wasserstein

__all__ = ["QUANTITIES", "Outcome", "Quantity", "Samples", "Unit"]

Unit = Literal["data", "nats", "none"]

SATURATED = 0.98
"""From this fraction of log 2, JS shows only that the distributions hardly overlap."""


@dataclass(frozen=True)
class Samples:
    """Two checked samples, and how their comparison is to be done.

    Attributes
    ----------
    mu, nu : DiscreteMeasure
        The points of either sample, with equal weights.
    confidence_level : float
    rng : int
        The seed that every quantity starts from, so that its own function gives the same number.
    ties : {"raise", "drop", "jitter", "discrete"}
        For KL and JS.
    seconds : float
        What is expected to take longer is left out.
    """

    mu: DiscreteMeasure
    nu: DiscreteMeasure
    confidence_level: float
    rng: int
    ties: Ties
    seconds: float

    @property
    def x(self) -> FloatArray:
        """The points of the first sample, shape (n, d)."""
        return self.mu.points

    @property
    def y(self) -> FloatArray:
        """The points of the second sample, shape (m, d)."""
        return self.nu.points

    @property
    def total(self) -> int:
        """Number of points of both."""
        return self.mu.n + self.nu.n

    @property
    def d(self) -> int:
        """Dimension of the space."""
        return self.mu.d


@dataclass(frozen=True)
class Outcome:
    """A value, an interval where there is a valid one, and what else the method gave."""

    value: float
    interval: tuple[float, float] | None
    method: str
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    transport: TransportResult | None = None


@dataclass(frozen=True)
class Quantity:
    """One way to compare two samples.

    Attributes
    ----------
    key, name : str
        How programs and people call it.
    unit : {"data", "nats", "none"}
        "data" is the unit of the coordinates.
    call : callable
        What gives the row alone, as text, from :class:`Samples`.
    sensitive_to, insensitive_to : str
        Half a sentence each, to follow these words.
    instead : str
        What to call where this costs too much.
    expected_seconds : callable
        A rough cost on one core, from :class:`Samples`.
    find : callable
        Takes :class:`Samples`, returns :class:`Outcome`.
    interval_call : callable, optional
        What gives the interval, where that is another call.
    """

    key: str
    name: str
    unit: Unit
    call: Callable[[Samples], str]
    sensitive_to: str
    insensitive_to: str
    instead: str
    expected_seconds: Callable[[Samples], float]
    find: Callable[[Samples], Outcome]
    interval_call: Callable[[Samples], str] | None = None


# ---------------------------------------------------------------- how


def _w1(s: Samples) -> Outcome:
    result = solve_measures(s.mu, s.nu)
    interval, warnings = _interval_of_distributions(s, result)
    return Outcome(result.distance, interval, result.solver, warnings=warnings, transport=result)


def _w2(s: Samples) -> Outcome:
    result = solve_measures(s.mu, s.nu, p=2.0)
    return Outcome(result.distance, None, result.solver)


def _interval_of_distributions(
    s: Samples, transport: TransportResult
) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """An interval for W1 of the distributions, or why there is none."""
    if _interval_seconds(s) > s.seconds:
        return None, (
            "no interval for the distributions: it is expected to take "
            f"{_interval_seconds(s):.3g} s, more than seconds={s.seconds:g}; wasserstein_interval "
            "of a random part of the points costs less",
        )
    try:
        check_sizes(s.mu.n, s.nu.n)
        interval = interval_of(s.mu, s.nu, transport, s.confidence_level, as_rng(s.rng))
    except (InvalidInputError, SolverError) as reason:
        return None, (f"no interval for the distributions: {reason}",)
    return (interval.low, interval.high), ()


def _test(s: Samples) -> Outcome:
    statistic, _ = _statistic(s)
    result = two_sample_test(s.x, s.y, statistic=statistic, rng=s.rng)
    diagnostics = {"statistic": result.statistic, "n_resamples": float(result.n_resamples)}
    method = f"{statistic}, {result.n_resamples} permutations"
    return Outcome(result.pvalue, None, method, diagnostics)


def _statistic(s: Samples) -> tuple[str, float]:
    """What the test is of, and the seconds it takes: energy, unless only another is in time."""
    energy = 7e-8 * s.total**2 if s.total <= LARGEST_POOL else math.inf
    other, seconds = ("wasserstein", 1.5e-5) if s.d == 1 else ("sliced", 1.7e-4)
    seconds *= s.total
    return ("energy", energy) if energy <= max(s.seconds, seconds) else (other, seconds)


def _outcome(estimate: Estimate, method: str) -> Outcome:
    """An estimate's numbers under a shorter name of its method."""
    diagnostics = {"se": estimate.se, **estimate.diagnostics}
    return Outcome(estimate.value, estimate.interval, method, diagnostics, estimate.warnings)


def _sliced(s: Samples) -> Outcome:
    estimate = sliced_wasserstein(s.x, s.y, confidence_level=s.confidence_level, rng=s.rng)
    return _outcome(estimate, f"{estimate.diagnostics['n_projections']:.0f} projections")


def _energy(s: Samples) -> Outcome:
    estimate = energy_distance_squared(s.x, s.y, confidence_level=s.confidence_level, rng=s.rng)
    return _outcome(estimate, "unbiased")


def _mmd(s: Samples) -> Outcome:
    estimate = mmd_squared(s.x, s.y, confidence_level=s.confidence_level, rng=s.rng)
    bandwidth = estimate.diagnostics["bandwidth"]
    return _outcome(estimate, f"Gaussian, bandwidth {bandwidth:.3g}")


def _sinkhorn(s: Samples) -> Outcome:
    estimate = sinkhorn_divergence(s.x, s.y, confidence_level=s.confidence_level, rng=s.rng)
    return _outcome(estimate, f"p = 1, ε = {estimate.diagnostics['reg']:.3g}")


def _frechet(s: Samples) -> Outcome:
    return _outcome(
        frechet_distance(s.x, s.y, confidence_level=s.confidence_level, rng=s.rng), "two moments"
    )


class _DivergenceOptions(TypedDict):
    ties: Ties
    confidence_level: float
    rng: int


def _divergence_options(s: Samples) -> _DivergenceOptions:
    return {"ties": s.ties, "confidence_level": s.confidence_level, "rng": s.rng}


def _kl(x: FloatArray, y: FloatArray, s: Samples) -> Outcome:
    return _of_divergence(kl_from_samples(x, y, **_divergence_options(s)))


def _js(s: Samples) -> Outcome:
    outcome = _of_divergence(js_from_samples(s.x, s.y, **_divergence_options(s)))
    if outcome.value < SATURATED * math.log(2):
        return outcome
    warning = (
        "it is at its maximum log 2: the distributions hardly overlap, and JS does not show how "
        "far apart they are"
    )
    return replace(outcome, warnings=(*outcome.warnings, warning))


def _of_divergence(estimate: Estimate) -> Outcome:
    names = {"knn": "neighbors", "discrete, less bias": "counts, less bias"}
    return _outcome(estimate, names.get(estimate.method, estimate.method))


# ---------------------------------------------------------------- how long
# Measured from 1,000 to 20,000 points on one core of 2025, and rounded.


def _exact_seconds(s: Samples) -> float:
    return 5e-7 * s.total if s.d == 1 else 2e-7 * s.total**1.7


def _interval_seconds(s: Samples) -> float:
    return (3 if s.d == 1 else 2) * _exact_seconds(s)


def _sliced_seconds(s: Samples) -> float:
    return 4e-5 * s.total


def _energy_seconds(s: Samples) -> float:
    return 1e-6 * s.total if s.d == 1 else (1.5e-9 + 5e-11 * s.d) * s.total**2


def _mmd_seconds(s: Samples) -> float:
    return (3e-9 + 1.5e-10 * s.d) * s.total**2


def _sinkhorn_seconds(s: Samples) -> float:
    return 1e-7 * s.total**2


def _test_seconds(s: Samples) -> float:
    return _statistic(s)[1]


def _frechet_seconds(s: Samples) -> float:
    return 1e-8 * s.total * s.d**2


def _neighbors_seconds(s: Samples) -> float:
    """Trees stop helping in high dimension."""
    return 5e-6 * s.total if s.ties == "discrete" or s.d <= 5 else 5e-10 * s.d * s.total**2


# ---------------------------------------------------------------- what


def _calling(call: str, *options: str) -> Callable[[Samples], str]:
    """The call with those of its options that the comparison set."""

    def called(s: Samples) -> str:
        texts = {
            "ties": "" if s.ties == "raise" else f', ties="{s.ties}"',
            "confidence_level": ""
            if s.confidence_level == 0.95
            else f", confidence_level={s.confidence_level}",
            "rng": f", rng={s.rng}",
        }
        return f"{call.removesuffix(')')}{''.join(texts[option] for option in options)})"

    return called


def _calling_test(s: Samples) -> str:
    statistic, _ = _statistic(s)
    named = "" if statistic == "energy" else f', statistic="{statistic}"'
    return _calling(f"two_sample_test(x, y{named})", "rng")(s)


_PART = "call it on a random part of the points"

QUANTITIES = (
    Quantity(
        "w1", "W1", "data", _calling("emd(x, y)"),
        "every difference of the distributions, as the mean distance that mass has to move",
        "nothing; but between samples it is too large in the mean, by up to the order of n^(-1/d); "
        "the interval is for the distributions, and allows for that",
        "sliced_wasserstein costs less, or stop emd early by rtol=0.01",
        _exact_seconds, _w1, _calling("wasserstein_interval(x, y)", "confidence_level", "rng"),
    ),
    Quantity(
        "w2", "W2", "data", _calling("emd(x, y, p=2)"),
        "every difference of the distributions; mass that has to go far counts more than in W1",
        "nothing; but a few outliers may decide it, and it is too large in the mean as W1 is; here "
        "no interval for the distributions is known to hold",
        "sliced_wasserstein(p=2) costs less, or stop emd early by rtol=0.01",
        _exact_seconds, _w2,
    ),
    Quantity(
        "sliced", "sliced W1", "data",
        _calling("sliced_wasserstein(x, y)", "confidence_level", "rng"),
        "every difference of the distributions, as W1 along a line, averaged over all directions",
        "much of what happens in few of many directions: of a shift it shows 0.8/√d",
        "pass fewer n_projections=", _sliced_seconds, _sliced,
    ),
    Quantity(
        "energy", "energy distance²", "data",
        _calling("energy_distance_squared(x, y)", "confidence_level", "rng"),
        "every difference of distributions with finite means; unbiased, so that it may be negative",
        "fine detail, as large distances weigh most; it falls with the square of a small shift",
        _PART, _energy_seconds, _energy,
    ),
    Quantity(
        "mmd", "MMD²", "none", _calling("mmd_squared(x, y)", "confidence_level", "rng"),
        "differences of the distributions on the scale of its bandwidth, here the median distance; "
        "unbiased, so that it may be negative",
        "detail much finer than that, and how far apart distributions are once they are; other "
        "bandwidths give other values",
        _PART, _mmd_seconds, _mmd,
    ),
    Quantity(
        "sinkhorn", "Sinkhorn divergence", "data",
        _calling("sinkhorn_divergence(x, y)", "confidence_level", "rng"),
        "what W1 is sensitive to, blurred, and smooth in the points; half the squared energy "
        "distance for large ε, W1 for small",
        "detail that costs less than ε to move; other ε give other values",
        _PART, _sinkhorn_seconds, _sinkhorn,
    ),
    Quantity(
        "frechet", "Fréchet distance", "data",
        _calling("frechet_distance(x, y)", "confidence_level", "rng"),
        "means and covariances: it is W2 of the Gaussians that fit, and at most W2 of the "
        "distributions",
        "all else: it is zero for any two distributions with the same two moments",
        _PART, _frechet_seconds, _frechet,
    ),
    Quantity(
        "kl_xy", "KL(x‖y)", "nats",
        _calling("kl_from_samples(x, y)", "ties", "confidence_level", "rng"),
        "mass of x where y has none or less, the same in any coordinates",
        "how far apart the distributions are, and what exceeds log m, which m points of y cannot "
        "confirm",
        _PART, _neighbors_seconds, lambda s: _kl(s.x, s.y, s),
    ),
    Quantity(
        "kl_yx", "KL(y‖x)", "nats",
        _calling("kl_from_samples(y, x)", "ties", "confidence_level", "rng"),
        "mass of y where x has none or less, the same in any coordinates",
        "how far apart the distributions are, and what exceeds log n, which n points of x cannot "
        "confirm",
        _PART, _neighbors_seconds, lambda s: _kl(s.y, s.x, s),
    ),
    Quantity(
        "js", "JS", "nats", _calling("js_from_samples(x, y)", "ties", "confidence_level", "rng"),
        "how well the best classifier would tell the distributions apart, the same in any "
        "coordinates",
        "how far apart the distributions are: it is log 2 = 0.693 for all that do not overlap",
        _PART, _neighbors_seconds, _js,
    ),
    Quantity(
        "test", "p-value", "none", _calling_test,
        "whether one distribution may have given both samples; exact for any sizes",
        "how large a difference is, and whether it matters: with enough points any shows",
        'call two_sample_test(x, y, statistic="sliced", stop_after=20), or test a random part of '
        "the points, which is as valid and has less power",
        _test_seconds, _test,
    ),
)  # fmt: skip
"""In the order in which they are shown."""
