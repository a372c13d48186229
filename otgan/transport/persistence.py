"""Distances between persistence diagrams: transport in which points may go to the diagonal.

A point of a diagram is one unit of mass, which either moves to a point of the other diagram or
stays unmatched, at the price of its distance to the diagonal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial.distance import cdist

from otgan.costs import MetricName
from otgan.errors import InfeasibleError, InvalidInputError
from otgan.inputs.options import as_number, as_order
from otgan.keywords import checks_keywords
from otgan.measures import LARGEST_COORDINATE, FloatArray, IntArray, as_float64
from otgan.results import Result
from otgan.transport.exact import emd, emd_from_cost

__all__ = ["PersistenceDistance", "persistence_distance"]

METRICS: dict[float, MetricName] = {1.0: "cityblock", 2.0: "euclidean", math.inf: "chebyshev"}
"""The norms of the plane whose costs the solver need not store."""

LARGEST_EXPONENT = 900
"""Of coordinates, once they are counted in units of what is paid."""

BOTTLENECK_PAIRS = 2**26
"""Most pairs of points among whose distances the bottleneck is looked for (half a GiB)."""


@checks_keywords
@dataclass(frozen=True, eq=False)
class PersistenceDistance(Result):
    """The distance between two persistence diagrams, and a matching that has it.

    ``float(result)`` is the distance.

    Attributes
    ----------
    distance : float
        What the matching costs, root taken.
    lower, upper : float
        Certified bracket of the distance.
    matching : ndarray, shape (k, 2)
        Rows of a and of b that are matched; -1 stands for the diagonal.
    p, q : float
        Order, and norm of the plane.
    """

    distance: float
    lower: float
    upper: float
    matching: IntArray = field(repr=False)
    p: float
    q: float

    derived: ClassVar[tuple[str, ...]] = ("gap",)
    bracket: ClassVar[tuple[str, ...]] = ("lower", "upper")

    @property
    def gap(self) -> float:
        """Width of the bracket, upper - lower."""
        return self.upper - self.lower

    def __float__(self) -> float:
        return self.distance

    def __repr__(self) -> str:
        matched = int((self.matching >= 0).all(axis=1).sum())
        return (
            f"PersistenceDistance(distance={self.distance:.10g}, gap={self.gap:.2g}, "
            f"p={self.p:g}, q={self.q:g}, matched={matched}, "
            f"to_diagonal={len(self.matching) - matched})"
        )


class _Diagram(NamedTuple):
    """Points that die, (k, 2), births of those that never do, and which rows these are."""

    points: FloatArray
    rows: IntArray
    births: FloatArray
    rows_of_births: IntArray


class _Matching(NamedTuple):
    """Pairs of points by their positions, -1 for the diagonal, and a bracket of what they cost."""

    pairs: IntArray
    lower: float
    upper: float


@checks_keywords
def persistence_distance(
    a: Any, b: Any, *, p: float = 1, q: float = math.inf
) -> PersistenceDistance:
    """Exact distance between two persistence diagrams, with a matching.

    ``min (sum_k c_k ** p) ** (1/p)`` over matchings, in which every point is matched to a point of
    the other diagram or to the diagonal; c_k is their distance in the norm q. For ``p=inf`` it is
    the bottleneck distance, ``min max_k c_k``.

    Parameters
    ----------
    a, b : array_like, shapes (n, 2) and (m, 2)
        Births and deaths, as GUDHI and Ripser give them for one dimension; may be empty. Points
        with an infinite death are matched among themselves, in the order of their births, and cost
        the differences of these.
    p : float, default 1
        Order, from one to infinity: `order` of GUDHI, `wasserstein_power` of Hera.
    q : float, default inf
        Norm of the plane, from one to infinity: `internal_p` of GUDHI and of Hera. A point is
        ``(death - birth) * 2 ** (1/q - 1)`` from the diagonal.

    Returns
    -------
    PersistenceDistance
        For finite p proved by plan and potentials as :func:`emd` proves it, and in its time if q is
        1, 2 or infinite; for other norms, and for ``p=inf``, all n m distances are stored. The
        bottleneck is found by bisection among these, each step a bipartite matching.

    Raises
    ------
    InvalidInputError
        Shapes other than (n, 2), NaN, infinite births, deaths before births, orders or norms below
        one, too many pairs for a bottleneck.
    InfeasibleError
        Diagrams whose numbers of infinite deaths differ: the distance is infinite.
    SolverError
        As for :func:`emd`.

    References
    ----------
    Cohen-Steiner, Edelsbrunner, Harer and Mileyko, Lipschitz functions have L_p-stable persistence
    (2010). Efrat, Itai and Katz, Geometry helps in bottleneck matching and related problems
    (2001), for the bottleneck.

    Examples
    --------
    >>> a = [[2.7, 3.7], [9.6, 14.0], [34.2, 34.974]]
    >>> b = [[2.8, 4.45], [9.5, 14.1]]
    >>> r = persistence_distance(a, b, p=1, q=2)
    >>> r
    PersistenceDistance(distance=1.445359302, gap=0, p=1, q=2, matched=2, to_diagonal=1)
    >>> r.matching
    array([[ 0,  0],
           [ 1,  1],
           [ 2, -1]])
    >>> float(persistence_distance(a, b, p=math.inf))  # the bottleneck distance
    0.75
    """
    order, norm = _as_exponent(p, "p"), _as_exponent(q, "q")
    x, y = _as_diagram(a, "a"), _as_diagram(b, "b")
    if len(x.births) != len(y.births):
        raise InfeasibleError(
            "a and b must have as many points with an infinite death, got "
            f"{len(x.births)} and {len(y.births)}, whose distance is infinite; to fix it, drop "
            "these points, or give them a last death"
        )
    exponent = _exponent(x, y)
    x, y = _divided(x, exponent), _divided(y, exponent)
    apart = np.abs(x.births - y.births)
    if order == math.inf:
        found = _bottleneck(x.points, y.points, norm)
        lower, upper = (max(end, apart.max(initial=0.0)) for end in found[1:])
    else:
        found = _least_sum(x.points, y.points, order, norm)
        lasting = math.fsum(apart**order)
        lower, upper = ((max(end, 0.0) + lasting) ** (1 / order) for end in found[1:])
    i, j = found.pairs.T
    of_a, of_b = np.append(x.rows, -1)[i], np.append(y.rows, -1)[j]
    matching = np.column_stack([of_a, of_b])
    lasting_rows = np.column_stack([x.rows_of_births, y.rows_of_births])
    lower, upper = math.ldexp(lower, exponent), math.ldexp(upper, exponent)
    return PersistenceDistance(
        upper, lower, upper, np.vstack([matching, lasting_rows]), order, norm
    )


def _exponent(x: _Diagram, y: _Diagram) -> int:
    """Of the power of two by which both are divided, so that powers of what is paid are floats."""
    paid = (np.ptp(x.points, axis=1), np.ptp(y.points, axis=1), np.abs(x.births - y.births))
    coordinates = (x.points, y.points, x.births, y.births)
    most, largest = (
        max(float(np.abs(of).max(initial=0.0)) for of in sizes) for sizes in (paid, coordinates)
    )
    return max(math.frexp(most)[1], math.frexp(largest)[1] - LARGEST_EXPONENT)


def _divided(diagram: _Diagram, exponent: int) -> _Diagram:
    points, births = (np.ldexp(of, -exponent) for of in (diagram.points, diagram.births))
    return diagram._replace(points=points, births=births)


# ---------------------------------------------------------------- matchings


def _least_sum(x: FloatArray, y: FloatArray, p: float, q: float) -> _Matching:
    """The matching of the least sum of p-th powers."""
    u, v = _to_diagonal(x, q) ** p, _to_diagonal(y, q) ** p
    if not (len(x) and len(y)):
        cost = math.fsum(np.concatenate([u, v]))
        return _Matching(_with_diagonal(x, y, np.empty((0, 2), np.intp)), cost, cost)
    units = np.ones(len(x)), np.ones(len(y))
    if (metric := METRICS.get(q)) is not None:
        result = emd(x, y, *units, p=p, metric=metric, unmatched=(u, v))
    else:
        result = emd_from_cost(_distances(x, y, q) ** p, *units, unmatched=(u, v))
    plan = result.plan.tocoo()
    matched = np.column_stack(plan.coords)[plan.data > 0.5]  # whole units, but for rounding
    return _Matching(_with_diagonal(x, y, matched), result.lower, result.upper)


def _bottleneck(x: FloatArray, y: FloatArray, q: float) -> _Matching:
    """The matching of the least maximum: bisection among all distances that it may have."""
    if len(x) * len(y) > BOTTLENECK_PAIRS:
        raise InvalidInputError(
            f"a and b must have at most {BOTTLENECK_PAIRS:,} pairs of points for p=inf, got "
            f"{len(x):,} x {len(y):,}; to fix it, drop points near the diagonal, which moves the "
            "distance by no more than the farthest of them is from it"
        )
    u, v = _to_diagonal(x, q), _to_diagonal(y, q)
    C = _distances(x, y, q)
    enough = max(u.max(initial=0.0), v.max(initial=0.0))  # all go to the diagonal
    thresholds = np.unique(np.concatenate([[0.0], C[enough >= C], u, v]))
    low, high = 0, len(thresholds) - 1
    while low < high:
        middle = (low + high) // 2
        if _matched_within(thresholds[middle], C, u, v) is None:
            low = middle + 1
        else:
            high = middle
    matched = _matched_within(thresholds[low], C, u, v)
    assert matched is not None
    return _Matching(_with_diagonal(x, y, matched), thresholds[low], thresholds[low])


def _matched_within(t: float, C: FloatArray, u: FloatArray, v: FloatArray) -> IntArray | None:
    """Pairs of a matching in which nothing is farther apart than t; None if there is none.

    A perfect matching of the points of a and copies of those of b with the points of b and copies
    of those of a: a point that goes to the diagonal is matched to its own copy, and where two
    points are matched, so are their copies.
    """
    near = sparse.csr_array(t >= C)
    own = [sparse.diags_array((prices <= t).astype(float)) for prices in (u, v)]
    graph = sparse.block_array([[near, own[0]], [own[1], near.T]], format="csr")
    graph.eliminate_zeros()
    column = maximum_bipartite_matching(graph, perm_type="column")
    if (column < 0).any():
        return None
    i = np.flatnonzero(column[: len(u)] < len(v))
    return np.column_stack([i, column[i]])


def _with_diagonal(x: FloatArray, y: FloatArray, matched: IntArray) -> IntArray:
    """Matched pairs, and the diagonal for all other points, in the order of a, then of b."""
    alone_x = np.setdiff1d(np.arange(len(x)), matched[:, 0])
    alone_y = np.setdiff1d(np.arange(len(y)), matched[:, 1])
    of_x = np.column_stack([alone_x, np.full(len(alone_x), -1)])
    of_y = np.column_stack([np.full(len(alone_y), -1), alone_y])
    return np.vstack([matched[matched[:, 0].argsort()], of_x, of_y])


def _to_diagonal(points: FloatArray, q: float) -> FloatArray:
    """Distances to the diagonal in the norm q."""
    return (points[:, 1] - points[:, 0]) * 2.0 ** (1.0 / q - 1.0)


def _distances(x: FloatArray, y: FloatArray, q: float) -> FloatArray:
    if q == math.inf:
        return cdist(x, y, "chebyshev")
    return cdist(x, y, "minkowski", p=q)


# ---------------------------------------------------------------- what comes in


def _as_exponent(value: Any, name: str) -> float:
    number = as_number(value, name, "from 1 to infinity", "pass 1, 2 or math.inf")
    if name == "p" and number < math.inf:
        return as_order(value)
    if number < 1:
        raise InvalidInputError(
            f"{name} must be at least 1, got {number:g}; to fix it, pass 1, 2 or math.inf"
        )
    return number


def _as_diagram(values: Any, name: str) -> _Diagram:
    array = as_float64(values, name)
    if array.size == 0:
        array = array.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidInputError(
            f"{name} must be a persistence diagram of shape (n, 2), births and deaths, got shape "
            f"{array.shape}; to fix it, pass the intervals of one dimension"
        )
    birth, death = array.T
    wrong = ~(np.isfinite(birth) & (death >= birth))
    if wrong.any():
        at = int(wrong.argmax())
        raise InvalidInputError(
            f"{name} must have finite births, and deaths that are not before them, got "
            f"({birth[at]:g}, {death[at]:g}) at row {at} ({int(wrong.sum())} such rows); to fix "
            "it, drop them, or negate both columns of superlevel sets"
        )
    dies = np.isfinite(death)
    largest = max(np.abs(birth).max(initial=0.0), np.abs(death[dies]).max(initial=0.0))
    if largest > LARGEST_COORDINATE:
        raise InvalidInputError(
            f"{name} must have coordinates of at most {LARGEST_COORDINATE:g}, got {largest:.3g}; "
            "to fix it, rescale both diagrams and multiply the distance back"
        )
    rows, lasting = np.flatnonzero(dies), np.flatnonzero(~dies)
    lasting = lasting[birth[lasting].argsort(kind="stable")]
    return _Diagram(array[rows], rows, birth[lasting], lasting)
