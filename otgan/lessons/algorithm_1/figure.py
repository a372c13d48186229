"""The picture of the lesson `algorithm-1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.algorithm_1.numbers import Algorithm1
from otgan.measures import FloatArray
from otgan.plot import BLUE, GRAY, INK, ORANGE, RED, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

MOMENTS = 5
"""How often P_g is drawn on its way."""

STUCK = 20
"""Steps without gradient at the end from which on a run counts as stuck."""


@checks_keywords
def draw(numbers: Algorithm1) -> Figure:
    """P_g on its way to P_r, W₁ step by step, and where other settings end.

    Parameters
    ----------
    numbers : Algorithm1

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _draw_way, _draw_w1, _draw_variants, width=4.6, height=3.9)


def _density(x: FloatArray, mean: float, std: float) -> FloatArray:
    """Of N(mean, std²), divided by its maximum: narrow ones would tower above the others."""
    return np.exp(-0.5 * ((x - mean) / std) ** 2)


def _draw_way(axes: Axes, numbers: Algorithm1) -> None:
    n, one = numbers, numbers.training
    x = np.linspace(-6, 3, 600)
    steps = np.linspace(0, len(one.gap), MOMENTS).round().astype(int)
    for row, t in enumerate(steps):
        width = max(abs(float(one.scale[t])), 1e-3)
        axes.fill_between(
            x, -row, _density(x, n.problem.mean, n.problem.std) * 0.8 - row, color=BLUE, alpha=0.25
        )
        axes.plot(x, _density(x, one.shift[t], width) * 0.8 - row, color=ORANGE)
    axes.set(
        title="P_g (line) on its way to P_r (filled)",
        xlabel="x",
        yticks=-np.arange(MOMENTS),
        yticklabels=[f"step {t}" for t in steps],
    )
    axes.grid(visible=False)


def _draw_w1(axes: Axes, numbers: Algorithm1) -> None:
    one = numbers.training
    axes.plot(one.w1, color=BLUE)
    axes.set(
        title="W₁(P_r, P_g) at every step, exactly",
        xlabel="steps of the generator",
        ylabel="W₁",
        ylim=(0, None),
    )


def _draw_variants(axes: Axes, numbers: Algorithm1) -> None:
    n = numbers
    runs = [n.training, *n.variants]
    places = -np.arange(len(runs))
    stuck = [run.steps_without_pull > STUCK for run in runs]
    colors = [RED if one else GRAY for one in stuck]
    axes.barh(places, [run.last_w1 for run in runs], color=[BLUE, *colors[1:]], height=0.6)
    for place, run, without in zip(places, runs, stuck, strict=True):
        axes.annotate(
            f"{run.last_w1:.3g}" + (", no gradient left" if without else ""),
            (min(run.last_w1, 0.7 * n.training.w1[0]), place),
            (4, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    axes.set(
        title="W₁ in the last tenth, one setting changed",
        xlabel="W₁",
        yticks=places,
        yticklabels=[
            "as asked",
            *(run.settings.changes_of(n.training.settings) for run in n.variants),
        ],
        xlim=(0, n.training.w1[0]),
    )
    axes.grid(axis="y", visible=False)
