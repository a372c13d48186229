"""The measurements during a run, and metrics.csv, the table of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Record", "metrics_table", "rank_correlation", "records_of"]


class Record(NamedTuple):
    """One measurement during training: a row of metrics.csv.

    Distances are between a sample of held-out real points and one of generated points, in the
    units of the data. Without a critic, as under the exact constraint, `critic_estimate` and
    `w1_lower` are the dual value of the linear program: exact W1 up to rounding, as the best
    critic would show.

    Attributes
    ----------
    step : int
        Generator steps so far.
    seconds : float
        Spent on training and measuring so far.
    critic_loss, generator_loss : float
        Of the objective alone, in the last step of each; NaN without a critic, the first.
    critic_estimate : float
        The divergence of the objective, W1 for Wasserstein critics, as the critic estimates it;
        nothing proves it.
    w1_lower : float
        Lower bound of the exact W1, proved by the critic's values.
    exact_w1 : float
        W1 of the two samples.
    floor : float
        Mean exact W1 of independent real samples of the same size: what a perfect generator shows.
    modes, high_quality, reverse_kl : float
        As in `otgan.gan.modes.ModeCoverage`; NaN where the modes are not known.
    w1_lower_zero : float
        The lower bound that a critic which is zero everywhere proves: what `w1_lower` is to be
        compared with.
    """

    step: int
    seconds: float
    critic_loss: float
    generator_loss: float
    critic_estimate: float
    w1_lower: float
    exact_w1: float
    floor: float
    modes: float
    high_quality: float
    reverse_kl: float
    w1_lower_zero: float


def metrics_table(records: Sequence[Record]) -> str:
    """The records as comma-separated values, under a header."""
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
    >>> record = Record(5, 0.1, -1.0, 0.2, 1.0, 0.9, 1.2, 0.3, 8.0, 0.9, 0.1, 0.2)
    >>> records_of(metrics_table([record])) == [record]
    True
    """
    rows = list(csv.reader(io.StringIO(table, newline="")))
    header = tuple(rows[0]) if rows else ()
    if header != Record._fields or not table.endswith("\n"):
        raise ValueError("another header, or no end of the last line")
    if any(len(row) != len(header) for row in rows):
        raise ValueError("rows of another length")
    records = [Record(int(row[0]), *map(float, row[1:])) for row in rows[1:]]
    steps = [record.step for record in records]
    if not records or steps != sorted(set(steps)) or steps[0] < 1:
        raise ValueError("steps that do not increase")
    return records


def rank_correlation(records: Sequence[Record]) -> float:
    """Spearman's correlation of the critic's estimate and exact W1; NaN below three records."""
    from scipy.stats import spearmanr  # which takes long to import

    estimates = [record.critic_estimate for record in records]
    exact = [record.exact_w1 for record in records]
    if len(records) < 3 or len(set(estimates)) < 2 or len(set(exact)) < 2:
        return math.nan
    return float(spearmanr(estimates, exact).statistic)
