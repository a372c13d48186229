"""What every solver of the transport problem returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from otgan.costs import GroundCost
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result
from otgan.transport.rounding import EPS, MARGINAL_TOLERANCE

__all__ = ["EXACT_RTOL", "MAX_ALLOWANCE", "MOVED_BY_ROUNDING", "TransportResult", "is_tight"]

EXACT_RTOL = 1e-9
"""Widest relative gap that an exact answer may have."""

MAX_ALLOWANCE = 1e-2
"""Fraction of the cost beyond which a gap is an error, whatever potentials could explain."""

MOVED_BY_ROUNDING = 1e-15
"""Fraction of the mass that rounding of the weights may move: its costs allow for no gap."""


@checks_keywords
@dataclass(frozen=True, eq=False)
class TransportResult(Result):
    """An optimal transport cost with its certificate.

    ``float(result)`` is the distance.

    Attributes
    ----------
    cost : float
        ⟨plan, C⟩, C = metric ** p, for probability measures; of masses that may stay unmatched,
        in the units of their weights, and with what that costs.
    lower, upper : float
        Certified bracket of the optimal cost: dual value, primal value.
    distance_lower, distance_upper : float
        The same for the distance.
    plan : csr_array, shape (n, m)
        How much mass goes from x_i to y_j; rows sum to a, columns to b (both normalized), less
        what stays unmatched there (then neither is normalized).
    f, g : ndarray, shapes (n,) and (m,)
        Potentials with f_i + g_j <= C_ij for all pairs, points without mass included, and no
        greater than the prices of unmatched mass.
    p : float
        Order of the distance.
    solver : str
        What ran.
    unmatched_x, unmatched_y : ndarray, shapes (n,) and (m,)
        How much mass stays at each point of x, and at each point of y; zero unless it may.
    moved : float
        The sum of the plan.
    unmatched : tuple of float
        The sums of `unmatched_x` and of `unmatched_y`.
    price : float
        If the mass that moves was given: the price of a unmatched unit on either side at which as
        much would move, half its Lagrange multiplier. The lower bound is then
        ``a @ f + b @ g - price * sum(unmatched)``. Zero otherwise.
    stats : mapping
        Seconds spent solving and certifying, and, apart from these, preparing: loading modules
        and compiling loops, once in a process. The masses before normalization. What was counted.
    """

    bracket: ClassVar[tuple[str, ...]] = ("distance_lower", "distance_upper")
    panel: ClassVar[str] = "otgan.transport.plot.plan_picture"
    derived: ClassVar[tuple[str, ...]] = (
        "distance",
        "distance_lower",
        "distance_upper",
        "gap",
        "n",
        "m",
        "moved",
        "unmatched",
    )

    cost: float
    lower: float
    upper: float
    plan: sparse.csr_array
    f: FloatArray
    g: FloatArray
    p: float
    solver: str
    unmatched_x: FloatArray
    unmatched_y: FloatArray
    price: float = 0.0
    stats: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def distance(self) -> float:
        """Cost ** (1/p), in the units of the metric."""
        return self._root(self.cost)

    @property
    def distance_lower(self) -> float:
        """Certified lower bound of the distance, in the units of the metric."""
        return self._root(self.lower)

    @property
    def distance_upper(self) -> float:
        """Certified upper bound of the distance, in the units of the metric."""
        return self._root(self.upper)

    @property
    def gap(self) -> float:
        """Width of the bracket, upper - lower, in units of cost."""
        return self.upper - self.lower

    @property
    def n(self) -> int:
        """How many sources there are."""
        return int(self.plan.shape[0])

    @property
    def m(self) -> int:
        """How many targets there are."""
        return int(self.plan.shape[1])

    @property
    def moved(self) -> float:
        """How much mass the plan moves: one, unless some may stay."""
        return float(self.plan.sum())

    @property
    def unmatched(self) -> tuple[float, float]:
        """How much mass of x, and of y, stays unmatched."""
        return float(self.unmatched_x.sum()), float(self.unmatched_y.sum())

    def _root(self, cost: float) -> float:
        return cost if self.p == 1 else max(cost, 0.0) ** (1.0 / self.p)

    def __float__(self) -> float:
        return self.distance

    def __repr__(self) -> str:
        left = ""
        if any(self.unmatched):
            left = "unmatched=({:.6g}, {:.6g}), ".format(*self.unmatched)
        return (
            f"TransportResult(distance={self.distance:.10g}, cost={self.cost:.10g}, "
            f"gap={self.gap:.2g}, p={self.p:g}, n={self.n}, m={self.m}, {left}"
            f"solver={self.solver!r})"
        )


def is_tight(
    result: TransportResult, cost: GroundCost, a: FloatArray, b: FloatArray, rtol: float = 0.0
) -> bool:
    """Whether the bracket is as tight as asked for, up to rounding.

    Both ends are sums of masses times costs or potentials, which are known to a unit in the last
    place, so the bracket may be wider by a few of these: 16. Potentials allow for no more than
    n + m times the most expensive arc that carries more than `MOVED_BY_ROUNDING` of the mass: a
    plan whose arcs cost at most r has optimal potentials within (n + m) r of each other. Where what
    costs anything is rounding beside the weights of its own points too, the distance is zero to
    rounding, and potentials allow for all of theirs.
    """
    if not np.isfinite(result.upper):
        return False  # some mass found no allowed arc
    accepted = max(rtol, EXACT_RTOL) * abs(result.upper)
    if result.gap <= accepted:
        return True
    plan = result.plan.tocoo()
    (i, j), moved = plan.coords, plan.data
    prices = np.abs(cost.arcs(i, j))
    carried = float(moved @ prices)
    rounded = moved <= np.minimum(MOVED_BY_ROUNDING, MARGINAL_TOLERANCE * np.minimum(a[i], b[j]))
    weighed = sum(
        float(masses[masses > 0] @ np.abs(potential[masses > 0]))
        for masses, potential in ((a, result.f), (b, result.g))
    )
    unit = 16 * EPS
    if not prices[~rounded].any():
        return bool(result.gap <= accepted + unit * weighed)
    most_expensive = float(prices[moved > MOVED_BY_ROUNDING].max())
    allowance = unit * min(weighed, sum(cost.shape) * most_expensive)
    return bool(result.gap <= accepted + unit * carried + min(allowance, MAX_ALLOWANCE * carried))
