"""Which constraint: the one asked for, or the one that suits the distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from otgan.critics.constraints.base import Constraint, as_constraint
from otgan.critics.constraints.distillation import Distillation
from otgan.critics.potentials.projection_lower_bound import projection_lower_bound
from otgan.critics.training.data import Distributions
from otgan.critics.training.loop import Budget
from otgan.inference.held_out_bracket import HeldOutBracket

__all__ = ["SOLVED", "Choice", "choose"]

SOLVED = ("exact", "distilled")
"""Names of what the linear program decides, instead of a game against a penalty."""

PRECISE = 0.08
"""Relative width of the bracket up to which ``"auto"`` prefers it; its mean is better."""

MOST_POINTS = 20_000
"""Points of each sampler that the linear program is given at most."""

SHARE_OF_TIME = 1 / 3
"""Share of a limit in seconds that the linear program may be expected to take."""


@dataclass(frozen=True)
class Choice:
    """What estimates W1.

    Attributes
    ----------
    name : str
        Short name of the constraint, or one of `SOLVED`.
    rule : Constraint or None
        None for the linear program.
    points : int
        How many points of each sampler the linear program gets.
    reason : str
    """

    name: str
    rule: Constraint | None
    points: int
    reason: str


def choose(
    constraint: str | Constraint,
    distributions: Distributions,
    bracket: HeldOutBracket,
    budget: Budget,
) -> Choice:
    """The constraint asked for; for ``"auto"`` the linear program where it is precise, else lp."""
    if isinstance(constraint, Distillation):
        constraint = constraint.name  # it has no settings: the object is its name
    if constraint == "auto":
        return _automatic(distributions, bracket, budget)
    if isinstance(constraint, str) and constraint in SOLVED:
        points = _affordable(distributions, bracket, budget)
        return Choice(constraint, None, points, "asked for")
    if isinstance(constraint, str):
        return _named(constraint, "asked for", distributions, bracket)
    rule = as_constraint(constraint)
    return Choice(rule.name, _in_units(rule, distributions), 0, "given as an object")


def _automatic(distributions: Distributions, bracket: HeldOutBracket, budget: Budget) -> Choice:
    n = _size(bracket)
    most = n if distributions.finite else _affordable(distributions, bracket, budget)
    d = max(2, distributions.d)
    width = bracket.relative_width * (n / most) ** (1.0 / d)
    seen = (
        f"{n:,} points in {distributions.d} dimensions leave {bracket.relative_width:.2g} of the distance "
        "between what they show and what their potentials show on others"
    )
    if width <= PRECISE:
        # As many points as bring its width and its noise to a percent and a third of one.
        noise = math.hypot(bracket.lower_se, bracket.upper_se) / 2
        relative = noise / bracket.upper_estimate if bracket.upper_estimate > 0 else 0.0
        by_noise = min(30.0, relative / 0.003) ** 2
        by_width = min(1e3 ** (1.0 / d), bracket.relative_width / 0.01) ** d
        growth = max(1.0, by_noise, by_width)
        points = round(min(most, n * growth))
        return Choice("exact", None, points, f"{seen}; {points:,} points are precise enough")
    return _named("lp", f"{seen}, too much for the linear program", distributions, bracket)


def _named(name: str, reason: str, distributions: Distributions, bracket: HeldOutBracket) -> Choice:
    """The constraint of that name, its weight (if it has one) chosen by a rough distance."""
    rule: Any = as_constraint(name, also=("auto", "exact"))
    if hasattr(rule, "at_scale"):
        rough = max(
            projection_lower_bound(distributions.x.survey, distributions.y.survey), bracket.lower_estimate
        )
        # A lower bound, often by a factor of two; of two wrong weights the larger one errs less.
        rule = rule.at_scale(2.0 * rough if rough > 0 else distributions.scale.spread)
        reason += (
            f"; penalty weight {rule.weight:.3g}, as the distributions are at least some "
            f"{rough:.2g} apart"
        )
    return Choice(rule.name, _in_units(rule, distributions), 0, reason)


def _in_units(rule: Any, distributions: Distributions) -> Constraint:
    """The rule for critics of standardized points."""
    scaled: Constraint = (
        rule.in_units(distributions.scale.spread) if hasattr(rule, "in_units") else rule
    )
    return scaled


def _affordable(distributions: Distributions, bracket: HeldOutBracket, budget: Budget) -> int:
    """Points of each distribution that the linear program can take in time."""
    # A generous rule instead of a clock, so that the choice does not hang on other programs:
    # ten thousand points in the plane take some 1.5 s, and time grows a little slower than n² d.
    unit = 1.5e-8 * (1.0 + distributions.d / 8.0)
    points = math.sqrt(SHARE_OF_TIME * budget.seconds / unit)
    return max(_size(bracket), int(min(MOST_POINTS, points)))


def _size(bracket: HeldOutBracket) -> int:
    return min(len(bracket.transport.f), len(bracket.transport.g))
