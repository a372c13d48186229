"""Transport where some arcs are forbidden: first carry all mass, then carry it cheaply."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from otgan.costs import SparseCost
from otgan.errors import InfeasibleError
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.text import named
from otgan.transport.network_simplex.candidates import Candidates
from otgan.transport.network_simplex.context import Outcome, PricingPass, SolveContext
from otgan.transport.network_simplex.fixed_point import Masses, balanced_masses, fractions
from otgan.transport.network_simplex.initial_basis import artificial_basis, initial_basis
from otgan.transport.network_simplex.level import pivot_until_optimal, tolerance_of
from otgan.transport.network_simplex.restart import send_again, send_over_candidates
from otgan.transport.network_simplex.tree import (
    Plan,
    Tree,
    center_potentials,
    compute_potentials,
    empty_tree,
    plan_of,
)
from otgan.transport.rounding import NEGLIGIBLE_MASS
from otgan.transport.warm_start import WarmStart

__all__ = ["Names", "carry_then_improve", "forbidden_mass_error", "solve_allowed"]

Names = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


@checks_keywords
def solve_allowed(
    allowed: sparse.csr_array,
    a: FloatArray,
    b: FloatArray,
    context: SolveContext,
    names: Names,
    start: WarmStart | None = None,
) -> Outcome:
    """Transport on the arcs that are stored.

    All mass starts on artificial arcs by way of a hub, at a cost of one where allowed arcs cost
    nothing: the first phase of a two-phase method. Once the simplex has emptied these arcs they are
    fixed at zero, and the true costs take over.

    Parameters
    ----------
    allowed : csr_array, shape (n, m)
        The costs of allowed arcs.
    a, b : ndarray, shapes (n,) and (m,)
        Positive, each summing to one.
    context : SolveContext
    names : ndarray, ndarray
        What errors call the sources and the targets.
    start : WarmStart, optional
        If mass finds its way over its arcs, and over others one by one, there is no first phase.

    Raises
    ------
    InfeasibleError
        The allowed arcs cannot carry all mass.
    """
    n, m = allowed.shape
    arcs = Candidates(
        allowed.indptr.astype(np.int64), allowed.indices.astype(np.int32), allowed.data
    )
    masses = balanced_masses(a, b)
    tree = empty_tree(n, m, masses[0].shape[1])
    if start is not None and _restart(start, tree, arcs, masses):
        _set_costs(tree, n, allowed)
        done = pivot_until_optimal(tree, n, arcs, tolerance_of(tree), True, context)
    else:
        artificial_basis(tree, n, *masses)
        check = partial(_check_feasible, tree, n, masses, allowed, names)
        done = carry_then_improve(tree, allowed, np.zeros(allowed.nnz), context, check)
    center_potentials(tree, n)
    plan = plan_of(tree, n)
    mass = fractions(plan.mass, masses[0])
    f, g = tree.pi[:n], -tree.pi[n:-1]
    cost = float(plan.cost @ mass)
    gap = cost - float(a @ f + b @ g)
    pivots = context.counters.pivots
    context.report(PricingPass(1, 1, 1, n + m, allowed.nnz, pivots, cost, gap))
    return Outcome(plan.i, plan.j, mass, f, g, done, context.counters.stats(1))


def _restart(
    earlier: WarmStart, tree: Tree, arcs: Candidates, masses: tuple[Masses, Masses]
) -> bool:
    """Build a basis around the earlier plan, if it can be changed into one of these masses."""
    if len(arcs.cost) == 0:
        return False
    n, m = len(earlier.f), len(earlier.g)
    allowed = SparseCost(sparse.csr_array((arcs.cost, arcs.target, arcs.start), shape=(n, m)))
    kept = np.isfinite(allowed.arcs(earlier.i, earlier.j))
    left = masses[0].copy(), masses[1].copy()
    sent = [
        send_again(earlier.i[kept], earlier.j[kept], left),
        send_over_candidates(arcs, earlier.f, earlier.g, left),
    ]
    if left[0].any():
        return False
    i, j, mass = (np.concatenate(part) for part in zip(*sent, strict=True))
    tree.pi[:n], tree.pi[n:-1] = earlier.f, -earlier.g
    initial_basis(tree, n, Plan(i, j, mass, allowed.arcs(i, j)), arcs)
    return True


def carry_then_improve(
    tree: Tree,
    allowed: sparse.csr_array,
    guide: FloatArray,
    context: SolveContext,
    check_feasible: Callable[[], None],
    enough: Callable[[bool], bool] | None = None,
) -> bool:
    """Both phases, from a tree whose artificial arcs cost one and whose other arcs nothing.

    Parameters
    ----------
    tree : Tree, changed in place
    allowed : csr_array, shape (n, m)
        The costs of allowed arcs.
    guide : ndarray
        What they cost in the first phase: so little that no path costs more than a half.
    context : SolveContext
    check_feasible : callable
        Called between the phases; raises if too much mass is left on artificial arcs.
    enough : callable, optional
        Is told now and then whether all mass is carried, and says whether the plan is good enough.

    Returns
    -------
    finished : bool
    """
    n = allowed.shape[0]
    start, target = allowed.indptr.astype(np.int64), allowed.indices.astype(np.int32)
    first = Candidates(start, target, guide)
    before, after = (None, None) if enough is None else (partial(enough, k) for k in (False, True))
    if not pivot_until_optimal(tree, n, first, tolerance_of(tree), False, context, before):
        return False
    check_feasible()
    _set_costs(tree, n, allowed)
    if after is not None and after():
        return True
    arcs = Candidates(start, target, allowed.data)
    return pivot_until_optimal(tree, n, arcs, tolerance_of(tree), True, context, after)


def _check_feasible(
    tree: Tree,
    n: int,
    masses: tuple[Masses, Masses],
    allowed: sparse.csr_array,
    names: Names,
) -> None:
    """Raise if mass is left on artificial arcs, and name a set of sources that proves it.

    Costs were zero on allowed arcs, so that targets which sources with f > 0 can reach have
    g < 0: they are full, and of these sources alone (the theorem of max-flow and min-cut).
    """
    hub = n + allowed.shape[1]
    a, b = (fractions(side, side) for side in masses)
    left = np.where(tree.parent[:n] == hub, fractions(tree.mass[:n], masses[0]), 0.0)
    _, part = csgraph.connected_components(_bipartite(allowed), directed=False)
    held = np.bincount(part, np.concatenate([a, b]))
    if (np.bincount(part[:n], left, len(held)) <= NEGLIGIBLE_MASS * held).all():
        return
    sources = np.flatnonzero(tree.pi[:n] > 0.5)
    targets = np.unique(allowed[sources].indices)
    mass = a[sources].sum()
    from_there = named("source", names[0][sources])
    to_there = named("target", names[1][targets])
    raise InfeasibleError(
        f"the allowed arcs must be able to carry all mass, got {from_there} with "
        f"{mass:.6g} of it, whose arcs lead to {to_there} with a mass of "
        f"{b[targets].sum():.6g}: {left.sum():.6g} cannot be moved; to fix it, "
        "allow more arcs from there (fewer inf entries in C), or change the masses"
    )


def forbidden_mass_error(
    plan: sparse.csr_array, forbidden: npt.NDArray[np.bool_]
) -> InfeasibleError:
    """Of a plan whose entries, in the order of ``plan.nonzero()``, use forbidden arcs."""
    i, j = (np.unique(index[forbidden]) for index in plan.nonzero())
    return InfeasibleError(
        f"the allowed arcs must be able to carry all mass, got {named('source', i)} with "
        f"{plan.data[forbidden].sum():.6g} that only forbidden arcs to {named('target', j)} "
        "could carry; to fix it, allow more arcs from there (fewer inf entries in C), or change "
        "the masses"
    )


def _bipartite(allowed: sparse.csr_array) -> sparse.coo_array:
    """The graph of the allowed arcs, sources before targets."""
    arcs = allowed.tocoo()
    nodes = sum(allowed.shape)
    ends = arcs.coords[0], arcs.coords[1] + allowed.shape[0]
    return sparse.coo_array((np.ones(arcs.nnz), ends), shape=(nodes, nodes))


def _set_costs(tree: Tree, n: int, allowed: sparse.csr_array) -> None:
    """Put the true costs on the arcs of the tree."""
    hub = len(tree.parent) - 1
    v = np.flatnonzero(tree.parent[:-1] != hub)
    tree.cost[:] = 0.0
    up = tree.parent[v]
    tree.cost[v] = SparseCost(allowed).arcs(np.minimum(v, up), np.maximum(v, up) - n)
    compute_potentials(tree, n)
