"""Ground costs metric(x, y) ** p: in blocks of rows, or on a list of arcs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from otgan.errors import InvalidInputError, nearest_name
from otgan.inputs.labels import align_points
from otgan.inputs.options import as_order
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, IntArray, as_float64, as_points, refuse_other_images
from otgan.metrics import SCIPY_METRICS, ArrayMetric
from otgan.normed_points import NormedPoints

__all__ = [
    "LARGEST_COST",
    "GroundCost",
    "MatrixCost",
    "Metric",
    "PointCost",
    "SparseCost",
    "as_ground_cost",
    "check_size",
    "line_exponent",
    "row_blocks",
    "stored",
]

MetricName = Literal["euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine"]
Metric = MetricName | Callable[[FloatArray, FloatArray], float]

METRIC_NAMES: tuple[str, ...] = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine")
WRAPPED = {
    **dict.fromkeys(("haversine", "sphere", "geodesic"), "GreatCircle()"),
    **dict.fromkeys(("circle", "torus", "periodic"), "Torus(period)"),
}
"""Names that users try, and the objects that they mean."""

LARGEST_COST = 1e300
"""Beyond it, sums of costs along a path could leave the range of float64."""

BLOCK_ENTRIES = 2**21
"""How many costs are held at once when a whole pass is made over all pairs (16 MiB)."""

CALLED_PAIRS = 2**28
"""Most pairs for which a callable metric is called: 2 GiB of costs, and some minutes at least."""


class GroundCost(Protocol):
    """A cost matrix that need not be stored."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        ...

    @property
    def T(self) -> GroundCost:
        """The cost with sources and targets exchanged."""
        ...

    def rows(self, rows: slice) -> FloatArray:
        """The costs from some sources to every target."""
        ...

    def arcs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs C[i[k], j[k]] on a list of arcs."""
        ...

    def restricted(self, sources: IntArray, targets: IntArray) -> GroundCost:
        """The cost between some of the points."""
        ...


@dataclass(frozen=True)
class MatrixCost:
    """A stored cost matrix; ``inf`` forbids an arc."""

    matrix: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        n, m = self.matrix.shape
        return n, m

    @property
    def T(self) -> MatrixCost:
        """The transposed cost."""
        return MatrixCost(self.matrix.T)

    def rows(self, rows: slice) -> FloatArray:
        """A block of rows, without a copy."""
        return self.matrix[rows]

    def arcs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The entries at (i, j)."""
        return self.matrix[i, j]

    def restricted(self, sources: IntArray, targets: IntArray) -> MatrixCost:
        """The cost between some of the points."""
        return MatrixCost(self.matrix[np.ix_(sources, targets)])


