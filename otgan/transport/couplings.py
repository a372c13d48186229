"""Transport plans as lists of arcs: the north-west corner rule, and repair of a bad plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.interpretation import interpreting_small
from otgan.transport.monotone_coupling import northwest_fill, relative_deficit
from otgan.transport.rounding import EPS

__all__ = ["Arcs", "nearest_coupling", "northwest_corner", "within_marginals"]

ROUNDED_MASS = 1e-14
"""Mass below this fraction of both its source's and its target's comes from rounding sums."""


class Arcs(NamedTuple):
    """Mass `mass[k]` goes from source `i[k]` to target `j[k]`."""

    i: IntArray
    j: IntArray
    mass: FloatArray


def northwest_corner(a: FloatArray, b: FloatArray, *, rounded: bool = True) -> Arcs:
    """The north-west corner rule: fill targets in order from sources in order.

    The arcs form a path of exactly n + m - 1 steps, each of which moves on in `i` or in `j`, so
    they are a spanning tree even when partial sums tie (some arcs then carry no mass). For
    sorted points on the line and a convex cost, this plan is optimal.

    Parameters
    ----------
    a, b : ndarray, shapes (n,) and (m,)
        Non-negative masses with equal sums.
    rounded : bool
        Whether the sums are equal but for rounding, and not exactly.

    Returns
    -------
    Arcs
        O(n + m) time.

    Examples
    --------
    >>> northwest_corner(np.array([0.5, 0.5]), np.array([0.25, 0.75])).mass
    array([0.25, 0.25, 0.5 ])
    """
    length = len(a) + len(b) - 1
    arcs = Arcs(np.empty(length, np.intp), np.empty(length, np.intp), np.empty(length))
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    with interpreting_small(length):
        deficit = relative_deficit(a, b) if rounded else 0.0
        northwest_fill(a, b, deficit, arcs.i, arcs.j, arcs.mass)
    return arcs


def nearest_coupling(plan: Arcs, a: FloatArray, b: FloatArray) -> Arcs:
    """A plan with the right marginals, as near to `plan` as its marginals were to (a, b).

    Rows and then columns that carry too much are scaled down; what is then missing is moved by
    the north-west corner rule, on at most n + m - 1 arcs (after Altschuler, Weed and Rigollet,
    NeurIPS 2017, Algorithm 2, whose correction is a dense outer product).

    Parameters
    ----------
    plan : Arcs
        In any order; negative masses are dropped, and repeated arcs added up.
    a, b : ndarray, shapes (n,) and (m,)
        The marginals wanted, with equal sums.

    Returns
    -------
    Arcs
        In the order of sources, then targets, each arc once. Its distance from `plan` in total
        mass is at most twice the error of the marginals.
    """
    i, j, mass = within_marginals(plan, a, b)
    missing_a, missing_b = _missing(i, mass, a), _missing(j, mass, b)
    # What is missing from light points may be rounding of heavy ones, which take it all the same.
    excess = float(missing_a.sum() - missing_b.sum())
    if excess > 0:
        missing_b[b.argmax()] += excess
    elif excess < 0:
        missing_a[a.argmax()] -= excess
    sources, targets = missing_a.nonzero()[0], missing_b.nonzero()[0]
    if len(sources) and len(targets):
        patch = northwest_corner(missing_a[sources], missing_b[targets])
        i = np.concatenate([i, sources[patch.i]])
        j = np.concatenate([j, targets[patch.j]])
        mass = np.concatenate([mass, patch.mass])
    keep = mass > ROUNDED_MASS * np.minimum(a[i], b[j])
    return _in_order(Arcs(i[keep], j[keep], mass[keep]), len(b))


def within_marginals(plan: Arcs, a: FloatArray, b: FloatArray) -> Arcs:
    """The plan, less where its rows and columns carry more than (a, b) or its masses are negative.

    Rows, and then columns, that carry too much are scaled down.
    """
    i, j, mass = plan
    if len(mass) and mass.min() < 0:
        mass = np.maximum(mass, 0.0)
    mass = _scaled_down(i, mass, a)
    return Arcs(i, j, _scaled_down(j, mass, b))


def _scaled_down(index: IntArray, mass: FloatArray, wanted: FloatArray) -> FloatArray:
    """The masses, less where those of one point add up to more than it has, beyond rounding."""
    carried = np.bincount(index, mass, len(wanted))
    if not (carried > wanted).any():
        return mass
    too_much = carried - wanted > _rounding_of_sums(index, wanted)
    shrink = np.divide(wanted, carried, out=np.ones_like(wanted), where=too_much)
    return mass * shrink[index]


def _in_order(arcs: Arcs, m: int) -> Arcs:
    i, j, mass = arcs
    keys = i.astype(np.int64) * m + j
    order = keys.argsort(kind="stable")
    keys = keys[order]
    first = np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)]
    if first.all():
        return Arcs(i[order], j[order], mass[order])
    begin = first.nonzero()[0]
    kept = order[begin]
    return Arcs(i[kept], j[kept], np.add.reduceat(mass[order], begin))


def _missing(index: IntArray, mass: FloatArray, wanted: FloatArray) -> FloatArray:
    """What points lack of their mass, where that is more than rounding of the sums; else zero."""
    lacking = wanted - np.bincount(index, mass, len(wanted))
    return np.where(lacking > _rounding_of_sums(index, wanted), lacking, 0.0)


def _rounding_of_sums(index: IntArray, wanted: FloatArray) -> FloatArray:
    """How far the sums of the masses of each point may be off by rounding."""
    return (ROUNDED_MASS + EPS * np.bincount(index, minlength=len(wanted))) * wanted
