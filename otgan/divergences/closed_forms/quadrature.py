"""Integrals over the line to a known accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import tanhsinh
from scipy.optimize.elementwise import find_root

from otgan.errors import SolverError
from otgan.measures import FloatArray

__all__ = ["RTOL", "integrate"]

RTOL = 1e-12
"""Relative accuracy of an integral, of its absolute value if it changes sign."""

LEVELS = 7
"""Refinements of the rule before a panel is halved."""

HALVINGS = 60
"""Of a panel; then a kink in it no longer matters."""

MORE_PANELS = 100
"""So many more panels than at first mean noise, not kinks."""

SHORTEST = 1e-250
"""Panels below it would underflow."""

Integrand = Callable[[FloatArray, FloatArray], FloatArray]
"""A vectorized function of x and of the middle of the panel that x lies in.

What is constant on a panel is safer read at its middle than at an x that rounding may have
put across the border.
"""


def integrate(
    h: Integrand, points: Any, *, sign_of: Integrand | None = None, slack: float = 0.0
) -> float:
    """The integral of `h` from the first of some points to the last.

    Parameters
    ----------
    h : callable
        Smooth between the points, but for poles of integrable order at them.
    points : array_like, shape (k,)
        In any order. Narrow features are not overlooked if there are points about.
    sign_of : callable, optional
        A function of the same kind; where it changes sign, `h` may have a kink.
    slack : float
        An absolute error that does not matter.

    Returns
    -------
    float
        Within `RTOL` of the integral of |h|, or within `slack`.

    Raises
    ------
    SolverError
        The accuracy was not reached. The partial result is the integral as far as it is known.

    Notes
    -----
    Source: Takahasi and Mori, Double exponential formulas for numerical integration, 1974, as in
    `scipy.integrate.tanhsinh`, whose estimated error is held below the accuracy in every panel.

    Examples
    --------
    >>> def h(x, middle):
    ...     return abs(x - 0.3)
    >>> print(f"{integrate(h, [0, 1], sign_of=lambda x, middle: x - 0.3):.10f}")
    0.2900000000
    """
    edges = _edges(points)
    if sign_of is not None:
        edges = _edges([*edges, *_sign_changes(sign_of, edges)])
    low, high = edges[:-1], edges[1:]
    if len(low) == 0:
        return 0.0
    allowed = max(RTOL * _rough_size(h, low, high), slack, SHORTEST) / len(low)
    total, most = 0.0, len(low) + MORE_PANELS

    def from_low(t: FloatArray, low: FloatArray, middle: FloatArray) -> FloatArray:
        return h(low + t, middle)  # t is exact where x is not, so that no weight gets lost

    for _ in range(HALVINGS):
        middle, width = low + 0.5 * (high - low), high - low
        result = tanhsinh(
            from_low, 0.0, width, args=(low, middle), rtol=RTOL, atol=allowed, maxlevel=LEVELS
        )
        done = result.success
        total += float(result.integral[done].sum())
        if done.all():
            return total
        rest, error = result.integral[~done].sum(), result.error[~done].sum()
        low, middle, high = low[~done], middle[~done], high[~done]
        halved = np.all((low < middle) & (middle < high)) and 2 * len(low) <= most
        if not (halved and np.isfinite(rest)):
            break
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    raise SolverError(
        f"an integral must converge to a relative {RTOL:g}, got {total + rest:.6g} with an "
        f"estimated error of {error:.2g}; to fix it, rescale the distributions, or choose "
        "parameters that are fewer orders of magnitude apart",
        partial=float(total + rest),
    )


def _edges(points: Any) -> FloatArray:
    """The points in order, none too near to the one before it."""
    edges = np.unique(np.asarray(points, dtype=np.float64))
    return edges[np.append(True, np.diff(edges) > SHORTEST)]


def _sign_changes(f: Integrand, edges: FloatArray) -> FloatArray:
    """The roots of `f` inside the panels, as far as a grid of points shows them."""
    low, width = edges[:-1, None], np.diff(edges)[:, None]
    grid = low + width * (np.arange(32) + 0.5) / 32
    middle = np.broadcast_to(low + 0.5 * width, grid.shape)
    sign = np.sign(f(grid, middle))
    at = np.nonzero(sign[:, :-1] * sign[:, 1:] < 0)
    if len(at[0]) == 0:
        return np.empty(0)
    return find_root(f, (grid[:, :-1][at], grid[:, 1:][at]), args=(middle[:, 0][at[0]],)).x


def _rough_size(h: Integrand, low: FloatArray, high: FloatArray) -> float:
    """The integral of |h| by a rule of few points."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    width = (high - low)[:, None]
    x = low[:, None] + width * (nodes + 1) / 2
    values = np.abs(h(x, np.broadcast_to(low[:, None] + 0.5 * width, x.shape)))
    size = float((values * width @ weights).sum() / 2)
    return size if np.isfinite(size) else 0.0
