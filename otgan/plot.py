"""Pictures: one style, and one function a picture. No global matplotlib state is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otgan.errors import require

require("matplotlib", extra="plot", purpose="drawing a picture")

import matplotlib as mpl  # noqa: E402 - the check above gives the kinder error
from matplotlib.figure import Figure  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLUE", "GREEN", "GREY", "INK", "ORANGE", "RED", "VIOLET", "panels", "save"]

# One meaning a colour in every picture (Okabe and Ito's palette, readable when colour-blind).
BLUE = "#0072B2"  # real data, the first measure, the exact number
ORANGE = "#D55E00"  # generated data, the second measure
GREEN = "#009E73"  # what is certified: bounds, potentials, the floor
VIOLET = "#CC79A7"  # a neural critic and its estimate
RED = "#B2182B"  # what fails
GREY = "#8C8C8C"
INK = "#222222"

STYLE: Any = {
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.alpha": 0.25,
    "grid.color": GREY,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "text.color": INK,
}


@contextmanager
def panels(
    rows: int, columns: int, *, width: float = 4.2, height: float = 3.4
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure in otgan's style with its axes in reading order.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        Inches for each panel.

    Yields
    ------
    figure : matplotlib.figure.Figure
        Not registered with pyplot: nothing to close, no window opens.
    axes : list of matplotlib.axes.Axes

    Examples
    --------
    >>> with panels(1, 2) as (figure, axes):
    ...     _ = axes[0].plot([0, 1], [0, 1], color=BLUE)
    >>> len(axes)
    2
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
        yield figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def save(figure: Figure, path: str | Path, *, dpi: int = 130) -> Path:
    """Write a figure, creating its folder; the ending decides the format.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
    dpi : int
        Dots per inch of bitmap formats.

    Returns
    -------
    Path
        Where it lies.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=dpi)
    return path
