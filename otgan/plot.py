"""Pictures: one style, and one function a picture. No global matplotlib state is touched."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.errors import InvalidInputError, OutputError, require
from otgan.measures import FloatArray, frame_of
from otgan.output_files import make_folder, replacing, why_no_file
from otgan.text import encodable, printable, shortened

require("matplotlib", extra="plot", purpose="drawing a picture")

import matplotlib as mpl  # noqa: E402 - the check above gives the kinder error
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.font_manager import FontProperties, findfont, get_font  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLUE",
    "GRAY",
    "GREEN",
    "INK",
    "ORANGE",
    "RED",
    "VIOLET",
    "as_picture_path",
    "critic_level_sets",
    "drawable",
    "image_grid",
    "panels",
    "progress",
    "samples_over_training",
    "save",
]

LONGEST_NAME = 60
"""Characters of a user's name that are drawn."""

Snapshot = tuple[int, Mapping[str, FloatArray]]

# One meaning a color in every picture (Okabe and Ito's palette, readable when color-blind).
BLUE = "#0072B2"  # real data, the first measure, the exact number
ORANGE = "#D55E00"  # generated data, the second measure
GREEN = "#009E73"  # what is certified: bounds, potentials, the floor
VIOLET = "#CC79A7"  # a neural critic and its estimate
RED = "#B2182B"  # what fails
GRAY = "#8C8C8C"
INK = "#222222"

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


def as_picture_path(path: str | Path) -> Path:
    """Where a picture can be saved, or an error before it is drawn; no folder is made yet.

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


def drawable(text: str) -> str:
    """A user's text as a picture can show it: on one line, and in letters that its fonts hold.

    Draw it with ``parse_math=False``, so that a ``$`` is a ``$``.

    Examples
    --------
    >>> print(drawable("price in $"), drawable(chr(0xe000)))
    price in $ \ue000
    """
    known: set[int] = set()
    for family in mpl.rcParams["font.family"]:
        known |= _letters(findfont(FontProperties(family=[family])))
    shown = shortened(printable(text), LONGEST_NAME)
    return "".join(c if ord(c) in known else encodable(c, "ascii") for c in shown)


@cache
def _letters(font: str) -> frozenset[int]:
    return frozenset(get_font(font).get_charmap())


def samples_over_training(snapshots: list[Snapshot], *, columns: int = 3) -> Figure:
    """Generated points on top of real ones at several moments of a run.

    Parameters
    ----------
    snapshots : list of (step, arrays)
        Arrays ``real`` and ``generated``, shapes (n, d): a histogram on the line, else the first
        two coordinates.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(snapshots) // columns)
    with panels(rows, columns, width=3.1, height=3.1) as (figure, axes):
        for axis, (step, arrays) in zip(axes, snapshots, strict=False):
            _scatter(axis, arrays) if arrays["real"].shape[1] > 1 else _histogram(axis, arrays)
            axis.set_title(f"step {step:,}")
        axes[0].legend(loc="center", fontsize=9, handletextpad=0.1, markerscale=2.5)
        for axis in axes[len(snapshots) :]:
            axis.remove()
        return figure


def critic_level_sets(snapshots: list[Snapshot], *, columns: int = 3) -> Figure:
    """Level sets of the critic in the plane; where they are close the critic is steep.

    Parameters
    ----------
    snapshots : list of (step, arrays)
        Arrays ``grid_x``, ``grid_y``, ``critic`` (values on the grid), ``real``, ``generated``.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(snapshots) // columns)
    with panels(rows, columns, width=3.1, height=3.1) as (figure, axes):
        for axis, (step, arrays) in zip(axes, snapshots, strict=False):
            height = arrays["critic"] - arrays["critic"].mean()
            top = float(np.abs(height).max()) or 1.0
            levels = np.linspace(-top, top, 21)
            grid = arrays["grid_x"], arrays["grid_y"], height
            axis.contourf(*grid, levels=levels, cmap="PiYG", alpha=0.75)
            axis.contour(*grid, levels=levels, colors=INK, linewidths=0.35)
            _scatter(axis, arrays, size=3)
            axis.set_title(f"step {step:,}, range {np.ptp(height):.2f}")
        for axis in axes[len(snapshots) :]:
            axis.remove()
        return figure


def progress(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Critic estimate, certified lower bound, exact W1 and floor on one axis.

    Parameters
    ----------
    curves : mapping
        Equally long sequences ``step``, ``critic_estimate``, ``lower``, ``lower_zero``,
        ``exact_w1``, ``floor``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(1, 1, width=8.6, height=3.9) as (figure, (axis,)):
        step = curves["step"]
        axis.plot(step, curves["exact_w1"], color=BLUE, marker="o", ms=3, label="exact W1")
        axis.plot(step, curves["critic_estimate"], color=VIOLET, label="critic's estimate")
        axis.plot(step, curves["lower"], color=GREEN, lw=1, label="certified lower bound")
        zero = "the same of a critic that is zero everywhere"
        axis.plot(step, curves["lower_zero"], color=GREEN, lw=1, ls=":", label=zero)
        axis.plot(step, curves["floor"], color=GRAY, ls="--", label="floor: real against real")
        axis.set(xlabel="generator step", ylabel="distance, in units of the data")
        axis.set_ylim(bottom=min(0.0, *curves["critic_estimate"]))
        axis.legend()
        return figure


def image_grid(images: FloatArray, *, side: int, columns: int = 12) -> Figure:
    """Square pictures in rows, each given as one flat point.

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


def _histogram(axis: Axes, arrays: Mapping[str, FloatArray]) -> None:
    real, generated = arrays["real"][:, 0], arrays["generated"][:, 0]
    bins = np.linspace(real.min(), real.max(), 41).tolist()
    for points, color, label in ((real, BLUE, "real"), (generated, ORANGE, "generated")):
        axis.hist(points, bins=bins, color=color, alpha=0.5, label=label)
    axis.set(yticks=[])


def _scatter(axis: Axes, arrays: Mapping[str, FloatArray], *, size: float = 6) -> None:
    real, generated = arrays["real"], arrays["generated"]
    for points, color, label in ((real, BLUE, "real"), (generated, ORANGE, "generated")):
        x, y = points[:, 0], points[:, 1]
        axis.scatter(x, y, s=size, color=color, alpha=0.6, lw=0, label=label)
    low, high = frame_of(real[:, :2])
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[], aspect="equal")
