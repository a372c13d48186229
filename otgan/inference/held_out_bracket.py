"""W1 of two distributions between what potentials of a sample show on other points, and W1 of the sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np

from otgan.costs import PointCost, row_blocks
from otgan.datasets import Sample
from otgan.datasets.samplers import unwrap_dataset, as_sampler, holds_points
from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_clouds
from otgan.inputs.options import as_confidence
from otgan.measures import FloatArray, as_pair, as_points, refuse_other_images
from otgan.transport.duality import c_transform
from otgan.transport.exact import emd
from otgan.transport.result import TransportResult

__all__ = ["HeldOutBracket", "anchors_at_x", "held_out_bracket"]


DRAWN = 2048
"""Points that a sampler is asked for."""


@dataclass(frozen=True)
class HeldOutBracket:
    """W1 of two distributions between two estimates, one biased down and one biased up.

    Attributes
    ----------
    lower, lower_se : float
        Value of extended potentials on points that they were not fitted to, in the mean at most
        W1 of the distributions; and its standard error. It may fall below zero by noise.
    upper, upper_se : float
        W1 of the samples, in the mean at least W1 of the distributions; and its standard error.
    n, m : int
        Points of x and of y, all together.
    transport : TransportResult
        The exact transport behind `upper`.
    """

    lower: float
    lower_se: float
    upper: float
    upper_se: float
    n: int
    m: int
    transport: TransportResult = field(repr=False)

    @property
    def midpoint(self) -> float:
        """The mean of the two: their biases have opposite signs, and often cancel largely."""
        return (self.lower + self.upper) / 2

    @property
    def relative_width(self) -> float:
        """(upper - lower) / upper, at least zero: small where samples say enough of their distributions."""
        return max(0.0, self.upper - self.lower) / self.upper if self.upper > 0 else 0.0

    def interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """Bounds that hold with this confidence together, by the central limit theorem."""
        quantile = NormalDist().inv_cdf((1.0 + as_confidence(confidence_level)) / 2)
        least = max(0.0, self.lower - quantile * self.lower_se)
        return least, self.upper + quantile * self.upper_se


def held_out_bracket(
    x: Any,
    y: Any,
    x_new: Any = None,
    y_new: Any = None,
    *,
    folds: int = 2,
    seed: int = 0,
) -> HeldOutBracket:
    """Bracket W1 of two distributions from samples by the linear program alone, without training.

    From above: W1 is convex in the pair of distributions, and samples are right in the mean, so
    E W1(samples) >= W1(distributions) by Jensen's inequality. The bias falls like n^(-1/d) only.

    From below: for every 1-Lipschitz f, E f(x) - E f(y) <= W1 (Kantorovich duality). Optimal
    potentials of a sample, extended as by `exact_critic`, are such an f, chosen without a look at
    the points where its means are taken: fresh ones, or else the parts of the two samples in turn,
    with the potentials of the other parts.

    The standard errors are those of means with the potentials held fixed:
    ``sqrt(var f(x) / n + var f(y) / m)``. For `upper` this is the limit distribution's deviation
    where the distributions differ. The values of several folds are averaged, and so are their
    standard errors: the deviation of a mean is at most the mean deviation, however dependent its
    terms are. (Of two folds the terms are nearly uncorrelated where the distributions differ much,
    and nearly equal where they agree, correlation 0.9.)

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or samplers
        Anything that :func:`otgan.datasets.samplers.as_sampler` knows; a sampler is asked for 2,048
        points.
    x_new, y_new : array_like, shapes (n', d) and (m', d), optional
        Independent points of the same distributions; both or neither. Without them x and y are
        split.
    folds : int
        Parts of the split: more are tighter from below, and take one `emd` each.
    seed : int
        Of the split.

    Returns
    -------
    HeldOutBracket

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, only one of the fresh samples, too few points to split.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Theorem 4.8 (convexity) and Particular Case
    5.16 (duality); McShane (Bulletin of the AMS 1934), Theorem 1; for the limit distribution, del
    Barrio, González-Sanz and Loubes, Central limit theorems for general transportation costs
    (2021).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> s = held_out_bracket(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + [3, 4])
    >>> s.lower < 5.2 and s.upper > 4.8 and s.relative_width < 0.05
    True
    """
    if (x_new is None) != (y_new is None):
        raise InvalidInputError(
            "x_new and y_new must be given together, got only one of them; to fix it, pass fresh "
            "points of both distributions, or of neither to split x and y"
        )
    x, y = unwrap_dataset(x, "x"), unwrap_dataset(y, "y")
    if x_new is not None:
        names = ["x", "y", "x_new", "y_new"]
        x, y, *fresh = align_clouds([x, y, x_new, y_new], names)
        refuse_other_images([x, y, *fresh], names)
    else:
        fresh = []
        if holds_points(x) and holds_points(y):
            x, y = align_clouds([x, y], ["x", "y"])
            refuse_other_images([x, y])
    mu, nu = as_pair(_points(x, "x", seed), _points(y, "y", seed + 1), None, None)
    whole = emd(mu.points, nu.points)
    upper_se = _standard_error(whole.f, whole.g)
    if fresh:
        fresh_x, fresh_y = as_points(fresh[0], "x_new"), as_points(fresh[1], "y_new")
        as_pair(fresh_x, mu.points, None, None)
        as_pair(fresh_y, nu.points, None, None)
        parts = [_held_out_value(mu.points, nu.points, whole, fresh_x, fresh_y)]
        n, m = mu.n + len(fresh_x), nu.n + len(fresh_y)
    else:
        splits = _splits(mu.points, nu.points, folds, seed)
        parts = [_held_out_value(u, v, emd(u, v), s, t) for u, v, s, t in splits]
        n, m = mu.n, nu.n
    lower, lower_se = (float(np.mean(column)) for column in zip(*parts, strict=True))
    if whole.distance == 0:  # nothing has to move, and the potentials of all points know no noise
        upper_se = max(upper_se, lower_se)
    return HeldOutBracket(lower, lower_se, whole.distance, upper_se, n, m, whole)


def _points(distribution: Any, name: str, seed: int) -> FloatArray:
    """The points of an array or data set, or enough of a sampler's."""
    rng = np.random.default_rng(seed)
    sampler = as_sampler(distribution, name, rng)
    points: FloatArray = (
        sampler.points if isinstance(sampler, Sample) else sampler.sample(DRAWN, rng)
    )
    return points


