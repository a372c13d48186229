"""Judge a critic: its number on points it has not seen, and bounds that need no trust in it."""

from __future__ import annotations

import math
from functools import partial
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint, Reading
from otgan.critics.estimation.result import DualEstimate
from otgan.critics.estimation.selection import Choice
from otgan.critics.kernels.threads import Workers
from otgan.critics.lipschitz.layers import evaluating, lipschitz_from_weights
from otgan.critics.networks.ensemble import debiased_penalty
from otgan.critics.networks.mlp import OnOriginalScale, scores
from otgan.critics.potentials.bounds import (
    LowerBounds,
    certified_lower_bounds,
    population_lower_bound,
    sampled_lipschitz,
)
from otgan.critics.training.data import Distributions, Source
from otgan.critics.training.loop import CriticRecord, Fit
from otgan.critics.training.options import FitOptions
from otgan.inference.held_out_bracket import HeldOutBracket, held_out_bracket
from otgan.measures import FloatArray

__all__ = [
    "ONE_SIDED",
    "ROUNDING",
    "TWO_SIDED",
    "Shown",
    "bracket_of",
    "certified",
    "contradiction",
    "interval_of",
    "judge",
    "look",
    "most",
    "on_original_scale",
    "sample",
    "sizes",
]

SAMPLE_POINTS = 1000
"""Points of each sampler between which the exact distance is computed."""

SAMPLE_PAIRS = 2**23
"""Largest n * m for which arrays are compared whole, and not 2,048 points of each."""

SAMPLE_LIMIT = 2048

BLOCK = 2**14
"""Points that are drawn at once."""

SCORED = 2**12
"""Points that a critic scores at once, on each thread."""

SLOPE_POINTS = 2**15
"""Held-out points of each distribution at which slopes are looked at."""

STILL_RISING = 0.02
"""Growth of the held-out gap over the second half of training that says it should go on."""

TOO_LARGE = "too large"
"""How the verdict begins on a value above what samples allow."""

ROUNDING = float(np.finfo(np.float32).eps)
"""Standard error that a number of float32 has at least, on standardized points."""

ONE_SIDED, TWO_SIDED = (NormalDist().inv_cdf(level) for level in (0.95, 0.975))


def bracket_of(distributions: Distributions, seed: int) -> HeldOutBracket:
    """W1 of the distributions between two estimates, by the linear program on some of their points."""
    x, y = distributions.x.survey, distributions.y.survey
    if distributions.x.fresh and distributions.y.fresh:
        n = SAMPLE_POINTS
        return held_out_bracket(x[:n], y[:n], x[n:], y[n:])
    return held_out_bracket(*sample(distributions), rng=seed)


def judge(
    fit: Fit,
    choice: Choice,
    distributions: Distributions,
    bracket: HeldOutBracket,
    options: FitOptions,
) -> DualEstimate:
    """Turn a trained critic into an estimate with its bounds."""
    assert choice.rule is not None
    shown = look(fit.critic, choice.rule, distributions, options)
    unit = distributions.scale.spread
    raw = choice.rule.distance(shown.reading) * unit
    se = max(_error(choice.rule, shown), ROUNDING) * unit
    # What the weights prove, or the potentials of the sample: the better of two 97.5 % bounds is a
    # 95 % bound.
    least = max(shown.proved_gap * unit, bracket.lower_estimate - TWO_SIDED * bracket.lower_se)
    bounds = max(0.0, least), most(bracket)
    doubt = contradiction(raw, se, bracket) or _unsettled(se, fit.history, bracket)
    growth, _ = _late_growth(fit.history, bracket.upper_estimate)
    proved = certified(fit.critic, distributions, bracket)
    return DualEstimate(
        value=max(0.0, raw),
        se=se,
        interval=interval_of(raw, se, bounds, doubt),
        raw_gap=shown.reading.gap * unit,
        penalty=shown.reading.penalty * unit,
        lower_confidence=bounds[0],
        upper_confidence=bounds[1],
        lower=proved.critic,
        lower_zero=proved.zero,
        exact=bracket.upper_estimate,
        n_exact=sizes(bracket),
        lipschitz_proved=shown.reading.proved,
        lipschitz_sampled=shown.reading.sampled,
        converged=not doubt,
        verdict=doubt
        or (
            f"trained until the held-out gap settled (it moved by {growth:+.1%} over the second "
            "half); no bound contradicts it, but a larger network might still find more"
        ),
        constraint=choice.name,
        reason=choice.reason,
        steps=fit.step,
        seconds=fit.seconds,
        n_held_out=shown.points,
        history=tuple(fit.history),
        critic=on_original_scale(fit.critic, distributions),
    )


