"""The Wasserstein distance of two samples less what samples of one distribution show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import Metric
from otgan.divergences.ties import hold_copies
from otgan.errors import InvalidInputError
from otgan.estimates import Estimate, normal_interval, standard_error_of_mean
from otgan.inputs.options import as_confidence, as_order, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import DiscreteMeasure, FloatArray, as_pair, refuse_gradients
from otgan.pooled_null import extend_to_zero
from otgan.transport.exact import solve_measures
from otgan.transport.plug_in_bias import halves_of
from otgan.transport.result import TransportResult

__all__ = ["FourSamples", "debiased_wasserstein"]

FEWEST_POINTS = 10
"""Halves of fewer points than five say too little about a variance."""

OTHERS = {0: (2, 3), 1: (2, 3), 2: (0, 1), 3: (0, 1)}
"""The samples x, x', y, y' by number, with those of the other distribution."""

COPIES = (
    "both samples hold the same points, and so are not independent, which makes the value too "
    "small: the interval was widened to hold zero"
)

BETWEEN = ((0, 2), (0, 3), (1, 2), (1, 3))
WEIGHTS = {**dict.fromkeys(BETWEEN, 1 / 4), (0, 1): -1 / 2, (2, 3): -1 / 2}
"""Pairs of samples, and the weights of their distances in D."""


@checks_keywords
def debiased_wasserstein(
    x: Any,
    y: Any,
    *,
    p: float = 1.0,
    metric: Metric = "euclidean",
    rng: np.random.Generator | int | None = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Wasserstein distance less the mean distance between samples of either distribution.

    ``D = W(x, y) - [W(x, x') + W(y, y')] / 2`` of independent samples x, x' and y, y' of one size.
    The distance of samples is too large, by an amount that depends on how they spread: blurred
    points spread less, and are nearer to real points than other real points are. D compares like
    with like: at equal distributions its mean is zero, and it need not be positive.

    Parameters
    ----------
    x, y : array_like, shapes (n, d), or (n,) on the line
        Independent points of the two distributions, equally many, at least 10 each. They are cut in
        halves: x and x', y and y'.
    p : float, default 1
        The order of the distance, whose root is taken.
    metric : str or callable, default "euclidean"
        The ground metric, as in :func:`otgan.emd`.
    rng : int or numpy.random.Generator, default 0
        Source, or seed, of the split into halves.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        In the units of the metric. `value` is D, W(x, y) being averaged over the four pairs of
        halves. The interval takes Student's quantile, with one less than the points of a half, and
        is for the mean of D at this number of points, not for W of the distributions: if it does
        not hold zero, they differ. (One below zero, of samples that share points and so are not
        independent, is widened to hold it, and a warning says so.)
        Diagnostics: the three distances that D is made of, `between`, `within_x` and `within_y`.

    Raises
    ------
    InvalidInputError
        Points, a metric or an order that `emd` refuses, samples of unequal or too small sizes,
        tensors that require gradients, or a confidence_level outside (0, 1).

    See Also
    --------
    wasserstein_interval : bounds for W1 of the distributions.
    sinkhorn_divergence : debiased in the same way, of regularized costs.

    Notes
    -----
    Six exact distances between n/2 and n/2 points. The standard error comes from their Kantorovich
    potentials, at no further cost. A point moves D by the weighted sum of its three potentials; the
    variances of these over a half, divided by its size, are added up. That counts interactions of
    points of two halves twice, as the jackknife does. They are as
    large as half the squared standard error of the change of a half's potentials when the half
    opposite is exchanged for its sister, and are subtracted once for each of the six distances,
    times its squared weight. For Gaussian samples in 2 and 10 dimensions the result is the standard
    deviation of D, or up to a quarter more (benchmarks/results/debiased.md).

    In many dimensions D of different distributions may be small or negative, where the distances
    within are too large by more than the one between: it orders samples of one size, and does not
    estimate W.

    References
    ----------
    Salimans, Zhang, Radford and Metaxas, Improving GANs using optimal transport (ICLR 2018),
    section 3: D is half of their minibatch energy distance, with W_p in place of its cost; del
    Barrio, González-Sanz and Loubes, Central limit theorems for general transportation costs
    (2021), for the variance of potentials; Efron and Stein, The jackknife estimate of variance
    (Annals of Statistics 1981), for interactions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y, z = rng.normal(size=(3, 400, 5))
    >>> debiased_wasserstein(x, y)
    Estimate(-0.0215 ± 0.017, 95 % in [-0.05511, 0.01211], method='debiased, p = 1', n=400, m=400)
    >>> debiased_wasserstein(x, z + 1)  # W1 of the distributions is √5, of the samples more
    Estimate(1.444 ± 0.067, 95 % in [1.313, 1.575], method='debiased, p = 1', n=400, m=400)
    """
    refuse_gradients("debiased_wasserstein", x, y)
    confidence_level, p = as_confidence(confidence_level), as_order(p)
    mu, nu = as_pair(x, y, None, None)
    _check_sizes(mu.n, nu.n)
    (x_one, y_one), (x_two, y_two) = halves_of(mu.points, nu.points, as_rng(rng))
    halves = [DiscreteMeasure.uniform(half) for half in (x_one, x_two, y_one, y_two)]
    found = FourSamples.of(halves, metric, p)
    interval = normal_interval(found.value, found.se, confidence_level, df=mu.n // 2 - 1)
    warnings: tuple[str, ...] = ()
    if interval[1] < 0 and hold_copies(mu.points, nu.points):
        interval, warnings = extend_to_zero(interval), (COPIES,)
    return Estimate(
        value=found.value,
        se=found.se,
        interval=interval,
        method=f"debiased, p = {p:g}",
        n=mu.n,
        m=nu.n,
        confidence_level=confidence_level,
        diagnostics={
            "between": found.between,
            "within_x": found.within_x,
            "within_y": found.within_y,
        },
        warnings=warnings,
    )


def _check_sizes(n: int, m: int) -> None:
    if n != m:
        raise InvalidInputError(
            f"x and y must hold equally many points, as the distance of samples depends on how "
            f"many they are, got {n} and {m}; to fix it, pass {min(n, m)} of each"
        )
    if n < FEWEST_POINTS:
        raise InvalidInputError(
            f"x and y must hold at least {FEWEST_POINTS} points each, got {n}; to fix it, give "
            "more points"
        )


class FourSamples(NamedTuple):
    """Distances between all pairs of independent samples x, x', y and y', and their debiased one.

    Attributes
    ----------
    transports : mapping of (i, j) to TransportResult
        Optimal transport between samples i < j, numbered in this order.
    changes : mapping of (i, j) to ndarray
        By how much each point of sample i moves W between i and j, up to a constant.
    """

    transports: dict[tuple[int, int], TransportResult]
    changes: dict[tuple[int, int], FloatArray]

    @classmethod
    def of(
        cls,
        samples: Sequence[DiscreteMeasure],
        metric: Metric = "euclidean",
        p: float = 1.0,
        *,
        within_x: TransportResult | None = None,
    ) -> FourSamples:
        """Six exact distances; five if that from x to x' is given."""
        transports, changes = {}, {}
        for i, j in WEIGHTS:
            known = within_x if (i, j) == (0, 1) else None
            transport = known or solve_measures(samples[i], samples[j], metric, p)
            slope = _slope_of_root(transport.distance, p)
            transports[i, j] = transport
            changes[i, j], changes[j, i] = slope * transport.f, slope * transport.g
        return cls(transports, changes)

    @property
    def between(self) -> float:
        """Mean distance of samples x and x' to samples y and y'."""
        return float(np.mean([self.transports[pair].distance for pair in BETWEEN]))

    @property
    def within_x(self) -> float:
        """Distance of x and x'."""
        return self.transports[0, 1].distance

    @property
    def within_y(self) -> float:
        """Distance of y and y'."""
        return self.transports[2, 3].distance

    @property
    def value(self) -> float:
        """The debiased distance D."""
        return self.between - (self.within_x + self.within_y) / 2

    @property
    def se(self) -> float:
        """The standard error of D: see the notes of :func:`debiased_wasserstein`."""
        total = sum(_squared_error(self._changes_of_d(i)) for i in range(4))
        differences = [self.changes[i, j] - self.changes[i, k] for i, (j, k) in OTHERS.items()]
        interaction = float(np.mean([_squared_error(change) for change in differences])) / 2
        twice = interaction * sum(weight**2 for weight in WEIGHTS.values())
        return math.sqrt(max(total - twice, total / 2))

    def _changes_of_d(self, i: int) -> FloatArray:
        """By how much each point of sample i moves D."""
        moved = [
            WEIGHTS[min(i, j), max(i, j)] * change
            for (sample, j), change in self.changes.items()
            if sample == i
        ]
        return np.sum(moved, axis=0)


def _squared_error(changes: FloatArray) -> float:
    return standard_error_of_mean(changes) ** 2


def _slope_of_root(distance: float, p: float) -> float:
    """dW/dC of W = C^(1/p); nothing moves at W = 0, where the potentials are zero."""
    return distance ** (1 - p) / p if distance > 0 else 0.0
