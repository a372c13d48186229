"""Which texts of a picture lie on each other, or leave it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

__all__ = ["overlapping_texts"]

SLACK = 1.0
"""Pixels by which boxes may meet: they are somewhat larger than their letters."""


def overlapping_texts(figure: Figure) -> list[tuple[str, ...]]:
    """Pairs of texts that share pixels, and texts that are cut off, as they are drawn."""
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    hidden = _hidden_ticks(figure)
    boxes = [
        (text.get_text(), Text.get_window_extent(text, renderer))  # without the arrow
        for text in figure.findobj(Text)
        if isinstance(text, Text)
        and text.get_text().strip()
        and text.get_visible()
        and text not in hidden
    ]
    found: list[tuple[str, ...]] = [(name,) for name, box in boxes if not _within(box, figure.bbox)]
    for (first, one), (second, other) in combinations(boxes, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        down = min(one.y1, other.y1) - max(one.y0, other.y0)
        if min(across, down) > SLACK:
            found.append((first, second))
    return found


def _within(box: BboxBase, frame: BboxBase) -> bool:
    """Whether the box lies in the frame."""
    left, right = box.x0 - frame.x0, frame.x1 - box.x1
    below, above = box.y0 - frame.y0, frame.y1 - box.y1
    return min(left, right, below, above) >= -SLACK


def _hidden_ticks(figure: Figure) -> set[Text]:
    """Labels of ticks that matplotlib keeps, and does not draw: beyond the limits of their axis."""
    hidden: set[Text] = set()
    for axes in figure.axes:
        axis: Any  # which ticks are drawn, matplotlib tells by a private method only
        for axis in (axes.xaxis, axes.yaxis):
            drawn = set(axis._update_ticks()) if axes.axison else set()
            every = (*axis.majorTicks, *axis.minorTicks)
            hidden |= {
                one for tick in every if tick not in drawn for one in (tick.label1, tick.label2)
            }
            if not axes.axison:
                hidden |= {axis.label, axis.get_offset_text()}
    return hidden
