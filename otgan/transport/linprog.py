"""The transport problem as the textbook writes it: a linear program, primal and dual.

Slow and plain, by HiGHS: the oracle that faster solvers are held against, and a way to see
duality at work. Use :func:`otgan.emd_from_cost` for anything else.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog

from otgan.costs import MatrixCost, as_ground_cost
from otgan.errors import InfeasibleError, SolverError
from otgan.inputs.labels import align_weights_of_costs
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_probabilities
from otgan.transport.duality import certify
from otgan.transport.result import EXACT_RTOL, TransportResult, is_tight

__all__ = ["emd_linprog", "solve_dual", "solve_primal"]

HIGHS_OPTIONS = {
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
    "presolve": False,
}
"""The tightest tolerances that HiGHS takes; they are absolute, so costs are scaled to at most one.
Its presolve takes weights below its tolerance for a problem without any plan."""


@checks_keywords
def emd_linprog(
    C: Any, a: Any = None, b: Any = None, *, normalize: bool = False
) -> TransportResult:
    """Solve both linear programs and certify one by the other.

    Parameters
    ----------
    C : array_like, shape (n, m)
        Costs; ``inf`` forbids an arc.
    a, b : array_like, shapes (n,) and (m,), optional
        Masses with equal sums; uniform if omitted. Both are normalized to one. Labels are matched
        as by :func:`otgan.emd_from_cost`.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do.

    Returns
    -------
    TransportResult
        Plan from the primal program, potentials from the dual one. O(n m) variables: meant for
        problems of up to a few hundred points.

    Raises
    ------
    InvalidInputError, InfeasibleError, UnequalMassError
        As for :func:`otgan.emd_from_cost`.
    SolverError
        HiGHS gave up, or its tolerances were too wide for an exact answer.

    Examples
    --------
    >>> emd_linprog([[0, 1], [1, 0]], [0.75, 0.25], [0.25, 0.75])
    TransportResult(distance=0.5, cost=0.5, gap=0, p=1, n=2, m=2, solver='highs')
    """
    matrix, a, b, mass = _checked(C, a, b, normalize=normalize)
    started = time.perf_counter()
    _, plan = solve_primal(matrix, a, b)
    _, f, g = solve_dual(matrix, a, b)
    offset = np.median(f)  # whatever f_0 = 0 has made of the others
    f, g = f - offset, g + offset
    proof = certify(matrix, plan, f, g, a, b)
    stats = {"seconds": time.perf_counter() - started, "mass": mass}
    result = TransportResult(
        cost=proof.upper,
        lower=proof.lower,
        upper=proof.upper,
        plan=proof.plan.tocsr(),
        f=proof.f,
        g=proof.g,
        p=1.0,
        solver="highs",
        unmatched_x=np.zeros(len(a)),
        unmatched_y=np.zeros(len(b)),
        stats=stats,
    )
    if not is_tight(result, MatrixCost(matrix), a, b):
        raise SolverError(
            f"the certified gap must be at most {EXACT_RTOL:g} of the cost, got the bracket "
            f"[{result.lower:.10g}, {result.upper:.10g}]; to fix it, use otgan.emd_from_cost "
            "(the bracket is in error.partial)",
            partial=result,
        )
    return result


def solve_primal(C: Any, a: Any, b: Any) -> tuple[float, FloatArray]:
    """Min ⟨P, C⟩ over P >= 0 with row sums a and column sums b.

    Parameters
    ----------
    C : array_like, shape (n, m)
    a, b : array_like, shapes (n,) and (m,)
        Masses with equal sums; both are normalized to one.

    Returns
    -------
    value : float
    plan : ndarray, shape (n, m)

    Raises
    ------
    InfeasibleError
        Forbidden arcs cut some mass off.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), equation (2.11).

    Examples
    --------
    >>> value, plan = solve_primal([[0, 1], [1, 0]], [0.75, 0.25], [0.25, 0.75])
    >>> value, plan.tolist()
    (0.5, [[0.25, 0.5], [0.0, 0.25]])
    """
    matrix, a, b, _ = _checked(C, a, b)
    i, j, scale = _arcs_and_scale(matrix)
    ones = np.ones(len(i))
    columns = np.arange(len(i))
    row_sums = sparse.coo_array((ones, (i, columns)), shape=(len(a), len(i)))
    column_sums = sparse.coo_array((ones, (j, columns)), shape=(len(b), len(i)))
    solution = _solve_program(
        matrix[i, j] / scale,
        A_eq=sparse.vstack([row_sums, column_sums]).tocsr(),
        b_eq=np.concatenate([a, b]),
        bounds=(0, None),
    )
    plan = np.zeros_like(matrix)
    plan[i, j] = np.maximum(solution.x, 0.0)  # the bounds hold to HiGHS's tolerance only
    return float(solution.fun) * scale, plan


def solve_dual(C: Any, a: Any, b: Any) -> tuple[float, FloatArray, FloatArray]:
    """Max a.f + b.g over potentials with f_i + g_j <= C_ij.

    Parameters
    ----------
    C : array_like, shape (n, m)
    a, b : array_like, shapes (n,) and (m,)
        Masses with equal sums; both are normalized to one.

    Returns
    -------
    value : float
    f, g : ndarray, shapes (n,) and (m,)

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), equation (2.20).

    Examples
    --------
    >>> value, f, g = solve_dual([[0, 1], [1, 0]], [0.75, 0.25], [0.25, 0.75])
    >>> value
    0.5
    """
    matrix, a, b, _ = _checked(C, a, b)
    i, j, scale = _arcs_and_scale(matrix)
    n, m = matrix.shape
    arcs = np.arange(len(i))
    constraints = sparse.coo_array(
        (np.ones(2 * len(i)), (np.tile(arcs, 2), np.concatenate([i, n + j]))),
        shape=(len(i), n + m),
    )
    # Adding t to f and taking it from g changes nothing: fix f_0 = 0.
    bounds = [(0.0, 0.0)] + [(None, None)] * (n + m - 1)
    solution = _solve_program(
        -np.concatenate([a, b]),
        A_ub=constraints.tocsr(),
        b_ub=matrix[i, j] / scale,
        bounds=bounds,
    )
    return -float(solution.fun) * scale, solution.x[:n] * scale, solution.x[n:] * scale


def _checked(
    C: Any, a: Any, b: Any, *, normalize: bool = False
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    C, a, b = align_weights_of_costs(C, a, b)
    ground = as_ground_cost(C)
    a, b, mass = as_probabilities(a, b, *ground.shape, normalize=normalize)
    matrix = ground.rows(slice(0, ground.shape[0]))
    return matrix, a, b, mass


def _arcs_and_scale(matrix: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], float]:
    i, j = np.nonzero(np.isfinite(matrix))
    if len(i) == 0:
        raise _infeasible()
    return i, j, float(np.abs(matrix[i, j]).max()) or 1.0


def _infeasible() -> InfeasibleError:
    return InfeasibleError(
        "the allowed arcs must be able to carry all mass, got a problem without any plan; "
        "to fix it, allow more arcs (fewer inf entries in C) or change the masses"
    )


def _solve_program(objective: FloatArray, **constraints: object) -> OptimizeResult:
    """The least value of a linear objective, by HiGHS; what it did not solve is an error."""
    solution = linprog(objective, **constraints, method="highs", options=HIGHS_OPTIONS)
    if solution.status == 2:
        raise _infeasible()
    if not solution.success:
        raise SolverError(
            f"the linear program must be solved to optimality, got: {solution.message}; "
            "to fix it, rescale the costs or use otgan.emd_from_cost",
            partial=solution.x,
        )
    return solution
