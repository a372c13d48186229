"""Quantiles of a sampler's points: whether it still gives the distribution that it once gave."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.measures import FloatArray

__all__ = ["same_signature", "sampler_signature"]

LEVELS = np.linspace(0.0, 1.0, 33)[1:-1]
COORDINATES = 64
"""Quantiles of so many coordinates are remembered."""

DEVIATION = 0.1
"""Two samples of 4,096 points differ by more in a cumulative fraction with probability 1e-8."""


def sampler_signature(points: FloatArray) -> list[list[list[float]]]:
    """Quantiles of each coordinate, and the fraction of points up to each of them.

    Parameters
    ----------
    points : ndarray, shape (n, d)

    Returns
    -------
    list
        For each coordinate two lists: quantiles, and fractions.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(4096, 2))
    >>> others = np.random.default_rng(1).normal(size=(4096, 2))
    >>> known = sampler_signature(points)
    >>> same_signature(known, sampler_signature(others))
    True
    >>> same_signature(known, sampler_signature(50 * others))
    False
    """
    columns = points[:, :COORDINATES].T
    marks = np.quantile(columns, LEVELS, axis=1).T
    return [[m.tolist(), _fractions(c, m).tolist()] for c, m in zip(columns, marks, strict=True)]


def same_signature(one: Any, other: Any) -> bool:
    """Whether two signatures may be of samples of one distribution.

    Parameters
    ----------
    one, other : list
        As `sampler_signature` made them.
    """
    if len(one) != len(other):
        return False
    pairs = [(np.array(p), np.array(q)) for p, q in zip(one, other, strict=True)]
    return all(_fits(p, q) and _fits(q, p) for p, q in pairs)


def _fits(one: FloatArray, other: FloatArray) -> bool:
    """Whether the fractions of one may be those of the other, which knows them at its own marks."""
    (marks, fractions), (places, known) = one, other
    after = np.searchsorted(places, marks, side="right")
    least = np.concatenate([[0.0], known])[after]
    most = np.concatenate([known, [1.0]])[after]
    return bool(np.all((fractions >= least - DEVIATION) & (fractions <= most + DEVIATION)))


def _fractions(column: FloatArray, marks: FloatArray) -> FloatArray:
    return np.searchsorted(np.sort(column), marks, side="right") / len(column)