def _splits(
    x: FloatArray, y: FloatArray, folds: int, seed: int
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
    """Points to fit to and points to look at, of x and y, fold by fold."""
    if not 2 <= folds <= min(len(x), len(y)):
        raise InvalidInputError(
            f"folds must lie between 2 and the number of points, got {folds} for {len(x)} and "
            f"{len(y)} points; to fix it, give more points or pass x_new and y_new"
        )
    rng = np.random.default_rng(seed)
    of_x, of_y = (rng.permutation(len(z)) % folds for z in (x, y))
    for fold in range(folds):
        yield x[of_x != fold], y[of_y != fold], x[of_x == fold], y[of_y == fold]


def _held_out_value(
    x: FloatArray, y: FloatArray, transport: TransportResult, x_new: FloatArray, y_new: FloatArray
) -> tuple[float, float]:
    """E f(x) - E f(y) at new points for the potentials of old ones, and its standard error."""
    if anchors_at_x(x, y, transport):
        values = [-c_transform(PointCost(x, z), transport.f) for z in (x_new, y_new)]
    else:
        values = [c_transform(PointCost(y, z), transport.g) for z in (x_new, y_new)]
    return float(values[0].mean() - values[1].mean()), _standard_error(*values)


def _standard_error(f_x: FloatArray, f_y: FloatArray) -> float:
    return math.sqrt(f_x.var() / len(f_x) + f_y.var() / len(f_y))


def anchors_at_x(x: FloatArray, y: FloatArray, transport: TransportResult) -> bool:
    """Whether cones at x lose less at points they were not fitted to than cones at y.

    Each point in turn is left out; O((n² + m²) d) time.
    """
    loss_x = transport.f - -_left_out(x, -transport.f)
    loss_y = _left_out(y, -transport.g) + transport.g
    return bool(loss_x.mean() <= loss_y.mean())


def _left_out(points: FloatArray, heights: FloatArray) -> FloatArray:
    """The least over k != j of |a_j - a_k| + h_k: what the others say of each point."""
    if len(points) == 1:
        return np.full(1, np.inf)
    values = np.empty(len(points))
    for rows, block in row_blocks(PointCost(points, points)):
        reduced = block + heights
        own = np.arange(len(points))[rows]
        reduced[own - own[0], own] = np.inf
        values[rows] = reduced.min(axis=1)
    return values
