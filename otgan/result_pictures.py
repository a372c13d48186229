"""How `Result.plot` draws: on the caller's axes, or on a new figure that pyplot shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.plot import BLUE, GRAY, INK, panels
from otgan.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LabeledNumber", "draw", "draw_numbers"]


def draw(result: Result, ax: Any, options: Mapping[str, Any]) -> Axes | npt.NDArray[np.object_]:
    """What :meth:`Result.plot` returns."""
    if result.figure:
        if ax is not None:
            raise InvalidInputError(
                f"ax must be left out, as the picture of a {type(result).__name__} has several "
                f"panels, got {type(ax).__name__}; to fix it, call plot(), which returns them all"
            )
        return _shown(_function(result.figure)(result, **options))
    function = _function(result.panel) if result.panel else number_and_bracket
    if ax is not None:
        function(_checked(ax), result, **options)
        return _checked(ax)
    with panels(1, 1, width=6.4, height=4.0 if result.panel else 1.8) as (figure, (axis,)):
        function(axis, result, **options)
    _shown(figure)
    return axis


def _function(name: str) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(import_module(module), function)


def _checked(ax: Any) -> Axes:
    from matplotlib.axes import Axes

    if isinstance(ax, Axes):
        return ax
    raise InvalidInputError(
        f"ax must be Axes of matplotlib, got {type(ax).__name__}; to fix it, pass one of "
        "matplotlib.pyplot.subplots(), or leave it out"
    )


def _shown(figure: Figure) -> npt.NDArray[np.object_]:
    """The axes of a figure, after pyplot has taken it over."""
    from matplotlib import pyplot

    axes = np.empty(len(figure.axes), dtype=object)
    axes[:] = figure.axes
    # The one way of every version to let pyplot show a figure that it has not made.
    pyplot.figure(FigureClass=lambda *args, **kwargs: figure)  # type: ignore[arg-type]
    return axes


# ---------------------------------------------------------------- numbers with their intervals


class LabeledNumber(NamedTuple):
    """A number with its interval, if there is one, as one line of a picture."""

    label: str
    value: float
    interval: tuple[float, float] | None = None
    color: str = BLUE


def draw_numbers(axis: Axes, numbers: Sequence[LabeledNumber], *, unit: str) -> None:
    """Numbers as dots below each other, their intervals as lines, their values at the right.

    What is infinite or NaN is written, and not drawn.
    """
    place = np.arange(len(numbers))[::-1]
    for k, number in zip(place, numbers, strict=True):
        ends = number.interval
        if ends is not None and np.isfinite(ends).all():
            axis.plot(ends, [k, k], "|-", color=INK, lw=1.6, ms=9, mew=1.6, solid_capstyle="butt")
        if np.isfinite(number.value):
            axis.plot([number.value], [k], "o", color=number.color, ms=7, zorder=4)
        axis.text(
            1.02, k, f"{number.value:.4g}", transform=axis.get_yaxis_transform(), va="center",
            fontsize=9, color=INK,
        )  # fmt: skip
    axis.axvline(0.0, color=GRAY, lw=0.8, zorder=0)
    axis.set(yticks=place, yticklabels=[number.label for number in numbers], xlabel=unit)
    axis.set_ylim(-0.6, len(numbers) - 0.4)
    axis.margins(x=0.1)
    axis.grid(visible=False, axis="y")


@checks_keywords
def number_and_bracket(axis: Axes, result: Result) -> None:
    """The main number of any result, with its bracket if it has one."""
    ends = result.ends()
    title = f"{type(result).__name__}: {float(result):.4g}"
    if ends is not None:
        title += f", {', '.join(result.bracket)} [{ends[0]:.4g}, {ends[1]:.4g}]"
    draw_numbers(axis, [LabeledNumber("", float(result), ends)], unit="value")
    axis.set_title(title, fontsize=10)
