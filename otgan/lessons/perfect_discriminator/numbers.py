"""The perfect discriminator: what it is worth, and what it leaves for the generator to climb."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal, check_shifts, expect, js, js_slope, w1_slope
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["PerfectDiscriminator", "discriminator", "run"]


@checks_keywords
@dataclass(frozen=True, repr=False)
class PerfectDiscriminator(Record):
    """The numbers of the lesson: data N(0, 1), generator delta + N(0, 1).

    Attributes
    ----------
    deltas : ndarray, shape (n,)
    loss : ndarray, shape (n,)
        L(G, D*) = E_r log D* + E_g log(1 - D*), by quadrature of just that.
    js : ndarray, shape (n,)
        JS of data and generator, by quadrature of its definition.
    saturating : ndarray, shape (n,)
        Slope in delta of E_z log(1 - D*(delta + z)), with D* held fixed.
    saturating_identity : ndarray, shape (n,)
        What it must be: twice the slope of JS.
    non_saturating : ndarray, shape (n,)
        Slope in delta of -E_z log D*(delta + z), with D* held fixed.
    non_saturating_identity : ndarray, shape (n,)
        What it must be: the slope of KL(g‖r) - 2 JS.
    wasserstein : ndarray, shape (n,)
        Slope of the perfect critic's loss: that of W₁.
    shown : float
        The shift to draw.
    """

    deltas: FloatArray
    loss: FloatArray
    js: FloatArray
    saturating: FloatArray
    saturating_identity: FloatArray
    non_saturating: FloatArray
    non_saturating_identity: FloatArray
    wasserstein: FloatArray
    shown: float


@checks_parameters
def run(*, deltas: Any = None, shown: float = 4.0) -> PerfectDiscriminator:
    """Value and gradients of the optimal discriminator between N(0, 1) and N(delta, 1).

    Parameters
    ----------
    deltas : array_like, shape (n,), optional
        Non-negative shifts; 0, 0.25, ..., 8 if omitted.
    shown : float
        The shift to draw, non-negative.

    Returns
    -------
    PerfectDiscriminator
        Every number by its own quadrature; some milliseconds for each shift.

    Raises
    ------
    InvalidInputError
        Negative or non-finite shifts.

    Examples
    --------
    >>> numbers = run(deltas=[1])
    >>> print(f"{numbers.loss[0]:.8f} {2 * numbers.js[0] - 2 * math.log(2):.8f}")
    -1.16345140 -1.16345140
    >>> print(f"{numbers.saturating[0]:.6f} {numbers.non_saturating[0]:.6f}")
    0.397973 0.602027
    """
    deltas = check_shifts(np.linspace(0, 8, 33) if deltas is None else deltas, "deltas")
    shifts = deltas.tolist()
    return PerfectDiscriminator(
        deltas=deltas,
        loss=np.array([_loss(delta) for delta in shifts]),
        js=np.array([js(REAL, Normal(delta, 1)) for delta in shifts]),
        saturating=np.array([_saturating(delta) for delta in shifts]),
        saturating_identity=np.array([2 * js_slope(delta) for delta in shifts]),
        non_saturating=np.array([_non_saturating(delta) for delta in shifts]),
        non_saturating_identity=np.array(
            [_kl_slope(delta) - 2 * js_slope(delta) for delta in shifts]
        ),
        wasserstein=np.array([w1_slope(delta) for delta in shifts]),
        shown=float(check_shifts([shown], "shown")[0]),
    )


REAL = Normal(0, 1)


def discriminator(x: float, delta: float) -> float:
    """D*(x) = p_r/(p_r + p_g), the best one between N(0, 1) and N(delta, 1).

    Parameters
    ----------
    x : float
    delta : float

    Returns
    -------
    float
        The probability that x is real.

    Examples
    --------
    >>> discriminator(0.5, 1.0)
    0.5
    >>> print(f"{discriminator(0.0, 1.0):.7f}")
    0.6224593
    """
    return math.exp(_log_sigmoid(_log_odds(x, delta)))


def _log_odds(x: float, delta: float) -> float:
    """log(D*/(1 - D*)) = log p_r - log p_g; its slope in x is -delta."""
    return REAL.log_pdf(x) - Normal(delta, 1).log_pdf(x)


def _loss(delta: float) -> float:
    on_real = expect(REAL, lambda x: _log_sigmoid(_log_odds(x, delta)))
    on_generated = expect(Normal(delta, 1), lambda x: _log_sigmoid(-_log_odds(x, delta)))
    return on_real + on_generated


def _saturating(delta: float) -> float:
    """E_g of d/dx log(1 - D*(x)) = -D*(x) · slope of the log-odds."""
    return expect(Normal(delta, 1), lambda x: delta * discriminator(x, delta))


def _non_saturating(delta: float) -> float:
    """E_g of -d/dx log D*(x) = -(1 - D*(x)) · slope of the log-odds."""
    return expect(Normal(delta, 1), lambda x: delta * (1 - discriminator(x, delta)))


def _kl_slope(delta: float) -> float:
    """The slope of KL(g‖r) = E_g log(p_g/p_r): E_g[(x - delta) log(p_g/p_r)]."""
    return expect(Normal(delta, 1), lambda x: -(x - delta) * _log_odds(x, delta))


def _log_sigmoid(t: float) -> float:
    """log(1/(1 + exp(-t))) without overflow."""
    return min(t, 0.0) - math.log1p(math.exp(-abs(t)))
