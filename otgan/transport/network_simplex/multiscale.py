"""Exact transport from coarse to fine: a network simplex on few arcs, closed by pricing.

The clouds are halved into cells until some hundred are left. Every level starts from the one
before: its potentials, by c-transforms, say which arcs are worth a look, and its plan, handed
down to the points in the cells, is a first plan. The simplex solves the problem on these arcs;
pricing then looks at all pairs, adds arcs that would improve the plan, and proves optimality
when there are none.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from otgan.costs import NormedPoints
from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex import simplex
from otgan.transport.network_simplex.dense import greedy, solve_dense, start_dense
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    amounts,
    assign,
    balanced,
    is_zero,
    less,
    shares,
    subtract,
    sums,
)
from otgan.transport.network_simplex.kdtree import (
    Cells,
    Tree as CellTree,
    edges_at,
    grow,
    lay_out,
    upper_model,
)
from otgan.transport.network_simplex.pricing import (
    CELLS_UP_TO,
    NORMS,
    Cheapest,
    cheapest_beside,
    cheapest_in_columns,
    cheapest_in_rows,
    cost_matrix,
    pair_costs,
)
from otgan.transport.network_simplex.simplex import Candidates, Plan

__all__ = [
    "ALL_ARCS",
    "Outcome",
    "Progress",
    "Stop",
    "is_large",
    "pivot_until_optimal",
    "solve_matrix",
    "solve_points",
    "stats_of",
    "tolerance_of",
]

logger = logging.getLogger(__name__)

COARSEST = 128
"""Cells on the coarsest level, at most; all arcs between them are candidates."""

FIRST_ARCS = 10
"""Candidates of every point at the start of a level: the smallest reduced costs."""

MORE_ARCS = 5
"""Arcs that a pricing pass may add for every point."""

ROUNDS_FROM_BOTH = 2
"""After so many pricing passes on a level, arcs are only looked for from the targets' side."""

COARSE_SHARE = 0.02
"""A coarse level is done when no more than this share of its points have an arc to add."""

TOLERANCE = 256 * float(np.finfo(np.float64).eps)
"""Reduced costs are zero up to this share of the largest potential."""

ALL_ARCS = 2**18
"""Entries of a matrix that are all candidates from the start."""

STORED = 2**25
"""Costs that are stored in many dimensions (256 MiB)."""

LONGEST = 1024
"""Points on a side beyond which clouds go from coarse to fine, however few there are opposite."""

WORK_AT_ONCE = 5_000_000
"""Potentials changed, about a tenth of a second, before Ctrl-C is heard."""


class Progress(NamedTuple):
    """Where a solve stands: told to the callback after every pricing pass.

    Attributes
    ----------
    level, levels : int
        The level at work, from 1 (coarsest) to `levels` (the points themselves).
    round : int
        Pricing passes on this level.
    points, arcs, pivots : int
        Points of the level, arcs in its candidate set, pivots so far on all levels.
    cost, gap : float
        Primal value of the level's problem, and what its dual value lacks.
    """

    level: int
    levels: int
    round: int
    points: int
    arcs: int
    pivots: int
    cost: float
    gap: float


class Outcome(NamedTuple):
    """Plan and potentials as the solver left them, and whether it says that it finished."""

    i: npt.NDArray[np.integer]
    j: npt.NDArray[np.integer]
    mass: FloatArray
    f: FloatArray
    g: FloatArray
    finished: bool
    stats: dict[str, Any]


@dataclass
class Stop:
    """When to stop, and whom to tell."""

    rtol: float = 0.0
    max_pivots: int = 10**18
    progress: Callable[[Progress], None] | None = None
    unit: float = 1.0
    pivots: int = 0
    rounds: int = 0
    arcs: int = 0

    @property
    def spent(self) -> bool:
        """Whether the pivots are used up."""
        return self.pivots >= self.max_pivots

    def now(self) -> Stop:
        """The same, but without another pivot."""
        return Stop(self.rtol, 0)

    def tell(self, step: Progress) -> None:
        """Keep and pass on where the solve stands."""
        step = step._replace(cost=step.cost * self.unit, gap=step.gap * self.unit)
        self.rounds += 1
        self.arcs = step.arcs
        logger.debug("%s", step)
        if self.progress is not None:
            self.progress(step)


