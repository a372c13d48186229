"""Kantorovich and Rubinstein: every critic is below every plan, and the best of both meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from otgan import c_transform, certify, emd, emd_from_cost
from otgan.errors import InvalidInputError, SolverError
from otgan.inputs.options import as_rng
from otgan.keywords import checks_keywords
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray
from otgan.results import Result

if TYPE_CHECKING:
    from otgan import TransportResult

__all__ = ["KantorovichRubinstein", "mcshane", "run"]


@checks_keywords
@dataclass(frozen=True, repr=False)
class KantorovichRubinstein(Record, Result):
    """The numbers of the lesson, for two clouds of equally weighted points.

    Attributes
    ----------
    x, y : ndarray, shapes (n, 2) and (m, 2)
    dual_values : ndarray, shape (trials,)
        E f(x) - E f(y) for random functions f with slopes up to one.
    improved_values : ndarray, shape (trials,)
        The same functions with their values on y replaced by the c-transform of those on x.
    primal_costs : ndarray, shape (trials,)
        E |x - y| under random couplings.
    pivots : ndarray, shape (stops,)
        After how many pivots the network simplex was stopped.
    lower, upper : ndarray, shape (stops,)
        What its potentials and its plan certify by then (the best so far).
    distance : float
        W₁, exactly.
    gap : float
        Width of the last certificate.
    plan : ndarray, shape (n, m)
        An optimal plan.
    g : ndarray, shape (m,)
        Optimal potentials at y; ``mcshane(y, -g, z)`` is an optimal critic on the plane.
    """

    figure: ClassVar[str] = "otgan.lessons.kantorovich_rubinstein.figure.draw"

    x: FloatArray
    y: FloatArray
    dual_values: FloatArray
    improved_values: FloatArray
    primal_costs: FloatArray
    pivots: FloatArray
    lower: FloatArray
    upper: FloatArray
    distance: float
    gap: float
    plan: FloatArray
    g: FloatArray

    def __float__(self) -> float:
        """W₁ of the two distributions."""
        return self.distance


def mcshane(points: Any, values: Any, z: Any) -> FloatArray:
    """The function min_k (values_k + |z - points_k|), which has slopes up to one everywhere.

    Where `values` has such slopes itself, it passes through them: they extend to the whole space.

    Parameters
    ----------
    points : array_like, shape (k, d)
    values : array_like, shape (k,)
    z : array_like, shape (n, d)
        Where to evaluate it.

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    McShane, Extension of range of functions, Bulletin of the AMS 40 (1934).

    Examples
    --------
    >>> mcshane([[0.0], [4.0]], [0.0, 1.0], [[0.0], [1.0], [3.0], [4.0]])
    array([0., 1., 2., 1.])
    """
    return c_transform(cdist(points, z), -np.asarray(values, dtype=float))


@checks_parameters
def run(
    *, n: int = 12, m: int = 14, trials: int = 400, rng: np.random.Generator | int = 0
) -> KantorovichRubinstein:
    """Compare random critics with random couplings, then close the gap between them.

    Parameters
    ----------
    n, m : int
        Points in a cloud around the origin, and in one to its left and right.
    trials : int
        How many functions and how many couplings to draw.
    rng : int or numpy.random.Generator
        The seed of everything random, or its source.

    Returns
    -------
    KantorovichRubinstein

    Raises
    ------
    InvalidInputError
        Counts below one.

    Examples
    --------
    >>> numbers = run(trials=50)
    >>> bool(numbers.dual_values.max() <= numbers.distance <= numbers.primal_costs.min())
    True
    >>> numbers.gap < 1e-9
    True
    """
    for name, count in (("n", n), ("m", m), ("trials", trials)):
        if count < 1:
            raise InvalidInputError(
                f"{name} must be at least 1, got {count!r}; to fix it, leave it out"
            )
    rng = as_rng(rng)
    x = rng.normal(scale=0.8, size=(n, 2))
    sides = np.where(np.arange(m) % 2, 1.8, -1.8)
    y = rng.normal(scale=(0.4, 1.2), size=(m, 2)) + np.column_stack([sides, np.zeros(m)])
    C = cdist(x, y)
    critics = [_random_critic(rng, x, y) for _ in range(trials)]
    couplings = [_random_coupling(rng, n, m) for _ in range(trials)]
    pivots, lower, upper, optimum = _bounds_by_pivots(C)
    proof = certify(C, optimum.plan, optimum.f, optimum.g)
    return KantorovichRubinstein(
        x=x,
        y=y,
        dual_values=np.array([f.mean() - h.mean() for f, h in critics]),
        improved_values=np.array([f.mean() + c_transform(C, f).mean() for f, _ in critics]),
        primal_costs=np.array([(plan * C).sum() for plan in couplings]),
        pivots=pivots,
        lower=lower,
        upper=upper,
        distance=float(emd(x, y)),
        gap=proof.gap,
        plan=proof.plan.toarray(),
        g=proof.g,
    )


def _random_critic(
    rng: np.random.Generator, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The values on x and on y of a random function with slopes up to one."""
    if rng.random() < 0.3:  # a projection
        angle = rng.uniform(0, 2 * np.pi)
        direction = np.array([np.cos(angle), np.sin(angle)])
        return x @ direction, y @ direction
    bumps = rng.integers(1, 9)
    centers, heights = rng.uniform(-3, 3, size=(bumps, 2)), rng.uniform(-1, 1, size=bumps)
    sign = rng.choice([-1.0, 1.0])
    return sign * mcshane(centers, heights, x), sign * mcshane(centers, heights, y)


def _random_coupling(rng: np.random.Generator, n: int, m: int) -> FloatArray:
    """A mixture of the independent coupling and one that is optimal for random costs."""
    extreme = emd_from_cost(rng.random((n, m))).plan.toarray()
    fraction = rng.random()
    return fraction * extreme + (1 - fraction) / (n * m)


def _bounds_by_pivots(C: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, TransportResult]:
    """Stop the solver ever later, keeping the best bounds so far, until it has finished."""
    pivots, lower, upper = [], [], []
    limit = 1
    while True:
        try:
            result, finished = emd_from_cost(C, max_iterations=limit), True
        except SolverError as stopped:
            result, finished = stopped.partial, False
        pivots.append(float(limit))
        lower.append(result.lower)
        upper.append(result.upper)
        if finished:
            best_lower = np.maximum.accumulate(lower)
            return np.array(pivots), best_lower, np.minimum.accumulate(upper), result
        limit += 1 + limit // 8
