"""Exact plans and potentials of one problem or of a stack of them.

The problems of a stack are solved in compiled calls on several threads. What was not proved there,
because it is large or badly scaled, is solved one by one as by `emd`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import Metric, PointCost, line_exponent
from otgan.errors import OtganError
from otgan.keywords import checks_keywords
from otgan.measures import DiscreteMeasure, FloatArray, as_pair, beyond_dtype
from otgan.progress import Progress, Report, reporting
from otgan.transport.batched.inputs import Stack, as_stack, as_stacked_costs, is_stack
from otgan.transport.batched.result import StackedPlans
from otgan.transport.couplings import Arcs
from otgan.transport.exact import emd_from_cost, optimal_pair, solve_costs
from otgan.transport.interpretation import interpretation, interpreting_small
from otgan.transport.result import TransportResult
from otgan.transport.threads import n_threads

__all__ = [
    "like_points",
    "plan_of_measures",
    "plans_of_costs",
    "plans_of_points",
    "stacked_distances",
]

COSTS_PER_TASK = 2**19
"""Costs in the problems of a task: some milliseconds of a core."""


@checks_keywords
def plans_of_points(
    data: tuple[Any, Any, Any, Any],
    p: float,
    metric: Metric,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> StackedPlans:
    """Optimal plans between points (n, d) and (m, d), or between stacks of them.

    `data` are the points x and y and the weights a and b. A single problem gives a stack of one.
    """
    if not is_stack(*data):
        return plan_of_measures(*as_pair(*data), p, metric, n_jobs)
    stack = as_stack(*data)
    with reporting(progress, stack.size, "wasserstein", unit="problem") as report:
        plans = _plans_of_small_points(stack, metric, p, n_jobs, report)

        def at(k: int) -> StackedPlans:
            x, y, a, b = (_at(values, k) for values in stack[1:])
            mu, nu = DiscreteMeasure(x, a, 1.0), DiscreteMeasure(y, b, 1.0)
            return plan_of_measures(mu, nu, p, metric, n_jobs)

        return _completed(plans, at, "clouds", report)


def plan_of_measures(
    mu: DiscreteMeasure, nu: DiscreteMeasure, p: float, metric: Metric, n_jobs: int | None = None
) -> StackedPlans:
    """The optimal plan between measures that have been checked, as a stack of one."""
    pair = optimal_pair(mu, nu, metric, p, n_jobs)
    return StackedPlans.of_one(pair.arcs, pair.f, pair.g, pair.cost)


@checks_keywords
def plans_of_costs(
    C: Any, a: Any, b: Any, n_jobs: int | None = None, progress: Progress = False
) -> StackedPlans:
    """Optimal plans for cost matrices (n, m) or (B, n, m); a single one gives a stack of one."""

    def alone(result: TransportResult) -> StackedPlans:
        plan = result.plan.tocoo()
        arcs = Arcs(plan.coords[0], plan.coords[1], plan.data)
        return StackedPlans.of_one(arcs, result.f, result.g, result.cost)

    if not is_stack(C, None, a, b):
        return alone(emd_from_cost(C, a, b, n_jobs=n_jobs))
    from otgan.transport.batched.loops import solve_matrices

    costs, stack = as_stacked_costs(C, a, b)
    plans = StackedPlans.empty(*costs.shape)
    with reporting(progress, stack.size, "transport_cost", unit="problem") as report:
        tasks = _Tasks(costs[0].size, n_jobs, report)
        tasks.run(solve_matrices, plans, costs, stack.a, stack.b)

        def at(k: int) -> StackedPlans:
            a, b = _at(stack.a, k), _at(stack.b, k)
            return alone(solve_costs(costs[k], a, b, n_jobs=n_jobs))

        return _completed(plans, at, "cost matrices", report)


@checks_keywords
def stacked_distances(costs: FloatArray, p: float, x: Any, y: Any) -> FloatArray:
    """Distances of order p from costs, shape (B,), in the floating dtype of the points."""
    distances = costs if p == 1 else costs ** (1.0 / p)
    kind = type(like_points(float(distances.max()), x, y))
    return distances.astype(kind)


def like_points(distance: float, x: Any, y: Any) -> Any:
    """A NumPy scalar in the floating dtype of the points (float64 for anything else)."""
    of_x, of_y = np.asarray(x).dtype, np.asarray(y).dtype
    if not of_x.kind == of_y.kind == "f":
        return np.float64(distance)
    dtype = of_x if of_x == of_y else np.result_type(of_x, of_y)
    if dtype.itemsize < 8 and distance > float(np.finfo(dtype).max):
        raise beyond_dtype(distance, str(dtype), ".astype(float)")
    return dtype.type(distance)


# ---------------------------------------------------------------- side by side


def _plans_of_small_points(
    stack: Stack, metric: Metric, p: float, n_jobs: int | None, report: Report
) -> StackedPlans:
    """Plans between all clouds that compiled loops prove; a cost is NaN where they do not."""
    n, m = stack.x.shape[1], stack.y.shape[1]
    plans = StackedPlans.empty(stack.size, n, m)
    exponent = line_exponent(metric, p) if stack.x.shape[2] == 1 else None
    if exponent is not None:
        from otgan.transport.batched.loops import solve_lines

        tasks = _Tasks(n + m, n_jobs, report)
        tasks.run(solve_lines, plans, stack.x, stack.y, stack.a, stack.b, exponent)
    elif isinstance(metric, str):
        from otgan.transport.batched.loops import solve_clouds
        from otgan.transport.network_simplex.norm import Norm

        points: tuple[FloatArray, FloatArray] = (stack.x, stack.y)
        norm: str = metric
        power = p
        if metric == "cosine":
            points, norm, power = _unit_vectors(stack, p)
        elif metric == "sqeuclidean":
            norm, power = "euclidean", 2 * p
        tasks = _Tasks(n * m, n_jobs, report)
        tasks.run(solve_clouds, plans, *points, stack.a, stack.b, Norm.named(norm, power))
    return plans


def _unit_vectors(stack: Stack, p: float) -> tuple[tuple[FloatArray, FloatArray], str, float]:
    """Points, norm and power that give the cosine distances to the power p."""
    rows_x, rows_y = (z.reshape(-1, z.shape[2]) for z in (stack.x, stack.y))
    units = PointCost.between(rows_x, rows_y, "cosine", p).normed()
    assert units is not None
    points = units.x.reshape(stack.x.shape), units.y.reshape(stack.y.shape)
    return points, units.norm, units.power


class _Tasks(NamedTuple):
    """A compiled loop over all problems of a stack, split between threads if that is worth it.

    `work` is the number of costs in each problem.
    """

    work: int
    n_jobs: int | None
    report: Report

    def run(self, loop: Callable[..., None], plans: StackedPlans, *data: Any) -> None:
        """Call the loop with ranges of problems, the arrays of `plans`, and the data."""
        size = len(plans.cost)
        with interpreting_small(size * self.work):
            if interpretation.running:
                loop(0, size, tuple(plans), *data)
                return
        step = max(1, COSTS_PER_TASK // self.work)
        starts = range(0, size, min(step, max(1, -(-size // n_threads(None)))))
        if size * self.work < COSTS_PER_TASK // 16 or len(starts) < 2:
            loop(0, size, tuple(plans), *data)
            return
        import joblib
        from joblib.parallel import get_active_backend

        # None outside of any parallel_config
        n_jobs = self.n_jobs or get_active_backend()[1] or -1

        def solve(start: int) -> int:
            stop = min(start + starts.step, size)
            loop(start, stop, tuple(plans), *data)
            return stop - start

        # The loops write into shared arrays, so that only threads will do.
        parallel = joblib.Parallel(n_jobs, require="sharedmem", return_as="generator_unordered")
        done = 0
        for count in parallel(joblib.delayed(solve)(start) for start in starts):
            done += count
            self.report(done, "")


def _completed(
    plans: StackedPlans, alone: Callable[[int], StackedPlans], what: str, report: Report
) -> StackedPlans:
    """The plans, with those that the loops did not prove solved one by one."""
    left = np.flatnonzero(np.isnan(plans.cost))
    found = {}
    for k in left:
        try:
            found[k] = alone(int(k))
        except OtganError as error:
            error.add_note(f"for the {what} at index {k} of the stack")
            raise
    plans = plans.filled(max((one.i.shape[1] for one in found.values()), default=0))
    for k, one in found.items():
        for whole, part in zip(plans, one, strict=True):
            if whole.ndim == 1:
                whole[k] = part[0]
                continue
            whole[k] = part[0, -1] if whole.dtype.kind == "i" else 0.0
            whole[k, : part.shape[1]] = part[0]
    report(len(plans.cost), "")
    return plans


def _at(values: FloatArray, k: int) -> FloatArray:
    """The values of problem k, which may be those of all."""
    return values[k % len(values)]
