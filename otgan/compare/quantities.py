"""What two samples can be compared by: what each quantity sees and misses, costs, and is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from otgan.divergences.frechet import frechet_distance
from otgan.divergences.kernels import energy_distance, mmd
from otgan.divergences.samples import js_from_samples, kl_from_samples
from otgan.divergences.ties import Ties
from otgan.errors import InvalidInputError, SolverError
from otgan.estimates import Estimate
from otgan.inference.permutations import two_sample_test
from otgan.inference.statistics import LARGEST_POOL
from otgan.inference.wasserstein import wasserstein_interval
from otgan.measures import FloatArray
from otgan.transport.exact import emd
from otgan.transport.result import TransportResult
from otgan.transport.sinkhorn import sinkhorn_divergence
from otgan.transport.sliced import sliced_wasserstein

__all__ = ["QUANTITIES", "Found", "Quantity", "Samples", "Unit"]

Unit = Literal["data", "nats", "none"]

SATURATED = 0.98
"""From this share of log 2, JS says no more than that distributions hardly overlap."""


@dataclass(frozen=True)
class Samples:
    """Two checked samples, and how their comparison is to be done.

    Attributes
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
    confidence_level : float
    seed : int
        Every quantity starts from it, so that its own function gives the same number.
    ties : {"raise", "drop", "jitter", "discrete"}
        For KL and JS.
    seconds : float
        What is expected to take longer is left out.
    """

    x: FloatArray
    y: FloatArray
    confidence_level: float
    seed: int
    ties: Ties
    seconds: float

    @property
    def total(self) -> int:
        """Number of points of both."""
        return len(self.x) + len(self.y)

    @property
    def d(self) -> int:
        """Dimension of the space."""
        return self.x.shape[1]


@dataclass(frozen=True)
class Found:
    """A value, an interval where there is a valid one, and what else the method said."""

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
    sees, misses : str
        Half a sentence each, which begin with these words.
    instead : str
        What to call where this costs too much.
    expected_seconds : callable
        A rough cost on one core, from :class:`Samples`.
    find : callable
        Takes :class:`Samples`, returns :class:`Found`.
    interval_call : callable, optional
        What gives the interval, where that is another call.
    """

    key: str
    name: str
    unit: Unit
    call: Callable[[Samples], str]
    sees: str
    misses: str
    instead: str
    expected_seconds: Callable[[Samples], float]
    find: Callable[[Samples], Found]
    interval_call: Callable[[Samples], str] | None = None


# ---------------------------------------------------------------- how


def _w1(s: Samples) -> Found:
    result = emd(s.x, s.y)
    interval, doubts = _interval_of_distributions(s)
    return Found(result.distance, interval, result.solver, warnings=doubts, transport=result)


def _w2(s: Samples) -> Found:
    result = emd(s.x, s.y, p=2)
    return Found(result.distance, None, result.solver)


def _interval_of_distributions(s: Samples) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """An interval for W1 of the distributions, or why there is none."""
    if _interval_seconds(s) > s.seconds:
        return None, (
            f"no interval for the distributions: it is expected to take {_interval_seconds(s):.3g} s, more "
            f"than seconds={s.seconds:g}; wasserstein_interval of a random part of the points "
            "costs less",
        )
    try:
        interval = wasserstein_interval(s.x, s.y, confidence_level=s.confidence_level, rng=s.seed)
    except (InvalidInputError, SolverError) as reason:
        return None, (f"no interval for the distributions: {reason}",)
    return (interval.low, interval.high), ()


def _test(s: Samples) -> Found:
    statistic, _ = _statistic(s)
    result = two_sample_test(s.x, s.y, statistic=statistic, rng=s.seed)
    diagnostics = {"statistic": result.value, "permutations": float(result.permutations)}
    method = f"{statistic}, {result.permutations} permutations"
    return Found(result.p_value, None, method, diagnostics)


def _statistic(s: Samples) -> tuple[str, float]:
    """What the test is of, and the seconds it takes: energy, unless only another is in time."""
    energy = 7e-8 * s.total**2 if s.total <= LARGEST_POOL else math.inf
    other, seconds = ("wasserstein", 1.5e-5) if s.d == 1 else ("sliced", 1.7e-4)
    seconds *= s.total
    return ("energy", energy) if energy <= max(s.seconds, seconds) else (other, seconds)


def _found(estimate: Estimate, method: str) -> Found:
    """An estimate's numbers under a shorter name of its method."""
    diagnostics = {"se": estimate.se, **estimate.diagnostics}
    return Found(estimate.value, estimate.interval, method, diagnostics, estimate.warnings)


def _sliced(s: Samples) -> Found:
    estimate = sliced_wasserstein(s.x, s.y, confidence_level=s.confidence_level, rng=s.seed)
    return _found(estimate, f"{estimate.diagnostics['n_projections']:.0f} directions")


def _energy(s: Samples) -> Found:
    return _found(
        energy_distance(s.x, s.y, confidence_level=s.confidence_level, rng=s.seed), "unbiased"
    )


def _mmd(s: Samples) -> Found:
    estimate = mmd(s.x, s.y, confidence_level=s.confidence_level, rng=s.seed)
    return _found(estimate, f"unbiased, Gauss, width {estimate.diagnostics['bandwidth']:.3g}")


def _sinkhorn(s: Samples) -> Found:
    estimate = sinkhorn_divergence(s.x, s.y, confidence_level=s.confidence_level, rng=s.seed)
    return _found(estimate, f"p = 1, ε = {estimate.diagnostics['reg']:.3g}")


