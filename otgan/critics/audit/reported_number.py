"""Which number was printed as W1, if not W1 itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from otgan.critics.audit.diagnosis import Diagnosis
from otgan.critics.audit.measurements import STEEP_RATIO, Measurements

__all__ = ["diagnose_reported_number"]

MATCH_RTOL = 0.04
"""Relative difference within which a reported number is taken for one that is known."""


def diagnose_reported_number(m: Measurements) -> Iterator[Diagnosis]:
    """What the number is that was printed as W1, if it is not W1."""
    reported = m.training.reported
    if math.isnan(reported) or _alike(m, reported, m.sample_distance):
        return
    known = sorted(_known_numbers(m), key=lambda number: abs(reported - number[0]))
    nearest, build = known[0]
    if _alike(m, reported, nearest):
        yield from build(m, reported)
        return
    numbers = f"the gap {m.gap:.4g} and the exact {m.sample_distance:.4g}"
    yield Diagnosis(
        "reported number unexplained",
        f"{reported:.4g} was reported, which is near neither {numbers}, nor a loss made of them.",
        "report E f(x) - E f(y) on held-out points; pass penalty_weight= to compare its loss.",
    )


def _alike(m: Measurements, reported: float, known: float) -> bool:
    """Equal up to a few per cent, and to the noise of a training batch."""
    batch = m.training.batch_size
    noise = math.sqrt((float(m.f_x.var()) + float(m.f_y.var())) / batch) if batch else 0.0
    return abs(reported - known) <= MATCH_RTOL * abs(known) + 2.0 * noise


Build = Callable[[Measurements, float], Iterator[Diagnosis]]


def _known_numbers(m: Measurements) -> Iterator[tuple[float, Build]]:
    """Numbers that are printed in the place of W1, with what is wrong with each."""
    yield m.gap, _raw_gap_reported
    yield -m.gap, _loss_reported
    yield m.normalized_gap, _nothing_wrong
    yield m.sample_lower, _nothing_wrong
    weight = m.training.penalty_weight
    if not math.isnan(weight):
        for excess in (m.slopes - 1.0, np.maximum(m.slopes - 1.0, 0.0)):
            penalty = weight * float(np.square(excess).mean())
            yield m.gap - penalty, _objective_reported
            yield penalty - m.gap, _objective_reported
    elif m.abs_gap > STEEP_RATIO * m.sample_distance:
        # In the model of two point masses the objective lies half way, whatever the weight.
        objective = 0.5 * (m.gap + math.copysign(m.sample_distance, m.gap))
        yield objective, _objective_reported
        yield -objective, _objective_reported


def _nothing_wrong(m: Measurements, reported: float) -> Iterator[Diagnosis]:
    yield from ()


def _raw_gap_reported(m: Measurements, reported: float) -> Iterator[Diagnosis]:
    exact = m.sample_distance
    if reported > exact and m.samples_differ:
        yield Diagnosis(
            "inflated gap read as W1",
            f"{reported:.4g} is the raw gap; a gradient penalty inflates it to "
            f"d + d² / (2 weight), which for d = {exact:.4g} needs a weight of "
            f"{exact**2 / (2 * (reported - exact)):.2g}.",
            "divide the gap by the largest slope, or use otgan.estimate_w1, which corrects it.",
        )


def _loss_reported(m: Measurements, reported: float) -> Iterator[Diagnosis]:
    yield Diagnosis(
        "loss read as W1",
        f"{reported:.4g} is minus the gap: the loss that the critic minimizes. W1 is never "
        "negative.",
        f"minus it: {m.gap:.4g} is the gap.",
    )


def _objective_reported(m: Measurements, reported: float) -> Iterator[Diagnosis]:
    yield Diagnosis(
        "penalized loss read as W1",
        f"{reported:.4g} is the gap {m.gap:.4g} less the penalty (up to its sign), which is "
        f"neither the gap nor the exact {m.sample_distance:.4g}; between two points it is "
        "d + d² / (4 weight).",
        "report the gap without the penalty, and correct it for the slope.",
    )
