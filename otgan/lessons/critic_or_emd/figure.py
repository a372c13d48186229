"""The picture of the lesson `critic-or-emd`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otgan.keywords import checks_keywords
from otgan.lessons.critic_or_emd.numbers import CriticOrEmd
from otgan.plot import BLUE, GRAY, GREEN, INK, VIOLET, legend_below, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: CriticOrEmd) -> Figure:
    """All errors against the dimension, and those of the EMD against the number of points.

    Parameters
    ----------
    numbers : CriticOrEmd

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _draw_errors, _draw_points, width=5.6, height=4.6)


def _draw_errors(axes: Axes, numbers: CriticOrEmd) -> None:
    n = numbers
    most = f"{n.counts[-1]:,.0f}"
    curves = (
        (f"EMD of {most} points", n.emd[:, -1], n.emd_se[:, -1], BLUE, "o-"),
        ("midpoint", n.midpoint[:, -1], n.midpoint_se[:, -1], GRAY, "o-"),
        ("their potentials, elsewhere", n.held_out[:, -1], n.held_out_se[:, -1], GREEN, "o-"),
        ("critic on fresh points", n.critic, n.critic_se, VIOLET, "o-"),
        (f"critic on {most} points", n.reused, n.reused_se, VIOLET, "s:"),
    )
    axes.axhline(0, color=INK, linewidth=1)
    for k, (name, error, se, color, style) in enumerate(curves):
        # A little apart, so that the bars can be told from each other.
        x = n.dimensions * 1.03 ** (k - 2)
        axes.errorbar(x, error, 2 * se, fmt=style, color=color, markersize=5, label=name)
    _percent(axes)
    axes.set_xscale("log", base=2)
    axes.set_xticks(n.dimensions, [f"{d:.0f}" for d in n.dimensions])
    axes.set(
        title="Estimates of W₁ of two distributions", xlabel="dimension (bars: ± 2 standard errors)"
    )
    legend_below(axes, columns=3)


def _draw_points(axes: Axes, numbers: CriticOrEmd) -> None:
    n = numbers
    axes.axhline(0, color=INK, linewidth=1)
    for k, d in enumerate(n.dimensions):
        axes.errorbar(n.counts, n.emd[k], 2 * n.emd_se[k], fmt="o-", color=BLUE, markersize=4)
        axes.annotate(
            f"d = {d:.0f}",
            (n.counts[-1], n.emd[k, -1]),
            (10, 0 if d > 2 else 14 * k - 10),
            textcoords="offset points",
            va="center",
            color=BLUE,
        )
    low, high = float(n.critic.min()), float(n.critic.max())
    axes.axhspan(low, high, color=VIOLET, alpha=0.25, linewidth=0)
    axes.text(
        n.counts[0], low, f"critic, d = {n.dimensions[0]:.0f} to {n.dimensions[-1]:.0f}",
        va="top", color=VIOLET,
    )  # fmt: skip
    _percent(axes)
    axes.set_xscale("log")
    axes.set_xticks(n.counts, [f"{count:,.0f}" for count in n.counts])
    axes.minorticks_off()
    axes.set_xlim(0.85 * n.counts[0], 1.5 * n.counts[-1])
    axes.set(title="EMD: more points help in few dimensions", xlabel="points of each sample")


def _percent(axes: Axes) -> None:
    ticks = [-50, -20, -10, -5, 0, 5, 10, 20, 50, 100, 200, 400]
    axes.set_yscale("symlog", linthresh=10, linscale=0.8)
    axes.set_yticks(ticks, [f"{tick:+d} %" if tick else "W₁" for tick in ticks])
    axes.set_ylim(-60, 500)
    axes.set_ylabel("error in % of W₁; log scale beyond ± 10 %")
    axes.minorticks_off()
