"""One level: pivots on the candidate arcs, pricing of all pairs, until none would improve the plan.

Column generation for the transportation problem: the candidates are the restricted master problem,
the passes over all pairs its pricing problem.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.network_simplex.candidates import (
    Candidates,
    merge_candidates,
    no_candidates,
)
from otgan.transport.network_simplex.context import PricingPass, SolveContext
from otgan.transport.network_simplex.dense import MAX_DENSE_ARCS, greedy_plan, initial_basis_dense
from otgan.transport.network_simplex.fixed_point import Masses, fractions
from otgan.transport.network_simplex.initial_basis import initial_basis
from otgan.transport.network_simplex.pricers import MatrixPricer, Pricer
from otgan.transport.network_simplex.reduced_costs import SmallestReducedCosts, nothing_found
from otgan.transport.network_simplex.simplex import run_pivots
from otgan.transport.network_simplex.tree import (
    Plan,
    Tree,
    compute_potentials,
    empty_tree,
    largest_potential,
)
from otgan.transport.rounding import SPARSE_TOLERANCE

__all__ = [
    "FIRST_ARCS",
    "LevelStart",
    "Solution",
    "pivot_until_optimal",
    "solve_level",
    "start_from_plan",
    "start_on_matrix",
    "start_with_candidates",
    "tolerance_of",
    "with_more",
]

FIRST_ARCS = 10
"""Candidates of every point at the start of a level: the smallest reduced costs."""

MORE_ARCS = 5
"""Arcs that a pricing pass may add for every point."""

PASSES_FROM_BOTH = 2
"""After so many pricing passes on a level, only the arcs of targets are searched."""

COARSE_FRACTION = 0.02
"""A coarse level is done when no more than this fraction of its points have an arc to add."""

WORK_PER_CALL = 5_000_000
"""Potentials changed in one compiled call, about a tenth of a second: Ctrl-C is heard between."""


class LevelStart(NamedTuple):
    """A first basis, its candidates, and feasible potentials."""

    tree: Tree
    arcs: Candidates
    f: FloatArray
    g: FloatArray


class Solution(NamedTuple):
    """A basis of a level, and the best pair of potentials that was proved there."""

    tree: Tree
    f: FloatArray
    g: FloatArray
    finished: bool


def start_with_candidates(
    pricer: Pricer, f: FloatArray, g: FloatArray, plan: Plan, k: int = FIRST_ARCS
) -> LevelStart:
    """The c-transforms of g, k candidates of each point beside them, a basis around the plan."""
    n, m = pricer.shape
    sources = pricer.of_sources(f, g, np.full(n, np.inf), min(k, m))
    f = sources.value[:, 0]
    targets = pricer.of_targets(f, g, np.full(m, np.inf), min(k, n))
    g = targets.value[:, 0]
    arcs = with_more(pricer, pricer.first_candidates(), sources, targets)
    return start_from_plan(arcs, f, g, plan)


def start_on_matrix(pricer: MatrixPricer, a: Masses, b: Masses) -> LevelStart:
    """A greedy plan; all arcs of a small matrix are candidates, or the cheapest of a large one."""
    f = pricer.matrix.min(axis=1)
    g = (pricer.matrix - f[:, None]).min(axis=0)
    plan = Plan(*greedy_plan(pricer.matrix, f, g, a, b))
    if pricer.matrix.size > MAX_DENSE_ARCS:
        return start_with_candidates(pricer, f, g, plan)
    n, m = pricer.shape
    target = np.tile(np.arange(m, dtype=np.int32), n)
    arcs = Candidates(np.arange(n + 1) * m, target, pricer.matrix.ravel())
    tree = empty_tree(n, m, a.shape[1])
    tree.pi[:n], tree.pi[n:-1] = f, -g
    initial_basis_dense(pricer.matrix, tree, plan)
    return LevelStart(tree, arcs, f, g)


def start_from_plan(
    arcs: Candidates | None, f: FloatArray, g: FloatArray, plan: Plan
) -> LevelStart:
    """A basis around the plan, guided by potentials and candidates, of which there may be none."""
    n = len(f)
    arcs = arcs or no_candidates(n)
    tree = empty_tree(n, len(g), plan.mass.shape[1])
    tree.pi[:n], tree.pi[n:-1] = f, -g
    initial_basis(tree, n, plan, arcs)
    return LevelStart(tree, arcs, f, g)


def solve_level(
    pricer: Pricer,
    start: LevelStart,
    masses: tuple[Masses, Masses],
    context: SolveContext,
    at: tuple[int, int] = (1, 1),
    passes_from_both: int = PASSES_FROM_BOTH,
) -> Solution:
    """Pivot and price until no pair of points would improve the plan, or a limit is reached.

    Parameters
    ----------
    pricer : Pricer
    start : LevelStart
    masses : Masses, Masses
    context : SolveContext
    at : int, int
        Which level this is, and of how many; the last one is solved to optimality.
    passes_from_both : int
        How many passes search the arcs of sources too, which helps from potentials that are rough.
    """
    tree, arcs, f, g = start
    n, m = pricer.shape
    a, b = (fractions(side, side) for side in masses)
    final = at[0] == at[1]
    rtol = context.limits.rtol if final else context.limits.rtol / 4
    lower, cost = float(a @ f + b @ g), _cost(tree, masses[0])
    finished = cost - lower <= rtol * abs(cost)
    passes = 0
    while not finished and not context.exhausted:
        passes += 1
        tolerance = tolerance_of(tree)
        pivot_until_optimal(tree, n, arcs, tolerance, True, context)
        f_now, g_now = tree.pi[:n].copy(), -tree.pi[n:-1]
        # The arcs of the targets are enough for proof.
        sources = nothing_found(n)
        if passes <= passes_from_both:
            sources = pricer.of_sources(f_now, g_now, f_now - tolerance, MORE_ARCS)
        targets = pricer.of_targets(f_now, g_now, g_now - tolerance, MORE_ARCS)
        g_now = np.minimum(g_now, targets.value[:, 0])
        cost, dual = _cost(tree, masses[0]), float(a @ f_now + b @ g_now)
        if dual >= lower:
            lower, f, g = dual, f_now, g_now
        pivots = context.counters.pivots
        context.report(
            PricingPass(*at, passes, n + m, len(arcs.target), pivots, cost, cost - lower)
        )
        more = np.count_nonzero(sources.j[:, 0] >= 0) + np.count_nonzero(targets.j[:, 0] >= 0)
        fraction = 0.0 if final else COARSE_FRACTION
        finished = bool(more <= fraction * (n + m)) or cost - lower <= rtol * abs(cost)
        if not finished:
            arcs = with_more(pricer, arcs, sources, targets)
    return Solution(tree, f, g, finished)


def pivot_until_optimal(
    tree: Tree,
    n: int,
    arcs: Candidates,
    tolerance: float,
    artificials_fixed: bool,
    context: SolveContext,
    enough: Callable[[], bool] | None = None,
) -> bool:
    """Pivot until no candidate improves the plan; False if the pivots were used up before.

    If given, `enough` is asked after every compiled call whether the plan is good enough.
    """
    done, row = False, 0
    while not done and not context.exhausted:
        left = context.pivots_left
        done, row, count = run_pivots(
            tree, n, arcs, tolerance, artificials_fixed, row, left, WORK_PER_CALL
        )
        context.counters.pivots += count
        done = done or (enough is not None and enough())
    compute_potentials(tree, n)
    return bool(done)


def tolerance_of(tree: Tree) -> float:
    """Reduced costs are zero up to this."""
    return SPARSE_TOLERANCE * float(largest_potential(tree))


def _cost(tree: Tree, a: Masses) -> float:
    """The cost of the plan for a total mass of one."""
    return float(tree.cost @ fractions(tree.mass, a))


def with_more(
    pricer: Pricer,
    arcs: Candidates,
    sources: SmallestReducedCosts,
    targets: SmallestReducedCosts,
) -> Candidates:
    """The candidates and those that were found."""
    n, m = pricer.shape
    start, target = merge_candidates(arcs.start, arcs.target, m, sources.j, targets.j)
    source = np.repeat(np.arange(n, dtype=np.int32), np.diff(start))
    return Candidates(start, target, pricer.costs(source, target))
