"""What a critic proves: sampled slopes, and lower bounds for two samples and for their distributions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import stdtrit
from torch import Tensor, nn

from otgan.costs import GroundCost, MatrixCost, PointCost
from otgan.critics.forward import scores
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_float64
from otgan.torch_modes import gradients_on
from otgan.transport.duality import PLAIN_PAIRS, c_transform

__all__ = [
    "CertifiedPotentials",
    "LowerBounds",
    "certified_lower_bound",
    "certified_lower_bounds",
    "certified_potentials",
    "population_lower_bound",
    "sampled_lipschitz",
    "share_above",
]

SEARCH_POINTS = 1500
"""Points of each sample on which the best scale of the critic is looked for."""

SHARES = (0.2, 0.4, 0.6, 0.8)
"""In which proportions the potentials from the two sides are mixed, on trial."""


@gradients_on()
def sampled_lipschitz(critic: nn.Module, x: Tensor, y: Tensor, rng: torch.Generator) -> float:
    """The largest gradient norm at points of x, of y and between them: a lower bound.

    Parameters
    ----------
    critic : torch.nn.Module
    x, y : torch.Tensor, shapes (n, d) and (m, d)
    rng : torch.Generator
        Chooses pairs and the points between them.

    Returns
    -------
    float
        No network can be proved Lipschitz by samples; this only shows how steep it is at least.
    """
    count = min(max(len(x), len(y)), 4096)
    u = x[torch.randint(len(x), (count,), generator=rng, device=x.device)]
    v = y[torch.randint(len(y), (count,), generator=rng, device=y.device)]
    share = torch.rand(count, 1, generator=rng, device=x.device, dtype=x.dtype)
    points = torch.cat([u, v, torch.lerp(u, v, share)]).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(scores(critic, points).sum(), points)
    return float(torch.linalg.vector_norm(gradient.flatten(1), dim=1).max())


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
    x: Any, y: Any, critic_x: FloatArray, critic_y: FloatArray, *, upper: float = math.inf
) -> LowerBounds:
    """`certified_lower_bound` of a critic beside that of the critic that is zero everywhere.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d)
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
    zeros = [np.zeros(len(values)) for values in (critic_x, critic_y)]
    critic = certified_lower_bound(x, y, critic_x, critic_y)
    # The scale of a critic is searched for on some of the points only, where zero may look worse.
    zero = min(certified_lower_bound(x, y, *zeros), upper)
    return LowerBounds(max(min(critic, upper), zero), zero)


class CertifiedPotentials(NamedTuple):
    """Potentials with f_i + g_j <= |x_i - y_j| for all pairs: a proof of their dual value."""

    f: FloatArray
    g: FloatArray

    @property
    def value(self) -> float:
        """Mean f + mean g: at most W1 of the two samples."""
        return float(self.f.mean() + self.g.mean())


def share_above(lower: float, zero: float, exact: float) -> float:
    """The share that a bound proves of what the critic that is zero everywhere leaves unproved.

    A skill score, as of forecasts: zero for that critic, one for an optimal one; NaN where nothing
    is left.

    References
    ----------
    Murphy, Skill scores based on the mean square error (Monthly Weather Review 116, 1988), for the
    name.

    Examples
    --------
    >>> share_above(9.5, 9.0, 10.0)
    0.5
    """
    left = exact - zero
    return (lower - zero) / left if left > 1e-9 * exact else math.nan


