"""The picture of the lesson `xy-game`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from otgan.keywords import checks_keywords
from otgan.lessons.xy_game.numbers import XYGame, radius_of
from otgan.measures import FloatArray
from otgan.plot import GRAY, INK, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: XYGame) -> Figure:
    """The three orbits in the plane, and their radius step by step.

    Parameters
    ----------
    numbers : XYGame

    Returns
    -------
    matplotlib.figure.Figure
    """
    paths = (
        ("simultaneous: leaves", numbers.simultaneous, RED),
        ("alternating: circles", numbers.alternating, GRAY),
        ("extragradient: arrives", numbers.extragradient, INK),
    )
    with panels(1, 2, width=5.2, height=4.4) as (figure, (plane, radii)):
        _draw_plane(plane, paths)
        for name, path, color in paths:
            radius = radius_of(path)
            radii.plot(radius, color=color)
            radii.annotate(
                f"{name} ({radius[-1] / radius[0]:.3g}×)",
                (numbers.steps, radius[-1]),
                (-4, 7 if radius[-1] > radius[0] / 2 else -16),
                textcoords="offset points",
                ha="right",
                color=color,
            )
        radii.set(
            title="The order of the moves decides", xlabel="step", ylabel="radius", yscale="log"
        )
        radii.margins(y=0.12)
    return figure


def _draw_plane(axes: Axes, paths: Sequence[tuple[str, FloatArray, str]]) -> None:
    for _, path, color in paths:
        shown = path[radius_of(path) < 4 * radius_of(path)[0]]
        axes.plot(*shown.T, color=color, linewidth=1.1)
    start = paths[0][1][0]
    axes.plot(*start, "o", color=INK)
    axes.annotate(
        "start",
        start,
        (8, 4),
        textcoords="offset points",
        bbox={"fc": "white", "ec": "none", "pad": 1},
    )
    axes.plot(0, 0, "+", color=INK, markersize=10)
    axes.set(
        title="One game, one start: out, around or in",
        xlabel="x",
        ylabel="y",
        aspect="equal",
    )
