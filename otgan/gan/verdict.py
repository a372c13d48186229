"""The outcome of a run in sentences: which distance went down, by how much, with what error."""

from __future__ import annotations

import math
from collections.abc import Sequence

from otgan.gan.evaluation import DistanceInSpace, Evaluation
from otgan.gan.measuring.two_sample import LEVEL, RealDataTest
from otgan.gan.records import COLUMN_PREFIXES, Record

__all__ = ["verdict"]

ALMOST_NONE = 0.01
"""A p-value below which generated points are called copies."""


def verdict(evaluation: Evaluation, records: Sequence[Record], kept_step: int) -> str:
    """What the measurements say, the strongest evidence first.

    Parameters
    ----------
    evaluation : Evaluation
        Of the generator that was kept.
    records : sequence of Record
        Of the whole run.
    kept_step : int
        When the generator that was kept was measured.
    """
    kept = next((record for record in records if record.step == kept_step), records[-1])
    sentences = [_told(evaluation.test)]
    for name, distance in reversed(list(evaluation.spaces.items())):
        sentences.append(_went_down(name, distance, records[0], kept))
        sentences.append(_below_floor(name, distance))
    sentences.append(_copies(evaluation))
    return " ".join(sentence for sentence in sentences if sentence)


def _told(test: RealDataTest) -> str:
    first, count = test.statistics[0], len(test.statistics)
    if 2 / math.comb(2 * test.n, test.n) > LEVEL:  # a labeling and its opposite show the same
        return (
            f"{test.n:,} points each are too few to tell generated ones from real ones at the "
            f"level {LEVEL:g}, whatever they are (p = {test.pvalue:.2g})."
        )
    if not test.is_told:
        return (
            f"Of {test.n:,} points each, generated ones are not told from real ones by any of "
            f"{count} statistics (p = {test.pvalue:.2g}, corrected for their number)."
        )
    by = sum(statistic.pvalue <= LEVEL for statistic in test.statistics)
    return (
        f"Of {test.n:,} points each, generated ones are told from real ones by {by} of {count} "
        f"statistics (p = {test.pvalue:.2g}, corrected for their number), most clearly by the "
        f"{first.name}, {first.z:.3g} standard deviations above what permuted labels show."
    )


def _went_down(name: str, distance: DistanceInSpace, first: Record, kept: Record) -> str:
    prefix = COLUMN_PREFIXES[name]
    before, after = (getattr(record, f"{prefix}debiased_w1") for record in (first, kept))
    errors = [getattr(record, f"{prefix}debiased_w1_se") for record in (first, kept)]
    excess = f"{distance.debiased:.3g} ± {distance.debiased_se:.2g} in the final evaluation"
    zero = abs(distance.debiased) <= 2 * distance.debiased_se
    ending = f"{excess}, which is not told from zero" if zero else excess
    change = after - before
    if kept.step == first.step or not math.isfinite(change):
        return f"Debiased W1 of {name} is {ending}."
    moved = abs(change) > 2 * math.hypot(*errors)
    how = ("fell" if change < 0 else "rose") if moved else "did not change measurably,"
    return (
        f"Debiased W1 of {name} {how} from {before:.3g} ± {errors[0]:.2g} (step {first.step:,}) to "
        f"{after:.3g} ± {errors[1]:.2g} (step {kept.step:,}); it is {ending}."
    )


def _below_floor(name: str, distance: DistanceInSpace) -> str:
    """A distance below the floor is a defect, and is called one."""
    if not distance.w1 < distance.floor - 2 * math.hypot(distance.w1_se, distance.floor_se):
        return ""
    spread = distance.within / distance.floor
    return (
        f"Their plain W1 is {distance.ratio:.2f} times the floor, closer than real data are to "
        "each other: so are blurred or repeated points. That is no sign of quality; generated "
        f"samples lie {spread:.2f} times as far from each other as real ones."
    )


def _copies(evaluation: Evaluation) -> str:
    found = evaluation.memorization
    if found is None or found.pvalue > ALMOST_NONE:
        return ""
    return (
        f"Generated {evaluation.scored_in} are nearer to training data than held-out ones are "
        f"(p = {found.pvalue:.2g}): {found.near_fraction:.1%} are as near as the nearest "
        f"{found.held_out_near_fraction:.1%} of these, a sign of copies, or of blur."
    )