def certified_potentials(
    x: Any, y: Any, critic_x: FloatArray, critic_y: FloatArray
) -> CertifiedPotentials:
    """The critic's values on two samples, turned into potentials that are feasible for all pairs.

    Whatever the numbers t h(x_i) are, g_j = min_i |x_i - y_j| - t h(x_i) and the f that two
    c-transforms give are feasible, so their dual value is a bound; likewise from -t h(y_j). Each
    side has its own best scale t, looked for on at most 1,500 points of each sample. A mean of
    feasible potentials is feasible, so mixtures of the two sides are tried too, and improved by
    two more transforms; the best of all is returned.

    Nothing else is optimized: two numbers and a share are chosen, and the linear program is not
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
    cost: GroundCost = PointCost.of(x, y)
    n, m = cost.shape
    h_x, h_y = _critic_values(critic_x, n, "critic_x"), _critic_values(critic_y, m, "critic_y")
    rows, columns = (np.linspace(0, k - 1, min(k, SEARCH_POINTS)).astype(int) for k in (n, m))
    if n * m <= PLAIN_PAIRS:  # the distances are wanted often enough to keep them
        cost = MatrixCost(cost.rows(slice(None)))
    part = MatrixCost(cost.restricted(rows, columns).rows(slice(None)))
    t_x, t_y = _best_scales(part, h_x[rows], h_y[columns])
    from_x = _improved(cost, t_x * h_x)
    g, f = _improved(cost.T, -t_y * h_y)
    from_y = CertifiedPotentials(f, g)
    share = max(
        SHARES,
        key=lambda s: _improved(part, s * from_x.f[rows] + (1 - s) * from_y.f[rows]).value,
    )
    mixed = _improved(cost, share * from_x.f + (1 - share) * from_y.f)
    return max(from_x, from_y, mixed, key=lambda pair: pair.value)


def _best_scales(cost: MatrixCost, h_x: FloatArray, h_y: FloatArray) -> tuple[float, float]:
    """The t for which t times the critic proves most, from its values on x and on y."""
    gap = float(h_x.mean() - h_y.mean())
    if gap <= 0:
        return 0.0, 0.0
    # The mean cost is that of the independent plan, which bounds W1 from above; a critic scaled
    # to twice that gap overshoots it.
    steepest = 2.0 * float(cost.matrix.mean()) / gap

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
        return max(float(found.x), 1.0, 0.0, key=value)

    return best(cost, h_x), best(cost.T, -h_y)


def _improved(cost: GroundCost, potential: FloatArray) -> CertifiedPotentials:
    """The feasible potentials that two c-transforms make of any numbers on the sources."""
    g = c_transform(cost, potential)
    return CertifiedPotentials(c_transform(cost.T, g), g)


def _critic_values(values: Any, count: int, name: str) -> FloatArray:
    checked = as_float64(values, name)
    if checked.shape != (count,) or not np.isfinite(checked).all():
        raise InvalidInputError(
            f"{name} must hold {count} finite numbers, one for each point, got shape "
            f"{checked.shape} with {int((~np.isfinite(checked)).sum())} that are not finite; to "
            "fix it, give the critic's values at these points, or train one that did not diverge"
        )
    return checked


def population_lower_bound(
    f_x: Any, f_y: Any, lipschitz: float = 1.0, *, confidence_level: float = 0.95
) -> float:
    """A number that W1 of the distributions exceeds with this confidence, from a critic's held-out values.

    If f is L-Lipschitz, f / L is a competitor of the Kantorovich dual, so
    W1 >= (E f(x) - E f(y)) / L. With f fixed before the points were drawn, the difference of the
    two means is by the central limit theorem asymptotically normal about that, with variance
    var f(x) / n + var f(y) / m. So (difference - t se) / L lies below W1 with the probability that
    belongs to the quantile t, for which Student's is taken, with the degrees of freedom of Welch
    and Satterthwaite; W1 is not negative, so neither is the bound.

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
        speaks of the distributions, not of their samples.

    Raises
    ------
    InvalidInputError
        Fewer than two values, or not finite; a constant or confidence out of range.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Particular Case 5.16 (duality); Welch, The
    generalization of 'Student's' problem when several different population variances are involved
    (Biometrika 1947).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=1000) + 1, rng.normal(size=1000)
    >>> 0.85 < population_lower_bound(x, y) <= 1.0
    True
    """
    if not lipschitz > 0:
        raise InvalidInputError(
            f"lipschitz must be a positive number, got {lipschitz}; to fix it, pass a constant "
            "that the critic is proved to have"
        )
    if not 0 < confidence_level < 1:
        raise InvalidInputError(
            f"confidence_level must lie between 0 and 1, got {confidence_level}; to fix it, pass 0.95"
        )
    samples = [as_float64(values, name) for values, name in ((f_x, "f_x"), (f_y, "f_y"))]
    for sample, name in zip(samples, ("f_x", "f_y"), strict=True):
        if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
            raise InvalidInputError(
                f"{name} must hold at least two finite numbers, got shape {sample.shape}; to fix "
                "it, give the critic's values at held-out points"
            )
    difference = float(samples[0].mean() - samples[1].mean())
    terms = [float(sample.var(ddof=1)) / len(sample) for sample in samples]
    variance = sum(terms)
    if variance > 0:
        weights = [
            (term / variance) ** 2 / (len(s) - 1) for term, s in zip(terms, samples, strict=True)
        ]
        difference -= float(stdtrit(1.0 / sum(weights), confidence_level)) * math.sqrt(variance)
    return max(0.0, difference / lipschitz)
