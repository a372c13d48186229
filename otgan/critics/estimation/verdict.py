"""What is known against a critic's number, and the interval that remains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from otgan.critics.estimation.bracket import population_high
from otgan.critics.training.loop import WARM_UP, CriticRecord
from otgan.estimates import normal_interval
from otgan.inference.held_out import HeldOutBracket

__all__ = ["Objection", "contradiction", "interval_of", "late_growth", "unsettled"]

STILL_RISING = 0.02
"""Growth of the held-out gap over the second half of training that says it should go on."""


@dataclass(frozen=True)
class Objection:
    """A reason not to trust a value, in a sentence, and on which side of W1 the value then is."""

    sentence: str
    too_large: bool = False


def contradiction(value: float, se: float, bracket: HeldOutBracket) -> Objection | None:
    """In what a value contradicts the linear program, if in anything."""
    shown = bracket.lower_estimate - 2.0 * bracket.lower_se
    if value + 2.0 * se < shown:
        return Objection(
            f"under-trained: the potentials of a sample already show {shown:.4g} on other points; "
            'give it more steps, or use constraint="exact"'
        )
    if value + 2.0 * se < 0.0:
        return Objection(
            f"under-trained: on held-out points it shows {value:.4g}, less than a critic that is "
            "zero everywhere; give it more steps, or more points"
        )
    high = population_high(bracket)
    if value - 2.0 * se > high:
        return Objection(
            f"too large: samples of the distributions are no more than {high:.4g} apart, and "
            "samples lie further apart than their distributions; the critic is too steep somewhere",
            too_large=True,
        )
    return None


def unsettled(
    se: float, history: Sequence[CriticRecord], bracket: HeldOutBracket
) -> Objection | None:
    """How the training curve still moved at its end, if it did."""
    growth, gained = late_growth(history, bracket.upper_estimate)
    if math.isinf(growth):
        return Objection(
            f"under-trained: its training has {len(history)} records, too few to tell whether it "
            "settled; give it more steps"
        )
    if (last := history[-1].step) < WARM_UP:  # a curve that hardly began to move looks settled
        return Objection(
            f"under-trained: its training ended at step {last}, while the learning rate still "
            f"grew, as it does for {WARM_UP} steps; give it more steps"
        )
    moving = abs(gained) > 2.0 * se  # else it may be the noise of the points
    if growth > STILL_RISING and moving:
        return Objection(
            f"under-trained: the held-out gap grew by {growth:.1%} over the second half of the "
            "training; give it more steps"
        )
    if growth < -STILL_RISING and moving:
        return Objection(
            f"over-trained: the held-out gap fell by {-growth:.1%} over the second half of the "
            "training; give it more points, or fewer steps"
        )
    return None


def late_growth(history: Sequence[CriticRecord], upper: float) -> tuple[float, float]:
    """Growth of the held-out gap over the second half of the training: relative, and absolute.

    Relative to a tenth of the samples' distance at least: of a gap that is next to nothing, as
    between equal distributions, all growth would be large.
    """
    if len(history) < 8:
        return math.inf, math.inf
    gaps = np.array([record.held_out_gap for record in history])
    eighth = len(gaps) // 8
    middle, end = gaps[4 * eighth : 5 * eighth].mean(), gaps[-eighth:].mean()
    gained = float(end - middle)
    return gained / max(abs(end), abs(middle), upper / 10, 1e-300), gained


def interval_of(
    value: float, se: float, bounds: tuple[float, float], objection: Objection | None
) -> tuple[float, float]:
    """95 % interval of what a critic shows; where there is an objection, up to the bound beyond W1.

    It lies in the non-negative numbers, as W1 does: a critic that is zero everywhere shows zero.
    """
    low, high = normal_interval(value, se)
    if objection is not None and objection.too_large:
        low = min(low, bounds[0])
    elif objection is not None:
        high = max(high, bounds[1])
    return max(0.0, low), max(high, normal_interval(0.0, se)[1])