class Pricer(Protocol):
    """The costs of one level: on arcs, and the cheapest beside potentials."""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        ...

    def costs(self, i: Any, j: Any) -> FloatArray:
        """The costs on a list of arcs."""
        ...

    def of_sources(self, f: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
        """The k smallest C_ij - g_j of each source i."""
        ...

    def of_targets(self, f: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
        """The k smallest C_ij - f_i of each target j."""
        ...


@dataclass(frozen=True)
class PointPricer:
    """Costs norm ** power between two clouds in cells."""

    x: Cells
    y: Cells
    norm: tuple[int, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.x.columns.shape[1], self.y.columns.shape[1]

    def costs(self, i: Any, j: Any) -> FloatArray:
        """The costs on a list of arcs."""
        return pair_costs(self.x.columns, self.y.columns, i, j, self.norm)

    def of_sources(self, f: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
        """The k smallest C_ij - g_j of each source i; f guides the search."""
        return cheapest_beside(self.x, self.y, f, g, below, self.norm, k)

    def of_targets(self, f: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
        """The k smallest C_ij - f_i of each target j; g guides the search."""
        return cheapest_beside(self.y, self.x, g, f, below, self.norm, k)


@dataclass(frozen=True)
class MatrixPricer:
    """A stored cost matrix; inf entries are never priced in."""

    matrix: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.matrix.shape[0], self.matrix.shape[1]

    def costs(self, i: Any, j: Any) -> FloatArray:
        """The costs on a list of arcs."""
        return self.matrix[i, j]

    def of_sources(self, f: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
        """The k smallest C_ij - g_j of each source i."""
        return cheapest_in_rows(self.matrix, g, below, k)

    def of_targets(self, f: FloatArray, g: FloatArray, below: FloatArray, k: int) -> Cheapest:
        """The k smallest C_ij - f_i of each target j."""
        return cheapest_in_columns(self.matrix, f, below, k)


class Level(NamedTuple):
    """A pair of clouds in cells, their masses, and where each cell begins among the points."""

    pricer: PointPricer
    a: Masses
    b: Masses
    edges_x: npt.NDArray[np.intp]
    edges_y: npt.NDArray[np.intp]


class Solution(NamedTuple):
    """A tree on a level, and the best pair of potentials that was proved there."""

    tree: simplex.Tree
    f: FloatArray
    g: FloatArray
    finished: bool


def is_large(n: int, m: int) -> bool:
    """Whether clouds of these sizes are worth levels: not if one is a single point."""
    return n * m > ALL_ARCS or (max(n, m) > LONGEST and min(n, m) > 1)


def solve_points(points: NormedPoints, a: FloatArray, b: FloatArray, stop: Stop) -> Outcome:
    """Transport between two clouds of points for the cost ``norm(x_i - y_j) ** power``.

    Parameters
    ----------
    points : NormedPoints
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    stop : Stop

    Returns
    -------
    Outcome
        O((n + m) d) memory.
    """
    x, y = points.x, points.y
    extent = max(float(np.abs(x).max()), float(np.abs(y).max()))
    scale = float(2.0 ** np.round(np.log2(extent))) if extent > 0 else 1.0  # no digit is lost
    tree_x, tree_y = grow(x / scale), grow(y / scale)
    norm = NORMS[points.norm], points.power
    stop.unit = float(scale**points.power)
    masses = balanced(a[tree_x.order], b[tree_y.order])
    levels = list(_levels(tree_x, tree_y, masses[0], masses[1], norm))
    solution = _solve_coarsest(levels[0], stop, len(levels))
    for at, (coarse, fine) in enumerate(itertools.pairwise(levels), start=2):
        solution = _descend(coarse, fine, solution, stop, (at, len(levels)))
    outcome = _outcome(solution, masses[0], stop, len(levels))
    f, g = np.empty(len(x)), np.empty(len(y))
    f[tree_x.order], g[tree_y.order] = outcome.f * stop.unit, outcome.g * stop.unit
    i, j = tree_x.order[outcome.i], tree_y.order[outcome.j]
    return outcome._replace(i=i, j=j, f=f, g=g)


def solve_matrix(matrix: FloatArray, a: FloatArray, b: FloatArray, stop: Stop) -> Outcome:
    """Transport for a stored cost matrix with finite entries.

    Parameters
    ----------
    matrix : ndarray, shape (n, m)
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    stop : Stop
    """
    masses = balanced(a, b)
    if matrix.size <= ALL_ARCS:
        i, j, mass, f, g, stop.pivots, finished = solve_dense(matrix, *masses, stop.max_pivots)
        stop.rounds, stop.arcs = 1, matrix.size
        if stop.progress is not None:
            stop.progress(_whole(matrix, i, j, mass, a @ f + b @ g, stop.pivots))
        return Outcome(i, j, mass, f, g, finished, stats_of(stop, 1))
    pricer = MatrixPricer(matrix)
    solution = _close(pricer, _start_on_matrix(pricer, *masses), masses, stop, (1, 1))
    return _outcome(solution, masses[0], stop, 1)


def _whole(
    matrix: FloatArray, i: Any, j: Any, mass: FloatArray, dual: float, pivots: int
) -> Progress:
    """What there is to tell of a problem that was solved in one call."""
    cost = float(matrix[i, j] @ mass)
    return Progress(1, 1, 1, sum(matrix.shape), matrix.size, pivots, cost, cost - dual)


# ---------------------------------------------------------------- levels


def _levels(
    x: CellTree, y: CellTree, a: Masses, b: Masses, norm: tuple[int, float]
) -> Iterator[Level]:
    """From the coarsest level to the points themselves, four times as many cells each time."""
    n, m = len(x.order), len(y.order)
    finest = int(np.log2(max(n, m) / 4)) if max(n, m) > COARSEST else 0
    coarsest = int(np.log2(COARSEST))
    first = coarsest + (finest - coarsest) % 2
    for level in range(first, finest + 1, 2):
        cells_x, mass_a, edges_x = _coarsen(x, a, level)
        cells_y, mass_b, edges_y = _coarsen(y, b, level)
        yield Level(PointPricer(cells_x, cells_y, norm), mass_a, mass_b, edges_x, edges_y)
    yield Level(PointPricer(x.cells, y.cells, norm), a, b, np.arange(n + 1), np.arange(m + 1))


def _coarsen(
    tree: CellTree, masses: Masses, level: int
) -> tuple[Cells, Masses, npt.NDArray[np.intp]]:
    """The cells of a level as points: their masses, centers of mass, and first points."""
    n = len(masses)
    if 2 * n < 3 << level:
        return tree.cells, masses, np.arange(n + 1)
    edges = edges_at(n, level)
    mass = sums(masses, edges)
    of_cell = amounts(masses) / np.repeat(amounts(mass), np.diff(edges))
    centers = np.add.reduceat(tree.cells.columns * of_cell, edges[:-1], axis=1)
    return lay_out(centers.T), mass, edges


def _solve_coarsest(level: Level, stop: Stop, levels: int) -> Solution:
    n, m = level.pricer.shape
    i, j = np.divmod(np.arange(n * m), m)
    matrix = MatrixPricer(level.pricer.costs(i, j).reshape(n, m))
    start = _start_on_matrix(matrix, level.a, level.b)
    return _close(matrix, start, (level.a, level.b), stop, (1, levels))


def _descend(
    coarse: Level, fine: Level, solution: Solution, stop: Stop, at: tuple[int, int]
) -> Solution:
    """Solve a level from the solution of the one before."""
    n = coarse.pricer.shape[0]
    i, j, mass = _hand_down(
        simplex.plan_of(solution.tree, n),
        fine.a,
        fine.b,
        np.searchsorted(fine.edges_x, coarse.edges_x),
        np.searchsorted(fine.edges_y, coarse.edges_y),
    )
    pricer = _stored(fine.pricer)
    plan = Plan(i, j, mass, pricer.costs(i, j))
    of_x, of_y = (coarse.pricer.x, coarse.edges_x), (coarse.pricer.y, coarse.edges_y)
    f = _extend(of_x, solution.f, (fine.pricer.x, fine.edges_x))
    g = _extend(of_y, solution.g, (fine.pricer.y, fine.edges_y))
    between = PointPricer(coarse.pricer.x, fine.pricer.y, fine.pricer.norm)
    unlimited = np.full(len(g), np.inf)
    g = between.of_targets(solution.f, g, unlimited, 1).value[:, 0]
    masses = fine.a, fine.b
    if stop.rtol > 0 and at[0] == at[1]:
        # The potentials of the cells and the plan handed down may do.
        f = pricer.of_sources(f, g, np.full(len(f), np.inf), 1).value[:, 0]
        none = Candidates(np.zeros(len(f) + 1, np.int64), np.empty(0, np.int32), np.empty(0))
        solution = _close(pricer, _planted(none, f, g, plan), masses, stop.now(), at)
        if solution.finished:
            return solution
    return _close(pricer, _start(pricer, f, g, plan, FIRST_ARCS), masses, stop, at)


def _stored(pricer: PointPricer) -> Pricer:
    """In many dimensions, where cells rule nothing out: all costs, if there is room for them."""
    n, m = pricer.shape
    if len(pricer.x.columns) <= CELLS_UP_TO or n * m > STORED:
        return pricer
    return MatrixPricer(cost_matrix(pricer.x, pricer.y, pricer.norm))


def _extend(
    coarse: tuple[Cells, npt.NDArray[np.intp]],
    potential: FloatArray,
    fine: tuple[Cells, npt.NDArray[np.intp]],
) -> FloatArray:
    """A potential on the finer cloud: what its model makes of it near the point it came from."""
    (cells, edges), (finer, finer_edges) = coarse, fine
    n = len(potential)
    leaf = (1 << cells.depth) + np.repeat(
        np.arange(1 << cells.depth), np.diff(edges_at(n, cells.depth))
    )
    slope = upper_model(cells, potential).slope[leaf]
    parent = np.searchsorted(edges, finer_edges[:-1], side="right") - 1
    step = finer.columns - cells.columns[:, parent]
    return potential[parent] + np.einsum("kc,ck->k", slope[parent], step)


@compiled
def _hand_down(plan: Any, a: Any, b: Any, first_a: Any, first_b: Any) -> Any:
    """Hand the plan between cells down to what is in them, in order; first_ says where each begins.

    A forest stays a forest: every arc uses up a source, a target, or an arc of the plan.
    """
    room = len(a) + len(b) + len(plan.mass)
    i, j = np.empty(room, np.int32), np.empty(room, np.int32)
    mass = np.empty((room, a.shape[1]), np.int64)
    rest, rest_a, rest_b = plan.mass.copy(), a.copy(), b.copy()
    next_a, next_b = first_a[:-1].copy(), first_b[:-1].copy()
    count = 0
    for e in range(len(rest)):
        s, t = plan.i[e], plan.j[e]
        while not is_zero(rest, e):
            while is_zero(rest_a, next_a[s]):
                next_a[s] += 1
            while is_zero(rest_b, next_b[t]):
                next_b[t] += 1
            k, to = next_a[s], next_b[t]
            i[count], j[count] = k, to
            assign(mass, count, rest, e)
            if less(rest_a, k, mass, count):
                assign(mass, count, rest_a, k)
            if less(rest_b, to, mass, count):
                assign(mass, count, rest_b, to)
            subtract(rest, e, mass, count)
            subtract(rest_a, k, mass, count)
            subtract(rest_b, to, mass, count)
            count += 1
    return i[:count], j[:count], mass[:count]


# ---------------------------------------------------------------- one level


class Start(NamedTuple):
    """A first tree, its candidates, and feasible potentials."""

    tree: simplex.Tree
    arcs: Candidates
    f: FloatArray
    g: FloatArray


def _start(pricer: Pricer, f: FloatArray, g: FloatArray, plan: Plan, k: int) -> Start:
    """The c-transforms of g, k candidates of each point beside them, a tree around the plan."""
    n, m = pricer.shape
    sources = pricer.of_sources(f, g, np.full(n, np.inf), min(k, m))
    f = sources.value[:, 0]
    targets = pricer.of_targets(f, g, np.full(m, np.inf), min(k, n))
    g = targets.value[:, 0]
    none = Candidates(np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0))
    return _planted(_joined(pricer, none, sources, targets), f, g, plan)


def _start_on_matrix(pricer: MatrixPricer, a: Any, b: Any) -> Start:
    """A greedy plan; all arcs of a small matrix are candidates, or the cheapest of a large one."""
    f = pricer.matrix.min(axis=1)
    g = (pricer.matrix - f[:, None]).min(axis=0)
    if pricer.matrix.size <= ALL_ARCS:
        tree, arcs = start_dense(pricer.matrix, a, b)
        return Start(tree, arcs, f, g)
    return _start(pricer, f, g, Plan(*greedy(pricer.matrix, f, g, a, b)), FIRST_ARCS)


def _planted(arcs: Candidates, f: FloatArray, g: FloatArray, plan: Plan) -> Start:
    n = len(f)
    tree = simplex.empty_tree(n, len(g), plan.mass.shape[1])
    tree.pi[:n], tree.pi[n:-1] = f, -g
    simplex.plant(tree, n, plan, arcs)
    return Start(tree, arcs, f, g)


def _joined(pricer: Pricer, arcs: Candidates, sources: Cheapest, targets: Cheapest) -> Candidates:
    """The candidates and those that were found."""
    n, m = pricer.shape
    start, target = simplex.join(arcs.start, arcs.target, m, sources.index, targets.index)
    source = np.repeat(np.arange(n, dtype=np.int32), np.diff(start))
    return Candidates(start, target, pricer.costs(source, target))


def _close(
    pricer: Pricer, start: Start, masses: tuple[Masses, Masses], stop: Stop, at: tuple[int, int]
) -> Solution:
    """Pivot and price until no pair of points would improve the plan, or `stop` says enough."""
    tree, arcs, f, g = start
    n, m = pricer.shape
    a, b = (shares(side, side) for side in masses)
    final = at[0] == at[1]
    enough = stop.rtol if final else stop.rtol / 4
    lower, cost = float(a @ f + b @ g), _cost(tree, masses[0])
    finished = cost - lower <= enough * abs(cost)
    rounds = 0
    while not finished and not stop.spent:
        rounds += 1
        tolerance = tolerance_of(tree)
        pivot_until_optimal(tree, n, arcs, tolerance, True, stop)
        here, there = tree.pi[:n].copy(), -tree.pi[n:-1]
        # The arcs of the targets are enough for proof; those of the sources help at the start.
        below = here - tolerance if rounds <= ROUNDS_FROM_BOTH else np.full(n, -np.inf)
        sources = pricer.of_sources(here, there, below, MORE_ARCS)
        targets = pricer.of_targets(here, there, there - tolerance, MORE_ARCS)
        there = np.minimum(there, targets.value[:, 0])
        cost, dual = _cost(tree, masses[0]), float(a @ here + b @ there)
        if dual >= lower:
            lower, f, g = dual, here, there
        stop.tell(Progress(*at, rounds, n + m, len(arcs.target), stop.pivots, cost, cost - lower))
        more = np.count_nonzero(sources.index[:, 0] >= 0) + np.count_nonzero(
            targets.index[:, 0] >= 0
        )
        share = 0.0 if final else COARSE_SHARE
        finished = bool(more <= share * (n + m)) or cost - lower <= enough * abs(cost)
        if not finished:
            arcs = _joined(pricer, arcs, sources, targets)
    return Solution(tree, f, g, finished)


def pivot_until_optimal(
    tree: simplex.Tree, n: int, arcs: Candidates, tolerance: float, sealed: bool, stop: Stop
) -> bool:
    """Pivot until no candidate improves the plan; False if the pivots were used up before."""
    done, row = False, 0
    while not done and not stop.spent:
        left = stop.max_pivots - stop.pivots
        done, row, count = simplex.pivots(tree, n, arcs, tolerance, sealed, row, left, WORK_AT_ONCE)
        stop.pivots += count
    simplex.refresh(tree, n)
    return bool(done)


def tolerance_of(tree: simplex.Tree) -> float:
    """Reduced costs are zero up to this."""
    return TOLERANCE * simplex.largest_potential(tree)


def _cost(tree: simplex.Tree, a: Masses) -> float:
    """The cost of the plan for a total mass of one."""
    return float(tree.cost @ shares(tree.mass, a))


# ---------------------------------------------------------------- what comes back


def _outcome(solution: Solution, a: Masses, stop: Stop, levels: int) -> Outcome:
    """Plan and potentials in the order of the masses given here."""
    plan = simplex.plan_of(solution.tree, len(a))
    f, g = _without_offset(solution.f, solution.g)
    return Outcome(
        plan.i, plan.j, shares(plan.mass, a), f, g, solution.finished, stats_of(stop, levels)
    )


def _without_offset(f: FloatArray, g: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The potentials without their common offset, which takes digits from their sums."""
    offset = float(f.max() + f.min() - g.max() - g.min()) / 4
    return f - offset, g + offset


def stats_of(stop: Stop, levels: int) -> dict[str, Any]:
    """What was counted."""
    return {
        "levels": levels,
        "pricing_passes": stop.rounds,
        "pivots": stop.pivots,
        "arcs": stop.arcs,
    }
