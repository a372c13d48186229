"""Kantorovich duality: c-transforms, feasibility, and a certificate from plan and potentials.

Weak duality is the whole of it. For every plan P with marginals a and b, and every pair of
potentials with f_i + g_j <= C_ij,

    a.f + b.g  =  sum_ij P_ij (f_i + g_j)  <=  sum_ij P_ij C_ij,

so any such pair bounds the optimal cost from below and any such plan bounds it from above.
The code here does not use how plan and potentials were found.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, TypeGuard

import numpy as np
from scipy import sparse

from otgan.costs import (
    BLOCK_ENTRIES,
    GroundCost,
    MatrixCost,
    PointCost,
    SparseCost,
    as_ground_cost,
    line_exponent,
    row_blocks,
)
from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_to_costs, align_weights_of_costs
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_float64, as_masses, as_probabilities
from otgan.results import Result
from otgan.transport.couplings import Arcs, nearest_coupling, within_marginals
from otgan.transport.dummy_points import DummyPrices, WithDummies, as_prices
from otgan.transport.grid_cost import GridCost
from otgan.transport.rounding import EPS, NEGLIGIBLE_MASS

__all__ = [
    "Certificate",
    "c_transform",
    "c_transform_of",
    "certify",
    "certify_arcs",
    "dual_value",
    "dual_violation",
]

PLAIN_PAIRS = 2**22
"""More pairs of points than these are not compared one by one, but ruled out cell by cell."""

PLAIN_SUMS = 2**29
"""More sums along the axes of a grid than these are bounded, not compared one by one."""

NEGLIGIBLE_ROUNDING = 1e-10
"""Fraction of the cost up to which rounding of the dual value is left out of the bracket."""

MIN_ROUNDING = 1e-290
"""Rounding below it is left out of the bracket of a cost of zero."""


@checks_keywords
@dataclass(frozen=True, eq=False)
class Certificate(Result):
    """A bracket for the optimal transport cost, with the plan and potentials that prove it.

    ``float(certificate)`` is the upper bound, the cost of the plan.

    Attributes
    ----------
    lower, upper : float
        Dual and primal value; the optimal cost of probability measures lies between them, or of
        masses as they are where these may stay unmatched.
    plan : csr_array, shape (n, m)
        The plan, its marginals repaired.
    f, g : ndarray, shapes (n,) and (m,)
        The potentials, made feasible by c-transforms.
    marginal_error : float
        Total mass by which the marginals of the plan that was given were wrong: too large, where
        mass may stay unmatched.
    dual_violation : float
        Largest f_i + g_j - C_ij of the potentials that were given (zero if none is positive).
    """

    lower: float
    upper: float
    plan: sparse.csr_array
    f: FloatArray
    g: FloatArray
    marginal_error: float
    dual_violation: float

    derived: ClassVar[tuple[str, ...]] = ("gap",)
    bracket: ClassVar[tuple[str, ...]] = ("lower", "upper")
    panel: ClassVar[str] = "otgan.transport.plot.plan_picture"

    def __float__(self) -> float:
        """The upper bound: what the plan costs."""
        return self.upper

    @property
    def gap(self) -> float:
        """Width of the bracket, in units of cost."""
        return self.upper - self.lower

    def __repr__(self) -> str:
        return (
            f"Certificate(lower={self.lower:.10g}, upper={self.upper:.10g}, gap={self.gap:.3g}, "
            f"marginal_error={self.marginal_error:.3g}, dual_violation={self.dual_violation:.3g})"
        )


@checks_keywords
def c_transform(cost: Any, f: Any) -> FloatArray:
    """The largest g that is feasible beside f: g_j = min_i (C_ij - f_i).

    Parameters
    ----------
    cost : array_like, shape (n, m), or GroundCost
        Use ``cost.T`` to transform potentials on the targets.
    f : array_like, shape (n,)
        Labels are matched with those of the rows of `cost`, if both have some.

    Returns
    -------
    ndarray, shape (m,)
        O(n m) time, and O(n + m) memory beside the cost; for many points on the line
        O((n + m) log(n + m)).

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Definition 5.2.

    Examples
    --------
    >>> c_transform([[0.0, 1.0], [1.0, 0.0]], [0.0, -2.0])
    array([0., 1.])
    """
    f = align_to_costs(cost, f, "f", (0,))
    ground = as_ground_cost(cost)
    potential = _as_potential(f, ground.shape[0], "f")
    return c_transform_of(ground, potential)


def c_transform_of(
    cost: GroundCost,
    f: FloatArray,
    guess: FloatArray | None = None,
    n_jobs: int | None = None,
) -> FloatArray:
    """:func:`c_transform` of arguments that have been checked.

    A guess of the result, which need not be good, may help to find it; `n_jobs` is the number of
    threads that large clouds take.
    """
    n, m = cost.shape
    if isinstance(cost, GridCost):
        if cost.pairs_along_axes <= PLAIN_SUMS:
            return cost.c_transform(f)
        from otgan.transport.network_simplex.grid_transform import transform_of_cost

        return transform_of_cost(cost, f)
    if isinstance(cost, WithDummies):
        inner = c_transform_of(cost.points, f[:-1], None if guess is None else guess[:-1], n_jobs)
        u, v, between = cost.prices
        of_dummy = min(float((u - f[:-1]).min()), between - f[-1])
        return np.append(np.minimum(inner, v - f[-1]), of_dummy)
    if _is_large(cost) and np.isfinite(f).all():
        from otgan.transport.line_c_transform import c_transform_on_line
        from otgan.transport.network_simplex.pricing import c_transform_of_points

        exponent = line_exponent(cost.metric, cost.p) if cost.x.shape[1] == 1 else None
        if exponent is not None:
            return c_transform_on_line(cost.x[:, 0], cost.y[:, 0], exponent, f)
        if (normed := cost.normed()) is not None:
            return c_transform_of_points(normed, f, guess, n_jobs)
    if isinstance(cost, SparseCost):
        stored = cost.arcs_by_source.tocoo()
        reduced = stored.data - f[stored.coords[0]]
        g = np.full(m, np.inf)
        np.fmin.at(g, stored.coords[1], reduced)
        return g
    if isinstance(cost, MatrixCost) and n * m <= BLOCK_ENTRIES:
        with np.errstate(invalid="ignore"):
            return np.fmin.reduce(cost.matrix - f[:, None], axis=0, initial=np.inf)
    g = np.empty(m)
    for targets, block in row_blocks(cost.T):
        with np.errstate(invalid="ignore"):
            # A forbidden arc binds nothing: inf - inf is NaN, which fmin passes over.
            block = block - f if isinstance(cost, MatrixCost) else np.subtract(block, f, out=block)
            g[targets] = np.fmin.reduce(block, axis=1, initial=np.inf)
    return g


@checks_keywords
def dual_violation(cost: Any, f: Any, g: Any) -> float:
    """How far potentials are from feasible: max(0, max_ij f_i + g_j - C_ij).

    Parameters
    ----------
    cost : array_like, shape (n, m), or GroundCost
    f, g : array_like, shapes (n,) and (m,)
        Labels are matched with those of `cost`, if both have some.

    Returns
    -------
    float
        In units of cost; O(n m) time.

    Examples
    --------
    >>> dual_violation([[0.0, 1.0], [1.0, 0.0]], [0.0, 0.5], [0.0, 0.0])
    0.5
    """
    f, g = align_to_costs(cost, f, "f", (0,)), align_to_costs(cost, g, "g", (1,))
    ground = as_ground_cost(cost)
    f = _as_potential(f, ground.shape[0], "f")
    g = _as_potential(g, ground.shape[1], "g")
    worst = 0.0
    for rows, block in row_blocks(ground):
        with np.errstate(invalid="ignore"):
            excess = np.fmax.reduce(f[rows, None] + g - block, axis=None, initial=0.0)
        worst = max(worst, float(excess))
    return worst


@checks_keywords
def certify(
    cost: Any,
    plan: Any,
    f: Any,
    g: Any,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    unmatched: Any = None,
) -> Certificate:
    """Bracket the optimal transport cost by any plan and any potentials you bring.

    Neither needs to be optimal, or even feasible. The potentials are made feasible by two
    c-transforms (which only raises the bound of feasible ones), the plan is repaired so that its
    marginals are right; the bracket is computed from these alone.

    Parameters
    ----------
    cost : array_like, shape (n, m), or GroundCost
        A matrix, or ``PointCost.of(x, y, metric=..., p=...)`` to store none.
    plan : array_like or sparse array, shape (n, m)
    f, g : array_like, shapes (n,) and (m,)
        Potentials on sources and targets. For a critic h that is meant to be 1-Lipschitz and a
        metric cost, f = h(x) and g = -h(y).
    a, b : array_like, shapes (n,) and (m,), optional
        Masses; uniform probability weights if omitted. Both are normalized to one. Labels of the
        plan, the potentials and the masses are matched with those of `cost`, if it has some.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do.
    unmatched : float or pair, optional
        Prices of mass that stays unmatched, as for :func:`emd`, in units of cost. What the plan
        lacks of the masses, which are not normalized then, is bought at these prices, which also
        bound the potentials. A plan for a given mass is optimal if and only if it is so at the
        ``price`` of its result.

    Returns
    -------
    Certificate
        O(n m) time, two passes over all pairs, from which pairs of cells are left out where a
        bound on their costs allows it.

    Raises
    ------
    InvalidInputError
        Shapes that do not fit together, NaN, or masses that differ.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), Propositions 2.4 and 3.1.

    Examples
    --------
    >>> C = [[0.0, 1.0], [1.0, 0.0]]
    >>> certify(C, [[0.25, 0.25], [0.25, 0.25]], [0, 0], [0, 0])
    Certificate(lower=0, upper=0.5, gap=0.5, marginal_error=0, dual_violation=0)
    """
    f, g = align_to_costs(cost, f, "f", (0,)), align_to_costs(cost, g, "g", (1,))
    plan = align_to_costs(cost, plan, "plan", (0, 1))
    cost, a, b = align_weights_of_costs(cost, a, b)
    ground = as_ground_cost(cost)
    n, m = ground.shape
    arcs = _as_arcs(plan, ground.shape)
    potentials = _as_potential(f, n, "f"), _as_potential(g, m, "g")
    if unmatched is not None:
        masses = as_masses(a, b, n, m, normalize=normalize)
        return _certify_at_prices(ground, arcs, potentials, masses, as_prices(unmatched, n, m))
    a, b, _ = as_probabilities(a, b, n, m, normalize=normalize)
    return certify_arcs(ground, arcs, potentials, (a, b), improve=True)


def certify_arcs(
    ground: GroundCost,
    plan: Arcs,
    potentials: tuple[FloatArray, FloatArray],
    masses: tuple[FloatArray, FloatArray],
    *,
    improve: bool,
    n_jobs: int | None = None,
) -> Certificate:
    """The certificate from arguments that have been checked, the masses summing to one.

    f and its transform are feasible; to `improve` f by another one takes as long again, and
    gains nothing for potentials that are optimal already.
    """
    (f, g), (a, b) = potentials, masses
    repaired, upper = _primal_value(ground, nearest_coupling(plan, a, b), a, b)
    bound = _dual_bound(ground, potentials, masses, improve, n_jobs)
    with np.errstate(invalid="ignore"):  # two infinities, on both sides of a forbidden arc
        violation = float(np.fmax.reduce(g - bound.g, initial=0.0))
    if bound.rounding > NEGLIGIBLE_ROUNDING * abs(upper):
        centered = f - bound.offset, g + bound.offset
        again = _dual_bound(ground, centered, masses, improve, n_jobs)
        bound = max(bound, again, key=lambda dual: dual.value - dual.rounding)
    lower = bound.value
    if bound.rounding > max(NEGLIGIBLE_ROUNDING * abs(upper), MIN_ROUNDING):
        lower -= bound.rounding
    return Certificate(
        # The two agree at the optimum, and may cross there by rounding.
        lower=min(lower, upper),
        upper=upper,
        plan=_as_csr(repaired, ground.shape),
        f=bound.f,
        g=bound.g,
        marginal_error=_marginal_error(plan, a, b),
        dual_violation=violation,
    )


def _certify_at_prices(
    ground: GroundCost,
    plan: Arcs,
    potentials: tuple[FloatArray, FloatArray],
    masses: tuple[FloatArray, FloatArray],
    prices: DummyPrices,
) -> Certificate:
    """The certificate of a plan that leaves mass unmatched at these prices."""
    (f, g), (a, b), (u, v, _) = potentials, masses, prices
    bounded = np.minimum(f, u)
    best_g = np.minimum(c_transform_of(ground, bounded, g), v)
    best_f = np.maximum(bounded, np.minimum(c_transform_of(ground.T, best_g, f), u))
    kept, of_plan = _primal_value(ground, within_marginals(plan, a, b), a, b)
    r = np.maximum(a - np.bincount(kept.i, kept.mass, len(a)), 0.0)
    s = np.maximum(b - np.bincount(kept.j, kept.mass, len(b)), 0.0)
    upper = math.fsum([of_plan, *(u * r), *(v * s)])
    lower = dual_value(np.concatenate([a * best_f, b * best_g]), upper)
    excess = [
        np.bincount(plan.i, plan.mass, len(a)) - a,
        np.bincount(plan.j, plan.mass, len(b)) - b,
    ]
    return Certificate(
        lower=min(lower, upper),
        upper=upper,
        plan=sparse.coo_array((kept.mass, (kept.i, kept.j)), shape=ground.shape).tocsr(),
        f=best_f,
        g=best_g,
        marginal_error=float(np.maximum(np.concatenate(excess), 0.0).sum()),
        dual_violation=float(max((f - u).max(), (g - best_g).max(), 0.0)),
    )


def dual_value(products: FloatArray, upper: float) -> float:
    """The sum of masses times potentials, less its rounding where that is much beside `upper`."""
    value, rounding = math.fsum(products), 4 * EPS * _norm(products)
    return (
        value - rounding
        if rounding > max(NEGLIGIBLE_ROUNDING * abs(upper), MIN_ROUNDING)
        else value
    )


def _is_large(ground: GroundCost) -> TypeGuard[PointCost]:
    n, m = ground.shape
    return isinstance(ground, PointCost) and n * m > PLAIN_PAIRS


def _primal_value(
    ground: GroundCost, plan: Arcs, a: FloatArray, b: FloatArray
) -> tuple[Arcs, float]:
    """The cost of a plan, without masses on forbidden arcs that are rounding errors."""
    prices = ground.arcs(plan.i, plan.j)
    rounded = np.isinf(prices)
    if rounded.any():
        rounded &= plan.mass <= NEGLIGIBLE_MASS * np.minimum(a[plan.i], b[plan.j])
    if rounded.any():
        plan = Arcs(plan.i[~rounded], plan.j[~rounded], plan.mass[~rounded])
        prices = prices[~rounded]
    return plan, math.fsum(plan.mass * prices)


def _as_csr(plan: Arcs, shape: tuple[int, int]) -> sparse.csr_array:
    start = np.zeros(shape[0] + 1, np.int32)
    np.bincount(plan.i, minlength=shape[0]).cumsum(out=start[1:])
    stored = copy(_empty_csr(shape))
    # Set, not passed: the checks of the constructor take a fifth of a small solve.
    stored.data, stored.indices, stored.indptr = plan.mass, plan.j.astype(np.int32), start
    return stored


@lru_cache(maxsize=64)
def _empty_csr(shape: tuple[int, int]) -> sparse.csr_array:
    """An array to copy, of which only type and shape are used; it keeps no memory for rows."""
    empty = sparse.csr_array(shape)
    empty.indptr = np.zeros(1, np.int32)
    return empty


class _DualBound(NamedTuple):
    """Feasible potentials, a.f + b.g, and how much of that may be rounding.

    Every product, and every potential as a transform of others, is rounded on its own, so that
    errors add up as independent ones do; four units in the last place are far out in their
    tails. A common offset of the potentials counts by what the total masses differ.
    """

    f: FloatArray
    g: FloatArray
    value: float
    rounding: float
    offset: float


def _dual_bound(
    ground: GroundCost,
    potentials: tuple[FloatArray, FloatArray],
    masses: tuple[FloatArray, FloatArray],
    improve: bool,
    n_jobs: int | None,
) -> _DualBound:
    (f, g), (a, b) = potentials, masses
    g = c_transform_of(ground, f, g, n_jobs)
    # The transform of a transform is no smaller, whatever rounding makes of large costs.
    f = np.maximum(f, c_transform_of(ground.T, g, f, n_jobs)) if improve else f
    # A point without mass may have an infinite potential, where all its arcs are forbidden.
    of_f, of_g = _products(a, f), _products(b, g)
    if not (np.isfinite(of_f).all() and np.isfinite(of_g).all()):
        return _DualBound(f, g, -math.inf, 0.0, 0.0)  # they prove nothing
    from_f, from_g = math.fsum(of_f), math.fsum(of_g)
    offset = (from_f - from_g) / 2
    size = math.hypot(_norm(of_f), _norm(of_g))
    imbalance = abs(math.fsum(a) - math.fsum(b))
    return _DualBound(f, g, from_f + from_g, 4 * EPS * size + imbalance * abs(offset), offset)


def _norm(values: FloatArray) -> float:
    """The Euclidean norm, of values whose squares may leave the range of floats."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return 0.0
    return largest * math.sqrt(float(np.square(values / largest).sum()))


