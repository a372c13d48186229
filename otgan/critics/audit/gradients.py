"""Gradients of a critic: along the rays of the exact plan, in between, and where it is steepest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.critics.audit.adapter import CriticFunction
from otgan.critics.vectors import unit_vectors
from otgan.measures import FloatArray
from otgan.results import Result, plain
from otgan.transport.result import TransportResult

__all__ = ["Rays", "SteepestPair", "slopes_between", "steepest_pair", "trace_rays"]

N_POINTS = 4096
"""Points at which gradients are taken, for each purpose."""

MAX_EVALUATIONS = 2_000_000
"""Evaluations of a critic without autograd, for each purpose; it gets fewer points beyond that."""

RAY_FRACTIONS = (0.01, 0.5, 0.99)
"""Where on a ray gradients are taken: just inside its ends, for an optimal critic may have kinks
at the points themselves, and in the middle."""

SLOPE_RTOL = 1e-3
"""How much steeper a gradient may be than the steepest pair, relatively."""

N_REFINED, N_LENGTHS = 4, 10
"""Steepest gradients across which ever shorter steps are taken, and of how many lengths."""

N_STARTS, N_STEPS = 32, 24
"""Pairs that ascend to where the critic is steeper, and the steps they take."""

Generator = np.random.Generator


@dataclass(frozen=True, eq=False)
class Rays:
    """Segments along which the exact plan moves mass, with the critic's gradients on them.

    Attributes
    ----------
    x, y : ndarray, shape (k, d)
        Ends: mass goes from x to y. Mass that stays where it is has no ray.
    mass : ndarray, shape (k,)
        Fraction of the plan, summing to one.
    slopes, cosines : ndarray, shape (k, 3)
        Gradient norm, and cosine between gradient and x - y; at x, in the middle, at y.
    """

    x: FloatArray
    y: FloatArray
    mass: FloatArray
    slopes: FloatArray
    cosines: FloatArray

    def points(self) -> FloatArray:
        """Where the gradients were taken, shape (3 k, d), one fraction of rays after another."""
        parts = [self.x + fraction * (self.y - self.x) for fraction in RAY_FRACTIONS]
        return np.concatenate(parts)

    def mean_cosines(self) -> FloatArray:
        """Averages with the mass, shape (3,); NaN if no mass moves."""
        return self.mass @ self.cosines if len(self.mass) else np.full(3, np.nan)


@dataclass(frozen=True, eq=False)
class SteepestPair(Result):
    """The pair of points between which the critic was found to rise most steeply.

    Attributes
    ----------
    u, v : ndarray, shape (d,)
        The critic is higher at u.
    rise : float
        f(u) - f(v).
    distance : float
        Euclidean, in the units of the data.
    """

    u: FloatArray
    v: FloatArray
    rise: float
    distance: float

    @property
    def slope(self) -> float:
        """The rise over the distance: no Lipschitz constant of the critic is smaller."""
        return self.rise / self.distance if self.distance > 0 else 0.0

    def __float__(self) -> float:
        return self.slope

    def to_dict(self) -> dict[str, Any]:
        """Slope, rise, distance, and the coordinates of both points."""
        points = {"u": plain(self.u.tolist()), "v": plain(self.v.tolist())}
        return {"slope": plain(self.slope), **super().to_dict(), **points}

    def __str__(self) -> str:
        return f"slope {self.slope:.4g}, from {_coordinates(self.u)} down to {_coordinates(self.v)}"

    def __repr__(self) -> str:
        u, v = _coordinates(self.u), _coordinates(self.v)
        return f"SteepestPair(slope={self.slope:.4g}, u={u}, v={v})"


def _coordinates(point: FloatArray) -> str:
    """A point for people: all coordinates of a few, the ends of many."""
    shown = [f"{value:.4g}" for value in point]
    if len(shown) > 6:
        return f"({', '.join(shown[:2])}, ..., {', '.join(shown[-2:])})"
    return f"({', '.join(shown)})"


def trace_rays(
    function: CriticFunction,
    x: FloatArray,
    y: FloatArray,
    transport: TransportResult,
    rng: Generator,
) -> Rays:
    """Gradients along the rays of a plan, or of a random part of it that carries mass alike.

    For an optimal plan and potential, the gradient on a ray is the unit vector from y to x.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), Proposition 1.
    """
    arcs = transport.plan.tocoo()
    i, j = arcs.coords
    mass = arcs.data
    moved = (mass > 0) & (np.linalg.norm(x[i] - y[j], axis=1) > 0)
    i, j, mass = i[moved], j[moved], mass[moved] / (mass[moved].sum() or 1.0)
    most = _affordable_points(function, x.shape[1]) // len(RAY_FRACTIONS) + 1
    if len(mass) > most:
        chosen = rng.choice(len(mass), most, p=mass)
        i, j, mass = i[chosen], j[chosen], np.full(most, 1.0 / most)
    start, end = x[i], y[j]
    towards_x = start - end
    towards_x /= np.linalg.norm(towards_x, axis=1, keepdims=True)
    slopes, cosines = np.empty((2, len(mass), len(RAY_FRACTIONS)))
    for k, fraction in enumerate(RAY_FRACTIONS if len(mass) else ()):
        gradients = function.gradients(start + fraction * (end - start))
        slopes[:, k] = np.linalg.norm(gradients, axis=1)
        cosines[:, k] = (unit_vectors(gradients) * towards_x).sum(axis=1)
    return Rays(start, end, mass, slopes, np.clip(cosines, -1.0, 1.0))


def slopes_between(
    function: CriticFunction, x: FloatArray, y: FloatArray, rng: Generator
) -> tuple[FloatArray, FloatArray]:
    """Points between independent x and y, as gradient penalties draw them, and slopes there.

    Returns
    -------
    points : ndarray, shape (k, d)
    slopes : ndarray, shape (k,)
    """
    count = min(_affordable_points(function, x.shape[1]), max(len(x), len(y), 256))
    start, end = x[rng.integers(len(x), size=count)], y[rng.integers(len(y), size=count)]
    points = start + rng.random((count, 1)) * (end - start)
    return points, np.linalg.norm(function.gradients(points), axis=1)


def steepest_pair(
    function: CriticFunction, x: FloatArray, y: FloatArray, steep: FloatArray, rng: Generator
) -> SteepestPair:
    """Search for the pair of points between which the critic is steepest.

    Candidates are pairs of sampled points, and short steps along the gradient at the points
    `steep`; the best of them ascend the quotient (f(u) - f(v)) / |u - v| by its gradient, within
    the box of the data and at a distance of at least a hundredth of its spread. Where a gradient
    is steeper than all of these, the step along it is shortened, as far as rounding allows.

    Parameters
    ----------
    function : CriticFunction
    x, y : ndarray, shapes (n, d) and (m, d)
    steep : ndarray, shape (k, d)
        Points where the gradient is large, the largest last.
    rng : numpy.random.Generator

    Returns
    -------
    SteepestPair
        Its slope is a lower bound of the Lipschitz constant.
    """
    both = np.concatenate([x, y])
    low, high = both.min(axis=0), both.max(axis=0)
    shortest = 0.01 * float(np.sqrt(both.var(axis=0).sum()))
    if shortest == 0.0:  # all points are the same
        return SteepestPair(both[0], both[0], 0.0, 0.0)
    i, j = rng.integers(len(both), size=(2, min(N_POINTS, 4 * len(both) ** 2)))
    u, v = both[i], both[j]
    gradients = function.gradients(steep)
    step = unit_vectors(gradients) * shortest
    u, v = np.concatenate([u, steep + step / 2]), np.concatenate([v, steep - step / 2])
    u, v, quotients = _ordered(function, u, v, shortest)
    best = np.argsort(quotients)[-N_STARTS:]
    u, v, quotients = _ascend(function, u[best], v[best], quotients[best], shortest, (low, high))
    slopes = np.linalg.norm(gradients, axis=1)
    missed = np.flatnonzero(slopes > (1.0 + SLOPE_RTOL) * quotients.max())[-N_REFINED:]
    if len(missed):
        near_u, near_v, near = _refined_pairs(function, steep[missed], gradients[missed], shortest)
        u, v = np.concatenate([u, near_u]), np.concatenate([v, near_v])
        quotients = np.concatenate([quotients, near])
    top = int(quotients.argmax())
    distance = float(np.linalg.norm(u[top] - v[top]))
    return SteepestPair(u[top], v[top], float(quotients[top]) * distance, distance)


def _refined_pairs(
    function: CriticFunction, points: FloatArray, gradients: FloatArray, longest: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pairs across the points along their gradients, ever closer as far as rounding allows."""
    slopes = np.linalg.norm(gradients, axis=1)
    sizes = np.abs(function.values(points)) + slopes * np.linalg.norm(points, axis=1)
    lengths = longest / 4.0 ** np.arange(N_LENGTHS)[:, None]
    # Values and points are rounded: a step must be long beside what that makes of its rise.
    lengths = np.maximum(lengths, 1e3 * function.precision * sizes / slopes).ravel()
    step = 0.5 * lengths[:, None] * np.tile(unit_vectors(gradients), (N_LENGTHS, 1))
    points = np.tile(points, (N_LENGTHS, 1))
    return _ordered(function, points + step, points - step, 0.0)


