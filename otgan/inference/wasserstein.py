"""A confidence interval for W1 of two distributions, from held-out potentials and W1 of samples.

From below: for every 1-Lipschitz f, E f(X) - E f(Y) <= W1 (duality). From above: W1 of samples is
in the mean at least W1 of their distributions (convexity). Both ends come from such a number and
its error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from otgan.errors import InvalidInputError
from otgan.inference.held_out_potentials import (
    half_splits,
    held_out_values,
    mean_extension,
    sample_gap,
)
from otgan.inference.interval import Interval
from otgan.inference.mean_gap import MeanGap, greatest_linear_error
from otgan.inputs.options import as_confidence, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import DiscreteMeasure, FloatArray, as_float64, as_pair, refuse_gradients
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult

__all__ = ["FEWEST_POINTS", "check_sizes", "interval_of", "wasserstein_interval"]

FEWEST_POINTS = 10
"""Halves of fewer points than five say too little about a variance."""

Potential = tuple[Callable[[FloatArray], Any], float]


@checks_keywords
def wasserstein_interval(
    x: Any,
    y: Any,
    *,
    confidence_level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
    potential: Potential | None = None,
) -> Interval:
    """A confidence interval for W1 between the *distributions* that two samples come from.

    The ground metric is Euclidean. The level holds for large samples from distributions with finite
    third moments; benchmarks/results/intervals.md shows what it is for small ones. Where dimensions
    are many the interval is wide, because samples say little about W1 of their distributions: its
    width is mostly bias, and shrinks like n^(-1/d).

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of each distribution, at least 10 each.
    confidence_level : float
        Level of the interval; the error that it allows is shared equally by the two ends.
    rng : int or numpy.random.Generator, default 0
        Source, or seed, of the split into halves: the same seed, the same interval.
    potential : (callable, float), optional
        A critic, chosen *without a look at x and y*, and a proved Lipschitz constant of it. It
        takes an array (k, d) and returns k numbers, greater where x lies. It may raise the lower
        end.

    Returns
    -------
    Interval
        About twice the time of one `emd` of the whole samples (on the line up to five times, where
        that is cheap), and O(n + m) memory beside it.

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, fewer than 10 points, a confidence_level outside (0, 1), a
        potential of the wrong form, or one that the samples show to be steeper than its constant.

    See Also
    --------
    emd : the distance of the samples themselves.

    Notes
    -----
    *From below.* Both samples are split in halves. Optimal potentials of one half, extended off it
    by cones (McShane), are 1-Lipschitz, so that the gap of their means over the other half is in
    the mean at most W1. The halves change parts, and the two lower bounds are averaged, standard
    errors and all: the deviation of a mean is at most the mean deviation. Taking the two errors for
    independent would not do. They are where the optimal potential is unique, but where the
    distributions agree, or have a part in common, both folds follow the same noise.

    *From above.* For an optimal potential f of the distributions, the samples' own distance is at
    least the gap of f over the samples, whose standard error is unknown as f is. Taken is the
    larger of that of the samples' optimal potentials and the greatest of any coordinate's, in any
    direction: sqrt(λ(Σx)/n + λ(Σy)/m) with the greatest eigenvalues λ of the covariances. No
    1-Lipschitz function varies more on the line, whatever the distribution, or in R^d, for a
    Gaussian one (Poincaré). For other distributions in R^d this is not proved, and the upward bias
    of the samples' distance must help.

    With `potential`, the lower end is the greater of two bounds, each allowed half of the error.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Theorem 4.8 (convexity) and Particular Case
    5.16 (duality); McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1;
    for the limit distribution, del Barrio, González-Sanz and Loubes, Central limit theorems for
    general transportation costs (2021); for the variance of Lipschitz functions, Boucheron, Lugosi
    and Massart, Concentration Inequalities (2013), Theorem 3.20.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(500, 2)) + [3, 4], rng.normal(size=(400, 2))
    >>> wasserstein_interval(x, y, rng=0)  # the truth is 5
    Interval(95 % in [4.736, 5.079], n=500, m=400)
    >>> wasserstein_interval(x, y, rng=0, potential=(lambda z: z @ [0.6, 0.8], 1.0))
    Interval(95 % in [4.791, 5.079], n=500, m=400)
    """
    confidence_level = as_confidence(confidence_level)
    refuse_gradients("wasserstein_interval", x, y)
    mu, nu = as_pair(x, y, None, None)
    check_sizes(mu.n, nu.n)
    transport = solve_measures(mu, nu)
    return interval_of(mu, nu, transport, confidence_level, as_rng(rng), potential)


def check_sizes(n: int, m: int) -> None:
    """Raise where the samples have too few points for an interval."""
    if min(n, m) < FEWEST_POINTS:
        raise InvalidInputError(
            f"x and y must hold at least {FEWEST_POINTS} points each, got {n} and {m}; to "
            "fix it, give more points, or use emd for the distance of the points themselves"
        )


def interval_of(
    mu: DiscreteMeasure,
    nu: DiscreteMeasure,
    transport: TransportResult,
    confidence_level: float,
    rng: np.random.Generator,
    potential: Potential | None = None,
) -> Interval:
    """:func:`wasserstein_interval` of checked arguments, with the optimal transport of the samples.

    Both samples have at least `FEWEST_POINTS` points, each with the same weight.
    """
    level = (1 + confidence_level) / 2
    plug_in = _plug_in(mu, nu, transport)
    if potential is None:
        below = _from_samples(mu.points, nu.points, rng, level)
    else:
        level_of_each = (1 + level) / 2
        below = max(
            _from_samples(mu.points, nu.points, rng, level_of_each),
            _from_potential(mu.points, nu.points, potential, plug_in.value, level_of_each),
        )
    return Interval(
        low=min(below.low, plug_in.value),  # they may cross by rounding
        high=plug_in.upper_confidence_bound(level),
        confidence_level=confidence_level,
        lower_estimate=below.estimate,
        lower_se=below.se,
        plug_in=plug_in.value,
        plug_in_se=plug_in.se,
        lower_from=below.source,
        n=mu.n,
        m=nu.n,
    )


class _LowerBound(NamedTuple):
    """A lower confidence bound, the estimate that it comes from, and the source of that."""

    low: float
    estimate: float
    se: float
    source: Literal["samples", "potential"]


def _plug_in(mu: DiscreteMeasure, nu: DiscreteMeasure, transport: TransportResult) -> MeanGap:
    """W1 of the samples; its error is that of their potentials, or of coordinates if greater."""
    gap = sample_gap(transport)
    se = max(gap.se, greatest_linear_error(mu.points, nu.points))
    return replace(gap, value=transport.distance, se=se)


def _from_samples(
    x: FloatArray, y: FloatArray, rng: np.random.Generator, level: float
) -> _LowerBound:
    """The gap of extended potentials of one half over the other half, both ways."""
    one, two = (
        MeanGap.of(*held_out_values(split, mean_extension)) for split in half_splits(x, y, rng)
    )
    estimate, se = (one.value + two.value) / 2, (one.se + two.se) / 2
    low = (one.lower_confidence_bound(level) + two.lower_confidence_bound(level)) / 2
    return _LowerBound(max(0.0, low), estimate, se, "samples")


def _from_potential(
    x: FloatArray, y: FloatArray, potential: Any, plug_in: float, level: float
) -> _LowerBound:
    """The gap, over all points, of a critic that was chosen before the samples."""
    critic, constant = _as_potential(potential)
    f_x, f_y = (_values(critic, z) / constant for z in (x, y))
    gap = MeanGap.of(f_x, f_y)
    rounding = 1e-6 * max(plug_in, float(np.abs(f_x).max()), float(np.abs(f_y).max()))
    if gap.value > plug_in + rounding:  # no 1-Lipschitz function shows more than plug_in
        raise InvalidInputError(
            f"potential must have the Lipschitz constant that is given, got {constant:g}, but its "
            f"means over x and y differ by {gap.value * constant:.6g}, more than this constant "
            f"times the samples' distance {plug_in:.6g}; to fix it, give a constant that is proved"
        )
    return _LowerBound(max(0.0, gap.lower_confidence_bound(level)), gap.value, gap.se, "potential")


def _as_potential(potential: Any) -> Potential:
    try:
        critic, constant = potential
        constant = float(constant)
        proper = callable(critic) and 0 < constant < math.inf
    except (TypeError, ValueError):
        proper = False
    if not proper:
        raise InvalidInputError(
            "potential must be a pair of a callable and its positive Lipschitz constant, got "
            f"{potential!r}; to fix it, pass e.g. (lambda points: points[:, 0], 1.0)"
        )
    return critic, constant


def _values(critic: Callable[[FloatArray], Any], points: FloatArray) -> FloatArray:
    try:
        given = critic(points.copy())
    except TypeError as reason:
        raise InvalidInputError(
            f"potential must take an array of shape {points.shape}, got {reason}; to fix it, wrap "
            "a torch module: (lambda z: critic(torch.as_tensor(z)).detach(), constant)"
        ) from reason
    values = as_float64(given, "the values of potential")
    if values.shape not in ((len(points),), (len(points), 1)) or not np.isfinite(values).all():
        raise InvalidInputError(
            f"potential must return {len(points)} finite numbers for as many points, got shape "
            f"{values.shape} with {int((~np.isfinite(values)).sum())} that are not finite; to fix "
            "it, return one number for each row"
        )
    return values.ravel()
