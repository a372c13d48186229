"""Exact transport between two histograms on one grid, from coarse to fine.

As between clouds of points (:mod:`multiscale`): the plan and the potentials of a coarser grid start
the next one, a network simplex solves the problem on few arcs, and pricing proves that they are
enough or finds others. On a grid a pricing pass is two c-transforms along the axes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.grid_cost import GridCost
from otgan.transport.network_simplex.candidates import Candidates, merge_candidates, no_candidates
from otgan.transport.network_simplex.coarsening import disaggregate
from otgan.transport.network_simplex.context import Outcome, PricingPass, SolveContext
from otgan.transport.network_simplex.contraction import Basis
from otgan.transport.network_simplex.dense import dense_start
from otgan.transport.network_simplex.fixed_point import fractions
from otgan.transport.network_simplex.grid_levels import GridLevel, GridSide, levels_of_grid
from otgan.transport.network_simplex.grid_pricer import GridPricer
from otgan.transport.network_simplex.grid_transform import Axis
from otgan.transport.network_simplex.initial_basis import initial_basis
from otgan.transport.network_simplex.reduced_costs import SmallestReducedCosts
from otgan.transport.network_simplex.simplex import run_pivots
from otgan.transport.network_simplex.tree import Plan, compute_potentials, empty_tree, plan_of
from otgan.transport.network_simplex.windows import pivot_in_windows, potentials_of
from otgan.transport.rounding import SPARSE_TOLERANCE

__all__ = ["solve_grid"]

FIRST_ARCS = 7
"""Candidates of every cell at the start of a level: around its smallest reduced cost."""

MORE_ARCS = 3
"""Arcs that a pricing pass may add for every cell."""


class _Solution(NamedTuple):
    """A plan, the best pair of potentials that was proved, and whether the level was finished."""

    plan: Plan
    f: FloatArray
    g: FloatArray
    finished: bool


def solve_grid(a: FloatArray, b: FloatArray, cost: GridCost, context: SolveContext) -> Outcome:
    """Transport between two histograms on one grid.

    Parameters
    ----------
    a, b : ndarray, shape (n_1 ... n_d,)
        Non-negative, each summing to one, in the order of ``ravel()``.
    cost : GridCost
    context : SolveContext

    Returns
    -------
    Outcome
        Potentials of cells without mass are minus infinity. O(cells) memory.
    """
    axes = [
        Axis.of(n, spacing, wraps, cost.p)
        for n, spacing, wraps in zip(cost.grid, cost.spacing, cost.periodic, strict=True)
    ]
    levels = levels_of_grid(a.reshape(cost.grid), b.reshape(cost.grid), cost.spacing)
    pricers = [GridPricer.of(axes, level) for level in levels]
    solution = _solve_coarsest(pricers[0], context, len(levels))
    for at in range(1, len(levels)):
        solution = _refine(pricers[at - 1], pricers[at], solution, context, (at + 1, len(levels)))
    x, y = levels[-1].x, levels[-1].y
    plan, finished = solution.plan, solution.finished
    f, g = np.full(len(a), -np.inf), np.full(len(b), -np.inf)
    f[x.cell], g[y.cell] = solution.f, solution.g
    mass = fractions(plan.mass, x.masses)
    stats = context.counters.stats(len(levels))
    return Outcome(x.cell[plan.i], y.cell[plan.j], mass, f, g, finished, stats)


def _solve_coarsest(pricer: GridPricer, context: SolveContext, levels: int) -> _Solution:
    """Solve the first of so many levels, with all its arcs."""
    x, y = pricer.level.x, pricer.level.y
    n, m = len(x.cell), len(y.cell)
    i, j = np.divmod(np.arange(n * m), m)
    matrix = pricer.arcs(i, j).reshape(n, m)
    tree, arcs = dense_start(matrix, x.masses, y.masses)
    tolerance = SPARSE_TOLERANCE * float(np.abs(tree.pi).max())
    done, _, count = run_pivots(tree, n, arcs, tolerance, True, 0, context.pivots_left, 1 << 62)
    context.counters.pivots += count
    compute_potentials(tree, n)
    plan = plan_of(tree, n)
    cost = float(plan.cost @ fractions(plan.mass, x.masses))
    context.report(PricingPass(1, levels, 1, n + m, n * m, context.counters.pivots, cost, 0.0))
    return _Solution(plan, tree.pi[:n].copy(), -tree.pi[n:-1], done)


def _refine(
    coarse: GridPricer,
    fine: GridPricer,
    solution: _Solution,
    context: SolveContext,
    at: tuple[int, int],
) -> _Solution:
    """Solve a level from the solution of the one before; `at` is its number, and of how many."""
    plan = _disaggregated(coarse.level, fine, solution.plan)
    n, m = len(fine.level.x.cell), len(fine.level.y.cell)
    g = fine.from_coarse(coarse.level, solution.f)
    sources = fine.of_sources(g, np.full(n, np.inf), FIRST_ARCS)
    f = sources.value[:, 0]
    targets = fine.of_targets(f, np.full(m, np.inf), FIRST_ARCS)
    g = targets.value[:, 0]
    arcs = _with_more(fine, no_candidates(n), sources, targets)
    basis = _basis_around(fine, plan, f, g, arcs)
    if at[0] < at[1]:
        return _prepare(fine, basis, arcs, context, at)
    return _solve_finest(fine, basis, arcs, (f, g), context, at[1])


def _disaggregated(coarse: GridLevel, fine: GridPricer, plan: Plan) -> Plan:
    """The plan between coarse cells as one between fine ones, in order along the axis of the split.

    Arcs are served in the order of the sum of both ends, so that halves on the left serve, and are
    served by, what is on the left.
    """
    level = fine.level
    x, y = coarse.x, coarse.y
    order = np.argsort(x.place[plan.i, level.split] + y.place[plan.j, level.split], kind="stable")
    plan = Plan(plan.i[order], plan.j[order], plan.mass[order], plan.cost[order])
    first = [
        np.searchsorted(after.starts, before.starts)
        for before, after in ((x, level.x), (y, level.y))
    ]
    i, j, mass = disaggregate(plan, level.x.masses, level.y.masses, *first)
    return Plan(i, j, mass, fine.arcs(i, j))


def _basis_around(
    pricer: GridPricer, plan: Plan, f: FloatArray, g: FloatArray, arcs: Candidates
) -> Basis:
    """A spanning tree around a plan, guided by potentials and candidates."""
    n, m = len(f), len(g)
    tree = empty_tree(n, m, plan.mass.shape[1])
    tree.pi[:n], tree.pi[n:-1] = f, -g
    initial_basis(tree, n, plan, arcs)
    parent = tree.parent[:-1].copy()
    first, *others = np.flatnonzero(parent == n + m)
    parent[first] = -1
    if others:  # hung below a target of the first component, by arcs without mass
        head = plan.j[np.flatnonzero(plan.i == first)[0]]
        parent[others] = n + head
        tree.cost[others] = pricer.arcs(np.array(others), np.full(len(others), head))
    upward = np.arange(n + m) < n
    return Basis(parent, upward, tree.cost[:-1].copy(), tree.mass[:-1].copy())


def _pivoted(
    pricer: GridPricer, basis: Basis, arcs: Candidates, context: SolveContext
) -> tuple[FloatArray, FloatArray, float]:
    """Pivot on the candidates; the potentials then, and what of reduced costs is rounding."""
    n = len(pricer.level.x.cell)
    tolerance = SPARSE_TOLERANCE * float(np.abs(potentials_of(basis)).max())
    heads = Candidates(arcs.start, arcs.target + np.int32(n), arcs.cost)
    pivot_in_windows(basis, heads, tolerance, context)
    pi = potentials_of(basis)
    return pi[:n], -pi[n:], tolerance


def _prepare(
    pricer: GridPricer, basis: Basis, arcs: Candidates, context: SolveContext, at: tuple[int, int]
) -> _Solution:
    """Solve a coarse level on its first candidates, which is good enough for a start."""
    f, g, _ = _pivoted(pricer, basis, arcs, context)
    cost = gap = np.nan
    if context.is_watched:
        cost = _cost(basis, pricer.level.x)
        bound = np.minimum(g, pricer.of_targets(f, np.full(len(g), np.inf), 1).value[:, 0])
        gap = cost - _dual_value(pricer.level, f, bound)
    context.report(
        PricingPass(*at, 1, len(f) + len(g), len(arcs.target), context.counters.pivots, cost, gap)
    )
    return _Solution(_plan_of(basis, len(f)), f, g, True)


def _solve_finest(
    pricer: GridPricer,
    basis: Basis,
    arcs: Candidates,
    potentials: tuple[FloatArray, FloatArray],
    context: SolveContext,
    levels: int,
) -> _Solution:
    """Pivot and price until no pair of cells would improve the plan, or a limit is reached."""
    f, g = potentials
    lower, passes, finished = -np.inf, 0, False
    while not finished and not context.exhausted:
        passes += 1
        f_now, g_now, tolerance = _pivoted(pricer, basis, arcs, context)
        sources = pricer.of_sources(g_now, f_now - tolerance, MORE_ARCS)
        targets = pricer.of_targets(f_now, g_now - tolerance, MORE_ARCS)
        g_now = np.minimum(g_now, targets.value[:, 0])
        cost, dual = _cost(basis, pricer.level.x), _dual_value(pricer.level, f_now, g_now)
        if dual >= lower:
            lower, f, g = dual, f_now, g_now
        step = len(f) + len(g), len(arcs.target), context.counters.pivots, cost, cost - lower
        context.report(PricingPass(levels, levels, passes, *step))
        complete = not (sources.j[:, 0] >= 0).any() and not (targets.j[:, 0] >= 0).any()
        finished = complete or cost - lower <= context.limits.rtol * abs(cost)
        if not finished:
            arcs = _with_more(pricer, arcs, sources, targets)
    return _Solution(_plan_of(basis, len(f)), f, g, finished)


def _cost(basis: Basis, x: GridSide) -> float:
    """The cost of the plan for a total mass of one."""
    return float(basis.cost @ fractions(basis.mass, x.masses))


def _dual_value(level: GridLevel, f: FloatArray, g: FloatArray) -> float:
    a, b = (fractions(side.masses, side.masses) for side in (level.x, level.y))
    return float(a @ f + b @ g)


def _plan_of(basis: Basis, n: int) -> Plan:
    """The arcs of the tree that carry mass."""
    v = np.flatnonzero(basis.mass.any(axis=1)).astype(np.int32)
    up = basis.parent[v]
    i, j = np.minimum(v, up), np.maximum(v, up) - np.int32(n)
    return Plan(i, j, basis.mass[v], basis.cost[v])


def _with_more(
    pricer: GridPricer,
    arcs: Candidates,
    sources: SmallestReducedCosts,
    targets: SmallestReducedCosts,
) -> Candidates:
    """The candidates and those that were found."""
    n, m = len(pricer.level.x.cell), len(pricer.level.y.cell)
    start, target = merge_candidates(arcs.start, arcs.target, m, sources.j, targets.j)
    source = np.repeat(np.arange(n, dtype=np.int32), np.diff(start))
    return Candidates(start, target, pricer.arcs(source, target))
