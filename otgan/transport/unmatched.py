"""Transport that leaves mass over: the balanced problem that is solved, and what it says of ours.

Prices u, v of unmatched mass make the problem

    min Σ P_ij C_ij + Σ u_i r_i + Σ v_j s_j,    P 1 + r = a,  Pᵀ 1 + s = b,  P, r, s >= 0,

whose dual is max a.f + b.g over f_i + g_j <= C_ij, f <= u, g <= v. A mass that is given instead,
Σ P_ij = mass with r and s free of charge, has the dual max a.f + b.g + λ mass over f_i + g_j + λ <=
C_ij, f <= 0, g <= 0; with half of λ added to f and to g this is the one above, at the price λ/2.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from otgan.costs import GroundCost, PointCost, SparseCost
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_number
from otgan.measures import MASS_RTOL, FloatArray
from otgan.transport.couplings import northwest_corner
from otgan.transport.dummy_points import DummyPrices, as_prices, most_expensive, with_dummies
from otgan.transport.result import TransportResult
from otgan.transport.rounding import EPS, MARGINAL_TOLERANCE
from otgan.transport.solver import Problem

__all__ = ["check_options", "nothing_moves", "refuse_both", "unmatched_problem"]


ROUNDED_TOTAL = 4 * EPS
"""Fraction of all mass that rounding may move; dummies hold as much more than they must."""

ROUNDED_SHARE = 1e-9
"""Fraction of the mass of a point beyond which what is left of it is no rounding of the totals."""


def check_options(unmatched: Any, mass: Any) -> None:
    """Raise on a mass that cannot be, and on prices beside it."""
    refuse_both(unmatched, mass)
    if mass is None:
        return
    number = as_number(mass, "mass", "finite and not negative", "pass how much shall move")
    if not 0 <= number < math.inf:
        raise InvalidInputError(
            f"mass must be finite and not negative, got {number:g}; to fix it, pass how much shall "
            "move, in the units of the weights"
        )


def refuse_both(unmatched: Any, mass: Any) -> None:
    """Raise if prices are given beside the mass."""
    if unmatched is not None and mass is not None:
        raise InvalidInputError(
            "unmatched and mass must not both be given, got prices for what stays and the mass "
            "that moves; to fix it, leave one out: prices decide how much moves"
        )


def unmatched_problem(
    cost: GroundCost, a: FloatArray, b: FloatArray, p: float, unmatched: Any, mass: float | None
) -> Problem:
    """The balanced problem for one of the two options, which have passed :func:`check_options`.

    Parameters
    ----------
    cost : GroundCost
    a, b : ndarray, shapes (n,) and (m,)
        Checked weights, whose sums may differ.
    p : float
        Order of the distance.
    unmatched : float or pair, optional
    mass : float, optional
    """
    if mass is None:
        return priced_problem(cost, a, b, p, as_prices(unmatched, *cost.shape))
    return partial_problem(cost, a, b, p, float(mass))


def priced_problem(
    cost: GroundCost, a: FloatArray, b: FloatArray, p: float, prices: DummyPrices
) -> Problem:
    """Mass may stay unmatched at these prices."""
    a, b = _balanced(a, b)
    of_a, of_b = float(a.sum()), float(b.sum())
    excess_u, excess_v = _excess(cost, prices, of_a <= of_b)
    lowered = DummyPrices(prices.u - excess_u, prices.v - excess_v)
    spare = ROUNDED_TOTAL * (of_a + of_b)  # goes from dummy to dummy

    def restore(result: TransportResult) -> TransportResult:
        found = _without_dummies(result, of_a + of_b + spare)
        r, s = float(found.unmatched_x.sum()), float(found.unmatched_y.sum())
        # All of the lighter side is matched if prices were lowered, and only the heavier one pays.
        shift = 0.0 if of_a == of_b else excess_v if of_a < of_b else -excess_u
        upper = found.upper + excess_u * r + excess_v * s
        lower = min(found.lower + shift * (of_b - of_a), upper)
        f, g = found.f - shift, found.g + shift
        return replace(found, cost=upper, lower=lower, upper=upper, f=f, g=g)

    dummies = of_b + spare, of_a + spare
    return _problem(with_dummies(cost, lowered), (a, dummies[0]), (b, dummies[1]), p, restore)


def partial_problem(
    cost: GroundCost, a: FloatArray, b: FloatArray, p: float, mass: float
) -> Problem:
    """So much mass moves, and the rest stays free of charge."""
    a, b = _balanced(a, b)
    of_a, of_b = float(a.sum()), float(b.sum())
    least = min(of_a, of_b)
    if mass > least * (1 + MASS_RTOL):
        name = "a" if of_a <= of_b else "b"
        raise InvalidInputError(
            f"mass must be at most what either side holds, got {mass:.10g} with {of_a:.10g} in a "
            f"and {of_b:.10g} in b; to fix it, pass at most the sum of {name}, {least:.10g}"
        )
    whole = a, b
    a, b = _clipped(a, mass), _clipped(b, mass)
    of_a, of_b = float(a.sum()), float(b.sum())
    least = min(of_a, of_b)
    beyond = 2 * most_expensive(cost) or 1.0  # what no plan pays for a unit
    u, v = np.zeros(len(a)), np.zeros(len(b))
    spare = min(ROUNDED_TOTAL * (of_a + of_b), mass / 2)
    if least - mass > spare:
        # Nothing goes from dummy to dummy; with spare mass there, rounding forces none to move.
        rest, between = (of_b - mass + spare, of_a - mass + spare), beyond
    elif _has_forbidden(cost):  # no dummy for the lighter side
        rest, between, spare = (of_b - least, of_a - least), beyond, 0.0
    else:  # staying on the lighter side costs too much
        rest, between, spare = (of_b + spare, of_a + spare), 0.0, 0.0
        (u if of_a <= of_b else v).fill(beyond)
    dummies = with_dummies(cost, DummyPrices(u, v, between))
    signed = _is_signed(cost)

    def restore(result: TransportResult) -> TransportResult:
        total = of_a + rest[0]
        found = _without_dummies(result, total)
        plan = _moving(found.plan, a, b, min(mass, least))
        arcs = plan.tocoo()
        upper = math.fsum(arcs.data / total * cost.arcs(*arcs.coords)) * total
        multiplier = -float(result.f[-1] + result.g[-1])
        lower = min(found.lower + multiplier * spare, upper)  # what was found moves so much less
        moved = replace(
            found,
            cost=upper,
            lower=lower,
            upper=upper,
            plan=plan,
            unmatched_x=_left(found.unmatched_x, whole[0], plan.sum(axis=1)),
            unmatched_y=_left(found.unmatched_y, whole[1], plan.sum(axis=0)),
        )
        return _at_price(moved, multiplier, signed)

    return _problem(dummies, (a, rest[0]), (b, rest[1]), p, restore)


def nothing_moves(cost: GroundCost, a: FloatArray, b: FloatArray, p: float) -> TransportResult:
    """A mass of zero: a plan without arcs, and a price at which none would move."""
    n, m = cost.shape
    signed = _is_signed(cost)
    price = float(_allowed(cost).min(initial=0.0)) / 2 if signed else 0.0
    return TransportResult(
        cost=0.0,
        lower=0.0,
        upper=0.0,
        plan=sparse.csr_array((n, m)),
        f=np.full(n, price),
        g=np.full(m, price),
        p=p,
        solver="none",
        unmatched_x=a,
        unmatched_y=b,
        price=price,
        stats=dict.fromkeys(("seconds_preparing", "seconds_solving", "seconds_certifying"), 0.0)
        | {"mass": 1.0},
    )


def _problem(
    cost: GroundCost,
    sources: tuple[FloatArray, float],
    targets: tuple[FloatArray, float],
    p: float,
    restore: Any,
) -> Problem:
    """The problem with dummies, for masses of the points and of the dummy on each side."""
    a, b = np.append(*sources), np.append(*targets)
    with np.errstate(over="ignore"):
        total = float(a.sum())
    if not math.isfinite(total):
        raise InvalidInputError(
            f"the weights must have a finite sum over both sides, got {total}; to fix it, rescale "
            "them"
        )
    return Problem(cost, a / total, b / b.sum(), p, 1.0, restore, total)


def _balanced(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weights; sums that differ by rounding are made equal, so that none of it is left over."""
    of_a, of_b = float(a.sum()), float(b.sum())
    if of_a != of_b and abs(of_a - of_b) <= MARGINAL_TOLERANCE * max(of_a, of_b):
        b = b * (of_a / of_b)
        b[b.argmax()] += of_a - b.sum()
    return a, b


