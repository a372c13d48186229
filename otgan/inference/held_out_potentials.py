"""Cross-fitting for W1: potentials of some points, extended to others, and their gap over those.

Optimal potentials of two samples, extended to other points by cones of slope one (McShane), are
1-Lipschitz. So the gap of their means over points that they were not fitted to is, in the mean, at
most W1 of the distributions (Kantorovich duality). There are many such extensions:
`one_sided_extension` takes the cones at the points of one sample, the one that loses less, as a
critic that is kept must; `mean_extension` takes the mean of the least and of the greatest
extension, which varies less over new points.

:func:`otgan.wasserstein_interval` needs the least error over the points held out, and keeps no
potential: it takes `mean_extension`. :func:`otgan.held_out_bracket` says what a potential that is
kept as a critic shows, for `otgan.estimate_w1` returns such a critic beside the bracket
(:func:`otgan.critics.potentials.mcshane.extended_potential`): it takes `one_sided_extension`.

Sources: McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1; Villani,
Optimal Transport: Old and New (2009), Particular Case 5.16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from otgan.costs import PointCost, row_blocks
from otgan.inference.mean_gap import MeanGap
from otgan.measures import DiscreteMeasure, FloatArray
from otgan.transport.duality import c_transform_of
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult

__all__ = [
    "Extension",
    "Potential",
    "Split",
    "anchors_at_x",
    "fold_splits",
    "half_splits",
    "held_out_values",
    "mean_extension",
    "one_sided_extension",
    "sample_gap",
]

Potential = Callable[[FloatArray], FloatArray]
"""From points, shape (k, d), to values there, shape (k,)."""

Extension = Callable[[FloatArray, FloatArray, TransportResult], Potential]
"""From two samples and their transport to a potential of every point."""


class Split(NamedTuple):
    """Points of two samples that potentials are fitted to, and others that are held out."""

    x: FloatArray
    y: FloatArray
    x_new: FloatArray
    y_new: FloatArray


def half_splits(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> list[Split]:
    """Both samples cut in halves at random; each pair of halves is fitted to in turn."""
    (x_one, x_two), (y_one, y_two) = (np.array_split(rng.permutation(z), 2) for z in (x, y))
    return [Split(x_one, y_one, x_two, y_two), Split(x_two, y_two, x_one, y_one)]


def fold_splits(
    x: FloatArray, y: FloatArray, folds: int, rng: np.random.Generator
) -> Iterator[Split]:
    """Both samples cut into so many folds; each fold is held out in turn."""
    of_x, of_y = (rng.permutation(len(z)) % folds for z in (x, y))
    for fold in range(folds):
        yield Split(x[of_x != fold], y[of_y != fold], x[of_x == fold], y[of_y == fold])


def held_out_values(
    split: Split, extension: Extension, transport: TransportResult | None = None
) -> tuple[FloatArray, FloatArray]:
    """Extended potentials at the points that were held out, of x and of y.

    `transport` is that of the points fitted to, where it is known.
    """
    x, y, x_new, y_new = split
    if transport is None:
        transport = solve_measures(DiscreteMeasure.uniform(x), DiscreteMeasure.uniform(y))
    potential = extension(x, y, transport)
    return potential(x_new), potential(y_new)


def sample_gap(transport: TransportResult) -> MeanGap:
    """The gap of the samples' own potentials, which is their distance, and its standard error."""
    return MeanGap.of(transport.f, -transport.g)


# ---------------------------------------------------------------- extensions


def one_sided_extension(x: FloatArray, y: FloatArray, transport: TransportResult) -> Potential:
    """Cones at the points of the sample that loses less by them: see :func:`anchors_at_x`."""
    return (_least if anchors_at_x(x, y, transport) else _greatest)(x, y, transport)


def mean_extension(x: FloatArray, y: FloatArray, transport: TransportResult) -> Potential:
    """The mean of the least and the greatest extension, 1-Lipschitz as they are."""
    least, greatest = _least(x, y, transport), _greatest(x, y, transport)
    return lambda points: (least(points) + greatest(points)) / 2


def _least(x: FloatArray, y: FloatArray, transport: TransportResult) -> Potential:
    """max_i f_i - |x_i - z|."""
    return lambda points: -c_transform_of(PointCost(x, points), transport.f)


def _greatest(x: FloatArray, y: FloatArray, transport: TransportResult) -> Potential:
    """min_j |y_j - z| - g_j."""
    return lambda points: c_transform_of(PointCost(y, points), transport.g)


def anchors_at_x(x: FloatArray, y: FloatArray, transport: TransportResult) -> bool:
    """Whether cones at x lose less at points they were not fitted to than cones at y.

    Each point in turn is left out; O((n² + m²) d) time.
    """
    loss_x = transport.f - -_without_own_cone(x, -transport.f)
    loss_y = _without_own_cone(y, -transport.g) + transport.g
    return bool(loss_x.mean() <= loss_y.mean())


def _without_own_cone(points: FloatArray, heights: FloatArray) -> FloatArray:
    """The least over k != j of |a_j - a_k| + h_k: the extension of the others at each point."""
    if len(points) == 1:
        return np.full(1, np.inf)
    values = np.empty(len(points))
    for rows, block in row_blocks(PointCost(points, points)):
        reduced = block + heights
        own = np.arange(len(points))[rows]
        reduced[own - own[0], own] = np.inf
        values[rows] = reduced.min(axis=1)
    return values
