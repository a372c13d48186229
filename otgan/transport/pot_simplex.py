"""POT's network simplex behind our own checks: dense, sparse or lazy, and it must finish."""

from __future__ import annotations

import os
import warnings
from typing import NamedTuple

import numpy as np
from scipy import sparse

from otgan.costs import GroundCost, PointCost
from otgan.errors import InfeasibleError, InvalidInputError
from otgan.measures import FloatArray

__all__ = ["DENSE_ENTRIES", "SimplexOutcome", "solve"]

BYTES_PER_PAIR = 50
"""What a dense solve takes at its peak, POT's copies and our certificate included (measured)."""


def _pairs_in_memory() -> int:
    """Pairs whose dense solve takes half of this machine's memory; 1e8 where that is unknown."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return 10**8
    return memory // 2 // BYTES_PER_PAIR


DENSE_ENTRIES = _pairs_in_memory()
"""Largest n * m solved with a stored cost matrix."""

OPTIMAL, INFEASIBLE = 1, 0
LAZY_METRICS = {
    ("euclidean", 1.0): "euclidean",
    ("euclidean", 2.0): "sqeuclidean",
    ("sqeuclidean", 1.0): "sqeuclidean",
    ("cityblock", 1.0): "cityblock",
}


class SimplexOutcome(NamedTuple):
    """Plan and potentials as the solver left them, and whether it says that it finished."""

    plan: sparse.coo_array
    f: FloatArray
    g: FloatArray
    finished: bool
    solver: str


def solve(cost: GroundCost, a: FloatArray, b: FloatArray, *, max_iterations: int) -> SimplexOutcome:
    """Solve the transport problem between masses that are all positive.

    Parameters
    ----------
    cost : GroundCost, shape (n, m)
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    max_iterations : int
        Pivots before giving up.

    Raises
    ------
    InfeasibleError
        Forbidden arcs cut some mass off.
    InvalidInputError
        Too large to store, and a cost that the lazy solver does not know.

    Notes
    -----
    Costs are scaled to at most one before POT sees them: its optimality test is absolute, and
    stops too early where all costs are tiny.
    """
    n, m = cost.shape
    if n * m > DENSE_ENTRIES:
        return _solve_lazy(cost, a, b, max_iterations)
    matrix = cost.rows(slice(0, n))
    allowed = np.isfinite(matrix)
    if not allowed.all():
        return _solve_sparse(matrix, allowed, a, b, max_iterations)
    scale = float(np.abs(matrix).max()) or 1.0
    import ot

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the status is read below, and raises
        plan, log = ot.emd(
            a,
            b,
            matrix / scale,
            numItermax=max_iterations,
            log=True,
            center_dual=False,
            check_marginals=False,
        )
    return _outcome(sparse.coo_array(plan), log, scale, "pot-simplex")


def _solve_sparse(
    matrix: FloatArray, allowed: np.ndarray, a: FloatArray, b: FloatArray, max_iterations: int
) -> SimplexOutcome:
    import ot

    _check_every_point_has_an_arc(allowed)
    i, j = np.nonzero(allowed)
    scale = float(np.abs(matrix[i, j]).max()) or 1.0
    # Zero costs would vanish from a sparse matrix; a shift of all costs changes no plan.
    shift = 1.0 + float(-np.minimum(matrix[i, j].min() / scale, 0.0))
    arcs = sparse.coo_array((matrix[i, j] / scale + shift, (i, j)), shape=matrix.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan, log = ot.emd(
            a,
            b,
            arcs,
            numItermax=max_iterations,
            log=True,
            center_dual=False,
            check_marginals=False,
        )
    if log["result_code"] == INFEASIBLE:
        raise InfeasibleError(
            "the allowed arcs must be able to carry all mass, got a problem without any plan; "
            "to fix it, allow more arcs (fewer inf entries in C) or change the masses"
        )
    log["u"] = log["u"] - shift
    return _outcome(sparse.coo_array(plan), log, scale, "pot-simplex-sparse")


def _solve_lazy(
    cost: GroundCost, a: FloatArray, b: FloatArray, max_iterations: int
) -> SimplexOutcome:
    import ot

    points = cost if isinstance(cost, PointCost) else None
    metric = LAZY_METRICS.get((str(points.metric), points.p)) if points else None
    if points is None or metric is None:
        n, m = cost.shape
        raise InvalidInputError(
            f"beyond {DENSE_ENTRIES:.2g} pairs, which fill the memory, the cost must be "
            f"euclidean with p = 1 or 2, sqeuclidean or cityblock with p = 1, got {n} x {m} pairs "
            "of another cost; to fix it, take fewer points or one of these costs"
        )
    centre = (points.x.mean(axis=0) + points.y.mean(axis=0)) / 2
    x, y = points.x - centre, points.y - centre
    extent = max(np.abs(x).max(), np.abs(y).max()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, log = ot.emd2_lazy(
            x / extent,
            y / extent,
            a,
            b,
            metric=metric,
            numItermax=max_iterations,
            log=True,
            center_dual=False,
            check_marginals=False,
        )
    scale = extent**2 if metric == "sqeuclidean" else extent
    return _outcome(sparse.coo_array(log["G"]), log, scale, "pot-simplex-lazy")


def _outcome(plan: sparse.coo_array, log: dict, scale: float, solver: str) -> SimplexOutcome:
    code = log["result_code"]
    # POT leaves a common offset as large as its artificial costs; the digits it takes are ours.
    offset = np.median(log["u"])
    f, g = (log["u"] - offset) * scale, (log["v"] + offset) * scale
    return SimplexOutcome(plan, f, g, code == OPTIMAL, solver)


def _check_every_point_has_an_arc(allowed: np.ndarray) -> None:
    for axis, side in ((1, "source"), (0, "target")):
        cut_off = np.flatnonzero(~allowed.any(axis=axis))
        if len(cut_off):
            raise InfeasibleError(
                f"every {side} with mass must have an allowed arc, got none for {side} "
                f"{cut_off[0]} ({len(cut_off)} such); to fix it, allow an arc or take its mass away"
            )
