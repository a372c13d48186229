"""What a distribution looks like, in a few numbers: to tell whether a sampler still gives the same one."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.measures import FloatArray

__all__ = ["outline", "same_outline"]

LEVELS = np.linspace(0.0, 1.0, 33)[1:-1]
COORDINATES = 64
"""Quantiles of so many coordinates are remembered."""

DEVIATION = 0.1
"""Two samples of 4,096 points of one distribution differ by more in a share with probability 1e-8."""


def outline(points: FloatArray) -> list[list[list[float]]]:
    """Quantiles of each coordinate, and the share of points up to each of them.

    Parameters
    ----------
    points : ndarray, shape (n, d)

    Returns
    -------
    list
        For each coordinate two lists: quantiles, and shares.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(4096, 2))
    >>> others = np.random.default_rng(1).normal(size=(4096, 2))
    >>> known = outline(points)
    >>> same_outline(known, outline(others)), same_outline(known, outline(50 * others))
    (True, False)
    """
    columns = points[:, :COORDINATES].T
    marks = np.quantile(columns, LEVELS, axis=1).T
    return [[m.tolist(), _shares(c, m).tolist()] for c, m in zip(columns, marks, strict=True)]


def same_outline(one: Any, other: Any) -> bool:
    """Whether two outlines may be of samples of one distribution.

    Parameters
    ----------
    one, other : list
        As `outline` made them.
    """
    if len(one) != len(other):
        return False
    pairs = [(np.array(p), np.array(q)) for p, q in zip(one, other, strict=True)]
    return all(_fits(p, q) and _fits(q, p) for p, q in pairs)


def _fits(one: FloatArray, other: FloatArray) -> bool:
    """Whether the shares of one may be those of the other, which knows them at its own marks."""
    (marks, shares), (places, known) = one, other
    after = np.searchsorted(places, marks, side="right")
    least = np.concatenate([[0.0], known])[after]
    most = np.concatenate([known, [1.0]])[after]
    return bool(np.all((shares >= least - DEVIATION) & (shares <= most + DEVIATION)))


def _shares(column: FloatArray, marks: FloatArray) -> FloatArray:
    return np.searchsorted(np.sort(column), marks, side="right") / len(column)
