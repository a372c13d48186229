"""What the values of a critic prove: bounds of W1 of two samples, and of their distributions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from otgan.costs import GroundCost, MatrixCost, PointCost
from otgan.errors import InvalidInputError
from otgan.inference.mean_gap import MeanGap
from otgan.inputs.options import as_confidence
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_float64
from otgan.transport.duality import PLAIN_PAIRS, c_transform_of

__all__ = [
    "CertifiedPotentials",
    "LowerBounds",
    "certified_lower_bound",
    "certified_lower_bounds",
    "certified_potentials",
    "lower_confidence_bound",
    "skill_score",
    "zero_lower_bound",
]

SEARCH_POINTS = 1500
"""Points of each sample on which the best scale of the critic is looked for."""

LARGEST_SPREAD = 1e4
"""Of a scaled critic's values, over the largest distance: potentials differ by no more than that
distance, and distances are lost beside far larger numbers."""

FRACTIONS = (0.2, 0.4, 0.6, 0.8)
"""Weights with which the potentials from the x side are tried in a mixture of both sides."""


@checks_keywords
def certified_lower_bound(x: Any, y: Any, critic_x: FloatArray, critic_y: FloatArray) -> float:
    """The best lower bound for W1 of two samples that a critic's values on them can prove.

    The dual value of `certified_potentials`, which says how it comes about. It depends neither on
    the scale of the critic, nor on its being Lipschitz.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d)
        The two samples, uniformly weighted.
    critic_x, critic_y : ndarray, shapes (n,) and (m,)
        Critic values, higher on x than on y.

    Returns
    -------
    float
        At most W1 of the two samples, Euclidean; at least zero. O(n m) time, six passes.

    Raises
    ------
    InvalidInputError
        Critic values that are not finite, or too few or too many.

    References
    ----------
    Mallasto, Montúfar and Gerolin, How well do WGANs estimate the Wasserstein metric?
    (arXiv 1910.03875), on c-transforms of a critic.

    Examples
    --------
    >>> x, y = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    >>> round(certified_lower_bound(x, y, -7 * x[:, 0], -7 * y[:, 0]), 6)
    3.5
    """
    return max(0.0, certified_potentials(x, y, critic_x, critic_y).value)


class LowerBounds(NamedTuple):
    """What a critic proves of a distance, and what the critic that is zero everywhere proves.

    Attributes
    ----------
    critic : float
        At least `zero`.
    zero : float
        The mean distance to the nearest point of the other sample, improved by c-transforms: in
        many dimensions most of the distance, without any training.
    """

    critic: float
    zero: float


def certified_lower_bounds(
    x: FloatArray,
    y: FloatArray,
    critic_x: FloatArray,
    critic_y: FloatArray,
    *,
    upper: float = math.inf,
) -> LowerBounds:
    """`certified_lower_bound` of a critic beside that of the critic that is zero everywhere.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Points that have been checked.
    critic_x, critic_y : ndarray, shapes (n,) and (m,)
        Critic values, higher on x than on y.
    upper : float
        What the distance is known to be at most: no bound exceeds it by rounding.

    Examples
    --------
    >>> x = np.arange(8.0)[:, None]
    >>> bounds = certified_lower_bounds(x, x + 2, -7 * x[:, 0], -7 * x[:, 0] - 14)
    >>> round(bounds.critic, 6), bounds.zero
    (2.0, 0.75)
    """
    cost = _kept(PointCost(x, y))
    h_x, h_y = _critic_values(critic_x, critic_y, cost.shape)
    critic = max(0.0, _potentials(cost, h_x, h_y).value)
    # The scale of a critic is searched for on some of the points only, where zero may look worse.
    zero = min(_zero_lower_bound(cost), upper)
    return LowerBounds(max(min(critic, upper), zero), zero)


def zero_lower_bound(x: FloatArray, y: FloatArray) -> float:
    """What the critic that is zero everywhere proves of W1 of samples of shapes (n, d), (m, d).

    Examples
    --------
    >>> zero_lower_bound(np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]]))
    3.5
    """
    return _zero_lower_bound(_kept(PointCost(x, y)))


def _zero_lower_bound(cost: GroundCost) -> float:
    n, m = cost.shape
    return max(0.0, _potentials(cost, np.zeros(n), np.zeros(m)).value)


class CertifiedPotentials(NamedTuple):
    """Potentials with ``f_i + g_j <= |x_i - y_j|`` for all pairs: a proof of their dual value."""

    f: FloatArray
    g: FloatArray

    @property
    def value(self) -> float:
        """Mean f + mean g: at most W1 of the two samples."""
        return float(self.f.mean() + self.g.mean())


@checks_keywords
def skill_score(lower: float, zero: float, exact: float) -> float:
    """The fraction that a bound proves of what the critic that is zero everywhere leaves unproved.

    As of forecasts: zero for that critic, one for an optimal one; NaN where nothing is left.

    References
    ----------
    Murphy, Skill scores based on the mean square error (Monthly Weather Review 116, 1988).

    Examples
    --------
    >>> skill_score(9.5, 9.0, 10.0)
    0.5
    """
    left = exact - zero
    return (lower - zero) / left if left > 1e-9 * exact else math.nan


@checks_keywords
def certified_potentials(
    x: Any, y: Any, critic_x: FloatArray, critic_y: FloatArray
) -> CertifiedPotentials:
    """The critic's values on two samples, turned into potentials that are feasible for all pairs.

    Whatever the numbers t h(x_i) are, ``g_j = min_i |x_i - y_j| - t h(x_i)`` and the f that two
    c-transforms give are feasible, so their dual value is a bound; likewise from -t h(y_j). Each
    side has its own best scale t, looked for on at most 1,500 points of each sample. A mean of
    feasible potentials is feasible, so mixtures of the two sides are tried too, and improved by
    two more transforms; the best of all is returned.

    Nothing else is optimized: two scales and a weight are chosen, and the linear program is not
    solved. But c-transforms of a constant (t = 0) already prove the mean distance to the nearest
    point of the other sample (of those searched), and no critic, however poor, proves less.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d)
    critic_x, critic_y : ndarray, shapes (n,) and (m,)
        Critic values, higher on x than on y.

    Returns
    -------
    CertifiedPotentials
        ``McShane(y, -g)`` of `otgan.critics.potentials.mcshane` is the critic that they repair,
        1-Lipschitz on the whole space.

    Raises
    ------
    InvalidInputError
        Critic values that are not finite, or too few or too many.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Definition 5.2 and Theorem 5.10.

    Examples
    --------
    >>> x, y = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    >>> f, g = certified_potentials(x, y, -7 * x[:, 0], -7 * y[:, 0])
    >>> round(float((f[:, None] + g - abs(x - y.T)).max()), 6)
    0.0
    """
    cost = _kept(PointCost.of(x, y))
    return _potentials(cost, *_critic_values(critic_x, critic_y, cost.shape))


def _potentials(cost: GroundCost, h_x: FloatArray, h_y: FloatArray) -> CertifiedPotentials:
    """`certified_potentials` of arguments that have been checked."""
    n, m = cost.shape
    center = h_x.mean() / 2 + h_y.mean() / 2  # a common offset costs no digits
    h_x, h_y = h_x - center, h_y - center
    rows, columns = (np.linspace(0, k - 1, min(k, SEARCH_POINTS)).astype(int) for k in (n, m))
    part = MatrixCost(cost.restricted(rows, columns).rows(slice(None)))
    t_x, t_y = _best_scales(part, h_x[rows], h_y[columns])
    from_x = _improved(cost, t_x * h_x)
    g, f = _improved(cost.T, -t_y * h_y)
    from_y = CertifiedPotentials(f, g)
    fraction = max(
        FRACTIONS,
        key=lambda s: _improved(part, s * from_x.f[rows] + (1 - s) * from_y.f[rows]).value,
    )
    mixed = _improved(cost, fraction * from_x.f + (1 - fraction) * from_y.f)
    return max(from_x, from_y, mixed, key=lambda pair: pair.value)


def _kept(cost: PointCost) -> GroundCost:
    """The cost as a matrix where it is small, since its entries are wanted often."""
    n, m = cost.shape
    return MatrixCost(cost.rows(slice(None))) if n * m <= PLAIN_PAIRS else cost


def _best_scales(cost: MatrixCost, h_x: FloatArray, h_y: FloatArray) -> tuple[float, float]:
    """The t for which t times the critic proves most, from its values on x and on y."""
    gap, spread = float(h_x.mean() - h_y.mean()), float(np.ptp(np.concatenate([h_x, h_y])))
    if gap <= 0:
        return 0.0, 0.0
    most = LARGEST_SPREAD * float(cost.matrix.max()) / spread
    # The mean cost is that of the independent plan, which bounds W1 from above; a critic scaled
    # to twice that gap overshoots it.
    steepest = min(2.0 * float(cost.matrix.mean()) / gap, most)

    def best(ground: MatrixCost, h: FloatArray) -> float:
        def value(t: float) -> float:
            return _improved(ground, t * h).value

        found = minimize_scalar(
            lambda t: -value(t),
            bounds=(0.0, steepest),
            method="bounded",
            options={"maxiter": 25, "xatol": 1e-6 * steepest},
        )
        # An optimal critic is best just as it is, and a poor one left out.
        return max(float(found.x), min(1.0, most), 0.0, key=value)

    return best(cost, h_x), best(cost.T, -h_y)


def _improved(cost: GroundCost, potential: FloatArray) -> CertifiedPotentials:
    """The feasible potentials that two c-transforms make of any numbers on the sources."""
    g = c_transform_of(cost, potential)
    return CertifiedPotentials(c_transform_of(cost.T, g), g)


def _critic_values(
    critic_x: Any, critic_y: Any, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """The values as float64, one for each point."""
    checked = as_float64(critic_x, "critic_x"), as_float64(critic_y, "critic_y")
    for values, count, name in zip(checked, shape, ("critic_x", "critic_y"), strict=True):
        if values.shape != (count,) or not np.isfinite(values).all():
            raise InvalidInputError(
                f"{name} must hold {count} finite numbers, one for each point, got shape "
                f"{values.shape} with {int((~np.isfinite(values)).sum())} that are not finite; to "
                "fix it, give the critic's values at these points, or train one that did not "
                "diverge"
            )
    return checked


@checks_keywords
def lower_confidence_bound(
    f_x: Any, f_y: Any, lipschitz: float = 1.0, *, confidence_level: float = 0.95
) -> float:
    """A number that W1 of the distributions exceeds with this confidence, from held-out values.

    If f is L-Lipschitz, f / L is a competitor of the Kantorovich dual, so
    W1 >= (E f(x) - E f(y)) / L. With f fixed before the points were drawn, the difference of the
    two means is by the central limit theorem asymptotically normal about that, with variance
    var f(x) / n + var f(y) / m. Its lower confidence bound, over L, lies below W1 with that
    probability; W1 is not negative, so neither is the bound.

    Parameters
    ----------
    f_x, f_y : array_like, shapes (n,) and (m,)
        Values at points of x and y that had no part in the choice of f; at least two each.
    lipschitz : float
        A constant that f is proved to have; a sampled one will not do. ``inf`` proves nothing: 0.
    confidence_level : float

    Returns
    -------
    float
        At least zero. It holds for whatever f, in any dimension; unlike `certified_lower_bound` it
        speaks of the distributions, not of their samples. Student's quantile and a correction for
        skewness are those of `otgan.inference.mean_gap.MeanGap`.

    Raises
    ------
    InvalidInputError
        Fewer than two values, or not finite; a constant or confidence out of range.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Particular Case 5.16 (duality); Johnson,
    Modified t tests and confidence intervals for asymmetrical populations (JASA 1978).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=1000) + 1, rng.normal(size=1000)
    >>> 0.85 < lower_confidence_bound(x, y) <= 1.0
    True
    """
    if not lipschitz > 0:
        raise InvalidInputError(
            f"lipschitz must be a positive number, got {lipschitz}; to fix it, pass a constant "
            "that the critic is proved to have"
        )
    level = as_confidence(confidence_level)
    samples = as_float64(f_x, "f_x"), as_float64(f_y, "f_y")
    for sample, name in zip(samples, ("f_x", "f_y"), strict=True):
        if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
            raise InvalidInputError(
                f"{name} must hold at least two finite numbers, got shape {sample.shape}; to fix "
                "it, give the critic's values at held-out points"
            )
    return max(0.0, MeanGap.of(*samples).lower_confidence_bound(level) / lipschitz)
