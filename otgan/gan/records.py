"""The measurements during a run, and metrics.csv, the table of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["COLUMN_PREFIXES", "Record", "metrics_table", "records_of"]

COLUMN_PREFIXES = {"points": "", "patches": "patch_", "features": "feature_"}
"""How the columns of each space begin."""


class Record(NamedTuple):
    """One measurement during training: a row of metrics.csv.

    Distances are between a sample of held-out real points and one of generated points, in the
    units of the data. Without a critic, as under the exact objective, `critic_estimate` and
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
    w1_lower_zero : float
        The lower bound that a critic which is zero everywhere proves: what `w1_lower` is to be
        compared with.
    exact_w1 : float
        W1 of the two samples.
    floor : float
        Mean exact W1 of independent real samples of the same size: what a perfect generator shows.
    debiased_w1, debiased_w1_se : float
        W1 less the mean of real against real and generated against generated samples, averaged over
        two samples of each (as :func:`otgan.debiased_wasserstein`), and its standard error. Zero in
        the mean for a perfect generator.
    patch_w1, patch_floor, patch_debiased_w1, patch_debiased_w1_se : float
        The same of patches of images; NaN for vectors.
    feature_w1, feature_floor, feature_debiased_w1, feature_debiased_w1_se : float
        The same of features; NaN without features.
    frechet, frechet_floor : float
        Squared Fréchet distance of features, or of points without features, and its mean between
        real samples; NaN unless there are more points than dimensions.
    precision, recall, density, coverage : float
        As in :func:`otgan.prdc`, of features, or of points without features.
    modes, high_quality, reverse_kl : float
        As in `otgan.gan.modes.ModeCoverage`; NaN where the modes are not known.
    """

    step: int
    seconds: float
    critic_loss: float = math.nan
    generator_loss: float = math.nan
    critic_estimate: float = math.nan
    w1_lower: float = math.nan
    w1_lower_zero: float = math.nan
    exact_w1: float = math.nan
    floor: float = math.nan
    debiased_w1: float = math.nan
    debiased_w1_se: float = math.nan
    patch_w1: float = math.nan
    patch_floor: float = math.nan
    patch_debiased_w1: float = math.nan
    patch_debiased_w1_se: float = math.nan
    feature_w1: float = math.nan
    feature_floor: float = math.nan
    feature_debiased_w1: float = math.nan
    feature_debiased_w1_se: float = math.nan
    frechet: float = math.nan
    frechet_floor: float = math.nan
    precision: float = math.nan
    recall: float = math.nan
    density: float = math.nan
    coverage: float = math.nan
    modes: float = math.nan
    high_quality: float = math.nan
    reverse_kl: float = math.nan

    @property
    def selected_by(self) -> tuple[float, float]:
        """Debiased W1 and its error where the generator is chosen by them: of features, if any."""
        if math.isnan(self.feature_debiased_w1):
            return self.debiased_w1, self.debiased_w1_se
        return self.feature_debiased_w1, self.feature_debiased_w1_se


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
    >>> table = metrics_table([Record(5, 0.1, exact_w1=1.2)])
    >>> records_of(table)[0].exact_w1
    1.2
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
