"""The picture of the lesson `two-halves-of-duality`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.two_halves_of_duality.numbers import TwoHalves, lower_envelope
from otgan.lessons.two_halves_of_duality.unknown_slope import KNOTS
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, VIOLET, legend_below, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: TwoHalves) -> Figure:
    """The prices with the one function that replaces them, critics of any slope, and two cones.

    Parameters
    ----------
    numbers : TwoHalves

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _draw_prices, _draw_critic, _draw_cones, width=4.6, height=4.1)


def _draw_prices(axes: Axes, numbers: TwoHalves) -> None:
    n = numbers
    places = np.concatenate([n.x, n.y])
    line = np.linspace(places.min() - 1, places.max() + 1, 801)
    best = lower_envelope(n.y, -n.best_g, line)
    given = lower_envelope(n.y, -n.g, line)
    best += given.mean() - best.mean()  # a constant does not change its score
    for v, minus_g in zip(n.y, -n.g, strict=True):
        axes.plot(line, np.abs(line - v) + minus_g, color=GRAY, linewidth=0.7)
    axes.plot(line, given, color=GREEN, label=f"φ, their minimum: {n.score:.4g}")
    axes.plot(line, best, "--", color=GREEN, label=f"the best: {n.distance:.4g}")
    axes.plot(n.x, n.f, "o", color=BLUE, label="f at x")
    axes.plot(n.y, -n.g, "s", color=ORANGE, label="−g at y")
    low, high = min(-n.g.max(), n.f.min(), best.min()), max(given.max(), best.max())
    axes.set(
        title=f"Prices earn {n.values[0]:.4g}, one function no less",
        xlabel="place",
        ylim=(low - 0.5, high + 1),
    )
    legend_below(axes, columns=2)


def _draw_critic(axes: Axes, numbers: TwoHalves) -> None:
    n, c = numbers, numbers.critic
    axes.plot(KNOTS, c.heights, "-", color=VIOLET, label=f"a critic, score {c.score:.4g}")
    for points, marker, color, name in ((n.x, "o", BLUE, "at x"), (n.y, "s", ORANGE, "at y")):
        at = np.interp(points, KNOTS, c.heights)
        axes.plot(points, at, marker, color=color, label=name)
    readings = [("Lipschitz constant", c.lipschitz, c.proved), ("x to y", c.between, c.measured)]
    readings.append(("among x", c.among_x, c.guessed))
    for k, (name, slope, reading) in enumerate(readings):
        axes.text(
            0.03,
            0.97 - 0.075 * k,
            f"over {slope:.3g} ({name}): {reading:.4g}",
            color=RED if reading > n.distance else INK,
            transform=axes.transAxes,
            va="top",
        )
    span = float(np.ptp(c.heights)) or 1.0
    axes.set(
        title=f"Over its slope, a critic is at most W₁ = {n.distance:.4g}",
        xlabel="place",
        ylim=(c.heights.min() - 0.1 * span, c.heights.max() + 0.5 * span),
    )
    legend_below(axes, columns=3)


def _draw_cones(axes: Axes, numbers: TwoHalves) -> None:
    u = np.linspace(-3, 3, 1201)
    cone = np.minimum(np.abs(u), 3)
    axes.fill_between(u, cone, 4, color=GRAY, alpha=0.25, linewidth=0)
    axes.fill_between(u, -cone, -1, where=-cone > -1, color=GRAY, alpha=0.25, linewidth=0)
    shown = [
        ("x²", u**2, RED, "-"),
        ("√|x|", np.sqrt(np.abs(u)), RED, "--"),
        ("|x|", np.abs(u), BLUE, "-"),
        ("sin x", np.sin(u), BLUE, "--"),
    ]
    for name, values, color, style in shown:
        axes.plot(u, values, style, color=color, label=name)
    axes.set(
        title="Slopes up to one stay out of the gray cones",
        xlabel="x",
        xlim=(-3, 3),
        ylim=(-1, 4),
    )
    legend_below(axes, columns=4)