class Shown(NamedTuple):
    """What a critic shows on points it was not trained on, standardized."""

    reading: Reading
    gap_se: float
    proved_gap: float  # of the distributions, with 97.5 % confidence
    penalty_se: float
    points: int


def look(
    critic: nn.Module, rule: Constraint | None, distributions: Distributions, options: FitOptions
) -> Shown:
    """Look at a critic where it was not trained; without a rule there is no penalty to see."""
    rng = distributions.generator(options.seed + 3)
    with evaluating(critic):
        f_x, f_y = (
            _values(critic, distribution, distributions, options.test_points, rng)
            for distribution in (distributions.x, distributions.y)
        )
        x, y = distributions.tests(min(SLOPE_POINTS, options.test_points), rng)
        corrects = getattr(rule, "above_one", rule)
        penalty, penalty_se = (
            (0.0, 0.0) if corrects is None else _penalty(critic, corrects, x, y, rng)
        )
        reading = Reading(
            gap=float(f_x.mean() - f_y.mean()),
            penalty=penalty,
            proved=lipschitz_from_weights(critic),
            sampled=sampled_lipschitz(critic, x, y, rng),
        )
    noise = math.sqrt(f_x.var() / len(f_x) + f_y.var() / len(f_y))
    # A critic that is proved to be constant proves nothing else.
    least = (
        population_lower_bound(f_x, f_y, reading.proved, confidence_level=0.975)
        if reading.proved > 0
        else 0.0
    )
    return Shown(reading, noise, least, penalty_se, len(f_x) + len(f_y))


