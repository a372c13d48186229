"""Rank correlations of losses with distances, until the floor is reached."""

from __future__ import annotations

import math
from collections.abc import Sequence

from otgan.gan.records import Record

__all__ = ["DISTANCES", "LOSSES", "rank_correlation", "rank_correlations", "until_floor"]

LOSSES = ("critic_estimate", "critic_loss", "generator_loss")

DISTANCES = ("debiased_w1", "frechet")

FEWEST_RECORDS = 4
"""Fewer have so few orders that their correlation says nothing."""


def until_floor(records: Sequence[Record]) -> Sequence[Record]:
    """Records up to the first whose debiased W1 is within two standard errors of zero.

    After it, distances differ by chance alone, and so would a correlation.
    """
    for at, record in enumerate(records):
        if record.debiased_w1 <= 2 * record.debiased_w1_se:
            return records[: at + 1]
    return records


def rank_correlation(
    records: Sequence[Record], loss: str = "critic_estimate", distance: str = "debiased_w1"
) -> float:
    """Spearman's correlation of two columns until the floor is reached.

    NaN below four records, or where a column does not apply or does not vary.
    """
    from scipy.stats import spearmanr  # which takes long to import

    rows = [(getattr(record, loss), getattr(record, distance)) for record in until_floor(records)]
    finite = [row for row in rows if all(map(math.isfinite, row))]
    columns = list(zip(*finite, strict=True))
    if len(finite) < FEWEST_RECORDS or any(len(set(column)) < 2 for column in columns):
        return math.nan
    return float(spearmanr(*columns).statistic)


def rank_correlations(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """`rank_correlation` of every loss with every distance: by loss, then by distance."""
    return {
        loss: {distance: rank_correlation(records, loss, distance) for distance in DISTANCES}
        for loss in LOSSES
    }
