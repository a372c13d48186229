"""Comparison: two samples compared by every quantity that fits them, in one table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from otgan.comparison.quantities import QUANTITIES, Unit
from otgan.errors import nearest_name
from otgan.estimates import shown
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result
from otgan.transport.result import TransportResult

__all__ = ["ComparedQuantity", "Comparison", "pluralize"]

WIDTH = 100
"""Columns of a report."""

LEGEND = "Values are those of the points; data: the unit of the coordinates; !: see the warnings."


@checks_keywords
@dataclass(frozen=True)
class ComparedQuantity(Result):
    """One row of a :class:`otgan.Comparison`. ``float(row)`` is its value.

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
        Time that it took, without loading modules and compiling loops.
    sensitive_to, insensitive_to : str
        Which differences of the distributions the quantity shows, and which it does not.
    diagnostics : mapping of str to float
        Other numbers that the method gives.
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
    sensitive_to: str
    insensitive_to: str
    diagnostics: Mapping[str, float] = field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        low, high = self.interval or (None, None)
        ends = "" if low is None else f", interval=[{low:.4g}, {high:.4g}]"
        warned = f", {len(self.warnings)} warning(s)" if self.warnings else ""
        return f"ComparedQuantity({self.key}={self.value:.4g}{ends}, unit={self.unit!r}{warned})"


@checks_keywords
@dataclass(frozen=True)
class Comparison(Result):
    """Two samples, compared in every way that fits them.

    ``comparison["w1"]`` is a row, ``print(comparison.report())`` shows all of them,
    ``float(comparison)`` is the value of the first one: W1, unless it is left out.

    Attributes
    ----------
    rows : tuple of ComparedQuantity
        Keys, where nothing is left out: w1, w2, sliced, energy, mmd, sinkhorn, frechet, kl_xy,
        kl_yx, js, test.
    left_out : mapping of str to str
        Keys of quantities that do not fit, with the reason and what to do about it.
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

    derived: ClassVar[tuple[str, ...]] = ("verdict",)

    rows: tuple[ComparedQuantity, ...]
    left_out: Mapping[str, str] = field(hash=False)
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

    def __float__(self) -> float:
        return self.rows[0].value

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
                "The distributions differ: if they were equal, samples so far apart would have "
                f"probability {p:.3g} at most."
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


# ---------------------------------------------------------------- text


def pluralize(count: int, thing: str) -> str:
    """The number of things, in words: 1 point, 1,000 points."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _explained(row: ComparedQuantity) -> str:
    calls = row.call if row.interval_call is None else f"{row.call}; {row.interval_call}"
    lines = (
        f"{row.name}: {calls}",
        f"    sensitive to {row.sensitive_to}",
        f"    insensitive to {row.insensitive_to}",
    )
    return "\n".join(_filled(line, "      ") for line in lines)


def _grouped(named: Iterable[tuple[str, str]]) -> str:
    """Each sentence once, after the names that it belongs to."""
    names: dict[str, list[str]] = {}
    for name, sentence in named:
        names.setdefault(sentence, []).append(name)
    return "\n".join(_filled(f"  {', '.join(who)}: {what}", "    ") for what, who in names.items())
