"""The picture of the lesson on which distance to take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import TwoSlopeNorm

from otgan.keywords import checks_keywords
from otgan.lessons.which_distance.distances import NAMES
from otgan.lessons.which_distance.numbers import TESTED, WhichDistance
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, VIOLET, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

STYLES = {
    "kl": (INK, "-"),
    "kl_back": (INK, "--"),
    "tv": (GRAY, "-"),
    "js": (RED, "-"),
    "energy": (GREEN, "-"),
    "mmd": (VIOLET, "-"),
    "sliced": (BLUE, "--"),
    "w1": (BLUE, "-"),
    "frechet": (ORANGE, "-"),
}
"""Color and line style of each distance."""

SPAN = 1.5
"""Powers of ten, up and down, over which the colors of the matrix change."""


@checks_keywords
def draw(numbers: WhichDistance) -> Figure:
    """The matrix of who sees what; below, three changes that grow.

    Parameters
    ----------
    numbers : WhichDistance

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(2, 3, width=4.8, height=4.2) as (figure, axes):
        grid = axes[0].get_gridspec()
        assert grid is not None
        for unused in axes[:3]:
            unused.remove()
        _draw_matrix(figure.add_subplot(grid[0, :]), numbers)
        _draw_apart(axes[3], numbers)
        _draw_outlier(axes[4], numbers)
        _draw_noise(axes[5], numbers)
    return figure


def _draw_matrix(axes: Axes, n: WhichDistance) -> None:
    shifts = np.array([[getattr(change.shifts, name) for name in NAMES] for change in n.changes])
    powers = np.array([change.power for change in n.changes])
    with np.errstate(divide="ignore"):
        shades = np.clip(np.log10(shifts), -SPAN, SPAN)
    colors = mpl.colormaps["PuOr_r"](TwoSlopeNorm(0, -SPAN, SPAN)(shades))
    blank = np.ones((len(powers), 1, 4))
    axes.imshow(np.hstack([colors, blank]), aspect="auto")
    for row, change in enumerate(n.changes):
        for column, shift in enumerate(shifts[row]):
            dark = not -0.55 * SPAN < shades[row, column] < 0.85 * SPAN
            color = "white" if dark else INK
            axes.text(column, row, _short(shift), ha="center", va="center", color=color)
        power = f"{100 * change.power:.0f} %"
        axes.text(len(NAMES), row, power, ha="center", va="center", color=GREEN)
    axes.set_xticks(range(len(NAMES) + 1), [*NAMES.values(), f"test, n = {TESTED}"])
    axes.set_yticks(range(len(n.changes)), [change.what for change in n.changes])
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xticks(np.arange(len(NAMES)) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(n.changes)) + 0.5, minor=True)
    axes.grid(visible=True, which="minor", color="white", alpha=1, linewidth=2)
    axes.tick_params(which="minor", length=0)
    axes.set_title(
        "Who sees what? A cell says by how many σ a normal distribution must move to look as far "
        "apart (white: one; orange: more; violet: less)",
        pad=8,
    )


def _short(shift: float) -> str:
    if shift == math.inf:
        return "∞"
    if shift < 5e-5:
        return "0"
    return f"{shift:.0f}" if shift >= 10 else f"{shift:.2g}" if shift >= 1e-3 else f"{shift:.4f}"


def _draw_apart(axes: Axes, n: WhichDistance) -> None:
    for name in ("w1", "energy", "mmd", "tv", "js"):
        color, line = STYLES[name]
        axes.plot(n.apart, [getattr(values, name) for values in n.moved], line, color=color)
    axes.axvline(math.sqrt(12), color=GRAY, linewidth=1, linestyle=":")
    axes.text(math.sqrt(12) + 0.15, 0.2, "disjoint from here", color=GRAY)
    last = n.moved[-1]
    for name, level, low in (("mmd", last.mmd, 0.05), ("tv", last.tv, -0.2), ("js", last.js, -0.2)):
        axes.text(
            10, level + low, f"{NAMES[name]} → {level:.3g}", color=STYLES[name][0], ha="right"
        )
    axes.text(2.7, 2.45, "W₁", color=BLUE, ha="left", va="top")
    axes.text(2.3, 2.9, "energy", color=GREEN, ha="right")
    axes.set(
        title="Disjoint distributions: who knows how far?",
        xlabel="shift of a uniform distribution, σ",
        ylabel="value: W₁, energy² in σ; JS in nats",
        ylim=(0, 4),
    )


def _draw_outlier(axes: Axes, n: WhichDistance) -> None:
    for name in ("kl_back", "frechet", "w1", "energy", "kl", "js", "tv", "mmd"):
        color, line = STYLES[name]
        axes.plot(n.outlier_at, n.outlier[name], line, color=color)
        axes.annotate(
            NAMES[name],
            (n.outlier_at[-1], n.outlier[name][-1]),
            (5, {"js": 4, "kl": -4, "tv": 3, "mmd": -6, "kl_back": 6, "frechet": -5}.get(name, 0)),
            textcoords="offset points",
            va="center",
            color=color,
            fontsize=9,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(1, 6000),
        title="1 % of the mass goes away: who is carried along?",
        xlabel="how far it goes, σ",
        ylabel="seen as a shift, σ",
    )
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    axes.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    axes.minorticks_off()


def _draw_noise(axes: Axes, n: WhichDistance) -> None:
    for name in ("w1", "energy", "mmd", "sliced"):
        color, line = STYLES[name]
        seen = [getattr(shifts, name) for shifts in n.noise]
        axes.plot(n.dimensions, seen, line, color=color)
        label = "KL, JS, TV, W₁ of the distributions" if name == "w1" else NAMES[name]
        below = name == "sliced"
        axes.annotate(
            label,
            (n.dimensions[-2], seen[-2]),
            (-6 if below else 6, -4 if below else 6),
            textcoords="offset points",
            ha="right" if below or name == "w1" else "left",
            va="top" if below else "bottom",
            color=color,
            fontsize=9,
        )
    axes.plot(n.dimensions, n.noise_power, "o", color=INK, markersize=5)
    axes.annotate(
        f"● fraction of tests that find it\nin {TESTED} points each",
        (1, 0.03),
        color=INK,
        fontsize=9,
    )
    axes.set(
        xscale="log",
        yscale="log",
        ylim=(0.015, 2),
        title="Noise in other coordinates: who is drowned?",
        xlabel="dimensions (the first one moves by 1σ)",
        ylabel="seen as a shift, σ",
    )
    axes.set_xticks(n.dimensions, [f"{d}" for d in n.dimensions])
    axes.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5, 1], ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
    axes.minorticks_off()
