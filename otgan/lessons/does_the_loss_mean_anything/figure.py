"""The picture of the lesson `does-the-loss-mean-anything`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.does_the_loss_mean_anything.records import Curve, LossMeaning
from otgan.lessons.measured import over_seeds
from otgan.plot import BLUE, GRAY, GREEN, INK, VIOLET, legend_below, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: LossMeaning) -> Figure:
    """The curves of both trainings, and the correlations of every seed.

    Parameters
    ----------
    numbers : LossMeaning

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(1, 3, width=5.2, height=4.4) as (figure, axes):
        for axis, curve in zip(axes, numbers.curves, strict=False):
            _draw_curves(axis, curve)
        _draw_seeds(axes[2], numbers)
    return figure


def _draw_curves(axes: Axes, curve: Curve) -> None:
    """All in the units of their own, so only their shapes can be compared."""
    for label, values, color, style in (
        ("debiased W1", curve.debiased_w1, INK, "-"),
        ("exact W1", curve.exact_w1, BLUE, "-"),
        ("critic's estimate", curve.critic_estimate, VIOLET, "-"),
        ("generator's loss", curve.generator_loss, GRAY, ":"),
    ):
        low, high = values.min(), values.max()
        axes.plot(curve.steps, (values - low) / (high - low), style, color=color, label=label)
    axes.set(
        title=f"{curve.name}: correlation {curve.correlations['critic_estimate']:.2f}",
        xlabel="generator steps",
        yticks=[0, 1],
        yticklabels=["least", "greatest"],
    )
    legend_below(axes, columns=2)


def _draw_seeds(axes: Axes, numbers: LossMeaning) -> None:
    shown = numbers.of("critic_estimate")
    rng = np.random.default_rng(0)
    for row, found in enumerate(shown):
        color = GREEN if found.told_from_zero else GRAY
        mean = over_seeds(found.correlations)
        spread = row + rng.uniform(-0.2, 0.2, len(found.seeds))
        axes.plot(found.correlations, spread, ".", color=color, alpha=0.6)
        axes.plot([mean.low, mean.high], [row, row], color=INK, linewidth=2)
        axes.plot(mean.mean, row, "o", color=color, markeredgecolor=INK)
    axes.set_yticks(range(len(shown)), [found.name for found in shown])
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(
        title="Estimate and debiased W1, every seed",
        xlabel="rank correlation (green: told from zero)",
    )
    axes.grid(axis="y", visible=False)
