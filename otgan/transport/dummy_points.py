"""Transport that may leave mass unmatched, as a balanced problem with a dummy point on each side.

What stays unmatched at x_i goes to the dummy target, at the price u_i; what stays unmatched at y_j
comes from the dummy source, at the price v_j. Dummy points hold as much as the other side, and
what neither side needs of it goes from dummy to dummy.

Source: Caffarelli and McCann, Free boundaries in optimal transport and Monge-Ampère obstacle
problems (2010), section 2, where the dummy points are isolated points at infinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from otgan.costs import LARGEST_COST, GroundCost, MatrixCost, PointCost, SparseCost
from otgan.errors import InvalidInputError
from otgan.inputs.tables import read_table
from otgan.measures import FloatArray, IntArray, as_float64
from otgan.normed_points import NormedPoints

__all__ = [
    "DummyPrices",
    "WithDummies",
    "as_pair_of_prices",
    "as_prices",
    "most_expensive",
    "with_dummies",
]


class DummyPrices(NamedTuple):
    """What arcs of the dummy points cost.

    Attributes
    ----------
    u : ndarray, shape (n,)
        From every source to the dummy target.
    v : ndarray, shape (m,)
        From the dummy source to every target.
    between : float
        From dummy source to dummy target.
    """

    u: FloatArray
    v: FloatArray
    between: float = 0.0

    @property
    def T(self) -> DummyPrices:
        """The same with sources and targets exchanged."""
        return DummyPrices(self.v, self.u, self.between)


@dataclass(frozen=True)
class WithDummies:
    """The cost between two clouds of points with a dummy point at the end of each."""

    points: PointCost
    prices: DummyPrices

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets, dummies included."""
        n, m = self.points.shape
        return n + 1, m + 1

    @property
    def T(self) -> WithDummies:
        """The cost with sources and targets exchanged."""
        return WithDummies(self.points.T, self.prices.T)

    def rows(self, rows: slice) -> FloatArray:
        """The costs from some sources to every target."""
        n, m = self.points.shape
        first, last, _ = rows.indices(n + 1)
        block = np.empty((last - first, m + 1))
        block[: min(last, n) - first, :-1] = self.points.rows(slice(first, min(last, n)))
        block[: min(last, n) - first, -1] = self.prices.u[first:last]
        if first <= n < last:
            block[-1] = np.append(self.prices.v, self.prices.between)
        return block

    def arcs(self, i: IntArray, j: IntArray) -> FloatArray:
        """The costs on a list of arcs."""
        n, m = self.points.shape
        return np.where(
            i < n,
            np.where(
                j < m,
                self.points.arcs(np.minimum(i, n - 1), np.minimum(j, m - 1)),
                self.prices.u[np.minimum(i, n - 1)],
            ),
            np.append(self.prices.v, self.prices.between)[j],
        )

    def restricted(self, sources: IntArray, targets: IntArray) -> WithDummies:
        """The cost between some of the points, the dummies (which always carry mass) among them."""
        i, j = sources[:-1], targets[:-1]
        u, v, between = self.prices
        return WithDummies(self.points.restricted(i, j), DummyPrices(u[i], v[j], between))

    def normed(self) -> NormedPoints | None:
        """The clouds without dummies, as :meth:`PointCost.normed`."""
        return self.points.normed()


def with_dummies(cost: GroundCost, prices: DummyPrices) -> GroundCost:
    """A cost with one more source and one more target, which are dummies."""
    if isinstance(cost, PointCost):
        return WithDummies(cost, prices)
    u, v, between = prices
    if isinstance(cost, SparseCost):
        n, m = cost.shape
        stored = cost.arcs_by_source.tocoo()
        i = np.concatenate([stored.coords[0], np.arange(n), np.full(m + 1, n)])
        j = np.concatenate([stored.coords[1], np.full(n, m), np.arange(m + 1)])
        data = np.concatenate([stored.data, u, v, [between]])
        order = np.lexsort((j, i))
        start = np.searchsorted(i[order], np.arange(n + 2))
        # Built by hand: SciPy's conversions are free to drop stored zeros.
        shape = n + 1, m + 1
        return SparseCost(sparse.csr_array((data[order], j[order], start), shape=shape))
    matrix = cost.rows(slice(0, cost.shape[0]))
    return MatrixCost(np.block([[matrix, u[:, None]], [v, np.array([between])]]))


def most_expensive(cost: GroundCost) -> float:
    """A cost that none is above, in absolute value; for points that of their box's diagonal."""
    if isinstance(cost, SparseCost):
        return float(np.abs(cost.arcs_by_source.data).max(initial=0.0))
    if isinstance(cost, PointCost) and (points := cost.normed()) is not None:
        return float(points.longest() ** points.power)
    matrix = np.abs(cost.rows(slice(0, cost.shape[0])))
    return float(matrix[np.isfinite(matrix)].max(initial=0.0))


def as_prices(unmatched: Any, n: int, m: int) -> DummyPrices:
    """Prices of unmatched mass at every point of x and of y, checked.

    Parameters
    ----------
    unmatched : float or pair
        One price for all, or those of x and those of y, each a number or an array.
    n, m : int
        How many points there are.
    """
    of_x, of_y = as_pair_of_prices(unmatched)
    return DummyPrices(_as_side(of_x, n, "x"), _as_side(of_y, m, "y"))


def as_pair_of_prices(unmatched: Any) -> tuple[Any, Any]:
    """The prices of x and those of y, not yet checked, of one for all or a pair."""
    pair = unmatched if isinstance(unmatched, (tuple, list)) else (unmatched, unmatched)
    flags = any(isinstance(prices, (bool, np.bool_)) for prices in pair)
    if flags or len(pair) != 2 or (pair is not unmatched and getattr(unmatched, "ndim", 0) > 0):
        raise InvalidInputError(
            "unmatched must be a price or a pair (prices of x, prices of y), got "
            f"{_described(unmatched)}; to fix it, pass a number, or a tuple of two"
        )
    return pair[0], pair[1]


def _as_side(given: Any, size: int, name: str) -> FloatArray:
    if read_table(given, f"unmatched (prices of {name})") is not None:
        raise InvalidInputError(
            f"unmatched must hold prices without labels, got {_described(given)} for {name}; to "
            "fix it, put them into the order of the points, and pass .to_numpy()"
        )
    prices = as_float64(given, f"unmatched (prices of {name})")
    if prices.shape not in ((), (size,)):
        raise InvalidInputError(
            f"unmatched must hold a number, or one price for each of the {size} points of {name}, "
            f"got {_described(given)}; to fix it, give as many prices as points"
        )
    wrong = np.atleast_1d(~((prices >= 0) & (prices <= LARGEST_COST)))
    if wrong.any():
        at = int(wrong.argmax())
        place = f"at position {at} of those of {name}" if prices.ndim else f"for {name}"
        bad = prices.item(at)
        hint = "remove or replace it"
        if bad > LARGEST_COST:
            hint = "pass a price above all costs, which leaves as little unmatched as can be"
        raise InvalidInputError(
            f"unmatched must hold finite, non-negative prices of at most {LARGEST_COST:g}, got "
            f"{bad:.6g} {place}; to fix it, {hint}"
        )
    return np.full(size, float(prices)) if prices.ndim == 0 else prices


def _described(values: Any) -> str:
    shape = np.shape(values) if not isinstance(values, (tuple, list)) else (len(values),)
    return f"{values!r}" if shape == () else f"a {type(values).__name__} of shape {shape}"
