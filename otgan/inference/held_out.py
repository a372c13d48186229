"""W1 of two distributions between the gap of held-out potentials and W1 of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from otgan.datasets import Sample
from otgan.datasets.samplers import as_sampler, holds_points, unwrap_dataset
from otgan.errors import InvalidInputError
from otgan.estimates import normal_interval
from otgan.inference.held_out_potentials import (
    Split,
    fold_splits,
    held_out_values,
    one_sided_extension,
    sample_gap,
)
from otgan.inference.mean_gap import MeanGap, greatest_linear_error
from otgan.inputs.labels import align_clouds
from otgan.inputs.options import as_confidence, as_count, seed_from
from otgan.keywords import checks_keywords
from otgan.measures import (
    DiscreteMeasure,
    FloatArray,
    as_pair,
    as_points,
    refuse_gradients,
    refuse_other_images,
)
from otgan.results import Result
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult

__all__ = [
    "HeldOutBracket",
    "bracket_of_folds",
    "bracket_of_fresh_points",
    "held_out_bracket",
]


DRAWN = 2048
"""Points that a sampler is asked for."""


@checks_keywords
@dataclass(frozen=True, eq=False)
class HeldOutBracket(Result):
    """W1 of two distributions between two estimates, one biased down and one biased up.

    ``float(bracket)`` is the midpoint.

    Attributes
    ----------
    lower_estimate, lower_se : float
        Value of extended potentials on points that they were not fitted to, in the mean at most
        W1 of the distributions; and its standard error. It may fall below zero by noise.
    upper_estimate, upper_se : float
        W1 of the samples, in the mean at least W1 of the distributions; and its standard error.
    n, m : int
        Points of x and of y, all together.
    transport : TransportResult
        The exact transport behind `upper_estimate`.
    greatest_linear_se : float
        The greatest standard error that the gap of means of a coordinate has, in any direction.
        Near equal distributions potentials of samples vary less than those of the distributions,
        and `upper_se` is too small: the upper end of `interval` allows for the greater of the two.
    """

    derived: ClassVar[tuple[str, ...]] = ("midpoint", "relative_width")
    bracket: ClassVar[tuple[str, ...]] = ("lower_estimate", "upper_estimate")
    panel: ClassVar[str] = "otgan.inference.plot.two_estimates"

    lower_estimate: float
    lower_se: float
    upper_estimate: float
    upper_se: float
    n: int
    m: int
    transport: TransportResult = field(repr=False)
    greatest_linear_se: float = 0.0

    @property
    def midpoint(self) -> float:
        """The mean of the two: their biases have opposite signs, and often cancel largely."""
        return (self.lower_estimate + self.upper_estimate) / 2

    @property
    def relative_width(self) -> float:
        """Width over `upper_estimate`, at least zero: small where the samples are large enough."""
        if self.upper_estimate <= 0:
            return 0.0
        return max(0.0, self.upper_estimate - self.lower_estimate) / self.upper_estimate

    def __float__(self) -> float:
        return self.midpoint

    def interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """A confidence interval for W1 of the distributions, by the central limit theorem.

        With Student's quantile, of one less than the points of the smaller sample.
        """
        level, df = as_confidence(confidence_level), max(1, min(self.n, self.m) - 1)
        low, _ = normal_interval(self.lower_estimate, self.lower_se, level, df=df)
        upper_se = max(self.upper_se, self.greatest_linear_se)
        _, high = normal_interval(self.upper_estimate, upper_se, level, df=df)
        return max(0.0, low), high


@checks_keywords
def held_out_bracket(
    x: Any,
    y: Any,
    *,
    x_new: Any = None,
    y_new: Any = None,
    folds: int = 2,
    rng: np.random.Generator | int | None = 0,
) -> HeldOutBracket:
    """Bracket W1 of two distributions from samples by the linear program alone, without training.

    From above: W1 is convex in the pair of distributions, and samples are right in the mean, so
    E W1(samples) >= W1(distributions) by Jensen's inequality. The bias falls like n^(-1/d) only.

    From below: for every 1-Lipschitz f, E f(x) - E f(y) <= W1 (Kantorovich duality). Optimal
    potentials of a sample, extended by cones at its points, are such an f, chosen without a look at
    the points where its means are taken: fresh ones, or else the folds of the two samples in turn,
    with the potentials of the other folds.

    The standard errors are those of means with the potentials held fixed:
    ``sqrt(var f(x) / n + var f(y) / m)``. For `upper_estimate` this is the standard deviation of
    the limit distribution where the distributions differ. The values of several folds are averaged,
    and so are their standard errors: the deviation of a mean is at most the mean deviation, however
    dependent its terms are. (Of two folds the terms are nearly uncorrelated where the distributions
    differ much, and nearly equal where they agree, correlation 0.9.)

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or samplers
        Points, or a sampler as :func:`otgan.estimate_w1` takes it, of which 2,048 points are drawn.
    x_new, y_new : array_like, shapes (n', d) and (m', d), optional
        Independent points of the same distributions; both or neither. Without them x and y are
        split.
    folds : int
        Parts of the split: more are tighter from below, and take one `emd` each.
    rng : int or numpy.random.Generator, default 0
        Seed of the split, and of what samplers draw. A generator gives one number, which is the
        seed: ``rng=3`` and ``rng=numpy.random.default_rng(3)`` split differently.

    Returns
    -------
    HeldOutBracket

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, only one of the fresh samples, tensors that require gradients,
        too few points to split.

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
    >>> s.lower_estimate < 5.2 and s.upper_estimate > 4.8 and s.relative_width < 0.05
    True
    """
    refuse_gradients("held_out_bracket", x, y, x_new, y_new)
    x, y, fresh = _aligned(x, y, x_new, y_new)
    seed = seed_from(rng)
    mu, nu = as_pair(_points(x, "x", seed), _points(y, "y", seed + 1), None, None)
    if fresh:
        new = _fresh_points(mu.points, nu.points, fresh)
        return bracket_of_fresh_points(mu, nu, *new)
    folds = _as_folds(folds, mu.n, nu.n)
    return bracket_of_folds(mu, nu, folds, seed)


def bracket_of_fresh_points(
    mu: DiscreteMeasure, nu: DiscreteMeasure, x_new: FloatArray, y_new: FloatArray
) -> HeldOutBracket:
    """:func:`held_out_bracket` with fresh points, of arguments that have been checked."""
    transport = solve_measures(mu, nu)
    split = Split(mu.points, nu.points, x_new, y_new)
    gap = MeanGap.of(*held_out_values(split, one_sided_extension, transport))
    linear_se = greatest_linear_error(mu.points, nu.points)
    return _bracket([gap], transport, linear_se, (mu.n + len(x_new), nu.n + len(y_new)))


def bracket_of_folds(
    mu: DiscreteMeasure, nu: DiscreteMeasure, folds: int, seed: int
) -> HeldOutBracket:
    """:func:`held_out_bracket` without fresh points, of arguments that have been checked."""
    transport = solve_measures(mu, nu)
    splits = fold_splits(mu.points, nu.points, folds, np.random.default_rng(seed))
    gaps = [MeanGap.of(*held_out_values(split, one_sided_extension)) for split in splits]
    linear_se = greatest_linear_error(mu.points, nu.points)
    return _bracket(gaps, transport, linear_se, (mu.n, nu.n))


def _bracket(
    gaps: Sequence[MeanGap], transport: TransportResult, linear_se: float, sizes: tuple[int, int]
) -> HeldOutBracket:
    lower_se = float(np.mean([gap.se for gap in gaps]))
    upper_se = sample_gap(transport).se
    if transport.distance == 0:  # nothing has to move, and the potentials of all points are zero
        upper_se = max(upper_se, lower_se)
    return HeldOutBracket(
        lower_estimate=float(np.mean([gap.value for gap in gaps])),
        lower_se=lower_se,
        upper_estimate=transport.distance,
        upper_se=upper_se,
        n=sizes[0],
        m=sizes[1],
        transport=transport,
        greatest_linear_se=linear_se,
    )


def _aligned(x: Any, y: Any, x_new: Any, y_new: Any) -> tuple[Any, Any, Sequence[Any]]:
    """The samples, and the fresh points if there are any, with the columns of x."""
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
    return x, y, fresh


def _points(distribution: Any, name: str, seed: int) -> FloatArray:
    """The points of an array or data set, or enough of a sampler's."""
    rng = np.random.default_rng(seed)
    sampler = as_sampler(distribution, name, rng)
    points: FloatArray = (
        sampler.points if isinstance(sampler, Sample) else sampler.sample(DRAWN, rng)
    )
    return points


def _fresh_points(
    x: FloatArray, y: FloatArray, fresh: Sequence[Any]
) -> tuple[FloatArray, FloatArray]:
    x_new, y_new = as_points(fresh[0], "x_new"), as_points(fresh[1], "y_new")
    as_pair(x_new, x, None, None)
    as_pair(y_new, y, None, None)
    return x_new, y_new


def _as_folds(folds: Any, n: int, m: int) -> int:
    number = as_count(folds, "folds", least=2, hint="pass 2 or more, or leave it out")
    if number > min(n, m):
        raise InvalidInputError(
            f"folds must lie between 2 and the number of points, got {folds} for {n} and {m} "
            "points; to fix it, give more points or pass x_new and y_new"
        )
    return number
