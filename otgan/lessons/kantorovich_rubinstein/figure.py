"""The picture of the lesson `kantorovich-rubinstein`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.kantorovich_rubinstein.numbers import KantorovichRubinstein, mcshane
from otgan.plot import BLUE, GREEN, INK, ORANGE, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: KantorovichRubinstein) -> Figure:
    """Random bounds, the solver's bounds pivot by pivot, and the optimal critic with its plan.

    Parameters
    ----------
    numbers : KantorovichRubinstein

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _draw_random, _draw_bounds, _draw_critic, width=4.6, height=3.9)


def _draw_random(axes: Axes, numbers: KantorovichRubinstein) -> None:
    groups = (
        ("random critics", numbers.dual_values, GREEN),
        ("c-transformed", numbers.improved_values, GREEN),
        ("random couplings", numbers.primal_costs, INK),
    )
    rng = np.random.default_rng(0)
    for k, (_, values, color) in enumerate(groups):
        spread = k + rng.uniform(-0.3, 0.3, len(values))
        axes.plot(spread, values, ".", color=color, alpha=0.45, markersize=4)
    axes.axhline(numbers.distance, color=BLUE)
    axes.annotate(
        f"W₁ = {numbers.distance:.4g}",
        (-0.4, numbers.distance),
        (0, 5),
        textcoords="offset points",
        color=BLUE,
    )
    axes.set(
        title="No critic above W₁, no plan below",
        ylabel="score or cost",
        xticks=range(3),
        xticklabels=[name for name, _, _ in groups],
    )
    axes.grid(axis="x", visible=False)


def _draw_bounds(axes: Axes, numbers: KantorovichRubinstein) -> None:
    n = numbers
    end = 1.1 * n.pivots[-1]  # to show the last step
    pivots, lower, upper = (
        np.append(a, b)
        for a, b in ((n.pivots, end), (n.lower, n.lower[-1]), (n.upper, n.upper[-1]))
    )
    axes.fill_between(pivots, lower, upper, step="post", color=GREEN, alpha=0.12)
    axes.step(pivots, upper, where="post", color=INK, linewidth=2.6)
    axes.step(pivots, lower, where="post", color=GREEN)
    axes.axhline(n.distance, color=BLUE, linewidth=0.8, linestyle=":")
    middle = len(n.pivots) // 2
    axes.annotate(
        "best plan so far",
        (n.pivots[middle], n.upper[middle]),
        (0, 6),
        textcoords="offset points",
        color=INK,
    )
    axes.annotate(
        "best critic so far",
        (n.pivots[middle], n.lower[middle]),
        (0, -14),
        textcoords="offset points",
        color=GREEN,
    )
    axes.set(
        title=f"They meet at {n.distance:.6g}: gap {n.gap:.0e}",
        ylabel="certified bound",
        xlabel="pivots of the network simplex",
    )
    axes.margins(y=0.15)


def _draw_critic(axes: Axes, numbers: KantorovichRubinstein) -> None:
    n = numbers
    everything = np.vstack([n.x, n.y])
    reach = float(np.abs(everything).max()) + 0.3
    line = np.linspace(-reach, reach, 120)
    grid_x, grid_y = np.meshgrid(line, line)
    height = mcshane(n.y, -n.g, np.column_stack([grid_x.ravel(), grid_y.ravel()]))
    axes.contourf(grid_x, grid_y, height.reshape(grid_x.shape), levels=14, cmap="Greys", alpha=0.6)
    for i, j in np.argwhere(n.plan > 1e-9):
        axes.plot(*zip(n.x[i], n.y[j], strict=True), color=INK, linewidth=0.9)
    axes.plot(*n.x.T, "o", color=BLUE, markeredgecolor="white")
    axes.plot(*n.y.T, "s", color=ORANGE, markeredgecolor="white")
    axes.set(
        title="The best critic falls at slope 1 along the plan",
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    for left, name, color in (
        (0.02, "● x", BLUE),
        (0.14, "■ y", ORANGE),
        (0.26, "dark: high", INK),
    ):
        axes.text(left, 0.02, name, color=color, transform=axes.transAxes, bbox=box)
    axes.grid(visible=False)
