"""The picture of the lesson `clipping-and-penalties`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.clipping_and_penalties.records import (
    ClippingAndPenalties,
    Critic,
    layer_factors,
)
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, SHADES, VIOLET, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

CLIPPED = 0.1, 0.01, 0.001
"""Limits of which surfaces and weights are drawn."""

STYLES = {"clip": (VIOLET, "-"), "gp": (INK, "-"), "lp": (INK, "--")}


@checks_keywords
def draw(numbers: ClippingAndPenalties) -> Figure:
    """Gradients by layer, the factor of a layer, surfaces, and histograms of weights.

    Parameters
    ----------
    numbers : ClippingAndPenalties

    Returns
    -------
    matplotlib.figure.Figure
    """
    n = numbers
    shallow, deep = n.depths[0], n.depths[-1]
    with panels(3, 4, width=3.5, height=3.1) as (figure, axes):
        _draw_norms(axes[0], n, deep)
        _draw_norms(axes[1], n, shallow)
        _draw_factors(axes[2], n)
        _draw_gaps(axes[3], n)
        shown = [n.critic("clip", shallow, limit) for limit in CLIPPED]
        shown.append(n.critic("lp", shallow))
        for k, critic in enumerate(shown):
            _draw_surface(axes[4 + k], n, critic)
            _draw_weights(axes[8 + k], critic)
        _explain(figure, axes[2], axes[4])
    return figure


def _draw_norms(axes: Axes, numbers: ClippingAndPenalties, depth: int) -> None:
    for limit in CLIPPED:
        norms = numbers.critic("clip", depth, limit).norms[-1]
        axes.plot(np.arange(1, depth + 2), norms, ".-", color=VIOLET)
        offset = (6, -11) if norms[0] < norms[-1] else (5, 14)
        axes.annotate(
            f"c = {limit:g}", (1, norms[0]), offset, textcoords="offset points", color=VIOLET
        )
    for name in ("gp", "lp"):
        color, line = STYLES[name]
        norms = numbers.critic(name, depth).norms[-1]
        axes.plot(np.arange(1, depth + 2), norms, line, color=color, lw=1.3)
    axes.set(yscale="log", xlabel="layer; the first takes the points", ylabel="norm of gradient")
    axes.set_title(f"{depth} hidden layers")
    axes.margins(y=0.16)
    axes.set_xticks(np.unique(np.linspace(1, depth + 1, 4).round()))


def _draw_factors(axes: Axes, numbers: ClippingAndPenalties) -> None:
    limits = np.array(numbers.limits)
    for depth, marker in zip(numbers.depths, ("o", "s"), strict=True):
        found = [numbers.critic("clip", depth, c).factor[-1] for c in numbers.limits]
        face = "none" if marker == "o" else VIOLET
        axes.plot(limits, found, marker, color=VIOLET, markerfacecolor=face, ms=5)
    for k in (0, 1):
        axes.plot(limits, [layer_factors(c, numbers.width)[k] for c in limits], color=GREEN, lw=1)
    axes.axhline(1.0, color=GRAY, linestyle="--", lw=1)
    axes.set(xscale="log", yscale="log", xlabel="c", ylabel="factor of a layer")
    axes.set_title("Vanish below, explode above 1")


def _draw_gaps(axes: Axes, numbers: ClippingAndPenalties) -> None:
    depth = numbers.depths[0]
    axes.plot(
        numbers.limits,
        [numbers.critic("clip", depth, c).gap[-1] for c in numbers.limits],
        "o-", color=VIOLET, markerfacecolor="none", ms=5,
    )  # fmt: skip
    axes.axhline(numbers.w1, color=BLUE)
    axes.axhline(numbers.critic("lp", depth).gap[-1], color=INK, linestyle="--", lw=1.3)
    axes.set(xscale="log", yscale="log", xlabel="c", ylabel="E f(x) - E f(y)")
    axes.set_title(f"What {depth} layers show")


def _draw_surface(axes: Axes, numbers: ClippingAndPenalties, critic: Critic) -> None:
    heights = critic.heights[-1]
    grid = numbers.axis, numbers.axis, heights
    levels = np.linspace(heights.min(), heights.max(), 16)
    axes.contourf(*grid, levels=levels, cmap=SHADES, alpha=0.55)
    axes.contour(*grid, levels=levels, colors=INK, linewidths=0.35, linestyles="solid")
    axes.plot(*numbers.noisy.T, ".", color=ORANGE, markersize=2, alpha=0.7)
    axes.plot(*numbers.points.T, ".", color=BLUE, markersize=3)
    low, high = numbers.axis[0], numbers.axis[-1]
    axes.set(aspect="equal", xticks=[], yticks=[], xlim=(low, high), ylim=(low, high))
    axes.set_title(f"{_name(critic)}: high by {np.ptp(heights):.2g}")
    axes.grid(visible=False)


def _draw_weights(axes: Axes, critic: Critic) -> None:
    reach = critic.reach[-1]
    edges = np.linspace(-reach, reach, len(critic.counts[-1]) + 1)
    axes.stairs(critic.counts[-1], edges, fill=True, color=VIOLET)
    axes.set(xlabel="weight", xticks=[-reach, 0, reach], ylabel="how many")
    axes.set_xticklabels([f"{-reach:.2g}", "0", f"{reach:.2g}"])
    clipped = critic.name == "clip"
    if clipped:
        for limit in (-reach, reach):
            axes.axvline(limit, color=RED, lw=1.2)
    axes.set_title(f"{critic.at_limit[-1]:.0%} at ± c" if clipped else "no limits")


def _explain(figure: Figure, factors: Axes, surface: Axes) -> None:
    """One legend for all panels, below them."""
    handles = [
        *factors.plot([], [], ".-", color=VIOLET, label="clipped (○ few, ■ many layers)"),
        *factors.plot([], [], color=INK, label="penalty (gp)"),
        *factors.plot([], [], "--", color=INK, label="one-sided (lp)"),
        *factors.plot([], [], color=GREEN, label="c √(width/2), c width/2"),
        *factors.plot([], [], color=BLUE, label="W₁"),
        *surface.plot([], [], ".", color=BLUE, label="x: Swiss roll"),
        *surface.plot([], [], ".", color=ORANGE, label="y: with noise"),
        *factors.plot([], [], color=RED, label="± c"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=8, markerscale=1.5)


def _name(critic: Critic) -> str:
    return f"c = {critic.limit:g}" if critic.name == "clip" else critic.name