def _clipped(weights: FloatArray, mass: float) -> FloatArray:
    """The weights where so much mass moves, without what stays at heavy points in any case.

    No point needs more than the mass. Of twice as much some stays, so that its potential is that of
    the dummy, whatever else is there; and the mass is no smaller a part of all than 1 / (2 n), so
    that the rounding of dummies' masses, in proportion to all, takes no digits of it.
    """
    return np.minimum(weights, 2 * mass)


def _excess(cost: GroundCost, prices: DummyPrices, lighter_x: bool) -> tuple[float, float]:
    """How much all prices of x, and all of y, may be lowered without changing what is optimal.

    If any two points cost more unmatched than every arc, no mass of the lighter side stays, and the
    same mass of the other one in any case: constants in the prices decide nothing but digits.
    """
    if _has_forbidden(cost):
        return 0.0, 0.0
    least_u, least_v = float(prices.u.min()), float(prices.v.min())
    # Not so little that it is lost when the rest is taken from the prices.
    enough = max(2 * most_expensive(cost) or 1.0, 2.0**-26 * (least_u + least_v))
    if least_u + least_v <= enough:
        return 0.0, 0.0
    if lighter_x:
        kept = min(enough, least_u)
        return least_u - kept, least_v - (enough - kept)
    kept = min(enough, least_v)
    return least_u - (enough - kept), least_v - kept


