"""The picture of the lesson `dimension-of-data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.dimension_of_data.numbers import DimensionOfData
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, legend_below, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: DimensionOfData) -> Figure:
    """What is read of known dimensions, of noise, and of digits.

    Parameters
    ----------
    numbers : DimensionOfData

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _draw_known, _draw_noise, _draw_digits, width=4.4, height=3.8)


def _draw_known(axes: Axes, n: DimensionOfData) -> None:
    top = float(n.dimensions.max())
    axes.plot([0, top], [0, top], color=GREEN, linewidth=1, label="true")
    axes.plot(n.dimensions, n.balls, "o-", color=INK, markersize=4, label="normal")
    axes.plot(n.dimensions, n.cubes, "s-", color=GRAY, markersize=4, label="cube")
    latents = [one.dimension for one in n.generators]
    readings = [one.estimate.value for one in n.generators]
    axes.plot(latents, readings, "D", color=ORANGE, markersize=5, label="G(z)")
    axes.set(
        title="Right for few dimensions, then too low",
        xlabel="true dimension",
        ylabel="estimate",
        xlim=(0, None),
        ylim=(0, None),
    )
    legend_below(axes, columns=4)


def _draw_noise(axes: Axes, n: DimensionOfData) -> None:
    places = np.arange(len(n.noises))
    axes.plot(places, n.noisy, "o-", color=RED, label="a square with noise")
    axes.axhline(2, color=GREEN, linewidth=1, label="its dimension")
    axes.axhline(10, color=GREEN, linewidth=1, linestyle="--", label="that of the space")
    axes.set(
        title="Noise fills the space",
        xlabel="deviation of the noise (side of the square: 1)",
        ylabel="estimate",
        xticks=places,
        xticklabels=[f"{sigma:g}" for sigma in n.noises],
        ylim=(0, 10.8),
    )
    legend_below(axes, columns=3, size=7.5)


def _draw_digits(axes: Axes, n: DimensionOfData) -> None:
    axes.errorbar(
        n.digit_neighbors, n.digit_values, 2 * n.digit_errors, fmt="o-", color=BLUE, capsize=3
    )
    axes.set(
        title=f"Digits of 64 pixels; {n.digit_linear} linear directions",
        xlabel="neighbors that are looked at (± 2 standard errors)",
        ylabel="estimate",
        xscale="log",
        xticks=n.digit_neighbors,
        xticklabels=[f"{m:g}" for m in n.digit_neighbors],
        ylim=(0, None),
    )
    axes.minorticks_off()
