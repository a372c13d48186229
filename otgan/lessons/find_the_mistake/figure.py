"""The picture of the lesson `find-the-mistake`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otgan.keywords import checks_keywords
from otgan.lessons.find_the_mistake.numbers import FindTheMistake
from otgan.plot import BLUE, INK, ORANGE, RED, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: FindTheMistake) -> Figure:
    """Three of the mistakes: an asymmetric pair, one-sided labels, points between.

    Parameters
    ----------
    numbers : FindTheMistake

    Returns
    -------
    matplotlib.figure.Figure
    """
    return side_by_side(numbers, _asymmetry, _labels, _between, width=4.4, height=3.9)


def _asymmetry(axes: Axes, n: FindTheMistake) -> None:
    for name, curve, color, at in (
        ("p log(p/q)", n.forth, BLUE, -1.0),
        ("q log(q/p)", n.back, ORANGE, 2.0),
    ):
        axes.plot(n.x, curve, color=color)
        axes.fill_between(n.x, curve, color=color, alpha=0.2)
        high = float(curve[abs(n.x - at).argmin()])
        side = 8 if at > 0 else -8
        axes.annotate(
            name,
            (at, high),
            (side, 6),
            textcoords="offset points",
            ha="left" if at > 0 else "right",
            color=color,
        )
    axes.set(
        title="N(0, 1) and N(1, 1): KL is ½ both ways",
        xlabel="x",
        ylabel="integrand of KL",
        xlim=(-5, 6),
        ylim=(-0.2, 0.5),
    )


def _labels(axes: Axes, n: FindTheMistake) -> None:
    for name, curve, color, shift in (
        ("labels .9 and .1", n.two_sided, RED, 6),
        ("labels .9 and 0", n.one_sided, INK, -14),
    ):
        axes.plot(n.x, curve, color=color)
        axes.annotate(
            name, (n.x[-1], curve[-1]), (0, shift), textcoords="offset points", ha="right",
            color=color,
        )  # fmt: skip
    axes.set(
        title="Where only generated points are, D* is\nthe label of generated points",
        xlabel="x; data around -2, generated points around 2",
        ylabel="best discriminator",
        ylim=(-0.1, 1),
    )


def _between(axes: Axes, n: FindTheMistake) -> None:
    for name, curve, color, at, side in (
        ("a mixture:\n½ P_r + ½ P_g", n.mixture, RED, 1.0, "left"),
        ("points ½ x + ½ y", n.between, INK, 0.0, "center"),
    ):
        axes.plot(n.x, curve, color=color)
        axes.fill_between(n.x, curve, color=color, alpha=0.15)
        axes.annotate(
            name,
            (at, float(curve.max())),
            (0, 6),
            textcoords="offset points",
            ha=side,
            color=color,
        )
    axes.set(title="A mixture has no points between", xlabel="x", ylabel="density", ylim=(0, 1.1))
