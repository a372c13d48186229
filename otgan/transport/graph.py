"""W1 along the arcs of a graph: the flow of least cost that turns one distribution into another.

    min  sum_ij l_ij P_ij   over P >= 0 with  sum_j P_ij - sum_j P_ji = a_i - b_i
    max  sum_i (b_i - a_i) f_i   over f with  f_j - f_i <= l_ij

Weak duality is the whole of the certificate: for every such flow P and potential f the second sum
is sum_ij P_ij (f_j - f_i), which is at most the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from otgan.costs import SparseCost
from otgan.errors import SolverError
from otgan.inputs.labels import align_graph
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.progress import Progress, Report, reporting
from otgan.results import Result
from otgan.transport.duality import dual_value
from otgan.transport.exact import SolverOptions
from otgan.transport.graph_input import as_lengths, as_masses_of_nodes
from otgan.transport.interpretation import interpreting_small
from otgan.transport.result import EXACT_RTOL, MAX_ALLOWANCE, MOVED_BY_ROUNDING
from otgan.transport.rounding import EPS, MARGINAL_TOLERANCE
from otgan.transport.stopwatch import Stopwatch, preparing

if TYPE_CHECKING:  # importing Numba takes some tenths of a second
    from otgan.transport.network_simplex.transshipment import Flow

__all__ = ["GraphDistance", "emd_graph"]


@checks_keywords
@dataclass(frozen=True, eq=False)
class GraphDistance(Result):
    """W1 between two distributions on the nodes of a graph, with its certificate.

    ``float(result)`` is the distance.

    Attributes
    ----------
    distance : float
        What the flow costs, the masses summing to one.
    lower, upper : float
        Certified bracket of the distance: the value of the potential, the cost of the flow.
    flow : csr_array, shape (n, n)
        How much mass goes along the arc from node i to node j. What leaves a node less what enters
        it is ``a - b`` there, both normalized.
    f : ndarray, shape (n,)
        Potential with ``f[j] - f[i] <= lengths[i, j]`` on every arc, and equality where mass flows;
        the lower bound is ``(b - a) @ f``. In every component it is centered.
    stats : mapping
        Seconds spent solving, certifying and preparing, the mass before normalization, pivots.
    """

    distance: float
    lower: float
    upper: float
    flow: sparse.csr_array = field(repr=False)
    f: FloatArray = field(repr=False)
    stats: Mapping[str, Any] = field(default_factory=dict, repr=False)

    derived: ClassVar[tuple[str, ...]] = ("gap", "n")
    bracket: ClassVar[tuple[str, ...]] = ("lower", "upper")
    panel: ClassVar[str] = "otgan.transport.plot.flow_matrix"

    @property
    def gap(self) -> float:
        """Width of the bracket, upper - lower."""
        return self.upper - self.lower

    @property
    def n(self) -> int:
        """How many nodes there are."""
        return len(self.f)

    def __float__(self) -> float:
        return self.distance

    def __repr__(self) -> str:
        return (
            f"GraphDistance(distance={self.distance:.10g}, gap={self.gap:.2g}, n={self.n}, "
            f"arcs_with_flow={self.flow.nnz})"
        )


@checks_keywords
def emd_graph(
    lengths: Any,
    a: Any,
    b: Any,
    *,
    normalize: bool = False,
    rtol: float = 0.0,
    max_iterations: int | None = None,
    progress: Progress = False,
) -> GraphDistance:
    """Exact W1 between two distributions on the nodes of a graph, along its arcs.

    Mass moves along arcs and through nodes, at the length of each arc for a unit: the cost is that
    of transport whose ground distance is the shortest path, without the n² shortest paths.

    Parameters
    ----------
    lengths : SciPy sparse array or array_like, shape (n, n)
        Non-negative lengths of the arcs from node i to node j. A symmetric matrix is an undirected
        graph; otherwise mass may move in the direction of arcs only, so that edges that are stored
        once must be stored the other way, too. In a sparse array every stored entry is an arc, a
        stored zero one of length zero; in a dense array ``inf`` means that there is no arc, and
        zeros off the diagonal are refused, as they could mean either. Arcs from a node to itself
        are left out.
    a, b : array_like, shape (n,), or None
        Non-negative masses on the nodes with equal sums, in all and in every component; None stands
        for equal masses. Both are normalized to one. If they and the lengths have labels, they are
        matched by the rows.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ: each is divided by its own.
    rtol : float, default 0
        Stop as soon as the bracket is known to be as tight as this, relative to the distance. The
        default asks for an exact answer, whose gap is at most 1e-9 of it. Little time is saved:
        most of it goes into a first flow, which is optimal unless lengths differ by ten orders of
        magnitude or more.
    max_iterations : int, optional
        Pivots before giving up; by default far more than any solvable problem was seen to need.
    progress : bool or callable, default False
        True for a bar on the terminal, or a function of (done, total, message): how many pivots
        were made, None, and the bracket so far. It is called some ten times a second.

    Returns
    -------
    GraphDistance
        ``float(result)`` is the distance; it holds the flow on the arcs and a potential.

    Raises
    ------
    InvalidInputError
        Negative lengths or masses, NaN, shapes that do not fit, zeros in a dense array.
    UnequalMassError
        Sums of a and b that differ by more than rounding.
    InfeasibleError
        A component whose masses differ, or nodes with mass that no arc leads out of.
    SolverError
        The certificate did not close; ``error.partial`` is the result so far. Arcs some ten orders
        of magnitude longer than the paths of the mass can do this: they take the digits.

    See Also
    --------
    emd_from_cost : between sources and targets, for any costs; mass takes one arc, not a path.

    Notes
    -----
    Every node becomes a source and a target of the transport problem, with a stock that lets mass
    pass; the network simplex solves this on the arcs alone, in O(n + arcs) memory. For powers of
    the distance compute shortest paths, and pass them to :func:`emd_from_cost`. The first call
    compiles for some seconds, once. See docs/engine.md.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), section 6.3. Orden, The transhipment
    problem (1956).

    Examples
    --------
    Three nodes on a street, one and two apart; half of the mass passes through the second:

    >>> from scipy.sparse import coo_array
    >>> street = coo_array(([1.0, 2.0], ([0, 1], [1, 2])), shape=(3, 3))
    >>> r = emd_graph(street + street.T, [0.5, 0.5, 0], [0, 0.5, 0.5])
    >>> r
    GraphDistance(distance=1.5, gap=0, n=3, arcs_with_flow=2)
    >>> r.flow.toarray()
    array([[0. , 0.5, 0. ],
           [0. , 0. , 0.5],
           [0. , 0. , 0. ]])
    >>> r.f
    array([-1.5, -0.5,  1.5])
    """
    options = SolverOptions.of(rtol, max_iterations, None, progress)
    lengths, a, b = align_graph(lengths, a, b)
    arcs = as_lengths(lengths)
    a, b, mass = as_masses_of_nodes(arcs, a, b, normalize)
    n = arcs.shape[0]
    limit = 1_000_000 + 1_000 * n if max_iterations is None else max_iterations
    with (
        interpreting_small(n * n),
        reporting(options.progress, None, "transport on a graph", unit="pivot") as report,
    ):
        return _solve_reporting(_Problem(arcs, a, b, mass), options, limit, report)


class _Problem(NamedTuple):
    """A graph, masses on its nodes that sum to one, and the mass before."""

    lengths: sparse.csr_array
    a: FloatArray
    b: FloatArray
    mass: float


def _solve_reporting(
    problem: _Problem, options: SolverOptions, limit: int, report: Report
) -> GraphDistance:
    watch = Stopwatch()
    with preparing():
        from otgan.transport.network_simplex.context import Limits, SolveContext
        from otgan.transport.network_simplex.transshipment import solve_transshipment
    context = SolveContext(Limits(max_pivots=limit))

    def show(result: GraphDistance) -> None:
        report(context.counters.pivots, f"within [{result.lower:.6g}, {result.upper:.6g}]")

    def is_enough(flow: Flow | None) -> bool:
        if flow is None:
            report(context.counters.pivots, "finding a flow")
            return False
        found = _certified(problem, flow)
        show(found)
        return found.gap <= options.rtol * found.upper

    watched = options.rtol > 0 or options.progress is not False
    flow = solve_transshipment(*problem[:3], context, is_enough if watched else None)
    solved = watch.working
    result = _certified(problem, flow)
    show(result)
    stats = {
        "mass": problem.mass,
        "seconds_solving": solved,
        **context.counters.stats(1),
        "seconds_preparing": watch.preparing,
        "seconds_certifying": watch.working - solved,
    }
    stopped_after = None if flow.finished else limit
    return _accepted(replace(result, stats=stats), problem, options.rtol, stopped_after)


# ---------------------------------------------------------------- the certificate


def _certified(problem: _Problem, found: Flow) -> GraphDistance:
    """The bracket from flow and potential alone; a flow that loses mass proves nothing."""
    lengths, a, b, _ = problem
    n = lengths.shape[0]
    lacking = np.bincount(found.i, found.mass, n) - np.bincount(found.j, found.mass, n) - (a - b)
    kept = np.abs(lacking).sum() <= MARGINAL_TOLERANCE * (1 + found.mass.sum())
    prices = SparseCost(lengths).arcs(found.i, found.j)
    upper = math.fsum(found.mass * prices) if kept else math.inf
    flow = sparse.coo_array((found.mass, (found.i, found.j)), shape=(n, n)).tocsr()
    f = _centered(_feasible(lengths, found.f), lengths)
    # A constant decides nothing but digits, of which a heavy node far from zero takes some.
    at_zero = (f, f - f[(a + b).argmax()])
    lower = max(dual_value((b - a) * potential, upper) for potential in at_zero)
    lower = min(lower, upper)  # they may cross by rounding
    return GraphDistance(upper, lower, upper, flow, f)


def _feasible(lengths: sparse.csr_array, f: FloatArray) -> FloatArray:
    """The largest potential that is nowhere above f and has no slope above the lengths.

    It is min_i (f_i + d(i, j)), d the shortest path: from one more node, at f_i from node i.
    """
    n = lengths.shape[0]
    least = f.min()
    start = np.append(lengths.indptr, lengths.nnz + n)
    data = np.concatenate([lengths.data, f - least])
    nodes = np.concatenate([lengths.indices, np.arange(n)])
    graph = sparse.csr_array((data, nodes, start), shape=(n + 1, n + 1))
    lowered: FloatArray = csgraph.dijkstra(graph, indices=n)[:n] + least
    return np.minimum(lowered, f)


def _centered(f: FloatArray, lengths: sparse.csr_array) -> FloatArray:
    """The potential moved by a constant in every component, so that its products keep digits."""
    count, part = csgraph.connected_components(lengths, directed=False)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, part, f)
    np.maximum.at(high, part, f)
    centered: FloatArray = f - (low / 2 + high / 2)[part]
    return centered


def _accepted(
    result: GraphDistance, problem: _Problem, rtol: float, stopped_after: int | None
) -> GraphDistance:
    """The result, if its bracket is as tight as asked for; else raise with it attached."""
    weighed = float(np.abs((problem.b - problem.a) * result.f).sum())
    rounding = 16 * EPS * (result.upper + weighed)
    flow = result.flow.tocoo()
    lengths = SparseCost(problem.lengths).arcs(*flow.coords)
    if lengths[flow.data > MOVED_BY_ROUNDING].any():  # else the distance is zero
        rounding = min(rounding, MAX_ALLOWANCE * result.upper)
    wanted = max(rtol, EXACT_RTOL)
    if result.gap <= wanted * result.upper + rounding and math.isfinite(result.upper):
        return result
    reason, hint = "", "leave out arcs that no mass should take instead of making them very long"
    if stopped_after is not None:
        reason, hint = f" after {stopped_after} iterations", "raise max_iterations or rtol"
    raise SolverError(
        f"the certified gap must be at most {wanted:g} of the distance, got the bracket "
        f"[{result.lower:.10g}, {result.upper:.10g}]{reason}; to fix it, {hint} (the bracket is "
        "in error.partial)",
        partial=result,
    )