@dataclass(frozen=True)
class SparseCost:
    """Costs on the allowed arcs only; what is not stored is forbidden, a stored zero is free."""

    arcs_by_source: sparse.csr_array

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        n, m = self.arcs_by_source.shape
        return int(n), int(m)

    @property
    def T(self) -> SparseCost:
        """The transposed cost."""
        return SparseCost(_in_order(self.arcs_by_source.T))

    def rows(self, rows: slice) -> FloatArray:
        """A block of rows, ``inf`` where an arc is forbidden."""
        stored = self.arcs_by_source[rows].tocoo()
        block = np.full(stored.shape, np.inf)
        block[stored.coords] = stored.data
        return block

    def arcs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The entries at (i, j), ``inf`` where there is none."""
        stored = self.arcs_by_source
        m = stored.shape[1]
        keys = np.repeat(np.arange(stored.shape[0]), np.diff(stored.indptr)) * m + stored.indices
        wanted = np.asarray(i, np.int64) * m + np.asarray(j, np.int64)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, stored.data[at], np.inf)

    def restricted(self, sources: IntArray, targets: IntArray) -> SparseCost:
        """The cost between some of the points."""
        return SparseCost(_in_order(self.arcs_by_source[sources][:, targets]))


def _near_metric(metric: object) -> str:
    if isinstance(metric, type):
        return f"pass an object of this class, as {metric.__name__}(...)"
    name = metric if isinstance(metric, str) else ""
    if name in SCIPY_METRICS:
        return f"pass metric=otgan.SciPyMetric({name!r}), with its options"
    if name in WRAPPED:
        return f"pass metric=otgan.{WRAPPED[name]}"
    otherwise = "name one of these or pass your own cost matrix to emd_from_cost"
    return nearest_name(str(metric), METRIC_NAMES, otherwise=otherwise)


@checks_keywords
@dataclass(frozen=True, eq=False)
class PointCost:
    """The cost metric(x_i, y_j) ** p between two clouds of points, computed when asked for.

    Distances are computed from direct differences in float64, never from inner products, so
    that a common offset of the points costs no more digits than the points themselves lost;
    the cosine distance is half the squared difference of the unit vectors.

    Attributes
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        The points; unit vectors if the metric is ``"cosine"``.
    metric : str or callable
        Distance of two points.
    p : float
        Power of the distance.
    """

    x: FloatArray
    y: FloatArray
    metric: Metric = "euclidean"
    p: float = 1.0

    @classmethod
    def of(cls, x: Any, y: Any, *, metric: Metric = "euclidean", p: float = 1) -> PointCost:
        """Check the arguments and build the cost.

        Parameters
        ----------
        x, y : array_like, shapes (n, d) and (m, d)
        metric : {"euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine"} or callable
            A callable takes two points of shape (d,), which it leaves as they are, and returns a
            non-negative number.
        p : float
            The power, at least one.

        Raises
        ------
        InvalidInputError
            An unknown metric, columns that differ, a zero vector under ``"cosine"``, or
            coordinates whose costs would leave the range of float64.
        """
        x, y = align_points(x, y)
        refuse_other_images((x, y))
        return cls.between(as_points(x, "x"), as_points(y, "y"), metric, as_order(p))

    @classmethod
    def between(cls, x: FloatArray, y: FloatArray, metric: Metric, p: float) -> PointCost:
        """The same for points and order that have been checked."""
        named = isinstance(metric, str) and metric in METRIC_NAMES
        if not named and (isinstance(metric, type) or not callable(metric)):
            raise InvalidInputError(
                f"metric must be one of {', '.join(METRIC_NAMES)}, or a callable, got {metric!r}; "
                f"to fix it, {_near_metric(metric)}"
            )
        cost = cls(x, y, metric, p)
        cost._check_range()
        return cost

    def __repr__(self) -> str:
        n, m = self.shape
        metric = getattr(self.metric, "__name__", self.metric)
        return f"PointCost({n}×{m}, d={self.x.shape[1]}, metric={metric!r}, p={self.p:g})"

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        return self.x.shape[0], self.y.shape[0]

    @property
    def T(self) -> PointCost:
        """The cost from the points y to the points x."""
        metric = self.metric
        if isinstance(metric, (str, ArrayMetric)):
            return PointCost(self.y, self.x, metric, self.p)
        return PointCost(self.y, self.x, lambda u, v: metric(v, u), self.p)

    def rows(self, rows: slice) -> FloatArray:
        """Costs of a block of sources to all targets, O(block * m * d)."""
        name, power = _simplify(self.metric, self.p)
        if name == "cosine":
            chords = cdist(_directions(self.x[rows]), _directions(self.y), metric="sqeuclidean")
            return _power(0.5 * chords, power)
        if isinstance(name, ArrayMetric):
            distances = name.matrix(self.x[rows], self.y)
            _check_distances(distances, power, "look up for which points the metric is defined")
            return _power(distances, power)
        if not isinstance(name, str):
            return _call_on_pairs(name, power, self.x[rows], self.y)
        return _power(cdist(self.x[rows], self.y, metric=name), power)

    def arcs(self, i: IntArray, j: IntArray) -> FloatArray:
        """Costs on the arcs (i[k], j[k]), O(number of arcs * d)."""
        u, v = self.x[i], self.y[j]
        name, power = _simplify(self.metric, self.p)
        if isinstance(name, ArrayMetric):
            distances = name.pairs(u, v)
        elif not isinstance(name, str):
            distances = np.array([_number(name(s, t)) for s, t in zip(u, v, strict=True)])
            _check_distances(distances, power)
        elif name == "cosine":
            chords = _norm_of_differences(_directions(u) - _directions(v), "sqeuclidean")
            distances = 0.5 * chords
        else:
            distances = _norm_of_differences(u - v, name)
        return _power(distances, power)

    def normed(self) -> NormedPoints | None:
        """The clouds for which this cost is a power of a norm, or of a distance that cells bound.

        None for a callable. They are centered, so that a common offset costs no digits.
        """
        if isinstance(self.metric, ArrayMetric):
            points = self.metric.normed(self.x, self.y)
            return None if points is None else points._replace(power=points.power * self.p)
        if not isinstance(self.metric, str):
            return None
        if self.metric == "cosine":  # half the squared distance of unit vectors
            x, y = (_directions(z) * math.sqrt(0.5) for z in (self.x, self.y))
            return NormedPoints(x, y, "euclidean", 2.0 * self.p)
        center = self.x.mean(axis=0) / 2 + self.y.mean(axis=0) / 2
        x, y = self.x - center, self.y - center
        if self.metric == "sqeuclidean":
            return NormedPoints(x, y, "euclidean", 2.0 * self.p)
        return NormedPoints(x, y, self.metric, self.p)

    @property
    def must_be_stored(self) -> bool:
        """Whether no bound is known between boxes of points, so that all costs are needed."""
        one = np.arange(1)
        return callable(self.metric) and self.restricted(one, one).normed() is None

    def restricted(self, sources: IntArray, targets: IntArray) -> PointCost:
        """The cost between some of the points."""
        return PointCost(self.x[sources], self.y[targets], self.metric, self.p)

    def _check_range(self) -> None:
        if self.metric == "cosine":
            if not (np.abs(self.x).max(axis=1).all() and np.abs(self.y).max(axis=1).all()):
                raise InvalidInputError(
                    "points must be non-zero for the cosine metric, got a zero vector; "
                    "to fix it, remove it or choose another metric"
                )
            return
        extent, largest_power = self._extent()
        power = max(2.0, largest_power)
        if (extent > 0 and not 1e-145 < extent < 1e145) or power * abs(_log10(extent)) > 290:
            raise InvalidInputError(
                f"coordinates must span an extent whose power {power:g} fits into float64, "
                f"got an extent of {extent:.3g}; to fix it, rescale the points and multiply "
                "the distance back"
            )

    def _extent(self) -> tuple[float, float]:
        """How far apart points are along one coordinate, or in all, and powers that are taken."""
        if isinstance(self.metric, ArrayMetric) and (points := self.normed()) is not None:
            order = points.order if points.norm == "minkowski" else 1.0
            return points.longest(), max(points.power, order)
        low = np.minimum(self.x.min(axis=0), self.y.min(axis=0))
        extent = (np.maximum(self.x.max(axis=0), self.y.max(axis=0)) / 2 - low / 2).max() * 2
        return float(extent), self.p * (2 if self.metric == "sqeuclidean" else 1)


def check_size(costs: FloatArray, name: str) -> None:
    """Raise on finite costs beyond `LARGEST_COST`."""
    beyond = (np.abs(costs) > LARGEST_COST) & np.isfinite(costs)
    if beyond.any():
        raise InvalidInputError(
            f"{name} must hold costs of at most {LARGEST_COST:g} in size, or inf for a forbidden "
            f"arc, got {costs[beyond][0]:.6g}; to fix it, pass inf where an arc is forbidden, or "
            "scale the costs, and multiply the result back"
        )


def as_ground_cost(cost: Any) -> GroundCost:
    """A `GroundCost` from a matrix of shape (n, m), SciPy sparse or not, or the one given.

    A callable metric is called here, once for every pair.

    Raises
    ------
    InvalidInputError
        Not two axes, empty, NaN or minus infinity, finite costs beyond 1e300, or a callable with
        too many pairs.
    """
    if isinstance(cost, PointCost) and cost.must_be_stored:
        return stored(cost)
    if isinstance(cost, (MatrixCost, PointCost, SparseCost)):
        return cost
    if sparse.issparse(cost):
        return _as_sparse_cost(cost)
    matrix = as_float64(cost, "C")
    if matrix.ndim != 2 or matrix.size == 0:
        raise InvalidInputError(
            f"C must be a non-empty matrix of shape (n, m), got shape {matrix.shape}; to fix it, "
            "give the cost from every source to every target"
        )
    bad = np.isnan(matrix) | (matrix == -np.inf)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise InvalidInputError(
            f"C must hold finite costs, or inf for a forbidden arc, got {matrix[i, j]} at "
            f"({i}, {j}); to fix it, fill that entry"
        )
    check_size(matrix, "C")
    return MatrixCost(matrix)


def stored(cost: PointCost) -> MatrixCost:
    """All costs between two clouds, each computed once.

    Raises
    ------
    InvalidInputError
        A callable metric that would have to be called for more than `CALLED_PAIRS` pairs.
    """
    n, m = cost.shape
    if not isinstance(cost.metric, str) and n * m > CALLED_PAIRS:
        done, more = "called for", "compute the costs in whole arrays and pass them to"
        if isinstance(cost.metric, ArrayMetric):
            done, more = "stored for", "pass a matrix for which there is memory to"
        raise InvalidInputError(
            f"a callable metric must be {done} at most {CALLED_PAIRS:,} pairs of points, got "
            f"{n:,} x {m:,} = {n * m:,}; to fix it, name one of {', '.join(METRIC_NAMES)}, give "
            f"fewer points, or {more} emd_from_cost"
        )
    return MatrixCost(cost.rows(slice(0, n)))


def _as_sparse_cost(cost: sparse.sparray) -> SparseCost:
    stored = sparse.coo_array(cost)
    if stored.ndim != 2 or 0 in stored.shape:
        raise InvalidInputError(
            f"C must be a non-empty matrix of shape (n, m), got shape {stored.shape}; to fix it, "
            "give the cost of every allowed arc"
        )
    data = as_float64(stored.data, "C")
    if np.isnan(data).any() or (data == -np.inf).any():
        raise InvalidInputError(
            "C must hold finite costs, got NaN or minus infinity among the stored ones; to fix "
            "it, leave an arc out to forbid it"
        )
    check_size(data, "C")
    keep = np.isfinite(data)
    i, j = (index[keep] for index in stored.coords)
    order = np.lexsort((j, i))
    i, j, data = i[order], j[order], data[keep][order]
    twice = (np.diff(i) == 0) & (np.diff(j) == 0)
    if twice.any():
        at = int(np.flatnonzero(twice)[0])
        raise InvalidInputError(
            f"C must hold one cost for an arc, got two at ({i[at]}, {j[at]}); to fix it, call "
            "sum_duplicates() or keep the smaller one"
        )
    # Built by hand: SciPy's conversions are free to drop stored zeros.
    start = np.searchsorted(i, np.arange(stored.shape[0] + 1))
    return SparseCost(sparse.csr_array((data, j, start), shape=stored.shape))


def _in_order(cost: sparse.sparray) -> sparse.csr_array:
    by_source = sparse.csr_array(cost)
    by_source.sort_indices()
    return by_source


def line_exponent(metric: Metric, p: float) -> float | None:
    """The q for which metric ** p is |x - y| ** q where d = 1; ``None`` if there is none."""
    if not isinstance(metric, str):
        return None
    if metric in ("euclidean", "cityblock", "chebyshev"):
        return float(p)
    return 2.0 * p if metric == "sqeuclidean" else None


def row_blocks(cost: GroundCost) -> Iterator[tuple[slice, FloatArray]]:
    """Every row once, in blocks that fit the cache budget."""
    n, m = cost.shape
    step = max(1, BLOCK_ENTRIES // m)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        yield rows, cost.rows(rows)


def _simplify(metric: Metric, p: float) -> tuple[Metric, float]:
    return ("sqeuclidean", 1.0) if metric == "euclidean" and p == 2 else (metric, p)


def _call_on_pairs(
    metric: Callable[[FloatArray, FloatArray], float], power: float, x: FloatArray, y: FloatArray
) -> FloatArray:
    """Every pair once; a wrong value ends it with the row in which it comes."""
    costs = np.empty((len(x), len(y)))
    for row, point in zip(costs, x, strict=True):
        u = point.copy()
        row[:] = [_number(metric(u, v)) for v in y.copy()]
        if not (u == point).all():
            raise InvalidInputError(
                "a callable metric must leave its points as they are, got one that changed the "
                f"point {_shown(point)} into {_shown(u)}; to fix it, compute without -=, += and "
                "the like"
            )
        _check_distances(row, power)
        _power(row, power)
    return costs


def _shown(point: FloatArray) -> str:
    return np.array2string(point, precision=4, threshold=6, separator=", ")


def _number(value: Any) -> float:
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value if np.ndim(value) == 0 else np.asarray(value).item())
    except (TypeError, ValueError):
        raise InvalidInputError(
            "a callable metric must return one number for two points, got "
            f"{type(value).__name__} of shape {np.shape(value)}; to fix it, reduce it, e.g. by "
            "numpy.linalg.norm"
        ) from None


def _check_distances(distances: FloatArray, power: float, hint: str = "check the callable") -> None:
    """Raise on what a metric of the user's must not return."""
    if not (np.isfinite(distances).all() and (distances >= 0).all()):
        raise InvalidInputError(
            "the metric must return finite, non-negative numbers, got "
            f"{distances[~(np.isfinite(distances) & (distances >= 0))][0]} for some pair of "
            f"points; to fix it, {hint}"
        )
    if distances.size and float(distances.max()) > LARGEST_COST ** (1 / power):
        raise InvalidInputError(
            f"the metric must return numbers whose power {power:g} is at most {LARGEST_COST:g}, "
            f"got {distances.max():.6g}; to fix it, scale them, and multiply the distance back"
        )


def _power(distances: FloatArray, p: float) -> FloatArray:
    """Distances ** p, in place."""
    if p != 1:
        distances **= p
    return distances


def _directions(points: FloatArray) -> FloatArray:
    scaled = points / np.abs(points).max(axis=1, keepdims=True)  # no square may underflow
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def _norm_of_differences(differences: FloatArray, name: str) -> FloatArray:
    if name == "cityblock":
        return np.abs(differences).sum(axis=1)
    if name == "chebyshev":
        return np.abs(differences).max(axis=1)
    squares = np.einsum("kd,kd->k", differences, differences)
    return np.sqrt(squares) if name == "euclidean" else squares


def _log10(extent: float) -> float:
    return float(np.log10(extent)) if extent > 0 else 0.0
