"""One row of a comparison, and how it is written."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from otgan.comparison.quantities import Unit
from otgan.keywords import checks_keywords
from otgan.results import Result

__all__ = ["CSV_COLUMNS", "ComparedQuantity", "explained", "filled", "row_fields"]

WIDTH = 100
"""Columns of a report."""

CSV_COLUMNS = (
    *("key", "name", "value", "low", "high", "unit", "method", "call", "interval_call", "seconds"),
    *("sensitive_to", "insensitive_to", "warnings", "n", "m", "d", "confidence_level", "left_out"),
)
"""Of :meth:`Comparison.to_csv`; those up to the warnings are of one row."""


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

    bracket: ClassVar[tuple[str, ...]] = ("interval",)

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


def row_fields(row: ComparedQuantity) -> tuple[object, ...]:
    """What a line of comma-separated values holds of a row."""
    return (
        *(row.key, row.name, row.value, *(row.interval or (None, None)), row.unit, row.method),
        *(row.call, row.interval_call, row.seconds, row.sensitive_to, row.insensitive_to),
        "; ".join(row.warnings),
    )


def explained(row: ComparedQuantity) -> str:
    """The calls that give a row, and which differences it shows, as lines of a report."""
    calls = row.call if row.interval_call is None else f"{row.call}; {row.interval_call}"
    lines = (
        f"{row.name}: {calls}",
        f"    sensitive to {row.sensitive_to}",
        f"    insensitive to {row.insensitive_to}",
    )
    return "\n".join(filled(line, "      ") for line in lines)


def filled(text: str, indent: str = "") -> str:
    """Text broken into lines of a report, those after the first indented."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
