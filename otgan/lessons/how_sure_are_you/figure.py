"""The picture of the lesson on what samples can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.how_sure_are_you.numbers import HowSure
from otgan.lessons.how_sure_are_you.trials import METHODS, Intervals, limit_slope
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, VIOLET, legend_below, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

SHOWN = 22
"""Intervals that are drawn in each dimension."""


@checks_keywords
def draw(numbers: HowSure) -> Figure:
    """Six panels: three on bias and error of W₁, one on its interval, two on KL.

    Parameters
    ----------
    numbers : HowSure

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(2, 3, width=4.7, height=4.0) as (figure, axes):
        _draw_floors(axes[0], numbers)
        _draw_rates(axes[1], numbers)
        _draw_coverage(axes[2], numbers)
        _draw_intervals(axes[3], numbers.intervals)
        _draw_far(axes[4], numbers)
        _draw_methods(axes[5], numbers)
    return figure


def _draw_floors(axes: Axes, n: HowSure) -> None:
    for floor, color in zip(n.floors, (BLUE, ORANGE), strict=True):
        axes.axhline(floor.limit, color=color, linestyle=":", linewidth=1.2)
        axes.plot(floor.counts, floor.exact, color=color)
        axes.errorbar(
            floor.counts, floor.simulated, 2 * floor.simulated_se, fmt="o", color=color,
            markersize=4, linewidth=1.2,
        )  # fmt: skip
        axes.annotate(
            f"{floor.distribution}: → {floor.limit:.4f}",
            (floor.counts[0], floor.limit),
            (0, 8),
            textcoords="offset points",
            color=color,
        )
    axes.set_xscale("log")
    axes.set_xticks(n.floors[0].counts, [f"{count:,}" for count in n.floors[0].counts])
    axes.minorticks_off()
    axes.set(
        title="Samples of ONE distribution lie apart",
        xlabel="points of each sample n (lines: exact; dots: simulated)",
        ylabel="√n · mean W₁",
        ylim=(0, 2.15),
    )


def _draw_rates(axes: Axes, n: HowSure) -> None:
    for d, means, ses, slope in zip(
        n.dimensions, n.distances, n.distances_se, n.slopes, strict=True
    ):
        axes.errorbar(n.sizes, means, 2 * ses, fmt="o-", color=BLUE, markersize=4)
        axes.annotate(
            f"d = {d}: {slope:.2f}, limit {limit_slope(d)}",
            (n.sizes[-1], means[-1]),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=BLUE,
        )
    axes.set(xscale="log", yscale="log", xlim=(0.9 * n.sizes[0], 5.5 * n.sizes[-1]))
    axes.set_xticks(n.sizes, [str(size) for size in n.sizes])
    ticks = [0.1, 0.2, 0.5, 1, 2]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(
        title="… the more so in many dimensions",
        xlabel="points of each sample n (slopes: fitted, in the limit)",
        ylabel="mean W₁ of two samples of N(0, I)",
    )


def _draw_coverage(axes: Axes, n: HowSure) -> None:
    rows = np.arange(len(n.trials))[::-1]
    margin = 2 * np.sqrt(0.95 * 0.05 / len(n.trials[0].plug_in))
    axes.axvspan(100 * (0.95 - margin), 100, color=GRAY, alpha=0.2, linewidth=0)
    for row, trial in zip(rows, n.trials, strict=True):
        mean, truth = 100 * trial.covers_mean, 100 * trial.covers_truth
        axes.plot([truth, mean], [row, row], color=GRAY, linewidth=1)
        axes.plot(mean, row, "o", color=GREEN, markersize=9)
        axes.plot(truth, row, "X", color=RED, markersize=9)
        axes.text(
            truth + 1, row + 0.13, f"{truth:.0f} %", color=RED, ha="left" if truth < 90 else "right"
        )
    axes.set_yticks(rows, [f"d = {t.d}\nW₁ = {t.truth:g}" for t in n.trials])
    axes.plot([], [], "o", color=GREEN, label="holds the mean of W₁ of samples")
    axes.plot([], [], "X", color=RED, label="holds W₁ of the distributions")
    legend_below(axes, columns=2)
    axes.set(
        title="An error bar knows of noise, not of bias",
        xlabel="% of trials in which ± 1.96 errors hold it",
        xlim=(-4, 103),
        ylim=(-0.5, len(rows) + 0.25),
    )


