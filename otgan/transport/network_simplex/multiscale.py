"""Exact transport from coarse to fine: a network simplex on few arcs, closed by pricing.

The clouds are halved into cells until some hundred are left. Every level starts from the one
before: its potentials, by c-transforms, show which arcs are promising, and its plan, disaggregated
to the points in the cells, is a first plan. The simplex solves the problem on these arcs; pricing
then compares all pairs, adds arcs that would improve the plan, and proves optimality when there
are none.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.normed_points import NormedPoints
from otgan.transport.dummy_points import DummyPrices
from otgan.transport.network_simplex.coarsening import (
    Cloud,
    clouds_of_levels,
    disaggregate_plan,
    interpolate_potential,
)
from otgan.transport.network_simplex.context import Outcome, PricingPass, SolveContext
from otgan.transport.network_simplex.dense import MAX_DENSE_ARCS, solve_dense
from otgan.transport.network_simplex.dummy_pricer import (
    DummyPricer,
    prices_of_cells,
    with_dummy,
)
from otgan.transport.network_simplex.fixed_point import Masses, balanced_masses, fractions
from otgan.transport.network_simplex.kdtree import KdTree, build_tree
from otgan.transport.network_simplex.level import (
    Solution,
    solve_level,
    start_from_plan,
    start_on_matrix,
    start_with_candidates,
)
from otgan.transport.network_simplex.norm import SPHERE, Norm
from otgan.transport.network_simplex.pricers import LevelPricer, MatrixPricer, PointPricer
from otgan.transport.network_simplex.restart import solve_from
from otgan.transport.network_simplex.tree import Plan, plan_of
from otgan.transport.warm_start import WarmStart

__all__ = [
    "Level",
    "is_large",
    "levels_of",
    "refine",
    "solve_coarsest",
    "solve_matrix",
    "solve_points",
]

MAX_DENSE_SIDE = 1024
"""Points on a side beyond which clouds go from coarse to fine, however few there are opposite."""


class Level(NamedTuple):
    """A pair of clouds, and the costs between them."""

    x: Cloud
    y: Cloud
    pricer: LevelPricer

    @property
    def masses(self) -> tuple[Masses, Masses]:
        """The masses of both."""
        return self.x.masses, self.y.masses


def is_large(n: int, m: int) -> bool:
    """Whether clouds of these sizes are worth levels: not if one is a single point."""
    return n * m > MAX_DENSE_ARCS or (max(n, m) > MAX_DENSE_SIDE and min(n, m) > 1)


@checks_keywords
def solve_points(
    points: NormedPoints,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    prices: DummyPrices | None = None,
    start: WarmStart | None = None,
) -> Outcome:
    """Transport between two clouds of points for the cost that they say.

    Parameters
    ----------
    points : NormedPoints
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    context : SolveContext
    prices : DummyPrices, optional
        Of a dummy point at the end of each cloud, of which `points` do not speak, but masses do.
    start : WarmStart, optional
        With dummies too, if there are prices. The points themselves are then the only level.

    Returns
    -------
    Outcome
        O((n + m) d) memory.
    """
    extent = max(float(np.abs(points.x).max()), float(np.abs(points.y).max()))
    scale = float(2.0 ** np.round(np.log2(extent))) if extent > 0 else 1.0  # no digit is lost
    points, unit = points.scaled(scale), float(scale**points.power)
    context = context.in_units(unit)
    trees = build_tree(points.x), build_tree(points.y)
    of_x, of_y = (tree.order for tree in trees)
    if prices is not None:
        between = prices.between / unit
        prices = DummyPrices(prices.u[of_x] / unit, prices.v[of_y] / unit, between)
        of_x, of_y = np.append(of_x, len(points.x)), np.append(of_y, len(points.y))
    masses = balanced_masses(a[of_x], b[of_y])
    norm = Norm.of(points)
    if start is not None:
        start = start.restricted(of_x, of_y).in_units(unit)
        pricer = PointPricer(trees[0].cells, trees[1].cells, norm, context.n_jobs)
        finest = pricer if prices is None else DummyPricer(pricer, prices)
        solution, levels = solve_from(start, finest.stored(), masses, context), 1
    else:
        solution, levels = _solve_levels(
            levels_of(trees, masses, norm, context.n_jobs, prices), context
        )
    outcome = _outcome(solution, masses[0], context, levels)
    f, g = np.empty(len(a)), np.empty(len(b))
    f[of_x], g[of_y] = outcome.f * unit, outcome.g * unit
    return outcome._replace(i=of_x[outcome.i], j=of_y[outcome.j], f=f, g=g)


@checks_keywords
def solve_matrix(
    matrix: FloatArray,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    start: WarmStart | None = None,
) -> Outcome:
    """Transport for a stored cost matrix with finite entries.

    Parameters
    ----------
    matrix : ndarray, shape (n, m)
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    context : SolveContext
    start : WarmStart, optional
    """
    masses = balanced_masses(a, b)
    if start is not None:
        solution = solve_from(start, MatrixPricer(matrix, context.n_jobs), masses, context)
        return _outcome(solution, masses[0], context, 1)
    if matrix.size > MAX_DENSE_ARCS:
        pricer = MatrixPricer(matrix, context.n_jobs)
        solution = solve_level(pricer, start_on_matrix(pricer, *masses), masses, context)
        return _outcome(solution, masses[0], context, 1)
    i, j, mass, f, g, pivots, finished = solve_dense(matrix, *masses, context.pivots_left)
    context.counters.pivots += pivots
    cost = gap = np.nan
    if context.is_watched:
        cost = float(matrix[i, j] @ mass)
        gap = cost - float(a @ f + b @ g)
    points, pivots = sum(matrix.shape), context.counters.pivots
    context.report(PricingPass(1, 1, 1, points, matrix.size, pivots, cost, gap))
    return Outcome(i, j, mass, f, g, finished, context.counters.stats(1))


# ---------------------------------------------------------------- levels


def levels_of(
    trees: tuple[KdTree, KdTree],
    masses: tuple[Masses, Masses],
    norm: Norm,
    n_jobs: int | None = None,
    prices: DummyPrices | None = None,
) -> list[Level]:
    """The levels of two clouds, from coarse to fine; with prices, of clouds that end in dummies."""
    of_points = masses if prices is None else (masses[0][:-1], masses[1][:-1])
    largest = max(len(side) for side in of_points)
    radius = norm.extent[0] / 2 if norm.code == SPHERE and norm.extent is not None else None
    x, y = (clouds_of_levels(*side, largest, radius) for side in zip(trees, of_points, strict=True))
    levels = []
    for of_x, of_y in zip(x, y, strict=True):
        pricer = PointPricer(of_x.cells, of_y.cells, norm, n_jobs)
        level = Level(of_x, of_y, pricer)
        levels.append(level if prices is None else _with_dummies(level, pricer, prices, masses))
    return levels


def _with_dummies(
    level: Level, pricer: PointPricer, prices: DummyPrices, masses: tuple[Masses, Masses]
) -> Level:
    """A level with the dummies; prices and masses are those of the finest one."""
    (x, y, _), (a, b) = level, masses
    of_level = DummyPrices(
        prices_of_cells(prices.u, a[:-1], x.starts),
        prices_of_cells(prices.v, b[:-1], y.starts),
        prices.between,
    )
    return Level(with_dummy(x, a[-1:]), with_dummy(y, b[-1:]), DummyPricer(pricer, of_level))


def _solve_levels(levels: list[Level], context: SolveContext) -> tuple[Solution, int]:
    solution = solve_coarsest(levels[0], context, len(levels))
    for at, (coarse, fine) in enumerate(itertools.pairwise(levels), start=2):
        solution = refine(coarse, fine, solution, context, (at, len(levels)))
    return solution, len(levels)


def solve_coarsest(level: Level, context: SolveContext, levels: int) -> Solution:
    """Solve the first of so many levels, with all its arcs."""
    n, m = level.pricer.shape
    i, j = np.divmod(np.arange(n * m), m)
    matrix = MatrixPricer(level.pricer.costs(i, j).reshape(n, m), context.n_jobs)
    start = start_on_matrix(matrix, *level.masses)
    return solve_level(matrix, start, level.masses, context, (1, levels))


def refine(
    coarse: Level, fine: Level, solution: Solution, context: SolveContext, at: tuple[int, int]
) -> Solution:
    """Solve a level from the solution of the one before; `at` is its number, and of how many."""
    plan = plan_of(solution.tree, coarse.pricer.shape[0])
    i, j, mass = disaggregate_plan(plan, (coarse.x, coarse.y), (fine.x, fine.y))
    pricer = fine.pricer.stored()
    plan = Plan(i, j, mass, pricer.costs(i, j))
    f = interpolate_potential(coarse.x, solution.f, fine.x)
    g = interpolate_potential(coarse.y, solution.g, fine.y)
    between = fine.pricer.from_coarse(coarse.pricer)
    g = between.of_targets(solution.f, g, np.full(len(g), np.inf), 1).value[:, 0]
    if context.limits.rtol > 0 and at[0] == at[1]:
        # The potentials of the cells and the disaggregated plan may be good enough.
        f = pricer.of_sources(f, g, np.full(len(f), np.inf), 1).value[:, 0]
        start = start_from_plan(None, f, g, plan)
        solution = solve_level(pricer, start, fine.masses, context.without_pivots(), at)
        if solution.finished:
            return solution
    start = start_with_candidates(pricer, f, g, plan)
    return solve_level(pricer, start, fine.masses, context, at)


# ---------------------------------------------------------------- what comes back


def _outcome(solution: Solution, a: Masses, context: SolveContext, levels: int) -> Outcome:
    """Plan and potentials in the order of the masses given here."""
    plan = plan_of(solution.tree, len(a))
    f, g = _without_offset(solution.f, solution.g)
    mass = fractions(plan.mass, a)
    stats = context.counters.stats(levels)
    return Outcome(plan.i, plan.j, mass, f, g, solution.finished, stats)


def _without_offset(f: FloatArray, g: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The potentials without their common offset, which takes digits from their sums."""
    offset = float(f.max() + f.min() - g.max() - g.min()) / 4
    return f - offset, g + offset
