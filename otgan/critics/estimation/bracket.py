"""The linear program on some of the points: what brackets W1 whatever a critic is worth."""

from __future__ import annotations

from otgan.critics.training.data import Distributions
from otgan.inference.held_out import (
    HeldOutBracket,
    bracket_of_folds,
    bracket_of_fresh_points,
)
from otgan.measures import DiscreteMeasure, FloatArray

__all__ = [
    "EACH_END",
    "initial_bracket",
    "linear_program_sample",
    "population_high",
    "population_low",
    "sample_sizes",
]

SAMPLE_POINTS = 1000
"""Points of each sampler between which the exact distance is computed."""

SAMPLE_PAIRS = 2**23
"""Largest n * m for which arrays are compared whole, and not 2,048 points of each."""

SAMPLE_LIMIT = 2048

EACH_END = 0.9
"""Confidence level of an interval each of whose ends alone holds with 95 % confidence."""


def initial_bracket(distributions: Distributions, rng: int) -> HeldOutBracket:
    """W1 of the distributions between two estimates, from `linear_program_sample`."""
    x, y = linear_program_sample(distributions)
    mu, nu = DiscreteMeasure.uniform(x), DiscreteMeasure.uniform(y)
    if distributions.x.is_sampler and distributions.y.is_sampler:
        new = distributions.x.pilot[SAMPLE_POINTS:], distributions.y.pilot[SAMPLE_POINTS:]
        return bracket_of_fresh_points(mu, nu, *new)
    return bracket_of_folds(mu, nu, 2, rng)


def linear_program_sample(distributions: Distributions) -> tuple[FloatArray, FloatArray]:
    """The points that are compared exactly: whole arrays, or enough of them."""
    x, y = distributions.x.pilot, distributions.y.pilot
    if distributions.is_empirical and len(x) * len(y) <= SAMPLE_PAIRS:
        return x, y
    if distributions.x.is_sampler and distributions.y.is_sampler:
        return x[:SAMPLE_POINTS], y[:SAMPLE_POINTS]
    return x[:SAMPLE_LIMIT], y[:SAMPLE_LIMIT]


def population_low(bracket: HeldOutBracket) -> float:
    """W1 of the distributions is at least this, with 95 % confidence."""
    return bracket.interval(EACH_END)[0]


def population_high(bracket: HeldOutBracket) -> float:
    """W1 of the distributions is at most this, with 95 % confidence."""
    return bracket.interval(EACH_END)[1]


def sample_sizes(bracket: HeldOutBracket) -> tuple[int, int]:
    """How many points of x and of y are compared exactly."""
    return len(bracket.transport.f), len(bracket.transport.g)