def _draw_intervals(axes: Axes, intervals: tuple[Intervals, ...]) -> None:
    for group, i in enumerate(intervals):
        rows = np.arange(SHOWN) + group * (SHOWN + 4)
        low, high = (end[:SHOWN] for end in i.naive)
        axes.hlines(rows, i.low[:SHOWN], i.high[:SHOWN], color=GRAY, linewidth=3.2, alpha=0.6)
        missed = (low > i.truth) | (high < i.truth)
        axes.hlines(rows, low, high, color=np.where(missed, RED, INK), linewidth=1.2)
        axes.plot(i.plug_in[:SHOWN], rows, "o", color=INK, markersize=2.5)
        axes.text(2.75, rows.mean(), f"d = {i.d}", ha="right", va="center", fontsize=12)
    top = len(intervals) * (SHOWN + 4)
    axes.axvline(intervals[0].truth, color=BLUE)
    axes.text(intervals[0].truth + 0.02, SHOWN + 1.3, "truth", color=BLUE, va="center")
    axes.plot([], [], color=GRAY, linewidth=3.2, alpha=0.6, label="interval")
    axes.plot([], [], color=INK, linewidth=1.2, label="error bar alone")
    axes.plot([], [], color=RED, linewidth=1.2, label="… that misses")
    legend_below(axes, columns=3)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.set(
        title="An interval that counts bias holds the truth",
        xlabel="W₁, 100 points each; a row is a pair of samples",
        xlim=(-0.05, 2.8),
        ylim=(-1.5, top + 3),
    )


def _draw_far(axes: Axes, n: HowSure) -> None:
    axes.axhline(n.log_m, color=GRAY, linestyle=":", linewidth=1.4)
    axes.text(0, n.log_m + 0.4, f"log m = {n.log_m:.1f}", color=GRAY)
    axes.plot(n.shifts, n.kl_truth, color=BLUE)
    axes.plot(n.shifts, n.kl_default, "s-", color=INK, markersize=4)
    axes.plot(n.shifts, n.kl_plain, "o-", color=GRAY, markersize=4)
    axes.text(5.0, 15.5, "truth: shift²/2", color=BLUE, ha="right")
    axes.text(10, n.kl_default[-1] + 0.6, "default", color=INK, ha="right", va="bottom")
    axes.text(10, n.kl_plain[-1] - 0.7, "nearest point", color=GRAY, ha="right", va="top")
    axes.set(
        title="500 points cannot see KL far beyond log m",
        xlabel="shift between N(0, 1) and N(shift, 1)",
        ylabel="KL, nats",
        ylim=(-0.5, 20),
    )


def _draw_methods(axes: Axes, n: HowSure) -> None:
    rows = np.arange(len(METHODS))[::-1]
    axes.axvline(0, color=BLUE)
    looks = zip(n.neighbors, (0.22, 0.0, -0.22), ("o", "s", "^"), (INK, GRAY, VIOLET), strict=True)
    for pair, offset, marker, color in looks:
        errors = pair.values - pair.truth
        label = f"{pair.pair} (KL {pair.truth:.2f})"
        axes.plot(
            errors.mean(axis=1), rows + offset, marker, color=color, markersize=6, label=label
        )
        axes.hlines(
            rows + offset, errors.min(axis=1), errors.max(axis=1), color=color, linewidth=1.2
        )
    axes.set_yticks(rows, list(METHODS))
    legend_below(axes, columns=2)
    axes.set(
        title="d = 10: KL ignores coordinates, estimates don't",
        xlabel="error in nats: mean and range of five",
        ylim=(-0.6, len(rows) - 0.5),
    )
