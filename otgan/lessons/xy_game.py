"""The game xy: one player descends, the other ascends, and the order of their moves decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from otgan.errors import InvalidInputError
from otgan.lessons.text import page, table
from otgan.measures import FloatArray, as_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["XYGame", "alternating", "draw", "explain", "extragradient", "run", "simultaneous"]

Scheme = Callable[[float, float, float], tuple[float, float]]


@dataclass(frozen=True)
class XYGame:
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


def explain(numbers: XYGame) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : XYGame

    Returns
    -------
    str

    Examples
    --------
    >>> print(explain(run()).splitlines()[0])
    The game xy: after 1000 steps the radius is 144.773, 0.989427 or 0.00691083 times the first
    """
    simultaneous, alternating, extragradient = (
        _radius(path) / _radius(path)[0]
        for path in (numbers.simultaneous, numbers.alternating, numbers.extragradient)
    )
    steps = [t for t in (0, 1, 10, 100, 500, 1000, 5000) if t < numbers.steps] + [numbers.steps]
    rows = [[str(t), simultaneous[t], alternating[t], extragradient[t]] for t in steps]
    low, high = numbers.band
    return page(
        f"The game xy: after {numbers.steps} steps the radius is {simultaneous[-1]:.6g}, "
        f"{alternating[-1]:.6g} or {extragradient[-1]:.6g} times the first",
        table(["step", "simultaneous", "alternating", "extragradient"], rows),
        [
            "One player lowers xy by moving x, the other raises it by moving y; both are content "
            "only at (0, 0).",
            f"Moving at once, they leave it: every step multiplies the radius by √(1 + η²) = "
            f"{numbers.growth:.8g}, from the first step on and whatever the signs of x and y.",
            "Taking turns, they circle it: x² + y² - η x y never changes, so the radius stays in "
            f"[{low:.4f}, {high:.4f}]. The order of the moves makes the instability, not the "
            "game.",
            "Looking one step ahead (extragradient), they reach it: every step multiplies the "
            f"radius by √((1 - η²)² + η²) = {numbers.shrinkage:.8g}.",
            "This is the smallest WGAN: the data sit at 0, the generator puts a point at x, and "
            "the critic is the line with slope -y. The critic's score is xy; it raises it, the "
            "generator lowers it.",
        ],
    )


def draw(numbers: XYGame) -> Figure:
    """The three orbits in the plane, and their radius step by step.

    Parameters
    ----------
    numbers : XYGame

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import BLUE, GREEN, RED, panels

    paths = (
        ("simultaneous: leaves", numbers.simultaneous, RED),
        ("alternating: circles", numbers.alternating, BLUE),
        ("extragradient: arrives", numbers.extragradient, GREEN),
    )
    with panels(1, 2, width=5.2, height=4.4) as (figure, (plane, radii)):
        _draw_plane(plane, paths)
        for name, path, color in paths:
            radius = _radius(path)
            radii.plot(radius, color=color)
            radii.annotate(
                f"{name} ({radius[-1] / radius[0]:.3g}×)",
                (numbers.steps, radius[-1]),
                (-4, 7 if radius[-1] > radius[0] / 2 else -16),
                textcoords="offset points",
                ha="right",
                color=color,
            )
        radii.set(
            title="The order of the moves decides", xlabel="step", ylabel="radius", yscale="log"
        )
        radii.margins(y=0.12)
    return figure


def _draw_plane(axes: Axes, paths: Sequence[tuple[str, FloatArray, str]]) -> None:
    from otgan.plot import INK

    for _, path, color in paths:
        shown = path[_radius(path) < 4 * _radius(path)[0]]
        axes.plot(*shown.T, color=color, linewidth=1.1)
    start = paths[0][1][0]
    axes.plot(*start, "o", color=INK)
    axes.annotate(
        "start",
        start,
        (8, 4),
        textcoords="offset points",
        bbox={"fc": "white", "ec": "none", "pad": 1},
    )
    axes.plot(0, 0, "+", color=INK, markersize=10)
    axes.set(
        title="One game, one start: out, around or in",
        xlabel="x",
        ylabel="y",
        aspect="equal",
    )


def _radius(path: FloatArray) -> FloatArray:
    return np.hypot(*path.T)