def _ordered(
    function: CriticFunction, u: FloatArray, v: FloatArray, shortest: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pairs that are not too close, higher point first, with their quotients."""
    values = function.values(np.concatenate([u, v]))
    rise = values[: len(u)] - values[len(u) :]
    distance = np.linalg.norm(u - v, axis=1)
    flip = (rise < 0)[:, None]
    u, v = np.where(flip, v, u), np.where(flip, u, v)
    far = (distance >= 0.999 * shortest) & (distance > 0)
    quotients = np.divide(np.abs(rise), distance, out=np.zeros_like(rise), where=far)
    return u, v, quotients


def _ascend(
    function: CriticFunction,
    u: FloatArray,
    v: FloatArray,
    quotients: FloatArray,
    shortest: float,
    box: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gradient ascent of the quotients, with steps that halve where they do not help."""
    length = np.full((len(u), 1), 4.0 * shortest)
    if function.evaluations_for_gradient(u.shape[1]) * 2 * len(u) * N_STEPS > MAX_EVALUATIONS:
        return u, v, quotients
    for _ in range(N_STEPS):
        gradients = function.gradients(np.concatenate([u, v]))
        pull = quotients[:, None] * unit_vectors(u - v)
        new_u = np.clip(u + length * unit_vectors(gradients[: len(u)] - pull), *box)
        new_v = np.clip(v - length * unit_vectors(gradients[len(u) :] - pull), *box)
        new_u, new_v, new = _ordered(function, new_u, new_v, shortest)
        better = new > quotients
        u, v = np.where(better[:, None], new_u, u), np.where(better[:, None], new_v, v)
        quotients = np.where(better, new, quotients)
        length[~better] /= 2.0
    return u, v, quotients


def _affordable_points(function: CriticFunction, d: int) -> int:
    return max(16, min(N_POINTS, MAX_EVALUATIONS // function.evaluations_for_gradient(d)))
