"""A critic on points that it was not trained on: its gap, its penalty, and what both prove."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint, HeldOutGap
from otgan.critics.constraints.debiasing import debiased_penalty
from otgan.critics.estimation.bracket import linear_program_sample
from otgan.critics.forward import evaluating, scores
from otgan.critics.kernels.threads import Workers
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.lipschitz.sampled import sampled_lipschitz
from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.critics.potentials.bounds import LowerBounds, certified_lower_bounds
from otgan.critics.training.data import Distributions, Source
from otgan.critics.training.options import FitOptions
from otgan.inference.held_out import HeldOutBracket
from otgan.inference.mean_gap import MeanGap
from otgan.measures import FloatArray

__all__ = [
    "ROUNDING",
    "HeldOutStats",
    "certified_on_sample",
    "held_out_stats",
    "on_original_scale",
]

BLOCK = 2**14
"""Points that are drawn at once."""

SCORED = 2**12
"""Points that a critic scores at once, on each thread."""

SLOPE_POINTS = 2**15
"""Held-out points of each distribution at which slopes are measured."""

ROUNDING = float(np.finfo(np.float32).eps)
"""Standard error that a number of float32 has at least, on standardized points."""


class HeldOutStats(NamedTuple):
    """What a critic shows on points it was not trained on, standardized.

    Attributes
    ----------
    reading : HeldOutGap
        Its gap, penalty and Lipschitz bounds.
    gap_se, penalty_se : float
        Standard errors of the gap and of the penalty.
    gap_low : float
        W1 of the distributions exceeds this with 97.5 % confidence: the gap, its error taken off,
        over the Lipschitz constant that the weights prove.
    n_points : int
        Of both distributions together.
    """

    reading: HeldOutGap
    gap_se: float
    gap_low: float
    penalty_se: float
    n_points: int


def held_out_stats(
    critic: nn.Module, rule: Constraint | None, distributions: Distributions, options: FitOptions
) -> HeldOutStats:
    """Evaluate a critic where it was not trained; without a rule there is no penalty to measure."""
    rng = distributions.generator(options.rng + 3)
    with evaluating(critic):
        f_x, f_y = (
            _values(critic, distribution, distributions, options.test_points, rng)
            for distribution in (distributions.x, distributions.y)
        )
        x, y = distributions.held_out(min(SLOPE_POINTS, options.test_points), rng)
        corrects = None if rule is None else rule.above_one
        penalty, penalty_se = (
            (0.0, 0.0) if corrects is None else _penalty(critic, corrects, x, y, rng)
        )
        gap = MeanGap.of(f_x, f_y)
        reading = HeldOutGap(
            gap=gap.value,
            penalty=penalty,
            lipschitz_upper=lipschitz_from_weights(critic),
            lipschitz_lower=sampled_lipschitz(critic, x, y, rng),
        )
    # A critic that is proved to be constant proves nothing else.
    low = (
        max(0.0, gap.lower_confidence_bound(0.975) / reading.lipschitz_upper)
        if reading.lipschitz_upper > 0
        else 0.0
    )
    return HeldOutStats(reading, gap.se, low, penalty_se, len(f_x) + len(f_y))


def certified_on_sample(
    critic: nn.Module, distributions: Distributions, bracket: HeldOutBracket
) -> LowerBounds:
    """What the critic proves of the distance between the two samples, and what zero proves.

    The bracket must be that of `linear_program_sample`.
    """
    x, y = linear_program_sample(distributions)
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


def _values(
    critic: nn.Module,
    distribution: Source,
    distributions: Distributions,
    count: int,
    rng: torch.Generator,
) -> FloatArray:
    """The critic on points of one distribution that are not trained on, block by block."""
    if not distribution.is_sampler:
        return _scored(critic, distributions.standardize(distribution.held_out(count, rng)))
    sizes = [BLOCK] * (count // BLOCK) + [count % BLOCK] * (count % BLOCK > 0)
    return np.concatenate(
        [_scored(critic, distributions.standardize(distribution.held_out(k, rng))) for k in sizes]
    )


def _scored(critic: nn.Module, points: Tensor) -> FloatArray:
    workers = Workers() if _may_share(critic) and points.device.type == "cpu" else Workers(1)
    with torch.no_grad():
        values = workers.map(partial(scores, critic), points.split(SCORED))
    return torch.cat(values).double().cpu().numpy()


def _may_share(critic: nn.Module) -> bool:
    """Whether several threads may evaluate it at once: layers of others may keep a state."""
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
    return float(values.mean()), float(values.std() / np.sqrt(max(1, len(values) - 1)))
