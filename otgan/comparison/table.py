"""compare: two samples by every quantity that fits them, or the reason why one does not."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from otgan.comparison.quantities import QUANTITIES, Outcome, Quantity, Samples
from otgan.comparison.result import Comparison, pluralize
from otgan.comparison.row import ComparedQuantity
from otgan.divergences.categories import holds_categories
from otgan.divergences.subsampling import SMALLEST_SAMPLE
from otgan.divergences.support import check_same_values, refuse_other_grids, warn_different_grids
from otgan.divergences.ties import Ties, count_ties
from otgan.errors import (
    InvalidInputError,
    MissingExtraError,
    SampleTooSmallError,
    SolverError,
)
from otgan.estimates import OUTSIDE
from otgan.inputs.options import as_choice, as_confidence, seed_from
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_pair, refuse_gradients
from otgan.progress import Progress, as_progress, reporting
from otgan.transport.result import TransportResult
from otgan.transport.stopwatch import Stopwatch

__all__ = ["check_options", "compare"]

FEW_POINTS = 30
"""Below this, intervals that rest on a normal limit are rough."""

POINTS_PER_VALUE = 5
"""From so many points for every distinct value, repeated values are read as counts."""

RANGE = (1e-75, 1e75)
"""Extents whose fourth powers stay far from overflow and underflow."""

logger = logging.getLogger(__name__)


@checks_keywords
def compare(
    x: Any,
    y: Any,
    *,
    confidence_level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
    ties: Literal["auto"] | Ties = "auto",
    seconds: float = 10.0,
    progress: Progress = False,
) -> Comparison:
    """Compare two samples by every quantity that fits them.

    Exact W1 with a confidence interval for the distributions, W2, sliced W1, energy distance, MMD,
    Sinkhorn divergence, Fréchet distance, KL in both directions, JS, and a permutation test; each
    with what it is sensitive to, what not, and the call that gives it alone. What does not fit is
    left out with the reason: too few points, too many, points that repeat, a package that is
    missing.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of each distribution.
    confidence_level : float, default 0.95
        Level of the intervals. The verdict calls distributions different where
        p <= 1 - confidence_level.
    rng : int or numpy.random.Generator, default 0
        Seed of every quantity. A generator gives one number, which is the seed.
    ties : {"auto", "raise", "drop", "jitter", "discrete"}
        What KL and JS do about equal points, as in :func:`kl_from_samples`. By default equal
        points are counts where there are at least five for every distinct value, and both samples
        take the same values; otherwise KL and JS are left out.
    seconds : float, default 10
        A quantity that is expected to take longer on one core is left out. What is expected
        depends on n, m and d alone, so that every machine shows the same rows.
    progress : bool or callable, default False
        True shows a bar; a callable gets, before each quantity, how many are done, how many there
        are, and its name.

    Returns
    -------
    Comparison
        With two samples of 1,000 points in the plane a matter of two seconds.

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, coordinates beyond 1e75 or all within 1e-75 of each other,
        tensors that require gradients, a confidence_level outside (0, 1), an unknown word for
        `ties`, seconds that are not positive, or an `rng` that is none.
    InterruptedFit
        Ctrl-C during the test.

    See Also
    --------
    emd, wasserstein_interval, kl_from_samples, two_sample_test : single quantities, with options.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> c = compare(rng.normal(size=300), rng.normal(1, 2, size=200))
    >>> c["w1"].interval[0] < 1.1666 < c["w1"].interval[1], c["kl_xy"].unit
    (True, 'nats')
    >>> print(c.left_out["sliced"])
    on the line it is W1 itself
    """
    refuse_gradients("compare", x, y)
    _refuse_categories(x, y)
    mu, nu = as_pair(x, y, None, None)
    _check_range(mu.points, nu.points)
    check_options(ties, seconds)
    reasons: dict[str, str] = {}
    chosen, notes = _choose_ties(mu.points, nu.points, ties, reasons)
    level = as_confidence(confidence_level)
    samples = Samples(mu, nu, level, seed_from(rng), chosen, float(seconds))
    _add_reasons(samples, reasons)
    notes += _note_few_points(min(mu.n, nu.n))
    rows, left_out, transport = _measure_all(samples, reasons, as_progress(progress))
    return Comparison(
        rows=tuple(rows),
        left_out=left_out,
        notes=notes,
        n=mu.n,
        m=nu.n,
        d=mu.d,
        confidence_level=samples.confidence_level,
        x=mu.points,
        y=nu.points,
        transport=transport,
    )


def _note_few_points(few: int) -> tuple[str, ...]:
    if few >= FEW_POINTS:
        return ()
    return (f"With {pluralize(few, 'point')}, intervals other than that of W1 are rough.",)


def _refuse_categories(x: Any, y: Any) -> None:
    if holds_categories(x) or holds_categories(y):
        raise InvalidInputError(
            "x and y must be numbers to be compared by distances, got categories such as text; to "
            'fix it, call js_from_samples(x, y, ties="discrete"), which counts them, and '
            "kl_from_samples likewise"
        )


def _measure_all(
    samples: Samples, reasons: Mapping[str, str], progress: Progress
) -> tuple[list[ComparedQuantity], dict[str, str], TransportResult | None]:
    """The rows, what is left out and why, and the plan of W1."""
    rows: list[ComparedQuantity] = []
    left_out: dict[str, str] = {}
    transport = None
    with reporting(progress, len(QUANTITIES), "compare", unit="quantity") as report:
        for done, quantity in enumerate(QUANTITIES):
            report(done, quantity.name)
            watch = Stopwatch()
            outcome = reasons.get(quantity.key) or _attempt(quantity, samples)
            if isinstance(outcome, str):
                left_out[quantity.key] = outcome
                continue
            rows.append(_row(quantity, outcome, samples, watch.working))
            logger.info("%s: %g, %.2f s", quantity.name, outcome.value, rows[-1].seconds)
            if quantity.key == "w1":
                transport = outcome.transport
        report(len(QUANTITIES), "")
    return rows, left_out, transport


def _attempt(quantity: Quantity, samples: Samples) -> Outcome | str:
    """The outcome, or why there is none."""
    expected = quantity.expected_seconds(samples)
    if expected > samples.seconds:
        return (
            f"it is expected to take {expected:.3g} s for so many points, more than "
            f"seconds={samples.seconds:g}; to fix it, {quantity.instead}"
        )
    try:
        return quantity.find(samples)
    except (InvalidInputError, SolverError, SampleTooSmallError, MissingExtraError) as reason:
        return str(reason)


def _row(
    quantity: Quantity, outcome: Outcome, samples: Samples, seconds: float
) -> ComparedQuantity:
    interval, warnings = outcome.interval, outcome.warnings
    interval_call = None
    if interval is not None:
        if not interval[0] <= outcome.value <= interval[1]:
            warnings = tuple(dict.fromkeys((*warnings, OUTSIDE)))
        if quantity.interval_call is not None:
            interval_call = quantity.interval_call(samples)
    return ComparedQuantity(
        key=quantity.key,
        name=quantity.name,
        value=float(outcome.value),
        interval=interval,
        unit=quantity.unit,
        method=outcome.method,
        call=quantity.call(samples),
        interval_call=interval_call,
        seconds=seconds,
        sensitive_to=quantity.sensitive_to,
        insensitive_to=quantity.insensitive_to,
        diagnostics=outcome.diagnostics,
        warnings=warnings,
    )


# ---------------------------------------------------------------- what fits

DIVERGENCES = ("kl_xy", "kl_yx", "js")


def _choose_ties(
    x: FloatArray, y: FloatArray, ties: Literal["auto"] | Ties, reasons: dict[str, str]
) -> tuple[Ties, tuple[str, ...]]:
    """How KL and JS treat equal points, with a note; where nothing fits, the reason is added."""
    total, repeats = len(x) + len(y), sum(count_ties(x, y))
    values = total - repeats
    if not repeats:
        return "raise", ()
    if ties != "auto":
        return ties, ()
    if total >= POINTS_PER_VALUE * values:
        if reason := _why_not_counted(x, y):
            reasons |= dict.fromkeys(DIVERGENCES, reason)
            return "raise", ()
        return "discrete", (
            f"{total:,} points take only {pluralize(values, 'value')}: KL and JS are estimated "
            "from counts, not from nearest neighbors, which need distributions with densities.",
        )
    repeating = f"{repeats:,} of {total:,} points {'repeats' if repeats == 1 else 'repeat'} another"
    for key in DIVERGENCES:
        reasons[key] = (
            f"{repeating}: too many for distributions with densities, too few for counts, which "
            f"take {POINTS_PER_VALUE} points for each of {pluralize(values, 'value')}; to fix it, "
            'pass ties="jitter" for rounded measurements, "drop" for rows that were copied by '
            'mistake, "discrete" for categories'
        )
    return "raise", ()


def _why_not_counted(x: FloatArray, y: FloatArray) -> str | None:
    """Why repeating values cannot be counted together, or None."""
    try:
        check_same_values(x, y)
        refuse_other_grids(x, y)
    except InvalidInputError as reason:
        return str(reason)
    if warn_different_grids(x, y):
        return (
            "their values repeat, and lie on different grids, so that counts do not compare; to "
            'fix it, round both to the coarser grid, or pass ties="discrete" if only what is equal '
            'counts, or ties="jitter" for rounded measurements'
        )
    return None


def _add_reasons(samples: Samples, reasons: dict[str, str]) -> None:
    """Add reasons for leaving out that the functions themselves would not give."""
    if samples.d == 1:
        reasons["sliced"] = "on the line it is W1 itself"
    if samples.ties == "discrete":
        return
    few = min(samples.mu.n, samples.nu.n)
    if few < SMALLEST_SAMPLE:
        for key in DIVERGENCES:
            reasons.setdefault(
                key,
                f"it takes at least {SMALLEST_SAMPLE} points in each sample, got {few}; to fix it, "
                "give more points",
            )


def _check_range(x: FloatArray, y: FloatArray) -> None:
    """Raise where variances of squares would leave the range of float64."""
    least = np.minimum(x.min(axis=0), y.min(axis=0))
    most = np.maximum(x.max(axis=0), y.max(axis=0))
    largest, extent = float(np.maximum(-least, most).max()), float((most - least).max())
    hint = "to fix it, multiply both by one factor, and distances by its inverse"
    if largest > RANGE[1]:
        raise InvalidInputError(
            f"x and y must have coordinates of at most {RANGE[1]:g}, got {largest:.3g}, whose "
            f"powers are beyond the range of float64; {hint}"
        )
    if 0 < extent < RANGE[0]:
        raise InvalidInputError(
            f"x and y must spread over at least {RANGE[0]:g}, got {extent:.3g}, whose powers are "
            f"beyond the range of float64; {hint}"
        )


def check_options(ties: Any, seconds: Any) -> None:
    """Raise on what `compare` does not take for `ties` or `seconds`."""
    as_choice(ties, "ties", ("auto", *get_args(Ties)))
    number = isinstance(seconds, (int, float, np.integer, np.floating))
    if not number or isinstance(seconds, bool) or not seconds > 0:
        raise InvalidInputError(
            f"seconds must be a positive number, got {seconds!r}; to fix it, pass for example 60"
        )
