"""Gaussians moving apart: what KL, JS, TV and W₁ say, and how they pull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.densities import (
    Normal,
    check_shifts,
    js,
    js_slope,
    kl,
    kl_slope,
    tv,
    tv_slope,
    w1,
    w1_slope,
)
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Comparison", "GaussiansApart", "compare", "run"]


@dataclass(frozen=True, repr=False)
class Comparison(Record):
    """Two normal distributions and five numbers between them, in nats or in units of x.

    Attributes
    ----------
    P, Q : Normal
    kl, kl_reversed, js, tv, w1 : float
        KL(P‖Q), KL(Q‖P), JS, TV and W₁.
    """

    P: Normal
    Q: Normal
    kl: float
    kl_reversed: float
    js: float
    tv: float
    w1: float


@checks_keywords
@dataclass(frozen=True, repr=False)
class GaussiansApart(Record):
    """The numbers of the lesson: N(0, 1) against N(delta, 1), all by quadrature.

    Attributes
    ----------
    deltas : ndarray, shape (n,)
    kl, js, tv, w1 : ndarray, shape (n,)
        The two KL are equal here, and so given once.
    kl_slope, js_slope, tv_slope, w1_slope : ndarray, shape (n,)
        Their derivatives in delta (at zero, from the right).
    equal, unequal : Comparison
        N(0, 1) against N(1, 1), and against N(1, 2²).
    """

    deltas: FloatArray
    kl: FloatArray
    js: FloatArray
    tv: FloatArray
    w1: FloatArray
    kl_slope: FloatArray
    js_slope: FloatArray
    tv_slope: FloatArray
    w1_slope: FloatArray
    equal: Comparison
    unequal: Comparison


@checks_parameters
def run(*, deltas: Any = None, scale: float = 2.0) -> GaussiansApart:
    """Compare N(0, 1) with N(delta, 1) for many shifts, and with N(1, scale²).

    Parameters
    ----------
    deltas : array_like, shape (n,), optional
        Non-negative shifts; 0, 0.25, ..., 10 if omitted.
    scale : float
        Standard deviation of the second distribution in the unequal pair.

    Returns
    -------
    GaussiansApart
        Some milliseconds for each shift.

    Raises
    ------
    InvalidInputError
        Negative or non-finite shifts, or a scale that is not positive.

    Examples
    --------
    >>> numbers = run(deltas=[0, 1, 10])
    >>> numbers.js.round(6), numbers.w1_slope.round(6)
    (array([0.      , 0.111421, 0.693146]), array([1., 1., 1.]))
    """
    deltas = check_shifts(np.linspace(0, 10, 41) if deltas is None else deltas, "deltas")
    pairs = [compare(Normal(0, 1), Normal(delta, 1)) for delta in deltas.tolist()]
    return GaussiansApart(
        deltas=deltas,
        kl=np.array([pair.kl for pair in pairs]),
        js=np.array([pair.js for pair in pairs]),
        tv=np.array([pair.tv for pair in pairs]),
        w1=np.array([pair.w1 for pair in pairs]),
        kl_slope=np.array([kl_slope(delta) for delta in deltas.tolist()]),
        js_slope=np.array([js_slope(delta) for delta in deltas.tolist()]),
        tv_slope=np.array([tv_slope(delta) for delta in deltas.tolist()]),
        w1_slope=np.array([w1_slope(delta) for delta in deltas.tolist()]),
        equal=compare(Normal(0, 1), Normal(1, 1)),
        unequal=compare(Normal(0, 1), Normal(1, scale)),
    )


def compare(P: Normal, Q: Normal) -> Comparison:
    """All five numbers between two normal distributions.

    Parameters
    ----------
    P, Q : Normal

    Returns
    -------
    Comparison

    Examples
    --------
    >>> pair = compare(Normal(0, 1), Normal(1, 2))
    >>> print(f"{pair.kl:.4f} {pair.kl_reversed:.4f}")
    0.4431 1.3069
    """
    return Comparison(P, Q, kl(P, Q), kl(Q, P), js(P, Q), tv(P, Q), w1(P, Q))
