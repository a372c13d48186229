"""What is measured during a run: one record a time, and the table of them, metrics.csv."""

from __future__ import annotations

import csv
import io
import math
from typing import NamedTuple

from scipy.stats import spearmanr

__all__ = ["Record", "metrics_table", "rank_correlation", "records_of"]


class Record(NamedTuple):
    """One measurement during training: a row of metrics.csv.

    Distances are between samples of held-out real points and generated ones, in the units of the
    data. `floor` is the exact W1 between independent real samples of the same size: what a perfect
    generator would show. The last three are NaN where the modes are not known. Without a critic,
    as under the exact constraint, `critic_estimate` and `lower` are the linear program's own dual
    value: exact W1 to rounding, as the best critic would show. `lower_zero` is what a critic that
    is zero everywhere proves, beside which `lower` is to be read; NaN in runs of earlier versions.
    """

    step: int
    seconds: float
    critic_estimate: float
    lower: float
    exact_w1: float
    floor: float
    modes: float
    high_quality: float
    reverse_kl: float
    lower_zero: float = math.nan


def metrics_table(records: list[Record]) -> str:
    """The records as comma-separated values, under a line of names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Record._fields)
    writer.writerows(records)
    return text.getvalue()


def records_of(table: str) -> list[Record]:
    """The records that `metrics_table` wrote.

    Raises
    ------
    ValueError
        Anything else.

    Examples
    --------
    >>> record = Record(5, 0.1, 1.0, 0.9, 1.2, 0.3, 8.0, 0.9, 0.1, 0.2)
    >>> records_of(metrics_table([record])) == [record]
    True
    """
    rows = list(csv.reader(io.StringIO(table, newline="")))
    header = tuple(rows[0]) if rows else ()
    if header not in (Record._fields, Record._fields[:-1]) or not table.endswith("\n"):
        raise ValueError("another header, or no end of the last line")
    if any(len(row) != len(header) for row in rows):
        raise ValueError("rows of another length")
    records = [Record(int(row[0]), *map(float, row[1:])) for row in rows[1:]]
    steps = [record.step for record in records]
    if not records or steps != sorted(set(steps)) or steps[0] < 1:
        raise ValueError("steps that do not grow")
    return records


def rank_correlation(records: list[Record]) -> float:
    """Spearman's correlation of the critic's estimate and exact W1; NaN below three records."""
    estimates = [record.critic_estimate for record in records]
    exact = [record.exact_w1 for record in records]
    if len(records) < 3 or len(set(estimates)) < 2 or len(set(exact)) < 2:
        return math.nan
    return float(spearmanr(estimates, exact).statistic)
