"""Two halves of duality: no prices beat a plan, and one function does for two prices.

First, prices f on x and g on y with f + g <= d earn at most what any plan costs. Second, the best
prices may be those of one 1-Lipschitz function, f = φ and g = -φ. All points are on the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan import c_transform, emd, emd_linprog
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.lessons.densities import as_numbers
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.lessons.two_halves_of_duality.functions import FUNCTIONS, FunctionSlopes, slopes_of
from otgan.lessons.two_halves_of_duality.unknown_slope import KNOTS, CriticOfUnknownSlope, read
from otgan.measures import FloatArray

__all__ = ["TwoHalves", "lower_envelope", "run"]

ROUNDING = 1e-12
"""By how much prices may exceed the distance."""


@checks_keywords
@dataclass(frozen=True, repr=False)
class TwoHalves(Record):
    """The numbers of the lesson, for equally weighted points on the line.

    Attributes
    ----------
    x, y : ndarray, shapes (n,) and (m,)
    f, g : ndarray, shapes (n,) and (m,)
        Prices with f_i + g_j <= |x_i - y_j|.
    slack : ndarray, shape (n, m)
        |x_i - y_j| - f_i - g_j. Its mean under a plan is the plan's cost less what the prices earn.
    values : ndarray, shape (5,)
        E f(x) + E g(y) of the pair, and after each of four c-transforms, first f ← g^c.
    score : float
        E φ(x) - E φ(y) of the one function φ(z) = min_j (|z - y_j| - g_j).
    distance : float
        W₁: the cost of the best plan.
    independent : float
        The cost of the independent plan, which sends every x to all y alike.
    plan : ndarray, shape (n, m)
        A best plan.
    best_f : ndarray, shape (n,)
        Best prices on x.
    best_g : ndarray, shape (m,)
        Best prices on y.
    K : ndarray, shape (k,)
        Slopes that are allowed.
    best : ndarray, shape (k,)
        The largest score of a critic with slopes up to K, from a linear program of its own.
    critic : CriticOfUnknownSlope
    functions : tuple of FunctionSlopes
        Four functions on the line: which are Lipschitz?
    """

    x: FloatArray
    y: FloatArray
    f: FloatArray
    g: FloatArray
    slack: FloatArray
    values: FloatArray
    score: float
    distance: float
    independent: float
    plan: FloatArray
    best_f: FloatArray
    best_g: FloatArray
    K: FloatArray
    best: FloatArray
    critic: CriticOfUnknownSlope
    functions: tuple[FunctionSlopes, ...]


def lower_envelope(points: Any, values: Any, z: Any) -> FloatArray:
    """The function min_k (values_k + |z - points_k|) on the line: the lowest of V-shaped graphs.

    Each of them is 1-Lipschitz by the triangle inequality, and so is their minimum. Where `values`
    are 1-Lipschitz, it passes through them.

    Parameters
    ----------
    points, values : array_like, shape (k,)
    z : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    McShane, Extension of range of functions, Bulletin of the AMS 40 (1934).

    Examples
    --------
    >>> lower_envelope([0.0, 4.0], [0.0, 1.0], [1.0, 3.0, 4.0])
    array([1., 2., 1.])
    """
    return c_transform(np.abs(np.subtract.outer(points, z)), -np.asarray(values, dtype=float))


@checks_parameters
def run(
    *,
    x: Any = (-2, 0, 1, 4),
    y: Any = (-4, -3, 2, 3),
    f: Any = None,
    g: Any = None,
    K: Any = (0.1, 1.0, 10.0),
    heights: Any = (-3, -0.5, 1, 1.5, 1.5, 1, -1, -1, 1),
) -> TwoHalves:
    """Turn two prices into one function, and critics of any slope into bounds of W₁.

    Parameters
    ----------
    x, y : array_like, shapes (n,) and (m,)
        Points on the line, equally weighted.
    f, g : array_like, shapes (n,) and (m,), optional
        Prices to begin with; zero if left out. f_i + g_j must be at most |x_i - y_j|.
    K : array_like, shape (k,)
        Positive slopes.
    heights : array_like, shape (9,)
        The values of a critic at -4, -3, ..., 4.

    Returns
    -------
    TwoHalves
        The linear programs take O(n m) variables: meant for some tens of points.

    Raises
    ------
    InvalidInputError
        Points or prices of another shape or not finite, prices that exceed a distance, or a slope
        that is not positive.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Theorem 5.10 and Particular Case 5.16;
    Kantorovich and Rubinstein, On a space of completely additive functions (1958).

    Examples
    --------
    >>> numbers = run()
    >>> numbers.values
    array([0.  , 1.25, 1.5 , 1.5 , 1.5 ])
    >>> numbers.score, numbers.distance
    (1.25, 1.75)
    >>> numbers.best / numbers.K
    array([1.75, 1.75, 1.75])
    """
    x, y = as_numbers(x, "x"), as_numbers(y, "y")
    f = _prices(np.zeros(len(x)) if f is None else f, "f", len(x))
    g = _prices(np.zeros(len(y)) if g is None else g, "g", len(y))
    K = as_numbers(K, "K")
    if not (K > 0).all():
        raise InvalidInputError(
            f"K must be positive, got {K.min():g}; to fix it, pass slopes such as 1"
        )
    heights = _prices(heights, "heights", len(KNOTS))
    C = np.abs(x[:, None] - y)
    slack = C - f[:, None] - g
    if (least := slack.min()) < -ROUNDING:
        i, j = np.unravel_index(slack.argmin(), slack.shape)
        raise InvalidInputError(
            f"f and g must have f_i + g_j at most |x_i - y_j|, got {f[i] + g[j]:g} for a distance "
            f"of {C[i, j]:g}; to fix it, lower g by {-least:g}"
        )
    program, best_plan = emd_linprog(C), emd(x, y).plan.toarray()
    return TwoHalves(
        x=x,
        y=y,
        f=f,
        g=g,
        slack=slack,
        values=_after_transforms(C, f, g),
        score=float(lower_envelope(y, -g, x).mean() - lower_envelope(y, -g, y).mean()),
        distance=float((best_plan * C).sum()),
        independent=float(C.mean()),
        plan=best_plan,
        best_f=program.f,
        best_g=program.g,
        K=K,
        best=np.array([emd_linprog(slope * C).lower for slope in K]),
        critic=read(heights, x, y),
        functions=tuple(map(slopes_of, FUNCTIONS)),
    )


def _after_transforms(C: FloatArray, f: FloatArray, g: FloatArray) -> FloatArray:
    values = [f.mean() + g.mean()]
    for _ in range(2):
        f = c_transform(C.T, g)
        values.append(f.mean() + g.mean())
        g = c_transform(C, f)
        values.append(f.mean() + g.mean())
    return np.array(values)


def _prices(values: Any, name: str, count: int) -> FloatArray:
    prices = as_numbers(values, name)
    if len(prices) != count:
        raise InvalidInputError(
            f"{name} must hold {count} numbers, got {len(prices)}; to fix it, pass one for each "
            "point"
        )
    return prices
