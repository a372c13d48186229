"""The picture of the lesson `cover-or-seek`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from otgan.keywords import checks_keywords
from otgan.lessons.cover_or_seek.fitting import Bumps
from otgan.lessons.cover_or_seek.numbers import FARTHEST, CoverOrSeek
from otgan.plot import BLUE, GRAY, INK, RED, legend_below, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: CoverOrSeek) -> Figure:
    """The three best fits, their widths as the bumps part, and where each begins to seek.

    Parameters
    ----------
    numbers : CoverOrSeek

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _draw_fits, _draw_widths, _draw_switches, width=4.4, height=3.8)


def _styles(numbers: CoverOrSeek) -> list[tuple[str, str, str]]:
    middle = "JS" if numbers.pi == 0.5 else f"JS, π = {numbers.pi:g}"
    return [("KL(P‖Q)", INK, "-"), (middle, RED, "--"), ("KL(Q‖P)", GRAY, "-")]


def _draw_fits(axes: Axes, n: CoverOrSeek) -> None:
    half = n.separation / 2
    x = np.linspace(-half - 4, half + 4, 500)
    axes.fill_between(
        x, np.exp(Bumps(-half, half, n.weight).log_pdf(x)), color=BLUE, alpha=0.3, label="P"
    )
    for fit, (name, color, style) in zip(n.fits, _styles(n), strict=True):
        axes.plot(x, norm.pdf(x, fit.mean, fit.std), style, color=color, label=name)
    axes.set(title="The best Gaussian, by three divergences", xlabel="x", ylabel="density")
    axes.set_ylim(0, None)
    legend_below(axes, columns=4)


def _draw_widths(axes: Axes, n: CoverOrSeek) -> None:
    for stds, (name, color, style) in zip(n.stds, _styles(n), strict=True):
        jumps = 1 + np.flatnonzero(np.diff(stds) < -0.3)  # not drawn as if there were fits between
        separations, values = (np.insert(one, jumps, np.nan) for one in (n.separations, stds))
        order = 3 if style == "--" else 2  # dashes lie on lines
        axes.plot(separations, values, style, color=color, label=name, zorder=order)
    axes.set(
        title="Covering ends with a jump, or never",
        xlabel="separation of the bumps (deviations)",
        ylabel="std of the best fit",
        ylim=(0, None),
    )
    legend_below(axes, columns=3)


def _draw_switches(axes: Axes, n: CoverOrSeek) -> None:
    found = np.isfinite(n.switches)
    pis, switches = n.pis[found], n.switches[found]
    axes.plot(pis, switches, "o-", color=RED)
    axes.fill_between(pis, switches, FARTHEST, color=GRAY, alpha=0.15)
    axes.text(0.62, 0.75 * FARTHEST, "seeks one", ha="center")
    axes.text(0.3, 0.16 * FARTHEST, "covers both", ha="center")
    axes.set(
        title="JS (π = ½) lies between the two KL",
        xlabel="π, from KL(P‖Q) at 0 to KL(Q‖P) at 1",
        ylabel="separation (deviations)",
        xlim=(0, 1.02),
        ylim=(0, FARTHEST),
    )