def _products(weights: FloatArray, potential: FloatArray) -> FloatArray:
    if np.isfinite(potential).all():
        return weights * potential
    carried = weights > 0
    return weights[carried] * potential[carried]


def _marginal_error(plan: Arcs, a: FloatArray, b: FloatArray) -> float:
    rows = np.bincount(plan.i, plan.mass, len(a))
    columns = np.bincount(plan.j, plan.mass, len(b))
    return float(np.abs(rows - a).sum() + np.abs(columns - b).sum())


def _as_arcs(plan: Any, shape: tuple[int, int]) -> Arcs:
    masses = plan if sparse.issparse(plan) else as_float64(plan, "plan")
    if masses.shape != shape:
        raise InvalidInputError(
            f"plan must have shape {shape}, got {masses.shape}; to fix it, give the mass from "
            "every source to every target"
        )
    arcs = sparse.coo_array(masses)
    if not np.isfinite(arcs.data).all() or (arcs.data < 0).any():
        raise InvalidInputError(
            "plan must hold finite, non-negative masses, got a negative or infinite one or NaN; "
            "to fix it, check where the plan came from"
        )
    i, j = arcs.coords
    return Arcs(i, j, arcs.data.astype(np.float64))


def _as_potential(values: Any, size: int, name: str) -> FloatArray:
    potential = as_float64(values, name)
    if potential.shape != (size,):
        raise InvalidInputError(
            f"{name} must have shape ({size},), got {potential.shape}; to fix it, give one "
            "potential for each point"
        )
    if np.isnan(potential).any():
        raise InvalidInputError(
            f"{name} must not hold NaN, got {int(np.isnan(potential).sum())} of them; to fix it, "
            "check where the potentials came from"
        )
    return potential
