"""The picture of the lesson `perfect-discriminator`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal
from otgan.lessons.perfect_discriminator.numbers import REAL, PerfectDiscriminator, discriminator
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: PerfectDiscriminator) -> Figure:
    """D* between two distributions, its value, and the gradients that it leaves.

    Parameters
    ----------
    numbers : PerfectDiscriminator

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(1, 3, width=4.4, height=3.8) as (figure, (distributions, value, gradients)):
        _draw_distributions(distributions, numbers.shown)
        _draw_value(value, numbers)
        _draw_gradients(gradients, numbers)
    return figure


def _draw_distributions(axes: Axes, delta: float) -> None:
    x = np.linspace(-3, delta + 3, 300)
    distributions = (("data", REAL, BLUE), ("generator", Normal(delta, 1), ORANGE))
    for name, distribution, color in distributions:
        density = np.exp([distribution.log_pdf(value) for value in x.tolist()])
        axes.fill_between(x, density, color=color, alpha=0.25)
        axes.plot(x, density, color=color)
        axes.annotate(
            name,
            (distribution.mean, density.max()),
            (0, 4),
            textcoords="offset points",
            ha="center",
            color=color,
        )
    axes.plot(x, [discriminator(value, delta) for value in x.tolist()], color=INK)
    axes.annotate("D*", (delta / 2, 0.5), (8, 2), textcoords="offset points")
    axes.annotate(
        "no slope,\nno direction",
        (delta + 1.6, 0.01),
        (delta + 1.6, 0.55),
        ha="center",
        arrowprops={"arrowstyle": "->", "color": INK},
    )
    axes.set(
        title=f"At distance {delta:g}, D* is flat under the generator", xlabel="x", ylim=(0, 1.08)
    )


def _draw_value(axes: Axes, numbers: PerfectDiscriminator) -> None:
    axes.plot(numbers.deltas, 2 * numbers.js - 2 * math.log(2), color=GREEN)
    axes.plot(numbers.deltas, numbers.loss, "o", color=BLUE, markersize=4)
    for level, name in ((0.0, "0: told apart"), (-2 * math.log(2), "−2 log 2: equal")):
        axes.axhline(level, color=GRAY, linestyle=":")
        axes.annotate(
            name,
            (numbers.deltas[-1], level),
            (0, 4),
            textcoords="offset points",
            ha="right",
            color=GRAY,
        )
    axes.set(title="Its value is JS in disguise", xlabel="shift of the generator")
    axes.margins(y=0.1)
    for height, name, color in (
        (0.55, "dots: L(G, D*)", BLUE),
        (0.46, "line: 2 JS − 2 log 2", GREEN),
    ):
        axes.text(0.96, height, name, color=color, ha="right", transform=axes.transAxes)


def _draw_gradients(axes: Axes, numbers: PerfectDiscriminator) -> None:
    apart = numbers.deltas > 0
    last = len(numbers.deltas) - 1
    curves = (
        ("log(1 − D*): vanishes", numbers.saturating, RED, 3 * last // 4, (-10, -8)),
        ("−log D*: grows", numbers.non_saturating, INK, last, (-2, 8)),
        ("W₁: 1", numbers.wasserstein, BLUE, last, (-2, 6)),
    )
    for name, slope, color, at, offset in curves:
        axes.semilogy(numbers.deltas[apart], slope[apart], color=color)
        axes.annotate(
            name,
            (numbers.deltas[at], slope[at]),
            offset,
            textcoords="offset points",
            ha="right",
            color=color,
        )
    axes.set(
        title="log(1 − D*) stops pulling, W₁ does not",
        xlabel="shift of the generator",
        ylabel="gradient",
    )
    axes.margins(y=0.12)
