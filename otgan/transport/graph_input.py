"""Graphs and the masses on their nodes, checked before any work."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from otgan.errors import InfeasibleError, InvalidInputError
from otgan.inputs.conversion import from_library
from otgan.inputs.options import as_normalize
from otgan.measures import MASS_RTOL, FloatArray, IntArray, as_float64, as_weights, check_equal_mass
from otgan.text import named

__all__ = ["as_lengths", "as_masses_of_nodes"]

LONGEST = 1e290
"""Sum of all lengths beyond which that of a path, or a potential, could leave float64."""


def as_lengths(lengths: Any) -> sparse.csr_array:
    """The arcs of a graph and their lengths, in order, without those from a node to itself.

    Parameters
    ----------
    lengths : SciPy sparse array or array_like, shape (n, n)
        In a sparse array what is stored is an arc, zeros too; in a dense one what is finite is an
        arc, and zeros may stand on the diagonal only. ``inf`` is no arc in either.

    Raises
    ------
    InvalidInputError
        Not square, empty, NaN or negative lengths, zeros of a dense array, an arc that is stored
        twice, lengths whose sum leaves the range of float64.
    """
    i, j, data = _sparse_arcs(lengths) if sparse.issparse(lengths) else _dense_arcs(lengths)
    wrong = ~(data >= 0)
    if wrong.any():
        at = int(wrong.argmax())
        hint = "store no entry, or inf, where there is no arc"
        if data[at] < 0:
            hint = (
                "pass costs of any sign between all pairs to emd_from_cost, or take absolute values"
            )
        raise InvalidInputError(
            f"lengths must not be negative or NaN, got {data[at]:.6g} from node {i[at]} to node "
            f"{j[at]}; to fix it, {hint}"
        )
    keep = np.isfinite(data) & (i != j)
    i, j, data = i[keep], j[keep], data[keep]
    with np.errstate(over="ignore"):
        total = float(data.sum())
    if total > LONGEST:
        raise InvalidInputError(
            f"lengths must have a sum of at most {LONGEST:g}, got {total:.3g}; to fix it, divide "
            "them by the longest, and write arcs that must not be used as inf"
        )
    order = np.lexsort((j, i))
    i, j, data = i[order], j[order], data[order]
    twice = (np.diff(i) == 0) & (np.diff(j) == 0)
    if twice.any():
        at = int(twice.argmax())
        raise InvalidInputError(
            f"lengths must hold one length for an arc, got two from node {i[at]} to node {j[at]}; "
            "to fix it, keep the smaller one"
        )
    n = lengths.shape[0] if sparse.issparse(lengths) else len(lengths)
    # Built by hand: SciPy's conversions are free to drop stored zeros.
    return sparse.csr_array((data, j, np.searchsorted(i, np.arange(n + 1))), shape=(n, n))


def as_masses_of_nodes(
    lengths: sparse.csr_array, a: Any, b: Any, normalize: bool
) -> tuple[FloatArray, FloatArray, float]:
    """Masses on the nodes that sum to one, alike in every component, and the sum of a before.

    Raises
    ------
    InvalidInputError
        Shapes that do not fit, negative masses, NaN.
    UnequalMassError
        Sums that differ by more than rounding.
    InfeasibleError
        A component that holds more of one than of the other.
    """
    n = lengths.shape[0]
    a, b = as_weights(a, n, "a"), as_weights(b, n, "b")
    total_a, total_b = float(a.sum()), float(b.sum())
    if not as_normalize(normalize):
        check_equal_mass(total_a, total_b, otherwise="")  # emd has no graph, in which mass may stay
    a, b = a / total_a, b / total_b
    count, part = csgraph.connected_components(lengths, directed=False)
    of_a, of_b = np.bincount(part, a), np.bincount(part, b)
    apart = np.abs(of_a - of_b) > MASS_RTOL * np.maximum(of_a, of_b)
    if apart.any():
        at = int(apart.argmax())
        nodes = np.flatnonzero(part == at)
        raise InfeasibleError(
            f"the graph must connect the masses, got a component of {named('node', nodes)} with "
            f"{of_a[at]:.6g} of the mass of a and {of_b[at]:.6g} of that of b (one of {count} "
            "components); to fix it, join them by arcs, or solve each component by itself"
        )
    ratio = np.divide(of_a, of_b, out=np.ones(count), where=of_b > 0)
    return a, b * ratio[part], total_a


def _sparse_arcs(lengths: Any) -> tuple[IntArray, IntArray, FloatArray]:
    stored = sparse.coo_array(lengths)
    _check_square(stored.shape)
    i, j = stored.coords
    return i, j, as_float64(stored.data, "lengths")


def _dense_arcs(lengths: Any) -> tuple[IntArray, IntArray, FloatArray]:
    if from_library(lengths, "networkx"):
        raise InvalidInputError(
            f"lengths must be a matrix, got a {type(lengths).__name__} of networkx; to fix it, "
            "pass networkx.to_scipy_sparse_array(graph), whose rows are the nodes in the order of "
            "graph.nodes"
        )
    matrix = as_float64(lengths, "lengths")
    _check_square(matrix.shape)
    zero = (matrix == 0) & ~np.eye(len(matrix), dtype=bool)
    if zero.any():
        i, j = np.argwhere(zero)[0]
        raise InvalidInputError(
            "lengths must be inf where a dense array has no arc, got zeros off the diagonal, the "
            f"first from node {i} to node {j}, which could be arcs of length zero or none; to fix "
            "it, write inf for those, or pass a SciPy sparse array, whose stored zeros are arcs "
            "(scipy.sparse.csr_array(lengths) stores none of them)"
        )
    i, j = np.nonzero(matrix != np.inf)
    return i, j, matrix[i, j]


def _check_square(shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise InvalidInputError(
            f"lengths must be a non-empty square matrix, from every node to every node, got shape "
            f"{shape}; to fix it, build one from lists of arcs by scipy.sparse.coo_array((length, "
            "(i, j)), shape=(n, n))"
        )
