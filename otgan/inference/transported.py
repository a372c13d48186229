"""Wasserstein distances of order 1 of relabeled samples: exact, and averaged over directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import pdist, squareform

from otgan.inference.statistics import BoolArray, Prepared, check_matrix
from otgan.inputs.options import as_count
from otgan.measures import FloatArray

__all__ = ["Sliced", "Wasserstein"]

BATCH_ARCS = 10**6
BATCH_STEPS = 10**7
"""Pairs of points, and steps along lines, in the relabelings valued at once, about."""


@dataclass(frozen=True)
class Wasserstein:
    """The exact Wasserstein distance of order 1 between the samples.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), Proposition 2.2 and section 2.6.
    """

    name: ClassVar[str] = "wasserstein"

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """On the line, one sort; otherwise all distances."""
        n, m = len(x), len(y)
        pool = np.concatenate([x, y])
        if pool.shape[1] == 1:
            return _between_projections(pool, n)
        from otgan.inference.transported_loops import optimal_costs

        check_matrix(n, m, self.name)
        matrix = squareform(pdist(pool))
        batch = int(np.clip(BATCH_ARCS // (n * m), 1, 64))
        return Prepared(n, m, lambda labels: optimal_costs(matrix, labels, n), batch)


@dataclass(frozen=True)
class Sliced:
    """The sliced Wasserstein distance of order 1: its mean over random directions.

    Attributes
    ----------
    directions : int
        How many; they are drawn once, and the same for every permutation. The line has one.

    References
    ----------
    Bonneel et al., Sliced and Radon Wasserstein barycenters of measures (2015).
    """

    directions: int = 100
    name: ClassVar[str] = "sliced"

    def __post_init__(self) -> None:
        as_count(self.directions, "directions")

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """One sort in every direction."""
        pool = np.concatenate([x, y])
        if pool.shape[1] == 1:
            return _between_projections(pool, len(x))
        directions = rng.normal(size=(pool.shape[1], self.directions))
        directions /= np.linalg.norm(directions, axis=0)
        return _between_projections(pool @ directions, len(x))


def _between_projections(projections: FloatArray, n: int) -> Prepared:
    """Mean over the columns of W1 = ∫ |F - G| between the projections of x and of y."""
    from otgan.inference.transported_loops import mean_area

    lines = np.ascontiguousarray(projections.T)
    order = np.argsort(lines, axis=1).astype(np.int32)
    gaps = np.diff(np.take_along_axis(lines, order, axis=1), axis=1)

    def values(labels: BoolArray) -> FloatArray:
        return mean_area(labels, order, gaps, n)

    batch = int(np.clip(BATCH_STEPS // lines.size, 1, 256))
    return Prepared(n, lines.shape[1] - n, values, batch)
