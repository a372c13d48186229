"""Estimates by a learned log ratio, a classifier's or a network's: what both of them use."""

from __future__ import annotations

import math

import numpy as np

from otgan.errors import InvalidInputError
from otgan.estimates import standard_error_of_gap
from otgan.measures import FloatArray

__all__ = ["check_folds", "effective_size", "js_by_log_ratio", "warn_beyond_log_m"]

_POINTS_PER_FOLD = 10


def check_folds(x: FloatArray, y: FloatArray, folds: int) -> None:
    """Raise unless both samples can be cut into so many folds, and are not one point."""
    if (x == x[0]).all() and (y == x[0]).all():
        raise InvalidInputError(
            "x and y must not all be the same point, got one that repeats; "
            "to fix it, check that the data were loaded"
        )
    least = _POINTS_PER_FOLD * folds
    if min(len(x), len(y)) < least:
        raise InvalidInputError(
            f"x and y must have at least {least} points each, ten a fold, got {len(x)} and "
            f"{len(y)}; to fix it, draw more points, or use a method for few points such as "
            "the nearest neighbors"
        )


def js_by_log_ratio(of_x: FloatArray, of_y: FloatArray) -> tuple[float, float]:
    """JS and its standard error, from values of log p/q at held-out points of both samples.

    ½ E_P log D + ½ E_Q log(1 - D) + log 2 with D = σ(log p/q): in the mean at most JS, whatever
    stands for the log ratio.

    Examples
    --------
    >>> js_by_log_ratio(np.zeros(3), np.zeros(2))
    (0.0, 0.0)
    """
    log_d, log_rest = -np.logaddexp(0, -of_x), -np.logaddexp(0, of_y)
    value = 0.5 * float(log_d.mean() + log_rest.mean()) + math.log(2)
    return value, 0.5 * standard_error_of_gap(log_d, log_rest)


def effective_size(weights: FloatArray) -> float:
    """How many points carry a weighted mean (Kish): all of them if the weights are equal.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def warn_beyond_log_m(value: float, m: int) -> list[str]:
    """A warning for a KL that m points cannot show, or none."""
    if value <= math.log(m):
        return []
    return [
        f"{value:.3g} is more than log m = {math.log(m):.3g}: so far out, {m} points of y hardly "
        "determine its density, and the value rests on the shape assumed for it"
    ]
