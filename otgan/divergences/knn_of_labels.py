"""The nearest-neighbor estimate of KL under permuted labels: neighbors in the pool, found once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from otgan.errors import DuplicateSamplesError, InvalidInputError
from otgan.label_statistic import BoolArray, LabelStatistic
from otgan.measures import FloatArray
from otgan.transport.compiled import compiled

__all__ = ["kl_of_labels"]

SPARE = 4
"""How many times as many neighbors as needed on average are kept for every point."""


def kl_of_labels(x: FloatArray, y: FloatArray, k: int) -> LabelStatistic:
    """(d/n) Σ log(ν_k/ρ_k) + log(m/(n - 1)) under each row of labels.

    ρ_k is the distance from a point labeled x to the k-th other one of them, ν_k that to the k-th
    labeled y (Wang, Kulkarni and Verdú 2009, equation 5).

    Raises
    ------
    InvalidInputError
        Too few points.
    DuplicateSamplesError
        Points that coincide.
    """
    (n, d), m = x.shape, len(y)
    if n <= k or m < k:
        raise InvalidInputError(
            f"x and y must have at least {k + 1} and {k} points for the neighbor k = {k}, "
            f"got {n} and {m}; to fix it, give more points or pass "
            "statistic=NearestNeighbors(k=...)"
        )
    pool = np.concatenate([x, y])
    width = min(n + m, 1 + math.ceil(SPARE * k * (n + m) / min(n, m)))
    distances, near = cKDTree(pool).query(pool, k=width)
    _refuse_duplicates(distances)
    with np.errstate(divide="ignore"):  # the first neighbor is the point itself
        logs = np.log(distances)
    shift = math.log(m / (n - 1))

    def values(labels: BoolArray) -> FloatArray:
        return d * _mean_log_ratios(labels, near, logs, pool, k) + shift

    return LabelStatistic(n, m, values, batch=64)


def _refuse_duplicates(distances: FloatArray) -> None:
    double = distances[:, 1] == 0
    if double.any():
        raise DuplicateSamplesError(
            f"the points of x and y must be distinct for 'knn', which takes logarithms of "
            f"distances, got {int(double.sum())} points that coincide with another; to fix it, "
            "remove repeated rows, or choose another statistic such as 'energy' for data "
            "that repeat by nature"
        )


@compiled
def _mean_log_ratios(labels: Any, near: Any, logs: Any, pool: Any, k: Any) -> Any:
    """Mean of log(ν_k/ρ_k) over the points labeled True, for every row of labels.

    Parameters
    ----------
    labels : ndarray of bool, shape (B, N)
    near : ndarray of int64, shape (N, K)
        The nearest points of each, itself first.
    logs : ndarray, shape (N, K)
        Logarithms of their distances.
    pool : ndarray, shape (N, d)
        The points, searched where the K nearest hold fewer than k of a label.
    k : int

    Returns
    -------
    ndarray, shape (B,)
    """
    values = np.empty(len(labels))
    for b in range(len(labels)):
        row = labels[b]
        total, points = 0.0, 0
        for i in range(len(row)):
            if row[i]:
                total += _log_ratio(row, i, near, logs, pool, k)
                points += 1
        values[b] = total / points
    return values


@compiled
def _log_ratio(row: Any, i: Any, near: Any, logs: Any, pool: Any, k: Any) -> Any:
    """log(ν_k/ρ_k) at point i, which is labeled True."""
    own = other = 0
    log_own = log_other = np.nan
    for r in range(1, near.shape[1]):
        if row[near[i, r]]:
            own += 1
            if own == k:
                log_own = logs[i, r]
        else:
            other += 1
            if other == k:
                log_other = logs[i, r]
        if own >= k and other >= k:
            break
    if own < k:
        log_own = _log_distance(pool, row, i, True, k)
    if other < k:
        log_other = _log_distance(pool, row, i, False, k)
    return log_other - log_own


@compiled
def _log_distance(pool: Any, row: Any, i: Any, label: Any, k: Any) -> Any:
    """Logarithm of the distance from point i to the k-th nearest with that label."""
    nearest = np.full(k, np.inf)
    for j in range(len(row)):
        if j == i or row[j] != label:
            continue
        squared = 0.0
        for c in range(pool.shape[1]):
            squared += (pool[i, c] - pool[j, c]) ** 2
        at = k
        while at > 0 and squared < nearest[at - 1]:
            if at < k:
                nearest[at] = nearest[at - 1]
            at -= 1
        if at < k:
            nearest[at] = squared
    return 0.5 * np.log(nearest[k - 1])
