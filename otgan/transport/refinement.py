"""Iterative refinement: the last digits of a badly scaled problem, by solving reduced costs.

Source: Gleixner, Steffy and Wolter, Iterative refinement for linear programming (2016).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from otgan.costs import MatrixCost
from otgan.measures import FloatArray
from otgan.transport.result import EXACT_RTOL, TransportResult
from otgan.transport.rounding import EPS
from otgan.transport.solver import Problem, certified, solve_on_support
from otgan.transport.stopwatch import Stopwatch

if TYPE_CHECKING:  # importing Numba takes some tenths of a second
    from otgan.transport.network_simplex.context import SolveContext

__all__ = ["MAX_REFINED_PAIRS", "refined"]

MAX_REFINED_PAIRS = 10**7
"""Most pairs whose costs are stored to find the last digits of a badly scaled problem."""

MAX_REFINEMENTS = 5
"""How often these are looked for: each time there are about ten more."""

MIN_SPREAD = 1e-300
"""The least difference of costs for which they are capped."""


def refined(
    problem: Problem, rough: TransportResult, context: SolveContext, watch: Stopwatch
) -> TransportResult:
    """Solve again with the costs capped where no optimal plan can reach, then for reduced costs.

    The simplex works to rounding of the largest cost, and one outlier, or a cost of 1e32 meant
    as forbidden, makes that larger than the answer. Count costs from the smallest one: a plan
    whose arcs cost at most r leaves optimal potentials within (n + m) r of each other, so that no
    arc beyond 2 (n + m) r can enter, and costs may be capped there. Where the plan itself needs an
    expensive arc, that is not enough; but reduced costs C_ij - f_i - g_j have the
    same optimal plans, and on these are as small as the potentials are good (iterative
    refinement; Gleixner, Steffy and Wolter 2016).
    """
    n, m = problem.cost.shape
    matrix = problem.cost.rows(slice(0, n))
    allowed = np.isfinite(matrix)
    best = rough
    f, g = _DoubleDouble.zero(n), _DoubleDouble.zero(m)
    plan = rough.plan.nonzero()
    for _ in range(MAX_REFINEMENTS):
        reduced = np.where(allowed, f.less_than(matrix, g), np.inf)
        least, most_expensive = float(reduced.min()), float(reduced[plan].max())
        spread = max(most_expensive - least, EPS * abs(most_expensive), MIN_SPREAD)
        capped = np.where(allowed, np.minimum(reduced, least + 2 * (n + m) * spread), np.inf)
        units = context.in_units(1.0, float(problem.a @ f.high + problem.b @ g.high))
        outcome = solve_on_support(problem._replace(cost=MatrixCost(capped)), units)
        f, g = f.plus(_finite(outcome.f)), g.plus(_finite(outcome.g))
        plan = outcome.i, outcome.j
        offset = _weighted_median(np.r_[f.high, -g.high], np.r_[problem.a, problem.b])
        centered = f.plus(-offset).rounded_down(), g.plus(offset).rounded_down()
        outcome = outcome._replace(f=centered[0], g=centered[1])
        again = certified(problem, outcome, rough.solver, watch, context.n_jobs)
        # Upper bounds need only the plan, lower ones only the potentials: keep the better of each.
        above = min(best, again, key=lambda result: result.upper)
        below = max(best, again, key=lambda result: result.lower)
        lower = min(below.lower, above.upper)
        best = replace(above, lower=lower, f=below.f, g=below.g, stats=again.stats)
        if best.gap <= EXACT_RTOL * abs(best.upper) or context.exhausted:
            break
    return best


class _DoubleDouble(NamedTuple):
    """Potentials with twice the digits of float64: sums of two arrays."""

    high: FloatArray
    low: FloatArray

    @classmethod
    def zero(cls, n: int) -> _DoubleDouble:
        return cls(np.zeros(n), np.zeros(n))

    def plus(self, other: FloatArray | float) -> _DoubleDouble:
        total, lost = _exact_sum(self.high, other)
        return _DoubleDouble(*_exact_sum(total, self.low + lost))

    def less_than(self, matrix: FloatArray, other: _DoubleDouble) -> FloatArray:
        """C_ij - f_i - g_j, to rounding of itself where f_i + g_j is near C_ij."""
        total, lost = _exact_sum(self.high[:, None], other.high)
        return (matrix - total) - (lost + (self.low[:, None] + other.low))

    def rounded_down(self) -> FloatArray:
        """As float64, and no larger: what is feasible stays so."""
        return np.where(self.low < 0, np.nextafter(self.high, -np.inf), self.high)


def _exact_sum(x: FloatArray, y: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """The sum x + y, and what rounding took from it (Knuth's TwoSum)."""
    total = x + y
    back = total - x
    return total, (x - (total - back)) + (y - back)


def _finite(potential: FloatArray) -> FloatArray:
    """Zero where no arc of finite cost binds a point without mass."""
    return np.where(np.isfinite(potential), potential, 0.0)


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])
