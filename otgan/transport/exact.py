"""Exact optimal transport: choose a solver, certify what it found, return."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import (
    GroundCost,
    MatrixCost,
    Metric,
    PointCost,
    as_ground_cost,
    line_exponent,
    stored,
)
from otgan.errors import InfeasibleError, InvalidInputError, SolverError
from otgan.inputs.labels import align_weights_of_costs
from otgan.inputs.options import as_count, as_number, as_order
from otgan.keywords import checks_keywords
from otgan.measures import (
    DiscreteMeasure,
    FloatArray,
    as_masses,
    as_pair,
    as_probabilities,
    warn_of_histograms,
)
from otgan.progress import Progress, Report, as_progress, reporting
from otgan.transport.couplings import Arcs
from otgan.transport.dummy_points import WithDummies
from otgan.transport.interpretation import interpreting_small
from otgan.transport.line import line_distance, solve_line
from otgan.transport.refinement import MAX_REFINED_PAIRS, refined
from otgan.transport.result import EXACT_RTOL, TransportResult, is_tight
from otgan.transport.solver import LineOutcome, Problem, certified, solve_on_support
from otgan.transport.stopwatch import Stopwatch, preparing
from otgan.transport.threads import as_n_jobs
from otgan.transport.unmatched import check_options, nothing_moves, unmatched_problem
from otgan.transport.warm_start import WarmStart, as_start

__all__ = [
    "OptimalPair",
    "SolverOptions",
    "emd",
    "emd_from_cost",
    "optimal_pair",
    "solve_and_certify",
    "solve_costs",
    "solve_measures",
    "solve_unmatched",
    "solve_unmatched_measures",
]

MOST_PIVOTS = 2**62
"""More than that cannot be counted in 64 bits, nor made in a lifetime."""


@checks_keywords
def emd(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    metric: Metric = "euclidean",
    normalize: bool = False,
    unmatched: Any = None,
    mass: float | None = None,
    rtol: float = 0.0,
    start: Any = None,
    max_iterations: int | None = None,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> TransportResult:
    """Exact earth mover's distance between two weighted clouds of points, with its certificate.

    ``cost = min_P sum_ij P_ij metric(x_i, y_j) ** p`` over plans P with row sums a and column
    sums b, and ``distance = cost ** (1/p)``. With `unmatched` or `mass` the sums may be less.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Lists, integers, float32 and torch tensors are promoted to NumPy float64; images of shape
        (n, c, h, w) are flattened. Columns that have names on both sides are matched by them.
    a, b : array_like, shapes (n,) and (m,), optional
        Non-negative masses with equal sums; uniform of sum one if omitted. Both are normalized to
        one, but not where `unmatched` or `mass` is given: then their sums may differ, and plan
        and cost are in their units. If they and the points have an index, they are matched by it.
    p : float, default 1
        Order, at least one.
    metric : {"euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine"} or callable
        Or :class:`otgan.Torus`, :class:`otgan.GreatCircle`, :class:`otgan.SciPyMetric`, whose norms
        of Minkowski store no matrix either. A callable takes two points of shape (d,); it is slow,
        and need not be a metric. It is called once for every pair, for 2**28 pairs at most.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do: each is
        divided by its own.
    unmatched : float or pair, optional
        Price of a unit of mass that stays unmatched, in units of cost (metric ** p): one for all,
        or those of x and those of y, each a number or an array. The cost is then ``min_P sum_ij
        P_ij C_ij + sum_i u_i r_i + sum_j v_j s_j``, where r and s are what P lacks of a and b.
    mass : float, optional
        How much mass moves, the rest being free of charge, in units of the weights; at most what
        either side holds.
    rtol : float, default 0
        Stop as soon as the bracket is known to be as tight as this, relative to the cost. The
        default asks for an exact answer, whose gap is at most 1e-9 of the cost.
    start : TransportResult or pair of array_like, optional
        Where to start: the result of an earlier call for as many points, in the same order, which
        saves most of the time where points or weights have moved a little; or potentials (f, g)
        alone, which save less. It may come from any cost, order, metric, prices or masses, and
        decides nothing but time: optimum and certificate are those of a call without it, though
        of several optimal plans another may be found, and a bad start is slower than none. On the
        line, where no solve is needed, it is checked and not used.
    max_iterations : int, optional
        Pivots before giving up; by default far more than any solvable problem was seen to need.
    n_jobs : int, optional
        Threads of pricing passes and of the certificate: all cores by default and for -1, one
        for 1. The result has the same bits for every number. Matrix products, in more than six
        dimensions, take the threads of BLAS.
    progress : bool or callable, default False
        True for a bar on the terminal, or a function of (done, total, message): how many pricing
        passes were made, None, and the level, cost and gap so far.

    Returns
    -------
    TransportResult
        ``float(result)`` is the distance. Everything in it is NumPy float64.

    Raises
    ------
    InvalidInputError
        NaN, infinities, negative weights, empty clouds, shapes, dimensions or names that do not
        fit, whole numbers that float64 does not hold, a callable metric with too many pairs;
        prices that are negative or infinite, more mass than there is, or both of them; a start
        of other sizes, of another kind, or that is not finite.
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
    persistence_distance : between persistence diagrams, whose points may go to the diagonal.

    Notes
    -----
    On the line (d = 1) the quantile plan is used, with the smallest potentials that it
    allows, so that the bracket closes for clouds that nearly coincide too. Otherwise a network
    simplex on few arcs, from coarse to fine, closed by a pricing pass over all pairs that leaves
    out what bounds rule out: in the plane memory grows as the number of points, and time as about
    its power 1.6; in many dimensions time grows a little faster than n m. The first call compiles
    for some seconds, once. See docs/engine.md.

    Prices bound the potentials, ``f_i <= u_i`` and ``g_j <= v_j``; the lower bound is ``a @ f + b
    @ g`` as ever. The derivative of the cost in a weight is its potential, in a price what stays
    there. For a given mass f and g are bounded by ``result.price``, at which as much stays; the
    derivative in a weight is then ``f_i - price``, and in the mass ``2 * price``.
    On the line, too, mass that may stay is left to the network simplex.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), chapters 2 and 3. Caffarelli and
    McCann, Free boundaries in optimal transport and Monge-Ampère obstacle problems (2010), section
    2, for mass that stays.

    Examples
    --------
    >>> r = emd([[0, 0], [3, 0]], [[0, 4], [3, 4]])
    >>> r
    TransportResult(distance=4, cost=4, gap=0, p=1, n=2, m=2, solver='simplex')
    >>> r.plan.toarray()
    array([[0.5, 0. ],
           [0. , 0.5]])

    Three points and two of mass one each; none moves farther than two unmatched points cost:

    >>> r = emd([0, 1, 9], [2, 3], [1, 1, 1], [1, 1], unmatched=1.25)
    >>> r.cost, r.moved, r.unmatched_x, r.unmatched_y
    (4.75, 1.0, array([1., 0., 1.]), array([0., 1.]))
    >>> r = emd([0, 1, 9], [2, 3], [1, 1, 1], [1, 1], mass=1.5)
    >>> r.unmatched, round(r.cost, 12), round(r.price, 12)
    ((1.5, 0.5), 2.5, 1.5)

    Points that moved a little, from the result before:

    >>> x, y = np.random.default_rng(0).normal(size=(2, 600, 2))
    >>> before = emd(x, y)
    >>> cold, warm = emd(x + 0.01, y), emd(x + 0.01, y, start=before)
    >>> abs(warm.cost - cold.cost) < 1e-12, warm.stats["pivots"] < cold.stats["pivots"] / 5
    (True, True)
    """
    options = SolverOptions.of(rtol, max_iterations, n_jobs, progress)
    check_options(unmatched, mass)
    whole = unmatched is None and mass is None
    mu, nu = as_pair(x, y, a, b, normalize=normalize, raw=not whole)
    warn_of_histograms(mu, nu)
    options = options.starting_from(start, mu.n, nu.n)
    order = as_order(p)
    if whole:
        return _solve_measures(mu, nu, metric, order, options)
    return solve_unmatched_measures((mu, nu), metric, order, unmatched, mass, options)


@checks_keywords
def emd_from_cost(
    C: Any,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    unmatched: Any = None,
    mass: float | None = None,
    rtol: float = 0.0,
    start: Any = None,
    max_iterations: int | None = None,
    n_jobs: int | None = None,
    progress: Progress = False,
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
    unmatched, mass
        Prices of mass that may stay, or how much moves, as for :func:`emd`; weights are then not
        normalized.
    start
        As for :func:`emd`. Where arcs are forbidden, a start is used if mass finds its way over
        the earlier plan's arcs that are still allowed, and over others one by one.
    rtol, max_iterations, n_jobs, progress
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
    options = SolverOptions.of(rtol, max_iterations, n_jobs, progress)
    check_options(unmatched, mass)
    C, a, b = align_weights_of_costs(C, a, b)
    cost = as_ground_cost(C)
    options = options.starting_from(start, *cost.shape)
    if unmatched is None and mass is None:
        a, b, total = as_probabilities(a, b, *cost.shape, normalize=normalize)
        return solve_and_certify(Problem(cost, a, b, 1.0, total), options)
    a, b = as_masses(a, b, *cost.shape, normalize=normalize)
    return solve_unmatched(cost, (a, b), 1.0, unmatched, mass, options)


class SolverOptions(NamedTuple):
    """Options of all solvers, checked."""

    rtol: float = 0.0
    max_iterations: int | None = None
    n_jobs: int | None = None
    progress: Progress = False
    start: WarmStart | None = None

    def starting_from(self, start: Any, n: int, m: int) -> SolverOptions:
        """The same with a start, which is checked."""
        return self if start is None else self._replace(start=as_start(start, n, m))

    @classmethod
    def of(
        cls, rtol: float, max_iterations: int | None, n_jobs: Any, progress: Any
    ) -> SolverOptions:
        """The options of a user."""
        wanted, hint = "in [0, 1)", "pass 0 for an exact answer"
        if not 0 <= as_number(rtol, "rtol", wanted, hint) < 1:
            raise InvalidInputError(
                f"rtol must be a number, {wanted}, got {rtol!r}; to fix it, {hint}"
            )
        if max_iterations is not None:
            as_count(max_iterations, "max_iterations", most=MOST_PIVOTS, hint="leave it out")
        return cls(rtol, max_iterations, as_n_jobs(n_jobs), as_progress(progress))


class OptimalPair(NamedTuple):
    """Arcs of an optimal plan, optimal potentials, and the cost."""

    arcs: Arcs
    f: FloatArray
    g: FloatArray
    cost: float


def optimal_pair(
    mu: DiscreteMeasure,
    nu: DiscreteMeasure,
    metric: Metric,
    p: float,
    n_jobs: int | None = None,
) -> OptimalPair:
    """Arcs of an optimal plan, optimal potentials and the cost, from checked arguments."""
    exponent = line_exponent(metric, p) if mu.d == 1 else None
    if exponent is not None:
        line = solve_line(mu, nu, exponent)
        return OptimalPair(*line, line_distance(mu, nu, exponent) ** exponent)
    result = solve_measures(mu, nu, metric, p, n_jobs=n_jobs)
    plan = result.plan.tocoo()
    arcs = Arcs(plan.coords[0], plan.coords[1], plan.data)
    return OptimalPair(arcs, result.f, result.g, result.cost)


def solve_measures(
    mu: DiscreteMeasure,
    nu: DiscreteMeasure,
    metric: Metric = "euclidean",
    p: float = 1.0,
    *,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> TransportResult:
    """:func:`emd` between measures, whose points, weights and order have been checked."""
    return _solve_measures(mu, nu, metric, p, SolverOptions(n_jobs=n_jobs, progress=progress))


def solve_costs(
    C: FloatArray, a: FloatArray, b: FloatArray, *, n_jobs: int | None = None
) -> TransportResult:
    """:func:`emd_from_cost` for a matrix and probabilities that have been checked."""
    return solve_and_certify(Problem(MatrixCost(C), a, b, 1.0, 1.0), SolverOptions(n_jobs=n_jobs))


# ---------------------------------------------------------------- solve, certify, accept


def _solve_measures(
    mu: DiscreteMeasure, nu: DiscreteMeasure, metric: Metric, p: float, options: SolverOptions
) -> TransportResult:
    cost = PointCost.between(mu.points, nu.points, metric, p)
    problem = Problem(cost, mu.weights, nu.weights, p, mu.mass)
    exponent = line_exponent(metric, p) if mu.d == 1 else None
    if exponent is None:
        return solve_and_certify(problem, options)
    watch = Stopwatch()
    line = solve_line(mu, nu, exponent)
    solution = LineOutcome(*line.arcs, line.f, line.g, {})
    # Optimal by theorem, so never refused: the bracket says how much of that float64 can prove.
    return certified(problem, solution, "line", watch, options.n_jobs)


def solve_unmatched_measures(
    measures: tuple[DiscreteMeasure, DiscreteMeasure],
    metric: Metric,
    p: float,
    unmatched: Any,
    mass: float | None,
    options: SolverOptions,
) -> TransportResult:
    """:func:`emd` with `unmatched` or `mass` between measures that have been checked."""
    mu, nu = measures
    points = PointCost.between(mu.points, nu.points, metric, p)
    cost = stored(points) if points.must_be_stored else points
    return solve_unmatched(cost, (mu.weights, nu.weights), p, unmatched, mass, options)


def solve_unmatched(
    cost: GroundCost,
    weights: tuple[FloatArray, FloatArray],
    p: float,
    unmatched: Any,
    mass: float | None,
    options: SolverOptions,
) -> TransportResult:
    """The same for costs, and weights whose sums may differ."""
    if mass == 0:
        return nothing_moves(cost, *weights, p)
    problem = unmatched_problem(cost, *weights, p, unmatched, mass)
    if mass is not None and 2 * mass < max(side.max() for side in weights):
        # Potentials prove the bound for all that these points hold only where they are optimal.
        options = options._replace(rtol=0.0)
    if options.start is not None:
        options = options._replace(start=options.start.with_dummies(problem.cost))
    try:
        result = solve_and_certify(problem, options)
        # Where costs have both signs, the dummies' problem may cost more than what is asked for.
        if 0 < options.rtol * abs(result.upper) < result.gap:
            result = solve_and_certify(problem, options._replace(rtol=0.0))
        return result
    except InfeasibleError:
        raise InfeasibleError(
            f"mass must be at most what the allowed arcs can carry, got {mass:.10g}; to fix it, "
            "lower it, allow more arcs (fewer inf entries in C), or pass prices as unmatched"
        ) from None


def solve_and_certify(problem: Problem, options: SolverOptions) -> TransportResult:
    """Solve a problem that has been checked; raise unless its bracket closes."""
    with interpreting_small(math.prod(problem.cost.shape)):
        if options.progress is False:
            return _solve_reporting(problem, options, None)
        with reporting(options.progress, None, "exact transport", unit="pass") as report:
            return _solve_reporting(problem, options, report)


def _solve_reporting(
    problem: Problem, options: SolverOptions, report: Report | None
) -> TransportResult:
    watch = Stopwatch()
    with preparing():
        from otgan.transport.network_simplex.context import Limits, PricingPass, SolveContext

    n, m = problem.cost.shape
    problem = problem._replace(cost=_stored_if_small(problem.cost))
    rtol, limit, n_jobs, _, start = options
    limit = 1_000_000 + 1_000 * (n + m) if limit is None else limit

    def reporter(step: PricingPass) -> None:
        if report is not None:
            report(context.counters.passes, str(step))

    watcher = None if report is None else reporter
    limits = Limits(rtol, limit)
    context = SolveContext(limits, reporter=watcher, n_jobs=n_jobs, scale=problem.unit)
    outcome = solve_on_support(problem, context, start)
    name = "simplex" if outcome.stats["levels"] == 1 else "multiscale-simplex"
    result = certified(problem, outcome, name, watch, n_jobs)
    loose = result.gap > max(rtol, EXACT_RTOL) * abs(result.upper)
    if loose and outcome.finished and not context.exhausted and n * m <= MAX_REFINED_PAIRS:
        result = refined(problem, result, context, watch)
    return _accepted(result, problem, rtol, limit if context.exhausted else None)


def _stored_if_small(cost: GroundCost) -> GroundCost:
    """All costs, where there are few, or where a callable gives them."""
    from otgan.transport.network_simplex.multiscale import is_large

    if isinstance(cost, PointCost) and (cost.must_be_stored or not is_large(*cost.shape)):
        return stored(cost)
    if isinstance(cost, WithDummies) and not is_large(*cost.shape):
        return MatrixCost(cost.rows(slice(0, cost.shape[0])))
    return cost


def _restored(result: TransportResult, problem: Problem) -> TransportResult:
    """The result of the problem that was asked for, whose cost must be a float."""
    with np.errstate(over="ignore", invalid="ignore"):
        restored = problem.restore(result)
    if math.isfinite(restored.upper) or not math.isfinite(result.upper):
        return restored
    raise InvalidInputError(
        "the cost must fit into float64, got weights whose sum is too large beside the costs or "
        "prices; to fix it, rescale the weights, and multiply the cost back"
    )


def _accepted(
    result: TransportResult, problem: Problem, rtol: float, stopped_after: int | None = None
) -> TransportResult:
    """The result, if its bracket is as tight as asked for; else raise with it attached."""
    tight = is_tight(result, problem.cost, problem.a, problem.b, rtol)
    wanted = max(rtol, EXACT_RTOL)
    if not tight and stopped_after is None and not math.isfinite(result.upper):
        from otgan.transport.network_simplex.forbidden import forbidden_mass_error

        costs = problem.cost.arcs(*result.plan.nonzero())
        raise forbidden_mass_error(result.plan, np.isinf(costs))
    result, reason = _restored(result, problem), ""
    # Of mass that stays, what it pays in any case is left out of the problem that was solved.
    if tight or result.gap <= wanted * abs(result.upper):
        return result
    hint = "write costs that forbid an arc as inf, remove far outliers, or raise rtol"
    if stopped_after is not None:
        reason, hint = f" after {stopped_after} iterations", "raise max_iterations or rtol"
    raise SolverError(
        f"the certified gap must be at most {wanted:g} of the cost, got the "
        f"bracket [{result.lower:.10g}, {result.upper:.10g}]{reason}; to fix it, "
        f"{hint} (the bracket is in error.partial)",
        partial=result,
    )
