"""A critic that nobody has kept from being steep, and what it says of W₁ over three slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["KNOTS", "CriticOfUnknownSlope", "read"]

KNOTS = np.arange(-4.0, 5.0)
"""Between these places the critic is straight; beyond them it is constant."""


@dataclass(frozen=True, repr=False)
class CriticOfUnknownSlope(Record):
    """What a critic shows of W₁ that nobody has kept from being steep.

    Attributes
    ----------
    heights : ndarray, shape (9,)
        Its values at `KNOTS`.
    score : float
        E f(x) - E f(y).
    lipschitz : float
        Its Lipschitz constant: the slope of the steepest piece.
    between : float
        The largest slope from a point of x to a point of y.
    among_x : float
        The largest slope from a point of x to another one.
    proved, measured, guessed : float
        The score over each of the three, in this order; 0 over a slope of 0. The first two are at
        most W₁ of these points; the third need not be.
    """

    heights: FloatArray
    score: float
    lipschitz: float
    between: float
    among_x: float
    proved: float
    measured: float
    guessed: float


def read(heights: FloatArray, x: FloatArray, y: FloatArray) -> CriticOfUnknownSlope:
    """The critic with these values at `KNOTS`, for equally weighted points x and y on the line.

    Examples
    --------
    >>> critic = read(2.0 * KNOTS, x=np.array([1.0]), y=np.array([-2.0]))
    >>> critic.score, critic.lipschitz, critic.proved
    (6.0, 2.0, 3.0)
    """
    at_x, at_y = np.interp(x, KNOTS, heights), np.interp(y, KNOTS, heights)
    score = float(at_x.mean() - at_y.mean())
    slopes = (
        float(np.abs(np.diff(heights) / np.diff(KNOTS)).max()),
        _steepest(x, at_x, y, at_y),
        _steepest(x, at_x, x, at_x),
    )
    readings = (score / slope if slope > 0 else 0.0 for slope in slopes)
    return CriticOfUnknownSlope(heights, score, *slopes, *readings)


def _steepest(u: FloatArray, at_u: FloatArray, v: FloatArray, at_v: FloatArray) -> float:
    """The largest slope from a point of u to another one of v; 0 if there is none."""
    run, rise = np.abs(u[:, None] - v), np.abs(at_u[:, None] - at_v)
    return float((rise[run > 0] / run[run > 0]).max(initial=0.0))
