"""The compiled loops of nearest neighbors among relabeled points."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.transport.compiled import compiled

__all__ = ["mean_log_ratios"]


@compiled
def mean_log_ratios(labels: Any, near: Any, logs: Any, pool: Any, k: Any) -> Any:
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
