"""The linear program's own estimate of W1: its potentials as a critic, or fitted by a network."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.estimation.bracket import (
    linear_program_sample,
    population_high,
    population_low,
    sample_sizes,
)
from otgan.critics.estimation.held_out import (
    ROUNDING,
    certified_on_sample,
    held_out_stats,
    on_original_scale,
)
from otgan.critics.estimation.result import DualEstimate
from otgan.critics.estimation.selection import Selection
from otgan.critics.estimation.verdict import contradiction, interval_of
from otgan.critics.potentials.bounds import zero_lower_bound
from otgan.critics.potentials.mcshane import McShane, extended_potential
from otgan.critics.potentials.regression import PotentialFit, fit_potential
from otgan.critics.seeding import seeded
from otgan.critics.training.data import Distributions
from otgan.critics.training.loop import Budget
from otgan.critics.training.options import FitOptions
from otgan.inference.held_out import HeldOutBracket, bracket_of_fresh_points
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.progress import Report, reporting
from otgan.torch_modes import float32_by_default
from otgan.transport.exact import solve_measures

__all__ = ["solve"]

NEW_POINTS = 2**17
"""Fresh points of each sampler on which the potentials are evaluated, at most."""

WORK = 4e9
"""Coordinates that may be compared in evaluating them: some ten seconds."""

WIDE = 0.3
"""Relative width of the bracket beyond which its mean says little."""

DISTILL_STEPS = 2000
"""Steps in which a network is fitted to the potentials, at most."""

DISTILL_POINTS = 2048
"""Points of each distribution whose potentials it is fitted to."""


def solve(
    distributions: Distributions,
    selection: Selection,
    bracket: HeldOutBracket,
    budget: Budget,
    options: FitOptions,
) -> DualEstimate:
    """Estimate W1 from above and below by the linear program, on as many points as selected.

    `bracket` is that of `linear_program_sample`; where more points are wanted, another is made.
    """
    parts = 1 if selection.rule is None else 2
    with reporting(options.progress, parts, "linear program") as report:
        return _solve(distributions, selection, bracket, budget, options, report)


def _solve(
    distributions: Distributions,
    selection: Selection,
    bracket: HeldOutBracket,
    budget: Budget,
    options: FitOptions,
    report: Report,
) -> DualEstimate:
    started = time.perf_counter()
    x, y = linear_program_sample(distributions)
    larger = bracket
    if distributions.x.is_sampler and distributions.y.is_sampler and selection.n_points > len(x):
        rng = distributions.generator(options.rng + 4)
        x, y = (
            distribution.held_out_points(selection.n_points, rng)
            for distribution in (distributions.x, distributions.y)
        )
        count = int(min(NEW_POINTS, WORK / (selection.n_points * max(2, distributions.d))))
        new = [
            distribution.held_out_points(count, rng)
            for distribution in (distributions.x, distributions.y)
        ]
        mu, nu = DiscreteMeasure.uniform(x), DiscreteMeasure.uniform(y)
        larger = bracket_of_fresh_points(mu, nu, *new)
    estimate = _estimate(x, y, larger, distributions, selection)
    report(1, "")
    if selection.rule is None:
        return replace(estimate, seconds=time.perf_counter() - started)
    steps = int(min(DISTILL_STEPS, budget.steps))
    fit = _fit(selection.rule, distributions, bracket, steps, options)
    distilled = _distilled(estimate, fit, distributions, bracket, larger, options)
    report(2, "")
    spent = time.perf_counter() - started
    return replace(distilled, constraint=selection.name, steps=steps, seconds=spent)


def _estimate(
    x: FloatArray,
    y: FloatArray,
    bracket: HeldOutBracket,
    distributions: Distributions,
    selection: Selection,
) -> DualEstimate:
    value, se = _combined(bracket)
    rounding = float(np.finfo(float).eps) * max(distributions.scale.spread, bracket.upper_estimate)
    never_a_point = replace(
        bracket,
        lower_se=max(bracket.lower_se, rounding),
        upper_se=max(bracket.upper_se, rounding),
    )
    return DualEstimate(
        value=value,
        se=max(se, rounding),
        interval=never_a_point.interval(),
        raw_gap=bracket.lower_estimate,
        penalty=0.0,
        population_low=population_low(bracket),
        population_high=population_high(bracket),
        sample_lower=bracket.transport.distance_lower,
        sample_lower_zero=min(zero_lower_bound(x, y), bracket.transport.distance_lower),
        sample_distance=bracket.upper_estimate,
        sample_sizes=sample_sizes(bracket),
        lipschitz_lower=1.0,
        lipschitz_upper=1.0,
        converged=bracket.relative_width <= WIDE,
        verdict=(
            f"exact for the samples, {bracket.upper_estimate:.4g} apart; their potentials show "
            f"{bracket.lower_estimate:.4g} on other points; the value for the distributions is the "
            f"mean of these two, weighted by their errors{_caution(bracket)}"
        ),
        constraint="exact",
        reason=selection.reason,
        steps=0,
        seconds=0.0,
        n_held_out=bracket.n + bracket.m,
        history=(),
        critic=extended_potential(x, y, bracket.transport),
    )


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
    fit: PotentialFit,
    distributions: Distributions,
    bracket: HeldOutBracket,
    larger: HeldOutBracket,
    options: FitOptions,
) -> DualEstimate:
    """The same with a network fitted to the potentials, evaluated as any other critic.

    What it proves is proved of `linear_program_sample`, hence of `bracket`; what its value is held
    against is `larger`.
    """
    stats = held_out_stats(fit.network, None, distributions, options)
    unit = distributions.scale.spread
    raw, se = stats.reading.gap * unit, max(stats.gap_se, ROUNDING) * unit
    objection = contradiction(raw, se, larger)
    certified = certified_on_sample(fit.network, distributions, bracket)
    learned = (
        f"learned the potentials of a sample to {fit.value_error * unit:.2g} on other points: less "
        "than W1 of the distributions, as these potentials are, but for its own errors"
    )
    return replace(
        exact,
        value=max(0.0, raw),
        se=se,
        interval=interval_of(raw, se, (exact.population_low, exact.population_high), objection),
        raw_gap=raw,
        sample_lower=certified.critic,
        sample_lower_zero=certified.zero,
        sample_distance=bracket.upper_estimate,
        sample_sizes=sample_sizes(bracket),
        lipschitz_lower=stats.reading.lipschitz_lower,
        lipschitz_upper=stats.reading.lipschitz_upper,
        converged=exact.converged and objection is None,
        verdict=learned if objection is None else objection.sentence,
        n_held_out=stats.n_points,
        critic=on_original_scale(fit.network, distributions),
    )


def _fit(
    rule: Constraint,
    distributions: Distributions,
    bracket: HeldOutBracket,
    steps: int,
    options: FitOptions,
) -> PotentialFit:
    """A network fitted to the potentials of `linear_program_sample`, or of some of its points."""
    x, y = linear_program_sample(distributions)
    transport = bracket.transport
    if max(len(x), len(y)) > DISTILL_POINTS:
        x, y = x[:DISTILL_POINTS], y[:DISTILL_POINTS]
        transport = solve_measures(DiscreteMeasure.uniform(x), DiscreteMeasure.uniform(y))
    u, v = (distributions.scale.standardize(z, distributions.device) for z in (x, y))
    potential = _standardized(extended_potential(x, y, transport), distributions)
    i, j = transport.plan.tocoo().coords
    with seeded(options.rng, distributions.device), float32_by_default():
        network = rule.default_network(distributions.d).to(distributions.device)
    return fit_potential(
        potential, torch.cat([u, v]), network, arcs=(u[i], v[j]), steps=steps, rng=options.rng
    )


def _standardized(potential: McShane, distributions: Distributions) -> nn.Module:
    """The same potential as a function of standardized points, in float32."""
    scale = distributions.scale
    anchors = scale.standardize(potential.anchors.numpy(), distributions.device)
    heights = potential.heights.numpy() / scale.spread
    scaled = McShane(anchors, heights, largest=potential.largest)
    return scaled.to(distributions.device).float()
