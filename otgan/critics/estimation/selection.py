"""Which constraint: the one requested, or the one that suits the distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.by_name import as_constraint
from otgan.critics.estimation.bracket import sample_sizes
from otgan.critics.potentials.projection_lower_bound import projection_lower_bound
from otgan.critics.training.data import Distributions
from otgan.critics.training.loop import Budget
from otgan.errors import InvalidInputError
from otgan.inference.held_out import HeldOutBracket

__all__ = ["Selection", "select_constraint"]

PRECISE = 0.08
"""Relative width of the bracket up to which ``"auto"`` prefers it; its mean is better."""

MOST_POINTS = 20_000
"""Points of each sampler that the linear program is given at most."""

TIME_FRACTION = 1 / 3
"""Fraction of a limit in seconds that the linear program may be expected to take."""


@dataclass(frozen=True)
class Selection:
    """What estimates W1, and why.

    Attributes
    ----------
    name : str
        Short name of the constraint, or ``"exact"``.
    rule : Constraint or None
        None for ``"exact"``: the potentials of the linear program as they are.
    n_points : int
        How many points of each sampler the linear program gets.
    reason : str
    """

    name: str
    rule: Constraint | None
    n_points: int
    reason: str


def select_constraint(
    constraint: str | Constraint,
    distributions: Distributions,
    bracket: HeldOutBracket,
    budget: Budget,
) -> Selection:
    """The constraint requested; for ``"auto"`` the linear program where it is precise, else lp."""
    if constraint == "auto":
        return _select_automatically(distributions, bracket, budget)
    rule = None if constraint == "exact" else as_constraint(constraint, also=("auto", "exact"))
    if rule is not None and not rule.estimates_w1:
        raise InvalidInputError(
            f"constraint must make the critic estimate W1, got {rule.name!r}, which is for GANs "
            "alone; to fix it, pass another, such as 'lp'"
        )
    if rule is None or rule.solves_linear_program:
        points = _affordable_points(distributions, bracket, budget)
        return Selection("exact" if rule is None else rule.name, rule, points, "requested")
    if isinstance(constraint, str):
        return _select_scaled(rule, "requested", distributions, bracket)
    return Selection(
        rule.name, rule.in_standard_units(distributions.scale.spread), 0, "given as an object"
    )


def _select_automatically(
    distributions: Distributions, bracket: HeldOutBracket, budget: Budget
) -> Selection:
    n = min(sample_sizes(bracket))
    most = n if distributions.is_empirical else _affordable_points(distributions, bracket, budget)
    d = max(2, distributions.d)
    width = bracket.relative_width * (n / most) ** (1.0 / d)
    width_said = (
        f"{n:,} points in {distributions.d} dimensions leave {bracket.relative_width:.2g} of the "
        "distance between what they show and what their potentials show on others"
    )
    if width <= PRECISE:
        # As many points as bring its width and its noise to a percent and a third of one.
        noise = math.hypot(bracket.lower_se, bracket.upper_se) / 2
        relative = noise / bracket.upper_estimate if bracket.upper_estimate > 0 else 0.0
        by_noise = min(30.0, relative / 0.003) ** 2
        by_width = min(1e3 ** (1.0 / d), bracket.relative_width / 0.01) ** d
        growth = max(1.0, by_noise, by_width)
        points = round(min(most, n * growth))
        return Selection(
            "exact", None, points, f"{width_said}; {points:,} points are precise enough"
        )
    return _select_scaled(
        as_constraint("lp"),
        f"{width_said}, too much for the linear program",
        distributions,
        bracket,
    )


def _select_scaled(
    rule: Constraint, reason: str, distributions: Distributions, bracket: HeldOutBracket
) -> Selection:
    """The constraint of a short name, its weight (if any) scaled by a lower bound of W1."""
    if rule.penalty_weight is not None:
        at_least = max(
            projection_lower_bound(distributions.x.pilot, distributions.y.pilot),
            bracket.lower_estimate,
        )
        # A lower bound, often by a factor of two; of two wrong weights the larger one errs less.
        length = 2.0 * at_least if at_least > 0 else distributions.scale.spread
        rule = rule.scaled_to(length)
        reason += (
            f"; penalty weight {rule.penalty_weight:.3g}, as the distributions are at least some "
            f"{at_least:.2g} apart"
        )
    return Selection(rule.name, rule.in_standard_units(distributions.scale.spread), 0, reason)


def _affordable_points(
    distributions: Distributions, bracket: HeldOutBracket, budget: Budget
) -> int:
    """Points of each distribution that the linear program can take in time."""
    # A generous rule instead of a clock, so that the choice does not hang on other programs:
    # ten thousand points in the plane take some 1.5 s, and time grows a little slower than n² d.
    unit = 1.5e-8 * (1.0 + distributions.d / 8.0)
    points = math.sqrt(TIME_FRACTION * budget.seconds / unit)
    return max(min(sample_sizes(bracket)), int(min(MOST_POINTS, points)))
