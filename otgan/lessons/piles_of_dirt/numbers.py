"""Piles of dirt: the distance between two heaps, as carrying, as a plan and as prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from otgan import emd, emd_from_cost, js_divergence, kl_divergence, total_variation, wasserstein_1d
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray, as_points, as_weights, check_equal_mass
from otgan.results import Result

__all__ = ["Move", "PilesOfDirt", "run"]


@dataclass(frozen=True, repr=False)
class Move(Record):
    """One move between neighboring piles of one row, and both rows after it.

    Attributes
    ----------
    row : str
        ``"P"`` or ``"Q"``: the row in which dirt moves.
    pile : int
        From this pile, counted from 1, to the next.
    amount : float
        Shovelfuls.
    P, Q : ndarray, shape (n,)
        The rows after the move, which agree up to and with that pile.
    work : float
        Of all moves so far.
    """

    row: str
    pile: int
    amount: float
    P: FloatArray
    Q: FloatArray
    work: float


@checks_keywords
@dataclass(frozen=True, repr=False)
class PilesOfDirt(Record, Result):
    """The numbers of the lesson; work is in shovelfuls times steps.

    Attributes
    ----------
    P, Q : ndarray, shape (n,)
        Shovelfuls in each pile, as they are and as they should be; equal totals.
    flow : ndarray, shape (n,)
        Shovelfuls carried from pile i to pile i + 1, negative if carried back; the last is 0.
    work : float
        The absolute values of `flow` added up: the least work.
    primal, dual : float
        The same from the linear program over plans and from the one over prices.
    plan : ndarray, shape (n, n)
        Shovelfuls moved from pile i to pile j by an optimal plan.
    prices : ndarray, shape (n,)
        Optimal potential f, zero at the first pile; Σ f (P - Q) is the work.
    moves : tuple of Move
        Move by move from left to right until both rows are alike: the higher of both piles gives
        what it has in excess to the next one of its row.
    distance : float
        W₁ of the two as probability distributions: work for one shovelful in all.
    kl, kl_reversed, js, tv : float
        KL(P‖Q), KL(Q‖P), JS and TV of the distributions, in nats where that matters.
    """

    figure: ClassVar[str] = "otgan.lessons.piles_of_dirt.figure.draw"

    P: FloatArray
    Q: FloatArray
    flow: FloatArray
    work: float
    primal: float
    dual: float
    plan: FloatArray
    prices: FloatArray
    moves: tuple[Move, ...]
    distance: float
    kl: float
    kl_reversed: float
    js: float
    tv: float

    def __float__(self) -> float:
        """W₁ of the two distributions."""
        return self.distance


LEAST_WORK = 1e-11
"""In shovel-steps for each shovelful."""


@checks_parameters
def run(*, P: Any = (3, 2, 1, 4), Q: Any = (1, 2, 4, 3)) -> PilesOfDirt:
    """Compute the work between two rows of piles in four ways, and the divergences beside it.

    Parameters
    ----------
    P, Q : array_like, shape (n,)
        Non-negative amounts of dirt with equal totals, in piles one step apart.

    Returns
    -------
    PilesOfDirt
        The linear program over plans has n² variables: meant for up to a few hundred piles.

    Raises
    ------
    InvalidInputError
        Negative, missing or infinite amounts, rows of different length, or rows that differ by
        little more than rounding.
    UnequalMassError
        Totals that differ.

    Examples
    --------
    >>> numbers = run()
    >>> numbers.flow
    array([ 2.,  2., -1.,  0.])
    >>> numbers.work, numbers.distance
    (5.0, 0.5)
    """
    n = len(as_points(P, "P"))
    P, Q = as_weights(P, n, "P"), as_weights(Q, n, "Q")
    total = float(P.sum())
    check_equal_mass(total, float(Q.sum()), hint="divide each by its own sum", otherwise="")
    Q = Q * (total / Q.sum())  # what rounding the totals may differ by
    # What piles 0..i have in excess has to cross from i to i + 1.
    flow = np.cumsum(P - Q)
    flow[-1] = 0.0
    _check_work(float(np.abs(flow).sum()), total)
    place = np.arange(n)
    program = emd_from_cost(np.abs(place[:, None] - place), P, Q)
    return PilesOfDirt(
        P=P,
        Q=Q,
        flow=flow,
        work=float(np.abs(flow).sum()),
        primal=total * program.upper,
        dual=total * program.lower,
        plan=total * emd(place, place, P, Q).plan.toarray(),
        prices=program.f - program.f[0],
        moves=_moves(P, Q, flow),
        distance=float(wasserstein_1d(place, place, P, Q)),
        kl=float(kl_divergence(P, Q)),
        kl_reversed=float(kl_divergence(Q, P)),
        js=float(js_divergence(P, Q)),
        tv=float(total_variation(P, Q)),
    )


def _check_work(work: float, total: float) -> None:
    """Raise if the work is so little that rounding of the whole is more than a part of it."""
    if 0 < work < LEAST_WORK * total:
        raise InvalidInputError(
            f"P and Q must be equal, or differ by work of at least {LEAST_WORK:g} of their total, "
            f"got {work / total:.3g} of it; to fix it, round them"
        )


def _moves(P: FloatArray, Q: FloatArray, flow: FloatArray) -> tuple[Move, ...]:
    """The moves of Weng's figure 7: what pile i of P or of Q has in excess goes to pile i + 1."""
    rows = {"P": P.copy(), "Q": Q.copy()}
    moves: list[Move] = []
    for i in np.flatnonzero(flow).tolist():
        row, amount = ("P" if flow[i] > 0 else "Q"), abs(float(flow[i]))
        rows[row][i + 1] += amount
        rows[row][i] -= amount
        before = moves[-1].work if moves else 0.0
        after = {name: piles.copy() for name, piles in rows.items()}
        moves.append(Move(row, i + 1, amount, after["P"], after["Q"], before + amount))
    return tuple(moves)