def _without_dummies(result: TransportResult, total: float) -> TransportResult:
    """Plan, potentials and bracket of the points, in units of their weights."""
    n, m = result.n - 1, result.m - 1
    core = result.plan[:n, :m]
    core.data = core.data * total
    lower, upper = result.lower * total, result.upper * total
    left_x = _without_rounding(result.plan[:n, [m]].toarray()[:, 0], result.plan.sum(axis=1)[:n])
    left_y = _without_rounding(result.plan[[n], :m].toarray()[0], result.plan.sum(axis=0)[:m])
    return replace(
        result,
        cost=upper,
        lower=lower,
        upper=upper,
        plan=core,
        f=result.f[:n] + result.g[m],
        g=result.g[:m] + result.f[n],
        unmatched_x=left_x * total,
        unmatched_y=left_y * total,
    )


def _without_rounding(left: FloatArray, masses: FloatArray) -> FloatArray:
    """What is left of points, without what totals that differ by rounding leave of one."""
    rounded = (left < ROUNDED_TOTAL) & (left < ROUNDED_SHARE * masses)
    return np.where(rounded, 0.0, left)


def _moving(plan: sparse.csr_array, a: FloatArray, b: FloatArray, mass: float) -> sparse.csr_array:
    """The plan, brought to this mass from one that differs by rounding, or by a loose `rtol`."""
    lacking = mass - float(plan.sum())
    if lacking > ROUNDED_SHARE * mass:
        left = [np.maximum(side - plan.sum(axis=k), 0.0) for side, k in ((a, 1), (b, 0))]
        (i,), (j,) = left[0].nonzero(), left[1].nonzero()
        more = northwest_corner(*(side[side > 0] * (lacking / side.sum()) for side in left))
        plan = plan + sparse.coo_array((more.mass, (i[more.i], j[more.j])), shape=plan.shape)
    return plan * (mass / float(plan.sum()))


def _left(found: FloatArray, weights: FloatArray, moved: FloatArray) -> FloatArray:
    """What is left of the weights, without rounding where nothing was found to stay.

    The sum is what does not move; the point of which most is left makes up for rounding.
    """
    left = np.maximum(weights - moved, 0.0)
    left[(found == 0) & (left < MARGINAL_TOLERANCE * weights)] = 0.0
    most = left.argmax()
    if left[most] > 0:
        left[most] = max(left[most] + (weights.sum() - moved.sum() - left.sum()), 0.0)
    return left


def _at_price(found: TransportResult, multiplier: float, signed: bool) -> TransportResult:
    """The same for a given mass, with potentials at the price where as much would move."""
    multiplier += float(found.f.max() + found.g.max())
    if not signed:  # no cost is negative, and so no mass has a negative price
        multiplier = max(multiplier, 0.0)
    f, g = (potential - potential.max() + multiplier / 2 for potential in (found.f, found.g))
    return replace(found, f=f, g=g, price=multiplier / 2)


def _is_signed(cost: GroundCost) -> bool:
    """Whether some cost is negative."""
    if isinstance(cost, PointCost):
        return False
    return bool((_allowed(cost) < 0).any())


def _has_forbidden(cost: GroundCost) -> bool:
    if isinstance(cost, PointCost):
        return False
    n, m = cost.shape
    return len(_allowed(cost)) < n * m


def _allowed(cost: GroundCost) -> FloatArray:
    """The costs of the allowed arcs of a stored cost, in any order."""
    if isinstance(cost, SparseCost):
        return cost.arcs_by_source.data
    matrix = cost.rows(slice(0, cost.shape[0]))
    return matrix[np.isfinite(matrix)]
