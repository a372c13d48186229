"""The linear program's own estimate of W1: its potentials as a critic, or taught to a network."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from otgan.critics.bounds import certified_lower_bound
from otgan.critics.choice import Choice
from otgan.critics.distil import distil
from otgan.critics.estimate import DualEstimate
from otgan.critics.fit import Budget
from otgan.critics.judge import (
    ONE_SIDED,
    ROUNDING,
    TWO_SIDED,
    certified,
    contradiction,
    interval_of,
    look,
    most,
    on_original_scale,
    sample,
    sizes,
)
from otgan.critics.mcshane import exact_critic
from otgan.critics.networks import radial_mlp
from otgan.critics.options import FitOptions
from otgan.critics.sandwich import Sandwich, sandwich_w1
from otgan.critics.seeding import seeded
from otgan.critics.sources import Laws
from otgan.torch_modes import float32_by_default

__all__ = ["solve"]

NEW_POINTS = 2**17
"""Fresh points of each sampler on which the potentials are judged, at most."""

WORK = 4e9
"""Coordinates that may be compared in judging them: some ten seconds."""

WIDE = 0.3
"""Relative width of the sandwich beyond which its mean says little."""

LESSONS = 2000
"""Steps in which a network learns the potentials, at most."""

LESSON_POINTS = 2048
"""Points of each law whose potentials it learns."""


def solve(
    laws: Laws, choice: Choice, sandwich: Sandwich, budget: Budget, options: FitOptions
) -> DualEstimate:
    """Estimate W1 from above and below by the linear program, on as many points as chosen."""
    started = time.perf_counter()
    x, y = sample(laws)
    if laws.x.fresh and laws.y.fresh and choice.points > len(x):
        rng = laws.generator(options.seed + 4)
        x, y = (law.test_points(choice.points, rng) for law in (laws.x, laws.y))
        count = int(min(NEW_POINTS, WORK / (choice.points * max(2, laws.d))))
        new = [law.test_points(count, rng) for law in (laws.x, laws.y)]
        sandwich = sandwich_w1(x, y, *new)
    value, se = _combined(sandwich)
    rounding = float(np.finfo(float).eps) * max(laws.scale.spread, sandwich.upper)
    se = max(se, rounding)
    least = sandwich.lower - TWO_SIDED * max(sandwich.lower_se, rounding)
    greatest = sandwich.upper + TWO_SIDED * max(sandwich.upper_se, rounding)
    zero = certified_lower_bound(x, y, np.zeros(len(x)), np.zeros(len(y)))
    estimate = DualEstimate(
        value=value,
        se=se,
        interval=(max(0.0, least), greatest),
        raw_gap=sandwich.lower,
        penalty=0.0,
        lower_confidence=max(0.0, sandwich.lower - ONE_SIDED * sandwich.lower_se),
        upper_confidence=most(sandwich),
        lower=sandwich.transport.lower,
        lower_zero=min(zero, sandwich.transport.lower),
        exact=sandwich.upper,
        n_exact=sizes(sandwich),
        lipschitz_proved=1.0,
        lipschitz_sampled=1.0,
        converged=sandwich.relative_width <= WIDE,
        verdict=(
            f"exact for the samples, {sandwich.upper:.4g} apart; their potentials show "
            f"{sandwich.lower:.4g} on other points; the value for the laws is the mean of these "
            f"two, weighted by their errors{_caution(sandwich)}"
        ),
        constraint="exact",
        reason=choice.reason,
        steps=0,
        seconds=time.perf_counter() - started,
        n_held_out=sandwich.n + sandwich.m,
        history=(),
        critic=exact_critic(x, y).potential,
    )
    if choice.name == "distilled":
        lessons = int(min(LESSONS, budget.steps))
        return _distilled(estimate, laws, sandwich, lessons, options)
    return estimate


def _caution(sandwich: Sandwich) -> str:
    if sandwich.relative_width <= WIDE:
        return ""
    return ", and little is known of it: give more points, or train a critic"


def _combined(sandwich: Sandwich) -> tuple[float, float]:
    """The mean of the two estimates, and its standard error.

    The lower one is at least zero, which the potential zero shows. Half of what is between them is
    part of the error, as the deviation of a number that may lie anywhere in between.

    Their biases have opposite signs and about the same size, half of what is between them: that is
    an error of either beside its noise. So where the width matters this is the midpoint, and where
    noise matters the usual mean, weighted by inverse variances.
    """
    lower = max(0.0, sandwich.lower)
    bias = max(0.0, sandwich.upper - lower) / 2
    errors = [math.hypot(se, bias) for se in (sandwich.lower_se, sandwich.upper_se)]
    if min(errors) == 0.0:
        return (lower + sandwich.upper) / 2, 0.0
    weights = [error**-2 / sum(e**-2 for e in errors) for error in errors]
    value = weights[0] * lower + weights[1] * sandwich.upper
    noise = weights[0] * sandwich.lower_se, weights[1] * sandwich.upper_se
    return value, math.hypot(*noise, bias / math.sqrt(3.0))


def _distilled(
    exact: DualEstimate, laws: Laws, sandwich: Sandwich, lessons: int, options: FitOptions
) -> DualEstimate:
    """The same with a network that learned the potentials, judged as any other critic."""
    started = time.perf_counter()
    x, y = (laws.scale.standardise(points[:LESSON_POINTS], laws.device) for points in sample(laws))
    potential = exact_critic(x.double().cpu().numpy(), y.double().cpu().numpy())
    arcs = potential.transport.plan.tocoo().coords
    with seeded(options.seed, laws.device), float32_by_default():
        network: nn.Module = radial_mlp(laws.d).to(laws.device)
    lesson = distil(
        potential.potential.to(laws.device).float(),
        torch.cat([x, y]),
        network,
        arcs=(x[arcs[0]], y[arcs[1]]),
        steps=lessons,
        seed=options.seed,
    )
    shown, unit = look(network, None, laws, options), laws.scale.spread
    raw, se = shown.reading.gap * unit, max(shown.gap_se, ROUNDING) * unit
    doubt = contradiction(raw, se, sandwich)
    bounds = exact.lower_confidence, exact.upper_confidence
    proved = certified(network, laws, sandwich)
    return replace(
        exact,
        value=max(0.0, raw),
        se=se,
        interval=interval_of(raw, se, bounds, doubt),
        raw_gap=raw,
        lower=proved.critic,
        lower_zero=proved.zero,
        lipschitz_proved=shown.reading.proved,
        lipschitz_sampled=shown.reading.sampled,
        converged=exact.converged and not doubt,
        verdict=doubt
        or (
            f"learned the potentials of a sample to {lesson.value_error * unit:.2g} on other "
            "points: less than W1 of the laws, as these potentials are, but for its own errors"
        ),
        constraint="distilled",
        steps=lessons,
        seconds=exact.seconds + time.perf_counter() - started,
        n_held_out=shown.points,
        critic=on_original_scale(network, laws),
    )
