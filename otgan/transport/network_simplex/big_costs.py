"""Forbidden arcs of a stored matrix: first they only cost much, and most often none is used."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from otgan.measures import FloatArray
from otgan.transport.network_simplex.context import Outcome, SolveContext
from otgan.transport.network_simplex.forbidden import Names, solve_allowed
from otgan.transport.network_simplex.multiscale import solve_matrix
from otgan.transport.warm_start import WarmStart

__all__ = ["solve_matrix_with_forbidden"]

BIG = (4, 300)
"""What a forbidden arc costs above the largest cost, in units of the range or the size of costs."""


def solve_matrix_with_forbidden(
    matrix: FloatArray,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    names: Names,
    start: WarmStart | None = None,
) -> Outcome:
    """Transport for a stored cost matrix with infinite entries.

    With a big cost in their place the problem is a relaxation: a plan that is optimal for it and
    leaves them empty is optimal among the plans that may not use them, and its potentials prove it.
    Where no big cost does that, a method of two phases solves on the allowed arcs alone.

    Parameters
    ----------
    matrix : ndarray, shape (n, m)
        ``inf`` forbids an arc.
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    context : SolveContext
    names : ndarray, ndarray
        What errors call the sources and the targets.
    start : WarmStart, optional

    Raises
    ------
    InfeasibleError
        The allowed arcs cannot carry all mass.
    """
    allowed = np.isfinite(matrix)
    if allowed.any(axis=0).all() and allowed.any(axis=1).all():
        for big in _big_costs(matrix, allowed):
            outcome = solve_matrix(np.where(allowed, matrix, big), a, b, context, start)
            if outcome.finished and allowed[outcome.i, outcome.j].all():
                return outcome
    return solve_allowed(_stored(matrix, allowed), a, b, context, names, start)


def _big_costs(matrix: FloatArray, allowed: npt.NDArray[np.bool_]) -> list[float]:
    """Dearer than the dearest allowed arc, by `BIG` times the range or the size of costs."""
    low, high = float(matrix.min()), float(matrix.max(where=allowed, initial=-np.inf))
    size = max(high - low, abs(high), abs(low))
    return [high + ranges * size for ranges in BIG]


def _stored(matrix: FloatArray, allowed: npt.NDArray[np.bool_]) -> sparse.csr_array:
    """The allowed arcs, stored zeros among them."""
    i, j = np.nonzero(allowed)
    rows = np.searchsorted(i, np.arange(len(matrix) + 1))
    return sparse.csr_array((matrix[i, j], j, rows), shape=matrix.shape)
