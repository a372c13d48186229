"""The game xy: one player descends, the other ascends, and the order of their moves decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray, as_points

__all__ = ["XYGame", "alternating", "extragradient", "radius_of", "run", "simultaneous"]

Scheme = Callable[[float, float, float], tuple[float, float]]


@checks_keywords
@dataclass(frozen=True, repr=False)
class XYGame(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    eta : float
        Step size of both players.
    simultaneous, alternating, extragradient : ndarray, shape (steps + 1, 2)
        The positions (x, y) under each scheme, from the same start.
    """

    eta: float
    simultaneous: FloatArray
    alternating: FloatArray
    extragradient: FloatArray

    @property
    def steps(self) -> int:
        """How many moves each player made."""
        return len(self.simultaneous) - 1

    @property
    def growth(self) -> float:
        """Factor √(1 + eta²) by which every simultaneous step grows the radius."""
        return math.sqrt(1 + self.eta**2)

    @property
    def shrinkage(self) -> float:
        """Factor √((1 - eta²)² + eta²) by which every extragradient step shrinks the radius."""
        return math.sqrt((1 - self.eta**2) ** 2 + self.eta**2)

    @property
    def invariant(self) -> FloatArray:
        """What alternating steps keep: x² + y² - eta x y at each step."""
        x, y = self.alternating.T
        return x**2 + y**2 - self.eta * x * y

    @property
    def band(self) -> tuple[float, float]:
        """The radii between which the alternating orbit, an ellipse, has to stay."""
        level = self.invariant[0]
        return math.sqrt(level / (1 + self.eta / 2)), math.sqrt(level / (1 - self.eta / 2))


def simultaneous(x: float, y: float, eta: float) -> tuple[float, float]:
    """Both players move at once, each from where the other was."""
    return x - eta * y, y + eta * x


def alternating(x: float, y: float, eta: float) -> tuple[float, float]:
    """The second player answers the first one's move."""
    x = x - eta * y
    return x, y + eta * x


def extragradient(x: float, y: float, eta: float) -> tuple[float, float]:
    """Both look one step ahead, and move by the gradient that they find there."""
    ahead_x, ahead_y = simultaneous(x, y, eta)
    return x - eta * ahead_y, y + eta * ahead_x


@checks_parameters
def run(*, eta: float = 0.1, steps: int = 1000, start: tuple[float, float] = (1.0, 1.0)) -> XYGame:
    """Play min over x, max over y of x y by three schemes.

    Parameters
    ----------
    eta : float
        Step size, between 0 and 1.
    steps : int
    start : pair of float
        Where (x, y) begins.

    Returns
    -------
    XYGame

    Raises
    ------
    InvalidInputError
        A step size outside (0, 1), no steps, a start that is not two finite numbers or has nowhere
        to go, or so many
        steps that the radius overflows.

    Examples
    --------
    >>> game = run()
    >>> radius = np.hypot(*game.simultaneous.T)
    >>> print(f"{radius[-1] / radius[0]:.6f}")
    144.772772
    """
    if not 0 < eta < 1:
        raise InvalidInputError(
            f"eta must be between 0 and 1, got {eta!r}; to fix it, pass a step size such as 0.1"
        )
    if steps < 1:
        raise InvalidInputError(f"steps must be at least 1, got {steps!r}; to fix it, play longer")
    origin = as_points(start, "start")
    if origin.shape != (2, 1) or not origin.any():
        raise InvalidInputError(
            f"start must hold two numbers, not both zero, got {start!r}; "
            "to fix it, pass a pair such as (1, 1)"
        )
    x, y = map(float, origin[:, 0])
    paths = [_play(scheme, x, y, eta, steps) for scheme in SCHEMES]
    if not np.isfinite(paths[0]).all():
        raise InvalidInputError(
            f"the radius must stay finite, got a growth of {math.sqrt(1 + eta**2):g} in each of "
            f"{steps} steps; to fix it, play fewer"
        )
    return XYGame(eta, *paths)


SCHEMES = (simultaneous, alternating, extragradient)


def _play(scheme: Scheme, x: float, y: float, eta: float, steps: int) -> FloatArray:
    path = [(x, y)]
    for _ in range(steps):
        path.append(scheme(*path[-1], eta))
    return np.array(path)


def radius_of(path: FloatArray) -> FloatArray:
    """How far each position of a path is from (0, 0)."""
    return np.hypot(*path.T)
