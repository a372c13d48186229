"""The nearest-neighbor estimate of KL as a statistic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial import cKDTree

from otgan.errors import DuplicateSamplesError, InvalidInputError
from otgan.inference.statistics import BoolArray, Prepared
from otgan.inputs.options import as_count
from otgan.measures import FloatArray

__all__ = ["Knn"]

SPARE = 4
"""How many times as many neighbors as needed on average are kept for every point."""


@dataclass(frozen=True)
class Knn:
    """The k-nearest-neighbor estimate of KL(P‖Q), in nats: (d/n) Σ log(ν_k/ρ_k) + log(m/(n - 1)).

    ρ_k is the distance from a point of x to its k-th neighbor in x, ν_k that to its k-th in y.

    Attributes
    ----------
    k : int
        Which neighbor. For tests more than for estimates: a larger one has less variance, and
        bias does no harm to the level.

    References
    ----------
    Wang, Kulkarni and Verdú, Divergence estimation for multidimensional densities via
    k-nearest-neighbor distances (2009), equation 5.
    """

    k: int = 10
    name: ClassVar[str] = "knn"

    def __post_init__(self) -> None:
        as_count(self.k, "k")

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """The neighbors of every point in the pool, the nearest first."""
        from otgan.inference.neighbors_loops import mean_log_ratios

        (n, d), m, k = x.shape, len(y), self.k
        if n <= k or m < k:
            raise InvalidInputError(
                f"x and y must have at least {k + 1} and {k} points for the neighbor k = {k}, "
                f"got {n} and {m}; to fix it, give more points or pass statistic=Knn(k=...)"
            )
        pool = np.concatenate([x, y])
        width = min(n + m, 1 + math.ceil(SPARE * k * (n + m) / min(n, m)))
        distances, near = cKDTree(pool).query(pool, k=width)
        _refuse_duplicates(distances)
        with np.errstate(divide="ignore"):  # the first neighbor is the point itself
            logs = np.log(distances)
        shift = math.log(m / (n - 1))

        def values(labels: BoolArray) -> FloatArray:
            return d * mean_log_ratios(labels, near, logs, pool, k) + shift

        return Prepared(n, m, values, batch=64)


def _refuse_duplicates(distances: FloatArray) -> None:
    double = distances[:, 1] == 0
    if double.any():
        raise DuplicateSamplesError(
            f"the points of x and y must be distinct for 'knn', which takes logarithms of "
            f"distances, got {int(double.sum())} points that coincide with another; to fix it, "
            "remove repeated rows, or choose another statistic such as 'energy' for data "
            "that repeat by nature"
        )
