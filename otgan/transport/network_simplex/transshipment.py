"""Least-cost flow on a graph, as transport on allowed arcs: every node is a source and a target.

Node k becomes the source k and the target k, joined by an arc of cost zero, and holds a stock
beside its masses: the source a_k + stock, the target b_k + stock. What the flow sends through the
node is what this arc lacks of the stock and of what a_k and b_k have in common.

Source: Orden, The transhipment problem (1956).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from otgan.errors import InfeasibleError
from otgan.measures import FloatArray, IntArray
from otgan.text import named
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.context import SolveContext
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    add,
    amounts,
    assign,
    balanced_masses,
    fractions,
    less,
    subtract,
    sums_of_ranges,
)
from otgan.transport.network_simplex.forbidden import carry_then_improve
from otgan.transport.network_simplex.tree import (
    Tree,
    compute_potentials,
    empty_tree,
    plan_of,
    thread_from_parents,
)
from otgan.transport.rounding import NEGLIGIBLE_MASS

__all__ = ["Flow", "MassFlow", "solve_in_masses", "solve_transshipment"]


class Flow(NamedTuple):
    """Mass on the arcs from i to j, node potentials, and whether the solver finished."""

    i: IntArray
    j: IntArray
    mass: FloatArray
    f: FloatArray
    finished: bool


class MassFlow(NamedTuple):
    """The same with masses in fixed point, and those that the nodes hold and want."""

    i: IntArray
    j: IntArray
    mass: Masses
    held: Masses
    wanted: Masses
    f: FloatArray
    finished: bool

    def as_flow(self) -> Flow:
        """With masses as fractions of all that is held."""
        return Flow(self.i, self.j, fractions(self.mass, self.held), self.f, self.finished)


def solve_transshipment(
    lengths: sparse.csr_array,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    watch: Callable[[Flow | None], bool] | None = None,
) -> Flow:
    """The flow of least cost that turns a into b.

    Parameters
    ----------
    lengths : csr_array, shape (n, n)
        Non-negative lengths of arcs, none of them on the diagonal, in order.
    a, b : ndarray, shape (n,)
        Non-negative, each summing to one.
    context : SolveContext
    watch : callable, optional
        Is given the flow of the moment now and then, or None while it does not carry all mass, and
        says whether it is good enough.

    Raises
    ------
    InfeasibleError
        The arcs cannot carry all mass.
    """
    return solve_in_masses(lengths, a, b, context, watch).as_flow()


def solve_in_masses(
    lengths: sparse.csr_array,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    watch: Callable[[Flow | None], bool] | None = None,
) -> MassFlow:
    """:func:`solve_transshipment` with masses as the simplex has them."""
    n = lengths.shape[0]
    held, wanted, total = _masses_of_nodes(a, b)
    # No flow sends more than the total through a node, so that twice as much never runs out.
    stock = total.copy()
    add(stock, 0, total, 0)
    tree = empty_tree(n, n, total.shape[1])
    _stocked_basis(tree, held, wanted, stock)
    allowed = _with_stocks(lengths)
    unit = amounts(total)[0]
    check = partial(_check_connected, tree, lengths, (a, b), unit)
    longest = float(lengths.data.max(initial=0.0)) or 1.0
    guide = allowed.data / longest / (4 * n)  # the shortest way to be feasible is nearly optimal

    def flow(finished: bool) -> MassFlow:
        plan = plan_of(tree, n)
        moves = plan.i != plan.j
        # The arc of a stock always carries some, so that both potentials of a node are opposite.
        f = -tree.pi[:n]
        return MassFlow(plan.i[moves], plan.j[moves], plan.mass[moves], held, wanted, f, finished)

    def enough(carried: bool) -> bool:
        return watch is not None and watch(flow(False).as_flow() if carried else None)

    asked = None if watch is None else enough
    return flow(carry_then_improve(tree, allowed, guide, context, check, asked))


def _masses_of_nodes(a: FloatArray, b: FloatArray) -> tuple[Masses, Masses, Masses]:
    """Both masses of every node in fixed point, with equal sums, and this sum."""
    some_a, some_b = balanced_masses(a[a > 0], b[b > 0])
    held = np.zeros((len(a), some_a.shape[1]), np.int64)
    wanted = held.copy()
    held[a > 0], wanted[b > 0] = some_a, some_b
    return held, wanted, sums_of_ranges(held, np.array([0, len(held)]))


def _with_stocks(lengths: sparse.csr_array) -> sparse.csr_array:
    """The lengths, and zeros on the diagonal, which are stored."""
    n = lengths.shape[0]
    i = np.concatenate([np.repeat(np.arange(n), np.diff(lengths.indptr)), np.arange(n)])
    j = np.concatenate([lengths.indices, np.arange(n)])
    order = np.lexsort((j, i))
    data = np.concatenate([lengths.data, np.zeros(n)])[order]
    start = np.searchsorted(i[order], np.arange(n + 1))
    return sparse.csr_array((data, j[order], start), shape=(n, n))


@compiled
def _stocked_basis(tree: Tree, held: Masses, wanted: Masses, stock: Masses) -> None:
    """The basis in which every node keeps what it can, and artificial arcs carry the rest.

    A node that holds more than it wants hangs below the hub by its source, others by their target.
    """
    n = len(held)
    hub = 2 * n
    for k in range(n):
        lacks = less(held, k, wanted, k)
        upper, lower = (n + k, k) if lacks else (k, n + k)
        more, less_ = (wanted, held) if lacks else (held, wanted)
        tree.parent[upper], tree.cost[upper] = hub, 1.0
        tree.parent[lower], tree.cost[lower] = upper, 0.0
        assign(tree.mass, upper, more, k)
        subtract(tree.mass, upper, less_, k)
        assign(tree.mass, lower, stock, 0)
        add(tree.mass, lower, less_, k)
    thread_from_parents(tree)
    compute_potentials(tree, n)


def _check_connected(
    tree: Tree, lengths: sparse.csr_array, masses: tuple[FloatArray, FloatArray], unit: float
) -> None:
    """Raise if mass is left on artificial arcs, and name the nodes that it cannot leave.

    Arcs were nearly free, so that potentials differ by the artificial arcs: no arc leads out of
    the set of nodes of high potential, which hold more than they want.
    """
    n = lengths.shape[0]
    a, b = masses
    hub = len(tree.parent) - 1
    left = np.where(tree.parent[:n] == hub, amounts(tree.mass[:n]) / unit, 0.0)
    _, part = csgraph.connected_components(lengths, directed=False)
    held = np.bincount(part, a + b)
    if (np.bincount(part, left, len(held)) <= NEGLIGIBLE_MASS * held).all():
        return
    nodes = np.flatnonzero(tree.pi[:n] > 0.5)
    raise InfeasibleError(
        f"the graph must connect the masses, got {named('node', nodes)} with a mass of "
        f"{a[nodes].sum():.6g} in a and of {b[nodes].sum():.6g} in b, and no arc that leads out of "
        f"there: {left.sum():.6g} cannot be moved; to fix it, add arcs, or store every arc the "
        "other way, too, if mass may move along it both ways"
    )
