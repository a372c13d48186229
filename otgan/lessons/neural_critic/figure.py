"""The picture of the lesson on neural critics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.neural_critic.numbers import LINE
from otgan.lessons.neural_critic.records import NeuralCritic, Surface
from otgan.plot import BLUE, INK, ORANGE, SHADES, VIOLET, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: NeuralCritic) -> Figure:
    """What critics show on the line, their slopes, and their surfaces in the plane.

    Parameters
    ----------
    numbers : NeuralCritic

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(3, 4, width=3.3, height=3.1) as (figure, axes):
        _draw_shown(axes[0], numbers)
        _draw_weights(axes[1], numbers)
        _draw_slopes(axes[2], numbers)
        _draw_widths(axes[3], numbers)
        columns = len(numbers.surfaces) // 2
        for k, surface in enumerate(numbers.surfaces):
            _draw_surface(axes[4 + k + (4 - columns) * (k // columns)], surface)
        for row, surface in ((1, numbers.surfaces[0]), (2, numbers.surfaces[-1])):
            _draw_histogram(axes[4 * row + 3], numbers, surface.constraint)
            for empty in axes[4 * row + columns : 4 * row + 3]:
                empty.remove()
        _explain_surfaces(figure, axes[4])
    return figure


def _explain_surfaces(figure: Figure, axes: Axes) -> None:
    """One legend for all surfaces, below them."""
    clean = axes.plot([], [], ".", color=BLUE, label="x: the shape")
    noisy = axes.plot([], [], ".", color=ORANGE, label="y: the shape with noise")
    line = axes.plot([], [], color=INK, lw=0.7, label="level of the critic; dark is high")
    handles = [*clean, *noisy, *line]
    figure.legend(handles=handles, loc="outside lower left", ncols=3, markerscale=2)


def _draw_shown(axes: Axes, numbers: NeuralCritic) -> None:
    fits = numbers.on_line[::-1]
    rows = np.arange(len(fits))
    axes.axvline(numbers.w1, color=BLUE)
    axes.scatter([f.gap for f in fits], rows, s=42, facecolors="none", edgecolors=VIOLET)
    axes.scatter([f.value for f in fits], rows, s=34, color=VIOLET)
    axes.plot([f.ideal for f in fits], rows, "|", color=INK, markersize=13)
    axes.set_yticks(rows, [f.label.replace(", ", "\n", 1) for f in fits], fontsize=8)
    axes.set(title="○ shows   ● read as W₁   | if perfect", xlim=(-0.1, 2.4))
    axes.set_xlabel("in the unit of the data")
    axes.set_ylim(-0.5, len(fits) - 0.3)
    axes.text(numbers.w1 - 0.06, len(fits) - 0.45, "W₁ = 2", color=BLUE, ha="right", va="top")


def _draw_weights(axes: Axes, numbers: NeuralCritic) -> None:
    weights = [w.weight for w in numbers.weighed]
    curve = np.geomspace(min(weights) / 1.5, 3 * max(weights), 60)
    axes.plot(curve, [LINE.gap(w) for w in curve.tolist()], color=INK)
    axes.axhline(numbers.w1, color=BLUE)
    shown = [fit for w in numbers.weighed for fit in (w.single, w.double)]
    at = [k * w.weight for w in numbers.weighed for k in (1, 2)]
    axes.scatter(at, [f.gap for f in shown], s=42, facecolors="none", edgecolors=VIOLET, zorder=3)
    axes.scatter(at, [f.value for f in shown], s=34, color=VIOLET, zorder=3)
    extrapolated = [w.extrapolated for w in numbers.weighed]
    axes.plot(weights, extrapolated, "x", color=VIOLET, markersize=8, zorder=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    axes.minorticks_off()
    axes.set(title="Small weights show too much", xlabel="weight of the penalty")
    axes.set(ylabel="gap", ylim=(1.2, 45))
    key = ("○ shows, and theory", INK), ("● less twice the penalty", VIOLET)
    for row, (text, color) in enumerate((*key, ("× 2 S(2w) - S(w)", VIOLET))):
        axes.text(
            0.98, 0.9 - 0.08 * row, text, transform=axes.transAxes, color=color, ha="right",
            fontsize=9,
        )  # fmt: skip


def _draw_slopes(axes: Axes, numbers: NeuralCritic) -> None:
    for w in numbers.weighed[-2:]:
        ideal = np.interp(w.x, LINE.x, LINE.slope(w.weight))
        axes.plot(w.x, ideal, color=INK)
        axes.step(w.x, w.slopes, where="mid", color=VIOLET, linewidth=1.2)
        axes.annotate(
            f"weight {w.weight:g}",
            (1.0, float(np.interp(1.0, w.x, ideal))),
            (0, -14 if w.weight < 5 else 8),
            textcoords="offset points",
            color=VIOLET,
            ha="center",
        )
    axes.axhline(1.0, color=BLUE)
    axes.text(4.0, 0.93, "optimal for W₁", color=BLUE, va="top", ha="right")
    axes.set(title="Slopes, beside theory (black)", xlabel="x", ylabel="slope")
    axes.set_ylim(bottom=0.5)


def _draw_widths(axes: Axes, numbers: NeuralCritic) -> None:
    widths = [c.width for c in numbers.clipped]
    ceiling = [c.steepest * numbers.w1 for c in numbers.clipped]
    axes.axhline(numbers.w1, color=BLUE)
    axes.plot(widths, ceiling, color=INK)
    shown = [c.fit.gap for c in numbers.clipped]
    axes.scatter(widths, shown, s=42, facecolors="none", edgecolors=VIOLET, zorder=3)
    axes.scatter(widths, [c.fit.value for c in numbers.clipped], s=34, color=VIOLET, zorder=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(widths, [f"{w}" for w in widths])
    axes.minorticks_off()
    axes.set(title=f"Clipped at {numbers.limit:g}: width decides", xlabel="width")
    axes.set_ylabel("gap")
    axes.text(0.05, 0.82, "● gap / slope met", transform=axes.transAxes, color=VIOLET)
    ceiling_text = "○ shows, below\n   limit³ width² W₁"
    axes.text(0.45, 0.1, ceiling_text, transform=axes.transAxes, color=INK)


def _draw_surface(axes: Axes, surface: Surface) -> None:
    s = surface
    height = s.heights - s.heights.mean()
    grid = s.axis, s.axis, height
    levels = np.linspace(height.min(), height.max(), 18)
    axes.contourf(*grid, levels=levels, cmap=SHADES, alpha=0.55)
    axes.contour(*grid, levels=levels, colors=INK, linewidths=0.35, linestyles="solid")
    axes.plot(*s.noisy.T, ".", color=ORANGE, markersize=2, alpha=0.7)
    axes.plot(*s.points.T, ".", color=BLUE, markersize=3)
    low, high = s.axis[0], s.axis[-1]
    axes.set(aspect="equal", xticks=[], yticks=[], xlim=(low, high), ylim=(low, high))
    axes.set_title(f"{s.constraint}, {s.shape}: {s.fraction:.0%} of W₁")
    axes.grid(visible=False)


def _draw_histogram(axes: Axes, numbers: NeuralCritic, constraint: str) -> None:
    weights = np.concatenate([s.weights for s in numbers.surfaces if s.constraint == constraint])
    clipped = constraint == "clip"
    reach = 1.15 * numbers.limit if clipped else float(np.quantile(np.abs(weights), 0.999))
    axes.hist(weights, bins=61, range=(-reach, reach), color=VIOLET)
    axes.set(xlabel="weight of the network", ylabel="how many")
    if clipped:
        axes.set_title(f"{numbers.fraction_at_limit:.0%} of clipped weights at ± {numbers.limit:g}")
        axes.set_xticks([-numbers.limit, 0, numbers.limit])
    else:
        axes.set_title("Penalized weights spread")
        axes.axvspan(-numbers.limit, numbers.limit, color=INK, linewidth=0)
        axes.text(0.97, 0.85, f"black: ± {numbers.limit:g}", transform=axes.transAxes, ha="right")