def _frechet(s: Samples) -> Found:
    return _found(
        frechet_distance(s.x, s.y, confidence_level=s.confidence_level, rng=s.seed), "two moments"
    )


def _kl(x: FloatArray, y: FloatArray, s: Samples) -> Found:
    options: Any = {"ties": s.ties, "confidence_level": s.confidence_level, "rng": s.seed}
    return _of_divergence(kl_from_samples(x, y, **options))


def _js(s: Samples) -> Found:
    options: Any = {"ties": s.ties, "confidence_level": s.confidence_level, "rng": s.seed}
    found = _of_divergence(js_from_samples(s.x, s.y, **options))
    if found.value < SATURATED * math.log(2):
        return found
    doubt = (
        "it is at its ceiling log 2: the distributions hardly overlap, and JS tells no more of them"
    )
    return replace(found, warnings=(*found.warnings, doubt))


def _of_divergence(estimate: Estimate) -> Found:
    names = {"knn": "neighbors", "discrete, less bias": "counts, less bias"}
    return _found(estimate, names.get(estimate.method, estimate.method))


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
            "rng": f", rng={s.seed}",
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
        "sees every difference of distributions, as the mean distance that mass has to move",
        "misses nothing, but is too large in the mean between samples, by up to the order of "
        "n^(-1/d); the interval is for the distributions, and allows for that",
        "sliced_wasserstein costs less, or stop emd early by rtol=0.01",
        _exact_seconds, _w1, _calling("wasserstein_interval(x, y)", "confidence_level", "rng"),
    ),
    Quantity(
        "w2", "W2", "data", _calling("emd(x, y, p=2)"),
        "sees every difference of distributions, and counts mass that has to go far more than W1 does",
        "misses nothing, but a few outliers may decide it, and it is too large in the mean as W1 "
        "is; here no interval for the distributions is known to hold",
        "sliced_wasserstein(p=2) costs less, or stop emd early by rtol=0.01",
        _exact_seconds, _w2,
    ),
    Quantity(
        "sliced", "sliced W1", "data", _calling("sliced_wasserstein(x, y)", "confidence_level", "rng"),
        "sees every difference of distributions, as W1 along a line, averaged over all directions",
        "misses much of what happens in few of many directions: of a shift it shows 0.8/√d",
        "pass fewer n_projections=", _sliced_seconds, _sliced,
    ),
    Quantity(
        "energy", "energy distance", "data", _calling("energy_distance(x, y)", "confidence_level", "rng"),
        "sees every difference of distributions with finite means; unbiased, so that it may be negative; no "
        "root taken",
        "misses fine detail, as large distances weigh most, and falls with the square of a "
        "small shift",
        _PART, _energy_seconds, _energy,
    ),
    Quantity(
        "mmd", "MMD²", "none", _calling("mmd(x, y)", "confidence_level", "rng"),
        "sees differences of distributions on the scale of its bandwidth, here the median distance; "
        "unbiased, so that it may be negative; no root taken",
        "misses detail much finer than that, and how far apart distributions are once they are; other "
        "bandwidths give other values",
        _PART, _mmd_seconds, _mmd,
    ),
    Quantity(
        "sinkhorn", "Sinkhorn divergence", "data",
        _calling("sinkhorn_divergence(x, y)", "confidence_level", "rng"),
        "sees what W1 sees, blurred, and is smooth in the points; half the energy distance for "
        "large ε, W1 for small",
        "misses detail that costs less than ε to move; other ε give other values",
        _PART, _sinkhorn_seconds, _sinkhorn,
    ),
    Quantity(
        "frechet", "Fréchet distance", "data",
        _calling("frechet_distance(x, y)", "confidence_level", "rng"),
        "sees means and covariances: it is W2 of the Gaussians that fit, and at most W2 of the "
        "distributions",
        "misses all else: it is zero for any two distributions with the same two moments",
        _PART, _frechet_seconds, _frechet,
    ),
    Quantity(
        "kl_xy", "KL(x‖y)", "nats", _calling("kl_from_samples(x, y)", "ties", "confidence_level", "rng"),
        "sees where x has mass that y lacks, the same in any coordinates",
        "misses how far apart the distributions are, and what exceeds log m, which m points of y cannot "
        "confirm",
        _PART, _neighbors_seconds, lambda s: _kl(s.x, s.y, s),
    ),
    Quantity(
        "kl_yx", "KL(y‖x)", "nats", _calling("kl_from_samples(y, x)", "ties", "confidence_level", "rng"),
        "sees where y has mass that x lacks, the same in any coordinates",
        "misses how far apart the distributions are, and what exceeds log n, which n points of x cannot "
        "confirm",
        _PART, _neighbors_seconds, lambda s: _kl(s.y, s.x, s),
    ),
    Quantity(
        "js", "JS", "nats", _calling("js_from_samples(x, y)", "ties", "confidence_level", "rng"),
        "sees how well the best classifier would tell the distributions apart, the same in any coordinates",
        "misses how far apart the distributions are: it is log 2 = 0.693 for all that do not overlap",
        _PART, _neighbors_seconds, _js,
    ),
    Quantity(
        "test", "p-value", "none", _calling_test,
        "sees whether one distribution may have given both samples; exact for any sizes",
        "misses how large a difference is, and whether it matters: with enough points any shows",
        'call two_sample_test(x, y, statistic="sliced", stop_after=20), or test a random part of '
        "the points, which is as valid and sees less",
        _test_seconds, _test,
    ),
)  # fmt: skip
"""In the order in which they are shown."""
