"""Figures in one style, written whole; no global state of matplotlib is changed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from otgan.errors import InvalidInputError, OutputError, require
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.output_files import make_folder, replacing, why_no_file
from otgan.palette import BLUE, GRAY, GREEN, INK, ORANGE, RED, VIOLET
from otgan.text import encodable, printable, shortened

require("matplotlib", extra="plot", purpose="drawing a picture")

import matplotlib as mpl  # noqa: E402 - the check above gives the kinder error
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.font_manager import FontProperties, findfont, get_font  # noqa: E402
from matplotlib.transforms import ScaledTranslation  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLUE",
    "GRAY",
    "GREEN",
    "INK",
    "ORANGE",
    "RED",
    "SHADES",
    "VIOLET",
    "as_picture_path",
    "drawable",
    "image_grid",
    "legend_below",
    "panels",
    "save",
    "side_by_side",
]

Numbers = TypeVar("Numbers")

BELOW_LABEL = -0.48
"""Inches from the bottom of a panel to its legend: what ticks and a label take."""

MAX_NAME_LENGTH = 60
"""Characters of a user's name that are drawn."""

SHADES = "Greys"
"""The color map of masses and of values on a plane: the darker, the more."""

STYLE: Any = {
    "axes.edgecolor": GRAY,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.alpha": 0.25,
    "grid.color": GRAY,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "text.color": INK,
}


@checks_keywords
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


@checks_keywords
def side_by_side(
    numbers: Numbers, *draw: Callable[[Axes, Numbers], None], width: float, height: float
) -> Figure:
    """A figure of one row, each panel drawn by a function of its axes and the numbers.

    Parameters
    ----------
    numbers : object
    *draw : callable(axes, numbers)
        One for each panel.
    width, height : float
        Inches for each panel.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> def curve(axes, values):
    ...     axes.plot(values)
    >>> len(side_by_side([1, 4, 9], curve, curve, width=4.0, height=3.0).axes)
    2
    """
    with panels(1, len(draw), width=width, height=height) as (figure, axes):
        for axis, function in zip(axes, draw, strict=True):
            function(axis, numbers)
    return figure


@checks_keywords
def legend_below(axis: Axes, *, columns: int, size: float = 8.5) -> None:
    """The legend of a panel under the label of its x axis, where it lies on no data.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    columns : int
    size : float
        Of its letters, in points.
    """
    down = ScaledTranslation(0.0, BELOW_LABEL, axis.figure.dpi_scale_trans)
    axis.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), bbox_transform=axis.transAxes + down,
        ncols=columns, fontsize=size, columnspacing=1.2, borderaxespad=0.0,
    )  # fmt: skip


@checks_keywords
def save(figure: Figure, path: str | Path, *, dpi: int = 130) -> Path:
    """Write a figure, creating its folder; the ending of the name decides the format.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
    dpi : int
        Dots per inch of bitmap formats.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidInputError
        An ending that matplotlib does not know.
    OutputError
        It cannot be written there.
    """
    path = as_picture_path(path)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi, format=path.suffix.removeprefix(".").lower())
    make_folder(path.parent)
    with replacing(path) as file:
        file.write(drawn.getvalue())
    return path


@checks_keywords
def as_picture_path(path: str | Path) -> Path:
    """The path of a picture that can be saved, checked before it is drawn; no folder is made yet.

    Raises
    ------
    InvalidInputError
        An ending that matplotlib does not know.
    OutputError
        A folder, or a file that cannot be written.

    Examples
    --------
    >>> as_picture_path("picture.png").suffix
    '.png'
    """
    path = Path(path)
    formats = {**Figure().canvas.get_supported_filetypes()}
    if shutil.which(mpl.rcParams["pgf.texsystem"]) is None:
        del formats["pgf"]
    if path.suffix.removeprefix(".").lower() not in formats:
        raise InvalidInputError(
            f"a picture's name must end in one of {', '.join(sorted(formats))}, got {str(path)!r}; "
            "to fix it, call it e.g. picture.png"
        )
    if reason := why_no_file(path):
        raise _unwritable(path, reason)
    return path


def _unwritable(path: Path, reason: str) -> OutputError:
    return OutputError(
        f"a picture's file must be one that can be written, got {str(path)!r} ({reason}); to fix "
        "it, name another folder"
    )


@checks_keywords
def drawable(text: str) -> str:
    """A user's text as a figure can show it: on one line, and in letters that its fonts hold.

    Draw it with ``parse_math=False``, so that a ``$`` is a ``$``.

    Examples
    --------
    >>> print(drawable("price in $"), drawable(chr(0xe000)))
    price in $ \ue000
    """
    known: set[int] = set()
    for family in mpl.rcParams["font.family"]:
        known |= _letters(findfont(FontProperties(family=[family])))
    shown = shortened(printable(text), MAX_NAME_LENGTH)
    return "".join(c if ord(c) in known else encodable(c, "ascii") for c in shown)


@cache
def _letters(font: str) -> frozenset[int]:
    return frozenset(get_font(font).get_charmap())


@checks_keywords
def image_grid(images: FloatArray, *, side: int, columns: int = 12) -> Figure:
    """Square images in rows, each given as one flattened point.

    Parameters
    ----------
    images : ndarray, shape (n, side * side) or (n, side * side * 3)
        Values in [0, 1]; what lies outside is clipped.
    side : int
        Pixels on a side.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    shape = (side, side) if images.shape[1] == side * side else (side, side, 3)
    rows = -(-len(images) // columns)
    with panels(rows, columns, width=0.75, height=0.75) as (figure, axes):
        for axis in axes:
            axis.set_axis_off()
        for axis, image in zip(axes, np.clip(images, 0.0, 1.0), strict=False):
            axis.imshow(image.reshape(shape), cmap="gray", vmin=0, vmax=1)
        return figure
