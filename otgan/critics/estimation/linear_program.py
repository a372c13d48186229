"""The linear program's own estimate of W1: its potentials as a critic, or taught to a network."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from otgan.critics.estimation.evaluate import (
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
from otgan.critics.estimation.result import DualEstimate
from otgan.critics.estimation.selection import Choice
from otgan.critics.networks.mlp import radial_mlp
from otgan.critics.potentials.bounds import certified_lower_bound
from otgan.critics.potentials.mcshane import exact_critic
from otgan.critics.potentials.regression import distil
from otgan.critics.seeding import seeded
from otgan.critics.training.data import Distributions
from otgan.critics.training.loop import Budget
from otgan.critics.training.options import FitOptions
from otgan.inference.held_out_bracket import HeldOutBracket, held_out_bracket
from otgan.torch_modes import float32_by_default

__all__ = ["solve"]

NEW_POINTS = 2**17
"""Fresh points of each sampler on which the potentials are judged, at most."""

WORK = 4e9
"""Coordinates that may be compared in judging them: some ten seconds."""

WIDE = 0.3
"""Relative width of the bracket beyond which its mean says little."""

LESSONS = 2000
"""Steps in which a network learns the potentials, at most."""

LESSON_POINTS = 2048
"""Points of each distribution whose potentials it learns."""


def solve(
    distributions: Distributions,
    choice: Choice,
    bracket: HeldOutBracket,
    budget: Budget,
    options: FitOptions,
) -> DualEstimate:
    """Estimate W1 from above and below by the linear program, on as many points as chosen."""
    started = time.perf_counter()
    x, y = sample(distributions)
    if distributions.x.fresh and distributions.y.fresh and choice.points > len(x):
        rng = distributions.generator(options.seed + 4)
        x, y = (
            distribution.test_points(choice.points, rng)
            for distribution in (distributions.x, distributions.y)
        )
        count = int(min(NEW_POINTS, WORK / (choice.points * max(2, distributions.d))))
        new = [
            distribution.test_points(count, rng)
            for distribution in (distributions.x, distributions.y)
        ]
        bracket = held_out_bracket(x, y, *new)
    value, se = _combined(bracket)
    rounding = float(np.finfo(float).eps) * max(distributions.scale.spread, bracket.upper_estimate)
    se = max(se, rounding)
    least = bracket.lower_estimate - TWO_SIDED * max(bracket.lower_se, rounding)
    greatest = bracket.upper_estimate + TWO_SIDED * max(bracket.upper_se, rounding)
    zero = certified_lower_bound(x, y, np.zeros(len(x)), np.zeros(len(y)))
    estimate = DualEstimate(
        value=value,
        se=se,
        interval=(max(0.0, least), greatest),
        raw_gap=bracket.lower_estimate,
        penalty=0.0,
        lower_confidence=max(0.0, bracket.lower_estimate - ONE_SIDED * bracket.lower_se),
        upper_confidence=most(bracket),
        lower=bracket.transport.lower,
        lower_zero=min(zero, bracket.transport.lower),
        exact=bracket.upper_estimate,
        n_exact=sizes(bracket),
        lipschitz_proved=1.0,
        lipschitz_sampled=1.0,
        converged=bracket.relative_width <= WIDE,
        verdict=(
            f"exact for the samples, {bracket.upper_estimate:.4g} apart; their potentials show "
            f"{bracket.lower_estimate:.4g} on other points; the value for the distributions is the mean of these "
            f"two, weighted by their errors{_caution(bracket)}"
        ),
        constraint="exact",
        reason=choice.reason,
        steps=0,
        seconds=time.perf_counter() - started,
        n_held_out=bracket.n + bracket.m,
        history=(),
        critic=exact_critic(x, y).potential,
    )
    if choice.name == "distilled":
        lessons = int(min(LESSONS, budget.steps))
        return _distilled(estimate, distributions, bracket, lessons, options)
    return estimate


def _caution(bracket: HeldOutBracket) -> str:
    if bracket.relative_width <= WIDE:
        return ""
    return ", and little is known of it: give more points, or train a critic"


def _combined(bracket: HeldOutBracket) -> tuple[float, float]:
    """The mean of the two estimates, and its standard error.

    The lower one is at least zero, which the potential zero shows. Half of what is between them is
    part of the error, as the deviation of a number that may lie anywhere in between.

    Their biases have opposite signs and about the same size, half of what is between them: that is
    an error of either beside its noise. So where the width matters this is the midpoint, and where
    noise matters the usual mean, weighted by inverse variances.
    """
    lower = max(0.0, bracket.lower_estimate)
    bias = max(0.0, bracket.upper_estimate - lower) / 2
    errors = [math.hypot(se, bias) for se in (bracket.lower_se, bracket.upper_se)]
    if min(errors) == 0.0:
        return (lower + bracket.upper_estimate) / 2, 0.0
    weights = [error**-2 / sum(e**-2 for e in errors) for error in errors]
    value = weights[0] * lower + weights[1] * bracket.upper_estimate
    noise = weights[0] * bracket.lower_se, weights[1] * bracket.upper_se
    return value, math.hypot(*noise, bias / math.sqrt(3.0))


def _distilled(
    exact: DualEstimate,
    distributions: Distributions,
    bracket: HeldOutBracket,
    lessons: int,
    options: FitOptions,
) -> DualEstimate:
    """The same with a network that learned the potentials, judged as any other critic."""
    started = time.perf_counter()
    x, y = (
        distributions.scale.standardize(points[:LESSON_POINTS], distributions.device)
        for points in sample(distributions)
    )
    potential = exact_critic(x.double().cpu().numpy(), y.double().cpu().numpy())
    arcs = potential.transport.plan.tocoo().coords
    with seeded(options.seed, distributions.device), float32_by_default():
        network: nn.Module = radial_mlp(distributions.d).to(distributions.device)
    lesson = distil(
        potential.potential.to(distributions.device).float(),
        torch.cat([x, y]),
        network,
        arcs=(x[arcs[0]], y[arcs[1]]),
        steps=lessons,
        seed=options.seed,
    )
    shown, unit = look(network, None, distributions, options), distributions.scale.spread
    raw, se = shown.reading.gap * unit, max(shown.gap_se, ROUNDING) * unit
    doubt = contradiction(raw, se, bracket)
    bounds = exact.lower_confidence, exact.upper_confidence
    proved = certified(network, distributions, bracket)
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
            "points: less than W1 of the distributions, as these potentials are, but for its own errors"
        ),
        constraint="distilled",
        steps=lessons,
        seconds=exact.seconds + time.perf_counter() - started,
        n_held_out=shown.points,
        critic=on_original_scale(network, distributions),
    )
