"""Evaluate a trained critic: its number on held-out points, and bounds that need no trust in it."""

from __future__ import annotations

import math

from otgan.critics.constraints.base import Constraint
from otgan.critics.estimation.bracket import population_high, sample_sizes
from otgan.critics.estimation.held_out import (
    ROUNDING,
    HeldOutStats,
    certified_on_sample,
    held_out_stats,
    on_original_scale,
)
from otgan.critics.estimation.result import DualEstimate
from otgan.critics.estimation.selection import Selection
from otgan.critics.estimation.verdict import contradiction, interval_of, late_growth, unsettled
from otgan.critics.training.data import Distributions
from otgan.critics.training.loop import Fit
from otgan.critics.training.options import FitOptions
from otgan.inference.held_out import HeldOutBracket

__all__ = ["evaluate_critic"]


def evaluate_critic(
    fit: Fit,
    selection: Selection,
    distributions: Distributions,
    bracket: HeldOutBracket,
    options: FitOptions,
) -> DualEstimate:
    """Turn a trained critic into an estimate with its bounds."""
    assert selection.rule is not None
    stats = held_out_stats(fit.critic, selection.rule, distributions, options)
    unit = distributions.scale.spread
    raw = selection.rule.distance(stats.reading) * unit
    se = max(_standard_error(selection.rule, stats), ROUNDING) * unit
    bounds = _population_low(stats.gap_low * unit, bracket), population_high(bracket)
    objection = contradiction(raw, se, bracket) or unsettled(se, fit.history, bracket)
    certified = certified_on_sample(fit.critic, distributions, bracket)
    return DualEstimate(
        value=max(0.0, raw),
        se=se,
        interval=interval_of(raw, se, bounds, objection),
        raw_gap=stats.reading.gap * unit,
        penalty=stats.reading.penalty * unit,
        population_low=bounds[0],
        population_high=bounds[1],
        sample_lower=certified.critic,
        sample_lower_zero=certified.zero,
        sample_distance=bracket.upper_estimate,
        sample_sizes=sample_sizes(bracket),
        lipschitz_lower=stats.reading.lipschitz_lower,
        lipschitz_upper=stats.reading.lipschitz_upper,
        converged=objection is None,
        verdict=_settled(fit, bracket) if objection is None else objection.sentence,
        constraint=selection.name,
        reason=selection.reason,
        steps=fit.step,
        seconds=fit.seconds,
        n_held_out=stats.n_points,
        history=tuple(fit.history),
        critic=on_original_scale(fit.critic, distributions),
    )


def _population_low(by_weights: float, bracket: HeldOutBracket) -> float:
    """What W1 of the distributions is at least, by the weights or by the potentials of a sample.

    The better of two 97.5 % bounds is a 95 % bound.
    """
    return max(by_weights, bracket.interval()[0])


def _settled(fit: Fit, bracket: HeldOutBracket) -> str:
    growth, _ = late_growth(fit.history, bracket.upper_estimate)
    return (
        f"trained until the held-out gap settled (it changed by {growth:+.1%} over the second "
        "half); no bound contradicts it, but a larger network might still find more"
    )


def _standard_error(rule: Constraint, stats: HeldOutStats) -> float:
    """Standard error of the distance, by the delta method."""
    reading, errors = stats.reading, {"gap": stats.gap_se, "penalty": stats.penalty_se}
    effects = [
        rule.distance(reading._replace(**{name: getattr(reading, name) + error}))
        - rule.distance(reading._replace(**{name: getattr(reading, name) - error}))
        for name, error in errors.items()
    ]
    return math.hypot(*effects) / 2
