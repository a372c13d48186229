"""The picture of the lesson `piles-of-dirt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.piles_of_dirt.numbers import PilesOfDirt
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, SHADES, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: PilesOfDirt) -> Figure:
    """The carrying, its moves one by one, a plan and the prices.

    Parameters
    ----------
    numbers : PilesOfDirt

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(2, 2, width=5.0, height=3.7) as (figure, axes):
        for panel, of in zip(
            axes, (_draw_carrying, _draw_moves, _draw_plan, _draw_prices), strict=True
        ):
            of(panel, numbers)
    return figure


def _draw_carrying(axes: Axes, numbers: PilesOfDirt) -> None:
    place = np.arange(1, len(numbers.P) + 1)
    top = float(max(numbers.P.max(), numbers.Q.max()))
    _draw_piles(axes, numbers)
    _draw_flow(axes, numbers, top)
    axes.set(
        title=f"Carrying P into Q takes {numbers.work:.4g} shovel-steps",
        xlabel="pile",
        ylabel="shovelfuls",
        xticks=place,
        ylim=(0, 1.5 * top),
    )
    axes.grid(axis="x", visible=False)


def _draw_piles(axes: Axes, numbers: PilesOfDirt) -> None:
    place = np.arange(1, len(numbers.P) + 1)
    for offset, heights, color, name in (
        (-0.2, numbers.P, BLUE, "P"),
        (0.2, numbers.Q, ORANGE, "Q"),
    ):
        axes.bar(place + offset, heights, width=0.36, color=color)
        for x, height in zip(place + offset, heights, strict=True):
            axes.annotate(
                f"{name} {height:.3g}",
                (x, height),
                (0, 3),
                textcoords="offset points",
                ha="center",
                color=color,
                fontsize=9,
            )


def _draw_flow(axes: Axes, numbers: PilesOfDirt, top: float) -> None:
    for i, flow in enumerate(numbers.flow[:-1], start=1):
        if flow == 0:
            continue
        ends = [(i + 0.08, 1.25 * top), (i + 0.92, 1.25 * top)]
        start, stop = ends if flow > 0 else ends[::-1]
        style = {"arrowstyle": "-|>", "color": GREEN, "linewidth": 1.2 + 2.4 * abs(flow) / top}
        axes.annotate("", stop, start, arrowprops=style)
        axes.annotate(
            f"carry {abs(flow):.3g}",
            (i + 0.5, 1.25 * top),
            (0, 8),
            textcoords="offset points",
            ha="center",
            color=GREEN,
        )


def _draw_moves(axes: Axes, numbers: PilesOfDirt) -> None:
    moves = numbers.moves
    place = np.arange(1, len(numbers.P) + 1)
    states = [(numbers.P, numbers.Q), *((move.P, move.Q) for move in moves)]
    scale = 0.8 / np.max(states)
    for k, (P, Q) in enumerate(states):
        for offset, piles, color in ((-0.2, P, BLUE), (0.2, Q, ORANGE)):
            axes.bar(place + offset, piles * scale, width=0.36, bottom=-k, color=color)
        alike = np.isclose(P, Q, atol=1e-9 * P.sum())
        for x in place[alike]:
            axes.plot([x - 0.38, x + 0.38], [-k - 0.06] * 2, color=GREEN, linewidth=2.6)
    axes.set(
        title="Move by move; green: the pair matches",
        xlabel="pile",
        xticks=place,
        yticks=-np.arange(len(moves) + 1),
        yticklabels=["before"]
        + [f"{m.amount:.3g}: {m.row}{m.pile} to {m.row}{m.pile + 1}" for m in moves],
        ylim=(-len(moves) - 0.2, 1),
    )
    axes.grid(visible=False)


def _draw_plan(axes: Axes, numbers: PilesOfDirt) -> None:
    n = len(numbers.P)
    extent = (0.5, n + 0.5, n + 0.5, 0.5)
    axes.imshow(numbers.plan, cmap=SHADES, vmax=1.6 * numbers.plan.max(), extent=extent)
    for i, j in np.argwhere(numbers.plan > 1e-9 * numbers.plan.max()):  # not rounding dust
        moved = i != j
        axes.text(
            j + 1,
            i + 1,
            f"{numbers.plan[i, j]:.3g}" + (f"×{abs(i - j)}" if moved else ""),
            ha="center",
            va="center",
            color=GREEN if moved else INK,
            fontweight="bold" if moved else "normal",
        )
    ticks = np.arange(1, n + 1)
    axes.set(
        title=f"A plan: shovelfuls×steps add up to {numbers.primal:.4g}",
        xlabel="to pile of Q",
        ylabel="from pile of P",
        xticks=ticks,
        yticks=ticks,
    )
    axes.grid(visible=False)


def _draw_prices(axes: Axes, numbers: PilesOfDirt) -> None:
    n = len(numbers.P)
    place = np.arange(1, n + 1)
    axes.plot(place, numbers.prices, "o-", color=GREEN, markersize=7)
    surplus = numbers.P - numbers.Q
    rises = np.append(np.diff(numbers.prices) > 0, False)
    for x, price, excess, rising in zip(place, numbers.prices, surplus, rises, strict=True):
        axes.annotate(
            f"{price:.3g} × ({excess:.3g})".replace("-", "−"),
            (x, price),
            (8, -15 if rising else 7),
            textcoords="offset points",
            color=GREEN,
        )
    axes.margins(y=0.2)
    axes.set(
        title=f"Prices of slope up to 1 earn {numbers.dual:.4g} as well",
        xlabel="pile",
        ylabel="price f",
        xticks=place,
        xlim=(0.7, n + 0.9),
    )
    axes.text(0.98, 0.93, "labels: f × (P − Q)", color=GRAY, ha="right", transform=axes.transAxes)
