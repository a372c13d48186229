"""The picture of the lesson `parallel-lines`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.parallel_lines.numbers import ParallelLines
from otgan.plot import BLUE, INK, ORANGE, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: ParallelLines) -> Figure:
    """The two segments, JS with and without noise, and W.

    Parameters
    ----------
    numbers : ParallelLines

    Returns
    -------
    matplotlib.figure.Figure
    """
    n = numbers
    with panels(1, 3, width=4.2, height=3.7) as (figure, (plane, divergence, distance)):
        _draw_segments(plane)
        _draw_js(divergence, n)
        distance.plot(n.thetas, n.w, color=BLUE)
        for row in n.w_noisy:
            distance.plot(n.thetas[::4], row[::4], "o", color=INK, markersize=3)
        distance.set(title="W is |θ|, with noise or without", xlabel="θ", ylabel="W")
        distance.text(
            0.5,
            0.9,
            "KL = ∞ both ways, except at θ = 0",
            color=RED,
            ha="center",
            transform=distance.transAxes,
        )
        distance.text(
            0.5, 0.8, "line: bare, dots: blurred", ha="center", transform=distance.transAxes
        )
        top = float(n.w.max()) or 1.0
        distance.set_ylim(-0.05 * top, 1.3 * top)
    return figure


def _draw_segments(axes: Axes) -> None:
    for x, name, color in ((0.0, "P", BLUE), (1.0, "Q", ORANGE)):
        axes.plot([x, x], [0, 1], color=color, linewidth=4, solid_capstyle="round")
        axes.annotate(name, (x, 1), (0, 8), textcoords="offset points", ha="center", color=color)
    for y in np.linspace(0.1, 0.9, 5):
        axes.annotate("", (0.96, y), (0.04, y), arrowprops={"arrowstyle": "->", "color": INK})
    axes.text(0.5, 0.53, "θ", ha="center", fontsize=13)
    axes.set(
        title="No overlap, however near",
        xlim=(-0.4, 1.4),
        ylim=(-0.15, 1.3),
        xticks=[0, 1],
        xticklabels=["0", "θ"],
        yticks=[0, 1],
    )
    axes.grid(visible=False)


def _draw_js(axes: Axes, numbers: ParallelLines) -> None:
    n = numbers
    apart = n.thetas != 0
    for side in (n.thetas < 0, n.thetas > 0):
        axes.plot(n.thetas[side], n.js[side], color=RED)
    axes.plot(0, math.log(2), "o", color=RED, markerfacecolor="white", zorder=3)
    axes.plot(n.thetas[~apart], n.js[~apart], "o", color=RED, zorder=3)
    axes.text(0, math.log(2) + 0.03, "no noise: log 2, but 0 at θ = 0", color=RED, ha="center")
    # Less noise, darker and labeled further up: the labels then stay clear of each other.
    strengths = np.linspace(1, 0.4, len(n.sigmas))
    heights = np.linspace(0.5, 0.12, len(n.sigmas))
    for sigma, row, strength, height in zip(n.sigmas, n.js_noisy, strengths, heights, strict=True):
        axes.plot(n.thetas, row, color=INK, alpha=strength)
        at = np.where(n.thetas >= 0, np.abs(row - height), np.inf).argmin()
        axes.text(
            n.thetas[at],
            row[at],
            f"σ = {sigma:g}",
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    axes.set(
        title="JS jumps at θ = 0; noise smooths it",
        xlabel="θ",
        ylabel="JS (nats)",
        ylim=(-0.03, 0.8),
    )
