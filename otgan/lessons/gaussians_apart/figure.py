"""The picture of the lesson `gaussians-apart`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.gaussians_apart.numbers import Comparison, GaussiansApart
from otgan.plot import BLUE, GRAY, INK, ORANGE, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: GaussiansApart) -> Figure:
    """The divergences and their slopes against the shift, and the pair that shows asymmetry.

    Parameters
    ----------
    numbers : GaussiansApart

    Returns
    -------
    matplotlib.figure.Figure
    """
    n = numbers
    curves = (
        ("KL", n.kl, n.kl_slope, INK),
        ("W₁", n.w1, n.w1_slope, BLUE),
        ("TV", n.tv, n.tv_slope, GRAY),
        ("JS", n.js, n.js_slope, RED),
    )
    apart = n.deltas > 0
    far = float(n.deltas.max()) or 1.0
    with panels(1, 3, width=4.4, height=3.9) as (figure, (values, slopes, pair)):
        for _, value, slope, color in curves:
            values.plot(n.deltas, value, color=color)
            slopes.semilogy(n.deltas[apart], slope[apart], color=color)
        values.set(
            title="JS and TV hit a ceiling",
            xlabel="shift of the mean",
            ylabel="value",
            ylim=(0, 1.05 * far),
        )
        slopes.set(
            title="Only W₁ pulls alike from everywhere",
            xlabel="shift of the mean",
            ylabel="slope",
            ylim=(1e-6, 4 * max(far, 1)),
        )
        _label_curves(values, slopes, n)
        _draw_pair(pair, n.unequal)
    return figure


def _label_curves(values: Axes, slopes: Axes, numbers: GaussiansApart) -> None:
    n = numbers
    far = int(n.deltas.argmax())
    high = int(np.abs(n.kl - 0.9 * n.deltas[far]).argmin())
    middle = int(np.abs(n.deltas - 0.65 * n.deltas[far]).argmin())
    steep_tv, steep_js = (
        int(np.abs(np.log(np.maximum(slope, 1e-300) / 3e-4)).argmin())
        for slope in (n.tv_slope, n.js_slope)
    )
    labels = (
        (values, "KL", high, n.kl, INK, (-8, 0), "right"),
        (values, "W₁ = shift", middle, n.w1, BLUE, (8, -8), "left"),
        (values, "TV → 1", far, n.tv, GRAY, (0, 5), "right"),
        (values, "JS → log 2", far, n.js, RED, (0, -12), "right"),
        (slopes, "KL: the shift", far, n.kl_slope, INK, (0, 6), "right"),
        (slopes, "W₁: 1", far, n.w1_slope, BLUE, (0, -13), "right"),
        (slopes, "TV", steep_tv, n.tv_slope, GRAY, (-8, 0), "right"),
        (slopes, "JS", steep_js, n.js_slope, RED, (8, 0), "left"),
    )
    for axes, name, at, curve, color, offset, side in labels:
        axes.annotate(
            name,
            (n.deltas[at], curve[at]),
            offset,
            textcoords="offset points",
            ha=side,
            color=color,
        )


def _draw_pair(axes: Axes, pair: Comparison) -> None:
    widest = max(pair.P.std, pair.Q.std)
    x = np.linspace(pair.P.mean - 4 * widest, pair.Q.mean + 4 * widest, 400)
    for name, distribution, color in (("P", pair.P, BLUE), ("Q", pair.Q, ORANGE)):
        density = np.exp([distribution.log_pdf(value) for value in x.tolist()])
        axes.fill_between(x, density, color=color, alpha=0.25)
        axes.plot(x, density, color=color)
        axes.annotate(
            f"{name} = N({distribution.mean:g}, {distribution.std:g}²)",
            (
                distribution.mean + distribution.std,
                np.exp(distribution.log_pdf(distribution.mean + distribution.std)),
            ),
            (6, 3),
            textcoords="offset points",
            color=color,
        )
    axes.set(title="KL is not symmetric once variances differ", xlabel="x", ylabel="density")
    axes.set_ylim(0, None)
    axes.text(
        0.98,
        0.74,
        f"KL(P‖Q) = {pair.kl:.4f}\nKL(Q‖P) = {pair.kl_reversed:.4f}\nW₁ = {pair.w1:.4f}",
        ha="right",
        transform=axes.transAxes,
        linespacing=1.5,
    )
