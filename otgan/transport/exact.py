"""Exact optimal transport: choose a solver, certify what it found, return."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from otgan.costs import (
    GroundCost,
    MatrixCost,
    Metric,
    PointCost,
    SparseCost,
    as_ground_cost,
    line_exponent,
    stored,
)
from otgan.errors import InvalidInputError, SolverError
from otgan.inputs.labels import align_weights_of_costs
from otgan.inputs.options import as_order
from otgan.measures import (
    DiscreteMeasure,
    FloatArray,
    as_pair,
    as_probabilities,
    is_torch,
    to_unit_mass,
    warn_of_histograms,
    without_labels,
)
from otgan.transport.couplings import Arcs
from otgan.transport.duality import PLAIN_PAIRS, c_transform, certify_arcs
from otgan.transport.line import like_points, line_distance, solve_line
from otgan.transport.result import EXACT_RTOL, TransportResult, is_tight
from otgan.transport.stacks import is_stack
from otgan.transport.stopwatch import Stopwatch, preparing

if TYPE_CHECKING:
    from otgan.transport.network_simplex.multiscale import Outcome, Progress, Stop

__all__ = ["emd", "emd_from_cost", "optimal_pair", "solve_measures", "wasserstein"]

logger = logging.getLogger(__name__)

REFINED_PAIRS = 10**7
"""Most pairs whose costs are stored to find the last digits of a badly scaled problem."""

EPS, SMALLEST = float(np.finfo(np.float64).eps), 1e-300

REFINEMENTS = 5
"""How often these are looked for: each time there are about ten more."""


def emd(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    metric: Metric = "euclidean",
    normalize: bool = False,
    rtol: float = 0.0,
    max_iterations: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TransportResult:
    """Exact earth mover's distance between two weighted clouds of points, with its certificate.

    ``cost = min_P sum_ij P_ij metric(x_i, y_j) ** p`` over plans P with row sums a and column
    sums b, and ``distance = cost ** (1/p)``.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Lists, integers, float32 and torch tensors are promoted to NumPy float64; images of shape
        (n, c, h, w) are flattened. Columns that have names on both sides are matched by them.
    a, b : array_like, shapes (n,) and (m,), optional
        Non-negative masses with equal sums; uniform if omitted. Both are normalized to one. If
        they and the points have an index, they are matched by it.
    p : float, default 1
        Order, at least one.
    metric : {"euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine"} or callable
        A callable takes two points of shape (d,); it is slow, and need not be a metric. It is
        asked once for every pair, for 2**28 pairs at most.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do.
    rtol : float, default 0
        Stop as soon as the bracket is known to be as tight as this, relative to the cost. The
        default asks for an exact answer, whose gap is at most 1e-9 of the cost.
    max_iterations : int, optional
        Pivots before giving up; by default far more than any solvable problem was seen to need.
    progress : callable, optional
        Called after every pricing pass with a `Progress`: level, round, points, arcs, pivots,
        cost and gap.

    Returns
    -------
    TransportResult
        ``float(result)`` is the distance. Everything in it is NumPy float64.

    Raises
    ------
    InvalidInputError
        NaN, infinities, negative weights, empty clouds, shapes, dimensions or names that do not
        fit, whole numbers that float64 does not hold, a callable metric with too many pairs.
    UnequalMassError
        Sums of a and b that differ by more than rounding.
    SolverError
        The certificate did not close; ``error.partial`` is the TransportResult so far.

    Warns
    -----
    InputWarning
        Clouds without weights that look like the heights of two histograms.

    See Also
    --------
    wasserstein : just the distance, differentiable for torch tensors.
    emd_from_cost : the same for any cost matrix.

    Notes
    -----
    On the line (d = 1) the quantile plan is used, with potentials as small as it leaves room
    for, so that the bracket closes for clouds that nearly coincide too. Otherwise a network
    simplex on few arcs, from coarse to fine, closed by a pricing pass over all pairs that leaves
    out what bounds rule out: in the plane memory grows as the number of points, and time as about
    its power 1.6; in many dimensions time grows a little faster than n m. The first call compiles
    for some seconds, once. See docs/engine.md.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), chapters 2 and 3.

    Examples
    --------
    >>> r = emd([[0, 0], [3, 0]], [[0, 4], [3, 4]])
    >>> r
    TransportResult(distance=4, cost=4, gap=0, p=1, n=2, m=2, solver='simplex')
    >>> r.plan.toarray()
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    _check_limits(rtol, max_iterations)
    mu, nu = as_pair(x, y, a, b, normalize=normalize)
    warn_of_histograms(mu, nu)
    return solve_measures(
        mu, nu, metric, as_order(p), rtol=rtol, max_iterations=max_iterations, progress=progress
    )