def _values(
    critic: nn.Module,
    distribution: Source,
    distributions: Distributions,
    count: int,
    rng: torch.Generator,
) -> FloatArray:
    """The critic on points of one distribution that are not trained on, block by block."""
    if not distribution.fresh:
        return _scored(critic, distributions.seen(distribution.test(count, rng)))
    sizes = [BLOCK] * (count // BLOCK) + [count % BLOCK] * (count % BLOCK > 0)
    return np.concatenate(
        [_scored(critic, distributions.seen(distribution.test(k, rng))) for k in sizes]
    )


def _scored(critic: nn.Module, points: Tensor) -> FloatArray:
    workers = Workers() if _may_share(critic) and points.device.type == "cpu" else Workers(1)
    with torch.no_grad():
        values = workers.map(partial(scores, critic), points.split(SCORED))
    return torch.cat(values).double().cpu().numpy()


def _may_share(critic: nn.Module) -> bool:
    """Whether threads may ask it at once: others' layers might keep something between two lines."""
    kinds = {type(module).__module__.partition(".")[0] for module in critic.modules()}
    return kinds <= {"torch", "otgan"}


def _penalty(
    critic: nn.Module, rule: Constraint, x: Tensor, y: Tensor, rng: torch.Generator
) -> tuple[float, float]:
    """What the constraint adds to the loss, and its standard error from parts of the points."""
    parts = min(16, len(x), len(y))
    # Each part pairs points of both distributions, so both must have as many.
    order = torch.arange(max(len(x), len(y)), device=x.device)
    pairs = zip(
        *(distribution[order % len(distribution)].chunk(parts) for distribution in (x, y)),
        strict=True,
    )
    values = np.array([float(debiased_penalty(rule, critic, u, v, rng).detach()) for u, v in pairs])
    return float(values.mean()), float(values.std() / math.sqrt(max(1, len(values) - 1)))


def _error(rule: Constraint, shown: Shown) -> float:
    """Standard error of the reading, by the delta method."""
    read, moves = shown.reading, {"gap": shown.gap_se, "penalty": shown.penalty_se}
    effects = [
        rule.distance(read._replace(**{name: getattr(read, name) + move}))
        - rule.distance(read._replace(**{name: getattr(read, name) - move}))
        for name, move in moves.items()
    ]
    return math.hypot(*effects) / 2


def contradiction(value: float, se: float, bracket: HeldOutBracket) -> str:
    """In what a value contradicts the linear program, in a sentence; empty if in nothing."""
    proved = bracket.lower_estimate - 2.0 * bracket.lower_se
    if value + 2.0 * se < proved:
        return (
            f"under-trained: a sample's potentials prove {proved:.4g} on other points already; "
            'give it more steps, or use constraint="exact"'
        )
    if value + 2.0 * se < 0.0:
        return (
            f"under-trained: on points that it has not seen it shows {value:.4g}, less than a "
            "critic that is zero everywhere; give it more steps, or more points"
        )
    if value - 2.0 * se > most(bracket):
        return (
            f"{TOO_LARGE}: samples of the distributions are no more than {most(bracket):.4g} apart, and "
            "lie further apart than their distributions; the critic is too steep somewhere"
        )
    return ""


def _unsettled(se: float, history: list[CriticRecord], bracket: HeldOutBracket) -> str:
    """How the training curve still moved at its end, in a sentence; empty if it did not."""
    growth, gained = _late_growth(history, bracket.upper_estimate)
    if math.isinf(growth):
        return (
            f"under-trained: {len(history)} records of its training are too few to tell whether it "
            "settled; give it more steps"
        )
    moving = abs(gained) > 2.0 * se  # else it may be the noise of the points
    if growth > STILL_RISING and moving:
        return (
            f"under-trained: the held-out gap grew by {growth:.1%} over the second half of the "
            "training; give it more steps"
        )
    if growth < -STILL_RISING and moving:
        return (
            f"over-trained: the held-out gap fell by {-growth:.1%} over the second half of the "
            "training; give it more points, or fewer steps"
        )
    return ""


def interval_of(
    value: float, se: float, bounds: tuple[float, float], doubt: str
) -> tuple[float, float]:
    """95 % interval of what a critic shows; of a doubtful one up to the bound that can be proved.

    It lies in the non-negative numbers, as W1 does: a critic that is zero everywhere shows zero.
    """
    low, high = value - TWO_SIDED * se, value + TWO_SIDED * se
    if doubt.startswith(TOO_LARGE):
        low = min(low, bounds[0])
    elif doubt:
        high = max(high, bounds[1])
    return max(0.0, low), max(high, TWO_SIDED * se)


def _late_growth(history: list[CriticRecord], upper: float) -> tuple[float, float]:
    """Growth of the held-out gap over the second half of the training: relative, and whole.

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


def sample(distributions: Distributions) -> tuple[FloatArray, FloatArray]:
    """The points that are compared exactly: whole arrays, or enough of them."""
    x, y = distributions.x.survey, distributions.y.survey
    if distributions.finite and len(x) * len(y) <= SAMPLE_PAIRS:
        return x, y
    if distributions.x.fresh and distributions.y.fresh:
        return x[:SAMPLE_POINTS], y[:SAMPLE_POINTS]
    return x[:SAMPLE_LIMIT], y[:SAMPLE_LIMIT]


def certified(
    critic: nn.Module, distributions: Distributions, bracket: HeldOutBracket
) -> LowerBounds:
    """What the critic proves of the distance between the two samples, and what zero proves."""
    x, y = sample(distributions)
    unit = distributions.scale.spread
    with evaluating(critic):
        f_x, f_y = (
            _scored(
                critic,
                distributions.scale.standardize(points, distributions.device, distributions.dtype),
            )
            * unit
            for points in (x, y)
        )
    return certified_lower_bounds(x, y, f_x, f_y, upper=bracket.upper_estimate)


def on_original_scale(critic: nn.Module, distributions: Distributions) -> nn.Module:
    """The critic as a function of points in their own units."""
    center = torch.as_tensor(
        distributions.scale.center, dtype=torch.float64, device=distributions.device
    )
    return OnOriginalScale(critic.eval(), center, distributions.scale.spread)


def most(bracket: HeldOutBracket) -> float:
    """What W1 of the distributions is at most, with 95 % confidence."""
    return bracket.upper_estimate + ONE_SIDED * bracket.upper_se


def sizes(bracket: HeldOutBracket) -> tuple[int, int]:
    """How many points of x and of y are compared exactly."""
    return len(bracket.transport.f), len(bracket.transport.g)
