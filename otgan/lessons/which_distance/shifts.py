"""Ten distances between shifted normal distributions, and the shift for a given value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

from scipy.optimize import brentq
from scipy.special import erfinv, gammaln, hyp1f1

from otgan.divergences.closed_forms import Gaussian, js, kl, total_variation
from otgan.lessons.which_distance.distances import Distances

__all__ = ["equivalent_shifts", "of_scaled_shift", "of_shift"]

LOG_2 = math.log(2)

FARTHEST = 60.0
"""Shifts beyond which JS and TV are at their ceilings to all digits."""


def of_shift(shift: float, d: int = 1) -> Distances:
    """N(0, I) in d dimensions against the same with its first coordinate moved.

    A translation moves all mass alike, so that Sinkhorn's divergence is its square for any ε.

    Examples
    --------
    >>> far, hidden = of_shift(1), of_shift(1, d=100)
    >>> print(f"{far.energy:.6f} {hidden.energy:.6f} {far.w1:g} {hidden.w1:g}")
    0.541807 0.070448 1 1
    """
    P, Q = Gaussian(0, 1), Gaussian(shift, 1)  # further coordinates change nothing
    return Distances(
        kl=kl(P, Q),
        kl_back=kl(Q, P),
        js=js(P, Q),
        tv=total_variation(P, Q),
        energy=_energy_of_shift(shift, d),
        mmd=_mmd_of_shift(shift, d, d),
        sliced=shift * _mean_cosine(d),
        w1=shift,
        sinkhorn=shift**2,
        frechet=shift,
    )


def of_scaled_shift(shift: float, unit: float) -> Distances:
    """The same on the line in other units: the numbers are `unit` times as large.

    Bandwidth and ε stay what they were.
    """
    there = of_shift(shift)
    moved = unit * shift
    return Distances(
        kl=there.kl,
        kl_back=there.kl_back,
        js=there.js,
        tv=there.tv,
        energy=unit * there.energy,
        mmd=_mmd_of_shift(shift, 1, unit**-2),
        sliced=moved,
        w1=moved,
        sinkhorn=moved**2,
        frechet=moved,
    )


def _energy_of_shift(shift: float, d: int) -> float:
    """2 E|X - Y| - 2 E|X - X'|, where differences are √2 N(shift/√2, I)."""
    return (
        4
        * math.exp(gammaln((d + 1) / 2) - gammaln(d / 2))
        * (float(hyp1f1(-0.5, d / 2, -(shift**2) / 4)) - 1)
    )


def _mmd_of_shift(shift: float, d: int, square: float) -> float:
    """With the squared bandwidth `square`: differences are N(0, 2I) and N(shift, 2I)."""
    scale = 2 * (1 + 2 / square) ** (-d / 2)
    return -scale * math.expm1(-(shift**2) / (2 * (square + 2)))


def _mean_cosine(d: int) -> float:
    """E|θ₁| over directions θ."""
    return math.exp(gammaln(d / 2) - gammaln((d + 1) / 2)) / math.sqrt(math.pi)


def equivalent_shifts(values: Distances) -> Distances:
    """By how much N(0, 1) must move to look as far to each distance: one unit for all of them.

    Infinite where no shift looks so far.

    Examples
    --------
    >>> print(f"{equivalent_shifts(of_shift(2)).js:.6f}")
    2.000000
    """
    at = {
        "kl": lambda v: math.sqrt(2 * v),
        "kl_back": lambda v: math.sqrt(2 * v),
        "js": _shift_of_js,
        "tv": lambda v: math.sqrt(8) * float(erfinv(v)),
        "energy": _shift_of_energy,
        "mmd": _shift_of_mmd,
        "sliced": float,
        "w1": float,
        "sinkhorn": lambda v: math.sqrt(max(v, 0.0)),  # negative by rounding alone
        "frechet": float,
    }
    return Distances(**{f.name: at[f.name](getattr(values, f.name)) for f in fields(Distances)})


def _shift_of_js(value: float) -> float:
    if value > LOG_2 - 1e-12:
        return math.inf
    return _inverse(lambda shift: js(Gaussian(0, 1), Gaussian(shift, 1)), value, FARTHEST)


def _shift_of_energy(value: float) -> float:
    return _inverse(lambda shift: _energy_of_shift(shift, 1), value, value + 2)


def _shift_of_mmd(value: float) -> float:
    fraction = value * math.sqrt(3) / 2
    return math.sqrt(-6 * math.log1p(-fraction)) if fraction < 1 else math.inf


def _inverse(increasing: Callable[[float], float], value: float, high: float) -> float:
    return float(brentq(lambda shift: increasing(shift) - value, 0, high, xtol=1e-14, rtol=1e-12))