def emd_from_cost(
    C: Any,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    rtol: float = 0.0,
    max_iterations: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TransportResult:
    """Exact optimal transport for any cost matrix, with its certificate.

    Parameters
    ----------
    C : array_like or SciPy sparse array, shape (n, m)
        Cost from every source to every target, of any sign; ``inf`` forbids an arc, and so does
        a missing entry of a sparse array (a stored zero does not).
    a, b : array_like, shapes (n,) and (m,), optional
        Non-negative masses with equal sums; uniform if omitted. Both are normalized to one. If
        they and C have labels, they are matched by the rows and by the columns of C; what they do
        not mention has no mass.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do.
    rtol, max_iterations, progress
        As for :func:`emd`.

    Returns
    -------
    TransportResult
        With ``p = 1``, so that ``distance`` is ``cost``.

    Raises
    ------
    InvalidInputError
        NaN or minus infinity in C, or shapes that do not fit.
    InfeasibleError
        Forbidden arcs cut some mass off.
    UnequalMassError, SolverError
        As for :func:`emd`.

    Examples
    --------
    >>> emd_from_cost([[0.0, 2.0], [2.0, 0.0]], [0.75, 0.25], [0.25, 0.75]).cost
    1.0
    """
    _check_limits(rtol, max_iterations)
    C, a, b = align_weights_of_costs(C, a, b)
    cost = as_ground_cost(C)
    a, b, mass = as_probabilities(a, b, *cost.shape, normalize=normalize)
    problem = _Problem(cost, a, b, 1.0, mass)
    return _solve_and_certify(problem, rtol, max_iterations, progress)


def wasserstein(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    metric: Metric = "euclidean",
    normalize: bool = False,
) -> Any:
    """Exact Wasserstein distance of order p: just the number, differentiable for torch tensors.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        As for :func:`emd`. A list of tensors is stacked. Also stacks of B clouds, (B, n, d) and
        (B, m, d): clouds at the same place are compared. What has no third axis is shared by all.
    a, b : array_like or torch.Tensor, shapes (n,) and (m,), or (B, n) and (B, m), optional
        Non-negative masses with equal sums; uniform if omitted.
    p : float, default 1
        Order, at least one.
    metric : str or callable
    normalize : bool
        As for :func:`emd`.

    Returns
    -------
    numpy floating, ndarray of shape (B,), or torch.Tensor of shape () or (B,)
        The distance (root taken), in the floating dtype of the points: of two dtypes, in that to
        which the library promotes them. A tensor is on the device of the input; the problem is
        solved on the CPU, and derivatives in points and weights follow the optimal plan and
        potentials (one sub-gradient where there are ties). On the line
        O((n + m) log(n + m)) time, otherwise that of :func:`emd`; small problems of a stack are
        solved side by side, on all cores.

    Raises
    ------
    InvalidInputError, UnequalMassError, SolverError
        As for :func:`emd`; a note names the problem of a stack.

    See Also
    --------
    transport_cost : the same for a cost matrix.
    pairwise_wasserstein : all distances between the clouds of a list.

    Notes
    -----
    `torch.func`, `torch.vmap`, `torch.compile`, `torch.export` and recorded traces may all be used;
    inside them a distance beyond the dtype of the points is infinite, where it is an error outside.
    Weights are normalized, so that gradients have no part along them. Second derivatives hold the
    plan fixed, as it is near almost all points, but for how its masses follow the weights; they
    are zero, and not infinite, where two points coincide under a cost with a kink there.

    Examples
    --------
    >>> float(wasserstein([[0, 0], [1, 0]], [[0, 1], [1, 1]]))
    1.0
    >>> import torch
    >>> x = torch.tensor([[0.0, 0.0]], requires_grad=True)
    >>> wasserstein(x, torch.tensor([[3.0, 4.0]])).backward()
    >>> x.grad
    tensor([[-0.6000, -0.8000]])
    """
    x, y, a, b = without_labels(x, y, a, b)
    if normalize:
        a, b = to_unit_mass(a, "a"), to_unit_mass(b, "b")
    order = as_order(p)
    if any(is_torch(value) for value in (x, y, a, b)):
        from otgan.transport.gradients import distance

        return distance(x, y, a, b, p=order, metric=metric)
    if is_stack(x, y, a, b):
        from otgan.transport.stacked import stacked_distances

        return stacked_distances(x, y, a, b, p=order, metric=metric)
    mu, nu = as_pair(x, y, a, b)
    warn_of_histograms(mu, nu)
    exponent = line_exponent(metric, order) if mu.d == 1 else None
    if exponent is not None:
        return like_points(line_distance(mu, nu, exponent) ** (exponent / order), x, y)
    return like_points(solve_measures(mu, nu, metric, order).distance, x, y)


@dataclass(frozen=True)
class _Problem:
    cost: GroundCost
    a: FloatArray
    b: FloatArray
    p: float
    mass: float


class _LineOutcome(NamedTuple):
    i: Any
    j: Any
    mass: FloatArray
    f: FloatArray
    g: FloatArray
    stats: dict[str, Any]


@dataclass(frozen=True)
class _OptimalPair:
    arcs: Arcs
    f: FloatArray
    g: FloatArray
    cost: float


def optimal_pair(
    mu: DiscreteMeasure, nu: DiscreteMeasure, metric: Metric, p: float
) -> _OptimalPair:
    """Arcs of an optimal plan, optimal potentials, and the cost."""
    exponent = line_exponent(metric, p) if mu.d == 1 else None
    if exponent is not None:
        line = solve_line(mu, nu, exponent)
        return _OptimalPair(*line, line_distance(mu, nu, exponent) ** exponent)
    result = solve_measures(mu, nu, metric, p)
    plan = result.plan.tocoo()
    arcs = Arcs(plan.coords[0], plan.coords[1], plan.data)
    return _OptimalPair(arcs, result.f, result.g, result.cost)


def solve_measures(
    mu: DiscreteMeasure,
    nu: DiscreteMeasure,
    metric: Metric = "euclidean",
    p: float = 1.0,
    *,
    rtol: float = 0.0,
    max_iterations: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TransportResult:
    """:func:`emd` between measures, whose points, weights and order have been checked."""
    cost = PointCost.between(mu.points, nu.points, metric, p)
    exponent = line_exponent(metric, p) if mu.d == 1 else None
    if exponent is not None:
        return _emd_on_the_line(mu, nu, cost, exponent)
    return _solve_and_certify(_problem(mu, nu, cost), rtol, max_iterations, progress)


def _problem(mu: DiscreteMeasure, nu: DiscreteMeasure, cost: PointCost) -> _Problem:
    return _Problem(cost, mu.weights, nu.weights, cost.p, mu.mass)


def _emd_on_the_line(
    mu: DiscreteMeasure, nu: DiscreteMeasure, cost: PointCost, exponent: float
) -> TransportResult:
    watch = Stopwatch()
    with preparing():
        import otgan.transport.monotone_coupling  # noqa: F401 - loads Numba, which is no work on this problem
    line = solve_line(mu, nu, exponent)
    problem = _problem(mu, nu, cost)
    solution = _LineOutcome(*line.arcs, line.f, line.g, {})
    # Optimal by theorem, so never refused: the bracket says how much of that float64 can prove.
    return _certified(problem, solution, "line", watch)


def _solve_and_certify(
    problem: _Problem,
    rtol: float = 0.0,
    max_iterations: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TransportResult:
    watch = Stopwatch()
    with preparing():  # importing Numba takes some tenths of a second
        import otgan.transport.monotone_coupling  # noqa: F401 - both are needed later
        from otgan.transport.network_simplex.multiscale import Stop, is_large

    n, m = problem.cost.shape
    if isinstance(problem.cost, PointCost) and (
        callable(problem.cost.metric) or not is_large(n, m)
    ):
        problem = replace(problem, cost=stored(problem.cost))
    limit = 1_000_000 + 1_000 * (n + m) if max_iterations is None else max_iterations
    stop = Stop(rtol, limit, progress)
    outcome = _solve_on_support(problem, stop)
    result = _certified(problem, outcome, _name(outcome), watch)
    loose = result.gap > max(rtol, EXACT_RTOL) * abs(result.upper)
    if loose and outcome.finished and n * m <= REFINED_PAIRS:
        result = _refined(problem, result, stop, watch)
    return _accept(result, problem, rtol, None if outcome.finished else limit)


def _name(outcome: Outcome) -> str:
    return "simplex" if outcome.stats["levels"] == 1 else "multiscale-simplex"


def _accept(
    result: TransportResult, problem: _Problem, rtol: float, stopped_after: int | None = None
) -> TransportResult:
    """The result, if its bracket is as tight as asked for; else raise with it attached."""
    if is_tight(result, problem.cost, problem.a, problem.b, rtol):
        return result
    reason = ""
    hint = "write costs that forbid an arc as inf, remove far outliers, or raise rtol"
    if stopped_after is not None:
        reason, hint = f" after {stopped_after} iterations", "raise max_iterations or rtol"
    raise SolverError(
        f"the certified gap must be at most {max(rtol, EXACT_RTOL):g} of the cost, got the "
        f"bracket [{result.lower:.10g}, {result.upper:.10g}]{reason}; to fix it, "
        f"{hint} (the bracket is in error.partial)",
        partial=result,
    )


def _check_limits(rtol: float, max_iterations: int | None) -> None:
    if not 0 <= rtol < 1:
        raise InvalidInputError(
            f"rtol must be in [0, 1), got {rtol!r}; to fix it, pass 0 for an exact answer"
        )
    if max_iterations is not None and max_iterations < 1:
        raise InvalidInputError(
            f"max_iterations must be at least 1, got {max_iterations!r}; to fix it, leave it out"
        )


def _refined(
    problem: _Problem, rough: TransportResult, stop: Stop, watch: Stopwatch
) -> TransportResult:
    """Solve again with the costs capped where no optimal plan can reach, then for reduced costs.

    The simplex works to rounding of the largest cost, and one outlier, or a cost of 1e32 meant
    as forbidden, makes that larger than the answer. Let costs be counted from the smallest one.
    A plan whose arcs cost at most r leaves optimal potentials within (n + m) r of each other, so
    no arc beyond 2 (n + m) r can enter; capping there spares the digits that matter. Where the
    plan itself needs a dear arc, that is not enough; but reduced costs C_ij - f_i - g_j have the
    same optimal plans, and on these are as small as the potentials are good (iterative
    refinement; Gleixner, Steffy and Wolter 2016).
    """
    n, m = problem.cost.shape
    matrix = problem.cost.rows(slice(0, n))
    allowed = np.isfinite(matrix)
    best = rough
    f, g = _Doubled.zero(n), _Doubled.zero(m)
    plan = rough.plan.nonzero()
    for _ in range(REFINEMENTS):
        reduced = np.where(allowed, f.less_than(matrix, g), np.inf)
        least, dearest = float(reduced.min()), float(reduced[plan].max())
        room = max(dearest - least, EPS * abs(dearest), SMALLEST)
        capped = np.where(allowed, np.minimum(reduced, least + 2 * (n + m) * room), np.inf)
        outcome = _solve_on_support(replace(problem, cost=MatrixCost(capped)), stop)
        f, g = f.plus(_finite(outcome.f)), g.plus(_finite(outcome.g))
        plan = outcome.i, outcome.j
        offset = _weighted_median(np.r_[f.high, -g.high], np.r_[problem.a, problem.b])
        centered = f.plus(-offset).rounded_down(), g.plus(offset).rounded_down()
        outcome = outcome._replace(f=centered[0], g=centered[1])
        refined = _certified(problem, outcome, rough.solver, watch)
        # Upper bounds need only the plan, lower ones only the potentials: keep the better of each.
        above = min(best, refined, key=lambda result: result.upper)
        below = max(best, refined, key=lambda result: result.lower)
        best = replace(above, lower=min(below.lower, above.upper), f=below.f, g=below.g)
        if best.gap <= EXACT_RTOL * abs(best.upper):
            break
    return best


class _Doubled(NamedTuple):
    """Potentials with twice the digits of float64: sums of two arrays."""

    high: FloatArray
    low: FloatArray

    @classmethod
    def zero(cls, n: int) -> _Doubled:
        return cls(np.zeros(n), np.zeros(n))

    def plus(self, other: Any) -> _Doubled:
        total, lost = _exact_sum(self.high, other)
        return _Doubled(*_exact_sum(total, self.low + lost))

    def less_than(self, matrix: FloatArray, other: _Doubled) -> FloatArray:
        """C_ij - f_i - g_j, to rounding of itself where f_i + g_j is near C_ij."""
        total, lost = _exact_sum(self.high[:, None], other.high)
        return (matrix - total) - (lost + (self.low[:, None] + other.low))

    def rounded_down(self) -> FloatArray:
        """As float64, and no larger: what is feasible stays so."""
        return np.where(self.low < 0, np.nextafter(self.high, -np.inf), self.high)


def _exact_sum(x: FloatArray, y: Any) -> tuple[FloatArray, FloatArray]:
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


def _solve_on_support(problem: _Problem, stop: Stop) -> Outcome:
    """Solve between the points that carry mass; the others get their potentials afterwards."""
    cost, a, b = problem.cost, problem.a, problem.b
    sources, targets = np.flatnonzero(a), np.flatnonzero(b)
    n, m = cost.shape
    if len(sources) == n and len(targets) == m:
        return _solve(cost, a, b, stop, (sources, targets))
    core = cost.restricted(sources, targets)
    outcome = _solve(core, a[sources], b[targets], stop, (sources, targets))
    g = c_transform(cost.restricted(sources, np.arange(m)), outcome.f)
    g[np.isinf(g)] = 0.0  # without allowed arcs to any mass: nothing binds it
    f = c_transform(cost.T, g)
    return outcome._replace(i=sources[outcome.i], j=targets[outcome.j], f=f, g=g)


def _solve(
    cost: GroundCost, a: FloatArray, b: FloatArray, stop: Stop, names: tuple[Any, Any]
) -> Outcome:
    """Solve between masses that are all positive, by what suits the cost; errors use the names."""
    from otgan.transport.network_simplex.forbidden import solve_allowed
    from otgan.transport.network_simplex.multiscale import is_large, solve_matrix, solve_points

    n, m = cost.shape
    if isinstance(cost, PointCost) and is_large(n, m) and (points := cost.normed()) is not None:
        return solve_points(points, a, b, stop)
    if isinstance(cost, SparseCost):
        return solve_allowed(cost.arcs_by_source, a, b, stop, names)
    matrix = cost.rows(slice(0, n))
    if (allowed := np.isfinite(matrix)).all():
        return solve_matrix(np.ascontiguousarray(matrix), a, b, stop)
    i, j = np.nonzero(allowed)
    start = np.searchsorted(i, np.arange(n + 1))
    stored = sparse.csr_array((matrix[i, j], j, start), shape=(n, m))
    return solve_allowed(stored, a, b, stop, names)


def _certified(
    problem: _Problem, solution: Outcome | _LineOutcome, solver: str, watch: Stopwatch
) -> TransportResult:
    solved = watch.working
    plan = Arcs(solution.i, solution.j, solution.mass)
    n, m = problem.cost.shape
    proof = certify_arcs(
        problem.cost,
        plan,
        solution.f,
        solution.g,
        problem.a,
        problem.b,
        improve=n * m <= PLAIN_PAIRS or not np.isfinite(solution.f).all(),
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
        stats=stats,
    )
    logger.debug("%r in %.3g s", result, stats["seconds_solving"])
    return result
