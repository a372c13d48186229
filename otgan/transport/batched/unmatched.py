"""Plans that may leave mass over, of one problem or of a stack of them, with dummy points.

They are plans of the balanced problem in which one dummy point follows the points of each side
(:mod:`otgan.transport.dummy_points`), so that whoever reads a plan need not know of unmatched mass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import Metric, as_ground_cost
from otgan.errors import InvalidInputError, OtganError
from otgan.keywords import checks_keywords
from otgan.measures import as_float64, as_masses, as_pair, is_torch
from otgan.progress import Progress, reporting
from otgan.transport.batched.inputs import axes_of, common_size
from otgan.transport.batched.result import StackedPlans
from otgan.transport.couplings import Arcs
from otgan.transport.dummy_points import as_pair_of_prices
from otgan.transport.exact import SolverOptions, solve_unmatched, solve_unmatched_measures
from otgan.transport.result import TransportResult
from otgan.transport.unmatched import check_options, refuse_both

__all__ = ["Terms", "unmatched_plans_of_costs", "unmatched_plans_of_points"]


class Terms(NamedTuple):
    """On which terms mass may stay: at prices u and v, or so that a given mass moves.

    Prices are numbers or arrays of shape (n,) and (m,), or (B, n) and (B, m); the mass is a number,
    or an array of shape (B,).
    """

    u: Any = None
    v: Any = None
    mass: Any = None

    @classmethod
    def of(cls, unmatched: Any, mass: Any) -> Terms | None:
        """Those of a user, who gives prices, or the mass, or neither of them: then all moves."""
        refuse_both(unmatched, mass)
        if mass is not None and not is_torch(mass) and axes_of(mass) == 0:
            check_options(unmatched, mass)  # others are checked problem by problem
        if unmatched is not None:
            return cls(*as_pair_of_prices(unmatched))
        return None if mass is None else cls(mass=mass)

    @property
    def is_stack(self) -> bool:
        """Whether they are those of a stack of problems."""
        return 2 in (axes_of(self.u), axes_of(self.v)) or axes_of(self.mass) == 1


@checks_keywords
def unmatched_plans_of_points(
    data: tuple[Any, Any, Any, Any],
    terms: Terms,
    p: float,
    metric: Metric,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> StackedPlans:
    """Optimal plans between points (n, d) and (m, d), or between stacks of them.

    `data` are the points x and y and the weights a and b. Costs and masses are in the units of
    the weights.
    """
    options = SolverOptions(n_jobs=n_jobs)

    def solve(x: Any, y: Any, a: Any, b: Any, unmatched: Any, mass: Any) -> TransportResult:
        measures = as_pair(x, y, a, b, raw=True)
        return solve_unmatched_measures(measures, metric, p, unmatched, mass, options)

    problems = _Problems.of([*data, *terms], [*"xyab", *TERMS], [2, 2, 1, 1, 1, 1, 0])
    return problems.solved(solve, "wasserstein", progress)


@checks_keywords
def unmatched_plans_of_costs(
    data: tuple[Any, Any, Any],
    terms: Terms,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> StackedPlans:
    """The same for cost matrices (n, m) or (B, n, m) and weights, the `data`."""
    options = SolverOptions(n_jobs=n_jobs)

    def solve(C: Any, a: Any, b: Any, unmatched: Any, mass: Any) -> TransportResult:
        cost = as_ground_cost(C)
        weights = as_masses(a, b, *cost.shape)
        return solve_unmatched(cost, weights, 1.0, unmatched, mass, options)

    problems = _Problems.of([*data, *terms], [*"Cab", *TERMS], [2, 1, 1, 1, 1, 0])
    return problems.solved(solve, "transport_cost", progress)


TERMS = "unmatched (prices of x)", "unmatched (prices of y)", "mass"


class _Problems(NamedTuple):
    """B problems, the last three values of each their terms."""

    size: int
    values: list[Any]
    stacked: list[bool]

    @classmethod
    def of(cls, values: list[Any], names: list[str], axes: list[int]) -> _Problems:
        """Those of arrays that have so many axes in a single problem, and one more in a stack."""
        arrays = [_plain(*of) for of in zip(values, names, strict=True)]
        of = zip(arrays, axes, strict=True)
        stacked = [np.ndim(array) == 1 + count for array, count in of]
        stacks = {names[k]: arrays[k] for k in np.flatnonzero(stacked)}
        for name, stack in stacks.items():
            if len(stack) == 0:
                raise InvalidInputError(
                    f"{name} must hold at least one problem, got an empty stack of shape "
                    f"{np.shape(stack)}; to fix it, check that the data were loaded"
                )
        return cls(common_size(stacks), arrays, stacked)

    def solved(
        self, solve: Callable[..., TransportResult], what: str, progress: Progress
    ) -> StackedPlans:
        """The plans of all of them, one after the other."""
        found = []
        with reporting(progress, self.size, what, unit="problem") as report:
            for k in range(self.size):
                try:
                    found.append(self._solved(k, solve))
                except OtganError as error:
                    if any(self.stacked):
                        error.add_note(f"for the problem at index {k} of the stack")
                    raise
                report(k + 1, "")
        return StackedPlans.joined(found)

    def _solved(self, k: int, solve: Callable[..., TransportResult]) -> StackedPlans:
        *data, u, v, mass = (
            value[k % len(value)] if is_stacked else value
            for value, is_stacked in zip(self.values, self.stacked, strict=True)
        )
        unmatched = None if u is None else (u, v)
        check_options(unmatched, mass)
        return _with_dummies(solve(*data, unmatched=unmatched, mass=mass), unmatched is not None)


def _plain(value: Any, name: str) -> Any:
    """Numbers, and what is left out, as they are; all else as float64."""
    if np.ndim(value) > 0:
        return as_float64(value, name)
    return value.item() if is_torch(value) else value


def _with_dummies(result: TransportResult, has_prices: bool) -> StackedPlans:
    """The plan of the balanced problem: what stays goes to a dummy, or comes from one."""
    plan, n, m = result.plan.tocoo(), result.n, result.m
    (left_x,), (left_y,) = result.unmatched_x.nonzero(), result.unmatched_y.nonzero()
    i = [plan.coords[0], left_x, np.full(len(left_y), n)]
    j = [plan.coords[1], np.full(len(left_x), m), left_y]
    mass = [plan.data, result.unmatched_x[left_x], result.unmatched_y[left_y]]
    if has_prices:  # what neither side needs goes from dummy to dummy; free of charge, any will do
        i, j, mass = [*i, [n]], [*j, [m]], [*mass, [result.moved + sum(result.unmatched)]]
    arcs = Arcs(*(np.concatenate(parts) for parts in (i, j, mass)))
    f, g = (np.append(potential, -result.price) for potential in (result.f, result.g))
    return StackedPlans.of_one(arcs, f, g, result.cost)
