"""Comparison: two samples compared by every quantity that fits them, in one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from otgan.comparison.formats import csv_table, markdown_table
from otgan.comparison.quantities import QUANTITIES
from otgan.comparison.row import CSV_COLUMNS, ComparedQuantity, explained, filled, row_fields
from otgan.errors import nearest_name
from otgan.estimates import shown
from otgan.html_table import html_table
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result
from otgan.transport.result import TransportResult

__all__ = ["Comparison", "pluralize"]

LEGEND = "Values are those of the points; data: the unit of the coordinates; !: see the warnings."


@checks_keywords
@dataclass(frozen=True)
class Comparison(Result):
    """Two samples, compared in every way that fits them.

    ``comparison["w1"]`` is a row, a loop goes over the keys of all, ``print(comparison.report())``
    shows them, ``float(comparison)`` is the value of the first: W1, unless it is left out.

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
    figure: ClassVar[str] = "otgan.comparison.plot.two_samples"

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

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.rows)

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

    def to_markdown(self) -> str:
        """The table for people in Markdown, with the verdict, the warnings and what was left out.

        Examples
        --------
        >>> from otgan.comparison.table import compare
        >>> print(compare([0.0, 1.0], [2.0, 3.0]).to_markdown().splitlines()[-1][:27])
        - JS was left out: it takes
        """
        header, *lines = self._cells()
        table = markdown_table(("quantity", *header[1:]), lines)
        listed = "\n".join(f"- {reason}" for reason in self._reservations())
        return "\n\n".join(filter(None, [self.verdict, *self.notes, table, LEGEND, listed]))

    def to_csv(self) -> str:
        """All quantities as comma-separated values, one a line, with what was left out and why.

        Every line holds all that a row does, and n, m, d and the confidence level, so that tables
        of several comparisons can be put together. Numbers are read back as they are; an empty
        field is one that a quantity does not have.

        Examples
        --------
        >>> from otgan.comparison.table import compare
        >>> for line in compare([0.0, 1.0], [1.0, 2.0]).to_csv().splitlines()[:2]:
        ...     print(line[:27])
        key,name,value,low,high,uni
        w1,W1,1.0,,,data,line,"emd(
        """
        shared = self.n, self.m, self.d, self.confidence_level
        lines = [(*row_fields(row), *shared, "") for row in self.rows]
        names = self._names()
        empty = (None,) * (len(CSV_COLUMNS) - 7)
        lines += [(key, names[key], *empty, *shared, why) for key, why in self.left_out.items()]
        return csv_table(CSV_COLUMNS, lines)

    def _reservations(self) -> list[str]:
        """Warnings of rows, and why others were left out, a sentence each."""
        warned = [f"{row.name}: {sentence}." for row in self.rows for sentence in row.warnings]
        names = self._names()
        return warned + [f"{names[key]} was left out: {why}." for key, why in self.left_out.items()]

    def _names(self) -> dict[str, str]:
        """How people call every quantity."""
        return {quantity.key: quantity.name for quantity in QUANTITIES}

    def _repr_html_(self) -> str:
        """The rows as a table, without how each was computed."""
        header, *lines = self._cells()
        return html_table(
            f"{self.n:,} and {self.m:,} points, {pluralize(self.d, 'dimension')}",
            lines,
            header=("quantity", *header[1:]),
            notes=[self.verdict, *self.notes, LEGEND, *self._reservations()],
        )

    def report(self) -> str:
        """All of it for people, at most 100 columns wide."""
        dimensions = "on the line" if self.d == 1 else f"in {self.d} dimensions"
        parts = f"{self.n:,} and {self.m:,} points {dimensions}.", self.verdict, *self.notes
        blocks = ["\n".join(filled(part) for part in parts), self._table()]
        blocks += [filled(LEGEND), "\n".join(explained(row) for row in self.rows)]
        warned = _grouped((row.name, sentence) for row in self.rows for sentence in row.warnings)
        if warned:
            blocks.append("Warnings\n" + warned)
        if self.left_out:
            names = self._names()
            left = ((names[key], reason) for key, reason in self.left_out.items())
            blocks.append("Left out\n" + _grouped(left))
        return "\n\n".join(blocks)

    def _cells(self) -> list[tuple[str, str, str, str, str, str]]:
        """The header and the rows of a table for people."""
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
        return cells

    def _table(self) -> str:
        cells = self._cells()
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


def _grouped(named: Iterable[tuple[str, str]]) -> str:
    """Each sentence once, after the names that it belongs to."""
    names: dict[str, list[str]] = {}
    for name, sentence in named:
        names.setdefault(sentence, []).append(name)
    return "\n".join(filled(f"  {', '.join(who)}: {what}", "    ") for what, who in names.items())
