"""A transport problem that has been checked: the solver that suits it, and its certificate."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.costs import GroundCost, PointCost, SparseCost
from otgan.measures import FloatArray, IntArray
from otgan.transport.couplings import Arcs
from otgan.transport.duality import c_transform_of, certify_arcs
from otgan.transport.dummy_points import WithDummies
from otgan.transport.grid_cost import GridCost
from otgan.transport.result import TransportResult
from otgan.transport.stopwatch import Stopwatch
from otgan.transport.warm_start import WarmStart

if TYPE_CHECKING:  # importing Numba takes some tenths of a second
    from otgan.transport.network_simplex.context import Outcome, SolveContext

__all__ = ["LineOutcome", "Problem", "certified", "solve_on_support"]

logger = logging.getLogger(__name__)

IMPROVED_PAIRS = 2**20
"""Up to so many pairs of points, f is improved by a second c-transform: it costs little."""

FILLED, MOST_ENTRIES = 0.02, 2**27
"""Of a matrix that is made of sparse costs: the least share of arcs; the size, one gigabyte."""


def _unchanged(result: TransportResult) -> TransportResult:
    return result


class Problem(NamedTuple):
    """Costs, masses that sum to one each, the order of the distance, and the mass before.

    `restore` makes of its result that of the problem that it stands for, whose costs are `unit`
    times as large.
    """

    cost: GroundCost
    a: FloatArray
    b: FloatArray
    p: float
    mass: float
    restore: Callable[[TransportResult], TransportResult] = _unchanged
    unit: float = 1.0


class LineOutcome(NamedTuple):
    """Plan and potentials on the line, and nothing that was counted."""

    i: IntArray
    j: IntArray
    mass: FloatArray
    f: FloatArray
    g: FloatArray
    stats: dict[str, int]


def solve_on_support(
    problem: Problem, context: SolveContext, start: WarmStart | None = None
) -> Outcome:
    """Solve between the points that carry mass; the others get their potentials afterwards."""
    cost, a, b = problem.cost, problem.a, problem.b
    if isinstance(cost, GridCost):
        return _solve_grid(cost, a, b, context)
    (sources,), (targets,) = a.nonzero(), b.nonzero()
    n, m = cost.shape
    if len(sources) == n and len(targets) == m:
        return _solve(cost, a, b, context, (sources, targets), start)
    core = cost.restricted(sources, targets)
    start = None if start is None else start.restricted(sources, targets)
    outcome = _solve(core, a[sources], b[targets], context, (sources, targets), start)
    to_all = cost.restricted(sources, np.arange(m))
    g = c_transform_of(to_all, outcome.f, n_jobs=context.n_jobs)
    g[np.isinf(g)] = 0.0  # without allowed arcs to any mass: nothing binds it
    f = c_transform_of(cost.T, g, n_jobs=context.n_jobs)
    return outcome._replace(i=sources[outcome.i], j=targets[outcome.j], f=f, g=g)


def _solve_grid(cost: GridCost, a: FloatArray, b: FloatArray, context: SolveContext) -> Outcome:
    """Solve between the cells that carry mass; the others get their potentials afterwards."""
    from otgan.transport.network_simplex.grid_edges import is_for_edges, solve_on_edges
    from otgan.transport.network_simplex.multigrid import solve_grid

    if is_for_edges(a, b, cost, context):
        return solve_on_edges(a, b, cost, context)
    outcome = solve_grid(a, b, cost, context)
    if np.isfinite(outcome.f).all() and np.isfinite(outcome.g).all():
        return outcome
    g = c_transform_of(cost, outcome.f)
    return outcome._replace(f=c_transform_of(cost, g), g=g)


def _solve(
    cost: GroundCost,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    names: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    start: WarmStart | None,
) -> Outcome:
    """Solve between masses that are all positive, by the solver that suits the cost.

    Errors call the points by their `names`.
    """
    from otgan.transport.network_simplex.big_costs import solve_matrix_with_forbidden
    from otgan.transport.network_simplex.forbidden import solve_allowed
    from otgan.transport.network_simplex.multiscale import is_large, solve_matrix, solve_points

    n, m = cost.shape
    if isinstance(cost, (PointCost, WithDummies)) and is_large(n, m):
        prices = cost.prices if isinstance(cost, WithDummies) else None
        if (points := cost.normed()) is not None:
            return solve_points(points, a, b, context, prices, start)
    if isinstance(cost, SparseCost) and not _fills_matrix(cost):
        return solve_allowed(cost.arcs_by_source, a, b, context, names, start)
    matrix = cost.rows(slice(0, n))
    if np.isfinite(matrix).all():
        return solve_matrix(np.ascontiguousarray(matrix), a, b, context, start)
    return solve_matrix_with_forbidden(matrix, a, b, context, names, start)


def _fills_matrix(cost: SparseCost) -> bool:
    """Whether the stored arcs are so many that their matrix is the faster form of the problem."""
    n, m = cost.shape
    return n * m <= MOST_ENTRIES and cost.arcs_by_source.nnz >= FILLED * n * m


def certified(
    problem: Problem,
    solution: Outcome | LineOutcome,
    solver: str,
    watch: Stopwatch,
    n_jobs: int | None = None,
) -> TransportResult:
    """The result, its bracket computed from plan and potentials alone."""
    solved = watch.working
    plan = Arcs(solution.i, solution.j, solution.mass)
    n, m = problem.cost.shape
    improve = n * m <= IMPROVED_PAIRS or not bool(np.isfinite(solution.f).all())
    proof = certify_arcs(
        problem.cost,
        plan,
        (solution.f, solution.g),
        (problem.a, problem.b),
        improve=improve,
        n_jobs=n_jobs,
    )
    stats = {
        "seconds_preparing": watch.preparing,
        "seconds_solving": solved,
        "seconds_certifying": watch.working - solved,
        "mass": problem.mass,
        **solution.stats,
    }
    result = TransportResult(
        cost=proof.upper,
        lower=proof.lower,
        upper=proof.upper,
        plan=proof.plan,
        f=proof.f,
        g=proof.g,
        p=problem.p,
        solver=solver,
        unmatched_x=np.zeros(n),
        unmatched_y=np.zeros(m),
        stats=stats,
    )
    logger.debug("%r in %.3g s", result, stats["seconds_solving"])
    return result
