"""A level's start from an earlier solution, after points or masses have changed."""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.network_simplex.candidates import Candidates
from otgan.transport.network_simplex.context import SolveContext
from otgan.transport.network_simplex.feasible_plan import Sent, leaves_first, send, send_in_order
from otgan.transport.network_simplex.fixed_point import Masses
from otgan.transport.network_simplex.level import (
    FIRST_ARCS,
    LevelStart,
    Solution,
    solve_level,
    start_from_plan,
    with_more,
)
from otgan.transport.network_simplex.pricers import Pricer
from otgan.transport.network_simplex.tree import Plan
from otgan.transport.warm_start import WarmStart

__all__ = ["restart", "send_again", "send_over_candidates", "solve_from"]

SLACK = 2.0
"""Candidates are this many times farther from the earlier plan's arcs than these have moved."""


def solve_from(
    earlier: WarmStart, pricer: Pricer, masses: tuple[Masses, Masses], context: SolveContext
) -> Solution:
    """Solve a level, the only one, from an earlier plan and potentials."""
    start = restart(earlier, pricer, masses)
    return solve_level(pricer, start, masses, context, passes_from_both=0)


def restart(earlier: WarmStart, pricer: Pricer, masses: tuple[Masses, Masses]) -> LevelStart:
    """A basis around the earlier plan, changed until it moves these masses.

    What its arcs cannot carry goes over candidates, those of least reduced cost first, and then to
    whatever point is left.
    """
    left = masses[0].copy(), masses[1].copy()
    sent = [send_again(earlier.i, earlier.j, left)]
    carried = not left[0].any()
    arcs, f, g = _candidates(earlier, pricer, carried)
    if not carried:
        sent += [send_over_candidates(arcs, f, g, left), send_in_order(*left)]
    i, j, mass = (np.concatenate(part) for part in zip(*sent, strict=True))
    return start_from_plan(arcs, f, g, Plan(i, j, mass, pricer.costs(i, j)))


def send_again(i: IntArray, j: IntArray, left: tuple[Masses, Masses]) -> Sent:
    """Send what points have left over the arcs of an earlier plan."""
    order = leaves_first(i, j, len(left[0]), len(left[1]))
    return send(i[order], j[order], *left)


def send_over_candidates(
    arcs: Candidates, f: FloatArray, g: FloatArray, left: tuple[Masses, Masses]
) -> Sent:
    """Send what points have left over candidates, those of least reduced cost first."""
    source = np.repeat(np.arange(len(f)), np.diff(arcs.start))
    has_left = [(side != 0).any(axis=1) for side in left]
    wanted = np.flatnonzero(has_left[0][source] & has_left[1][arcs.target])
    i, j = source[wanted], arcs.target[wanted].astype(np.intp)
    cheapest = (arcs.cost[wanted] - f[i] - g[j]).argsort(kind="stable")
    return send(i[cheapest], j[cheapest], *left)


def _candidates(
    earlier: WarmStart, pricer: Pricer, carried: bool
) -> tuple[Candidates, FloatArray, FloatArray]:
    """Candidates, and feasible potentials: c-transforms of the earlier ones.

    They are the arcs of least reduced cost at each point. If the earlier plan still moves all mass,
    its arcs bound the c-transforms, and only arcs little above these are looked for: by some
    times as much as reduced costs of the plan are away from zero, where they were.
    """
    i, j, f, g, *_ = earlier
    n, m = pricer.shape
    costs = pricer.costs(i, j)
    slack = SLACK * np.abs(costs - f[i] - g[j]).max() if carried else np.inf
    bound = _least(costs - g[j], i, n)
    sources = pricer.of_sources(f, g, bound + slack, min(FIRST_ARCS, m))
    f = np.minimum(bound, sources.value[:, 0])
    f -= f[0]  # c-transforms differ by no more than costs do, whatever their offset was
    bound = _least(costs - f[i], j, m)
    targets = pricer.of_targets(f, g, bound + slack, min(FIRST_ARCS, n))
    g = np.minimum(bound, targets.value[:, 0])
    return with_more(pricer, pricer.first_candidates(), sources, targets), f, g


def _least(values: FloatArray, at: IntArray, size: int) -> FloatArray:
    """The least value at each of so many points."""
    least = np.full(size, np.inf)
    np.minimum.at(least, at, values)
    return least
