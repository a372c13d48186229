"""compare: everything that fits two samples, in one table that says what each number is worth."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from otgan.compare.quantities import QUANTITIES, Found, Quantity, Samples, Unit
from otgan.divergences.categories import holds_categories
from otgan.divergences.subsampling import SMALLEST_SAMPLE
from otgan.divergences.support import check_same_values, doubt_grids, refuse_other_grids
from otgan.divergences.ties import Ties, count_ties
from otgan.errors import (
    InvalidInputError,
    MissingExtraError,
    SampleTooSmallError,
    SolverError,
    nearest_name,
)
from otgan.estimates import OUTSIDE, shown
from otgan.inputs.options import as_confidence, as_rng
from otgan.measures import FloatArray, as_pair
from otgan.transport.result import TransportResult
from otgan.transport.stopwatch import Stopwatch

__all__ = ["ComparedQuantity", "Comparison", "check_words", "compare"]

WIDTH = 100
"""Columns of a report."""

LEGEND = "Values are those of the points; data: the unit of the coordinates; !: see the warnings."

FEW_POINTS = 30
"""Below this, intervals that rest on a normal limit are rough."""

POINTS_PER_VALUE = 5
"""From so many points for every distinct value, repeated values are read as counts."""

RANGE = (1e-75, 1e75)
"""Extents whose fourth powers stay far from overflow and underflow."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ComparedQuantity:
    """One row of a :class:`Comparison`.

    Attributes
    ----------
    key, name : str
        How programs and people call it.
    value : float
        Of the two samples, as its function gives it.
    interval : tuple of float, or None
        Confidence interval for the distributions; None where no valid one is known.
    unit : {"data", "nats", "none"}
        "data" is the unit of the coordinates.
    method : str
        How it was computed.
    call : str
        What gives this row alone.
    interval_call : str, or None
        What gives the interval, where `call` does not.
    seconds : float
        What it took, without loading modules and compiling loops.
    sees, misses : str
        What the quantity is good for, and what not.
    diagnostics : mapping of str to float
        What else the method knows.
    warnings : tuple of str
        Reasons to distrust the value or its interval.
    """

    key: str
    name: str
    value: float
    interval: tuple[float, float] | None
    unit: Unit
    method: str
    call: str
    interval_call: str | None
    seconds: float
    sees: str
    misses: str
    diagnostics: Mapping[str, float] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()

    def numbers(self) -> dict[str, Any]:
        """All of it in types that JSON knows."""
        names = ("key", "name", "value", "unit", "method", "call", "interval_call", "seconds")
        return {
            **{name: getattr(self, name) for name in (*names, "sees", "misses")},
            "interval": None if self.interval is None else list(self.interval),
            "diagnostics": {name: float(value) for name, value in self.diagnostics.items()},
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Comparison:
    """Two samples, compared in every way that fits them.

    ``comparison["w1"]`` is a row, ``print(comparison.report())`` shows all of them,
    ``comparison.numbers()`` is ready for JSON.

    Attributes
    ----------
    rows : tuple of ComparedQuantity
        Keys, where nothing is left out: w1, w2, sliced, energy, mmd, sinkhorn, frechet, kl_xy,
        kl_yx, js, test.
    left_out : mapping of str to str
        Keys of quantities that do not fit, and why, with what to do about it.
    notes : tuple of str
        What was chosen for these data, and why.
    n, m, d : int
        Sizes of the two samples, and the dimension.
    confidence_level : float
        Level of the intervals.
    x, y : ndarray, shapes (n, d) and (m, d)
        The points.
    transport : TransportResult or None
        The plan of W1; None if W1 is left out.
    """

    rows: tuple[ComparedQuantity, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]
    n: int
    m: int
    d: int
    confidence_level: float
    x: FloatArray = field(repr=False, compare=False)
    y: FloatArray = field(repr=False, compare=False)
    transport: TransportResult | None = field(repr=False, compare=False)

    def __getitem__(self, key: str) -> ComparedQuantity:
        for row in self.rows:
            if row.key == key:
                return row
        if key in self.left_out:
            raise KeyError(f"{key} was left out: {self.left_out[key]}")
        raise KeyError(f"{key!r} is no row; {nearest_name(str(key), self.keys())}")

    def keys(self) -> tuple[str, ...]:
        """Keys of the rows."""
        return tuple(row.key for row in self.rows)

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __repr__(self) -> str:
        values = ", ".join(f"{row.key}={row.value:.4g}" for row in self.rows)
        return f"Comparison({values}, n={self.n}, m={self.m}, d={self.d})"

    @property
    def verdict(self) -> str:
        """Whether the samples come from one distribution, in a sentence."""
        if "test" not in self:
            return "Whether the distributions differ at all was not tested."
        p, level = self["test"].value, 1 - self.confidence_level
        if p <= level:
            return (
                "The distributions differ: from one distribution, samples so far apart come with probability "
                f"{p:.3g} at most."
            )
        return f"The test found no difference (p = {p:.3g}), which is no proof that there is none."

    def report(self) -> str:
        """All of it for people, at most 100 columns wide."""
        dimensions = "on the line" if self.d == 1 else f"in {self.d} dimensions"
        parts = f"{self.n:,} and {self.m:,} points {dimensions}.", self.verdict, *self.notes
        blocks = ["\n".join(_filled(part) for part in parts), self._table()]
        blocks += [_filled(LEGEND), "\n".join(_explained(row) for row in self.rows)]
        warned = _grouped((row.name, sentence) for row in self.rows for sentence in row.warnings)
        if warned:
            blocks.append("Warnings\n" + warned)
        if self.left_out:
            names = {quantity.key: quantity.name for quantity in QUANTITIES}
            left = ((names[key], reason) for key, reason in self.left_out.items())
            blocks.append("Left out\n" + _grouped(left))
        return "\n\n".join(blocks)

    def numbers(self) -> dict[str, Any]:
        """All of it in types that JSON knows, without the points."""
        return {
            "n": self.n,
            "m": self.m,
            "d": self.d,
            "confidence_level": self.confidence_level,
            "verdict": self.verdict,
            "notes": list(self.notes),
            "rows": [row.numbers() for row in self.rows],
            "left_out": dict(self.left_out),
        }

    def _table(self) -> str:
        units = {"data": "data", "nats": "nats", "none": "-"}
        extent = float(np.ptp(np.concatenate([self.x, self.y]), axis=0).max())
        cells = [
            (
                "",
                "value",
                f"{100 * self.confidence_level:g} % for the distributions",
                "unit",
                "s",
                "by",
            )
        ]
        for row in self.rows:
            scale = extent if row.unit == "data" else 1.0
            pair = [shown(end, scale, digits=4) for end in row.interval or ()]
            ends = f"[{', '.join(pair)}]" if pair else "-"
            ends += " !" if row.warnings else ""
            numbers = shown(row.value, scale, digits=4), ends, units[row.unit], f"{row.seconds:.2f}"
            cells.append((row.name, *numbers, row.method))
        widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
        lines = []
        for name, value, ends, unit, cost, method in cells:
            left = f"{name:<{widths[0]}}  {value:>{widths[1]}}  {ends:<{widths[2]}}"
            lines.append(f"{left}  {unit:<{widths[3]}}  {cost:>{widths[4]}}  {method}".rstrip())
        return "\n".join(lines)


def compare(
    x: Any,
    y: Any,
    *,
    confidence_level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
    ties: Literal["auto"] | Ties = "auto",
    seconds: float = 10.0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """Compare two samples by every quantity that fits them.

    Exact W1 with a confidence interval for the distributions, W2, sliced W1, energy distance, MMD,
    Sinkhorn divergence, Fréchet distance, KL in both directions, JS, and a permutation test; each
    with what it sees, what it misses, and the call that gives it alone. What does not fit is left
    out, and why is said: too few points, too many, points that repeat, a package that is missing.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of each distribution.
    confidence_level : float, default 0.95
        Level of the intervals. The verdict calls distributions different where p <= 1 - confidence.
    rng : int or numpy.random.Generator, default 0
        Seed of every quantity. A generator gives one number, which is the seed.
    ties : {"auto", "raise", "drop", "jitter", "discrete"}
        What KL and JS do about equal points, as in :func:`kl_from_samples`. By default equal
        points are counts where there are at least five for every distinct value, and both samples
        take the same values; otherwise KL and JS are left out.
    seconds : float, default 10
        A quantity that is expected to take longer on one core is left out. What is expected
        depends on n, m and d alone, so that every machine shows the same rows.
    progress : callable, optional
        Called before each quantity with its name, how many are done and how many there are.

    Returns
    -------
    Comparison
        With two samples of 1,000 points in the plane a matter of two seconds.

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, coordinates beyond 1e75 or all within 1e-75 of each other, a
        confidence outside (0, 1), an unknown word for `ties`, seconds that are not positive, or an
        `rng` that is none.
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
    if holds_categories(x) or holds_categories(y):
        raise InvalidInputError(
            "x and y must be numbers to be compared by distances, got categories such as text; to "
            'fix it, call js_from_samples(x, y, ties="discrete"), which counts them, and '
            "kl_from_samples likewise"
        )
    mu, nu = as_pair(x, y, None, None)
    _check_range(mu.points, nu.points)
    check_words(ties, seconds)
    reasons: dict[str, str] = {}
    chosen, notes = _settle_ties(mu.points, nu.points, ties, reasons)
    samples = Samples(
        mu.points, nu.points, as_confidence(confidence_level), _as_seed(rng), chosen, float(seconds)
    )
    _find_misfits(samples, reasons)
    few = min(mu.n, nu.n)
    if few < FEW_POINTS:
        notes += (f"With {counted(few, 'point')}, intervals other than that of W1 are rough.",)
    rows: list[ComparedQuantity] = []
    left_out: dict[str, str] = {}
    transport = None
    for done, quantity in enumerate(QUANTITIES):
        if progress is not None:
            progress(quantity.name, done, len(QUANTITIES))
        watch = Stopwatch()
        outcome = reasons.get(quantity.key) or _attempt(quantity, samples)
        if isinstance(outcome, str):
            left_out[quantity.key] = outcome
            continue
        rows.append(_row(quantity, outcome, samples, watch.working))
        logger.info("%s: %g, %.2f s", quantity.name, outcome.value, rows[-1].seconds)
        if quantity.key == "w1":
            transport = outcome.transport
    sizes = mu.n, nu.n, mu.d, samples.confidence_level
    return Comparison(tuple(rows), left_out, notes, *sizes, mu.points, nu.points, transport)


def _attempt(quantity: Quantity, samples: Samples) -> Found | str:
    """What was found, or why nothing could be."""
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


def _row(quantity: Quantity, found: Found, samples: Samples, seconds: float) -> ComparedQuantity:
    other = found.interval is not None and quantity.interval_call
    warnings = found.warnings
    if found.interval is not None and not found.interval[0] <= found.value <= found.interval[1]:
        warnings = tuple(dict.fromkeys((*warnings, OUTSIDE)))
    return ComparedQuantity(
        key=quantity.key,
        name=quantity.name,
        value=float(found.value),
        interval=found.interval,
        unit=quantity.unit,
        method=found.method,
        call=quantity.call(samples),
        interval_call=other(samples) if other else None,
        seconds=seconds,
        sees=quantity.sees,
        misses=quantity.misses,
        diagnostics=found.diagnostics,
        warnings=warnings,
    )


# ---------------------------------------------------------------- what fits

DIVERGENCES = ("kl_xy", "kl_yx", "js")


def _settle_ties(
    x: FloatArray, y: FloatArray, ties: str, reasons: dict[str, str]
) -> tuple[Any, tuple[str, ...]]:
    """What KL and JS do about equal points, and why; where nothing fits, they have a reason."""
    total, repeats = len(x) + len(y), sum(count_ties(x, y))
    values = total - repeats
    if not repeats:
        return "raise", ()
    if ties != "auto":
        return ties, ()
    if total >= POINTS_PER_VALUE * values:
        if doubt := _doubt_counts(x, y):
            reasons |= dict.fromkeys(DIVERGENCES, doubt)
            return "raise", ()
        return "discrete", (
            f"{total:,} points take only {counted(values, 'value')}: KL and JS are estimated "
            "from counts, not from nearest neighbors, which need distributions with densities.",
        )
    repeating = f"{repeats:,} of {total:,} points {'repeats' if repeats == 1 else 'repeat'} another"
    for key in DIVERGENCES:
        reasons[key] = (
            f"{repeating}: too many for distributions with densities, too few for counts, which want "
            f"{POINTS_PER_VALUE} points for each of {counted(values, 'value')}; to fix it, pass "
            'ties="jitter" for rounded measurements, "drop" for rows that were copied by mistake, '
            '"discrete" for categories'
        )
    return "raise", ()


def _doubt_counts(x: FloatArray, y: FloatArray) -> str | None:
    """Why repeating values cannot be counted together, or None."""
    try:
        check_same_values(x, y)
        refuse_other_grids(x, y)
    except InvalidInputError as reason:
        return str(reason)
    if doubt_grids(x, y):
        return (
            "their values repeat, and lie on different grids, so that counts do not compare; to "
            'fix it, round both to the coarser grid, or pass ties="discrete" if only what is equal '
            'counts, or ties="jitter" for rounded measurements'
        )
    return None


def _find_misfits(samples: Samples, reasons: dict[str, str]) -> None:
    """Reasons that the functions themselves would not give."""
    if samples.d == 1:
        reasons["sliced"] = "on the line it is W1 itself"
    if samples.ties == "discrete":
        return
    few = min(len(samples.x), len(samples.y))
    if few < SMALLEST_SAMPLE:
        for key in DIVERGENCES:
            reasons.setdefault(
                key,
                f"it wants at least {SMALLEST_SAMPLE} points in each sample, got {few}; to fix it, "
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


def check_words(ties: Any, seconds: Any) -> None:
    """Raise on what `compare` does not take for `ties` or `seconds`."""
    words = ("auto", *get_args(Ties))
    if ties not in words:
        raise InvalidInputError(
            f"ties must be one of {', '.join(map(repr, words))}, got {ties!r}; "
            f"to fix it, {nearest_name(str(ties), words)}"
        )
    number = isinstance(seconds, (int, float, np.integer, np.floating))
    if not number or isinstance(seconds, bool) or not seconds > 0:
        raise InvalidInputError(
            f"seconds must be a positive number, got {seconds!r}; to fix it, pass for example 60"
        )


def _as_seed(rng: Any) -> int:
    """One seed for all, so that every single call repeats its row."""
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return int(rng)
    return int(as_rng(rng).integers(2**32))


# ---------------------------------------------------------------- text


def counted(count: int, thing: str) -> str:
    """How many things there are: one thing, or several things."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _explained(row: ComparedQuantity) -> str:
    calls = row.call if row.interval_call is None else f"{row.call}; {row.interval_call}"
    lines = f"{row.name}: {calls}", f"    {row.sees}", f"    {row.misses}"
    return "\n".join(_filled(line, "      ") for line in lines)


def _grouped(named: Iterable[tuple[str, str]]) -> str:
    """Each sentence once, after the names that it is said of."""
    names: dict[str, list[str]] = {}
    for name, sentence in named:
        names.setdefault(sentence, []).append(name)
    return "\n".join(_filled(f"  {', '.join(who)}: {what}", "    ") for what, who in names.items())
