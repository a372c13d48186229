"""Figures of a training run: samples, level sets of the critic, and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from otgan.gan.records import COLUMN_PREFIXES, Record
from otgan.measures import FloatArray, frame_of
from otgan.plot import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    SHADES,
    VIOLET,
    drawable,
    legend_below,
    panels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Snapshot",
    "compared_curves",
    "critic_level_sets",
    "distance_curves",
    "loss_curves",
    "progress_curves",
    "samples_over_training",
]

Snapshot = tuple[int, Mapping[str, FloatArray]]
"""The step of a measurement, and its arrays."""

UNITS = {"points": "data", "patches": "data", "features": "features"}
"""What distances in each space are measured in."""

FLOOR_LABEL = "floor: real against real"

RUN_COLORS = (BLUE, ORANGE, GREEN, VIOLET, "#E69F00", "#56B4E9", INK, GRAY)
"""Of several runs in one figure, the only one in which colors have no other meaning."""


def samples_over_training(
    snapshots: Sequence[Snapshot],
    *,
    titles: Sequence[str] | None = None,
    names: Sequence[str] = (),
    columns: int = 3,
) -> Figure:
    """Generated points on top of real ones at several moments of a run.

    Parameters
    ----------
    snapshots : list of (step, arrays)
        Arrays ``real`` and ``generated``, shapes (n, d): a histogram on the line, else the first
        two coordinates.
    titles : sequence of str, optional
        Of the panels, instead of the steps.
    names : sequence of str, optional
        Of the coordinates.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    with _panel_each(snapshots, columns) as (figure, axes):
        titles = titles or [f"step {step:,}" for step, _ in snapshots]
        on_the_line = snapshots[0][1]["real"].shape[1] == 1
        for axis, (_, arrays), title in zip(axes, snapshots, titles, strict=True):
            draw = _histogram if on_the_line else _scatter
            draw(axis, arrays)
            axis.set_title(title, parse_math=False)
        _name_coordinates(axes, columns, names, on_the_line=on_the_line)
        _legend_of_points(figure, axes[0])
    return figure


def critic_level_sets(
    snapshots: Sequence[Snapshot], *, names: Sequence[str] = (), columns: int = 3
) -> Figure:
    """Level sets of the critic in the plane; where they are close the critic is steep.

    All panels have the same levels, counted from each one's mean, as a critic is free up to a
    constant; the darker, the higher.

    Parameters
    ----------
    snapshots : list of (step, arrays)
        Arrays ``grid_x``, ``grid_y``, ``critic`` (values on the grid), ``real``, ``generated``.
    names : sequence of str, optional
        Of the coordinates.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.ticker import MaxNLocator

    with _panel_each(snapshots, columns) as (figure, axes):
        heights = [arrays["critic"] - arrays["critic"].mean() for _, arrays in snapshots]
        levels = _shared_levels(heights)
        for axis, (step, arrays), height in zip(axes, snapshots, heights, strict=True):
            grid = arrays["grid_x"], arrays["grid_y"], height
            shades = axis.contourf(*grid, levels=levels, cmap=SHADES, alpha=0.5)
            axis.contour(*grid, levels=levels, colors=INK, linewidths=0.35, linestyles="solid")
            _scatter(axis, arrays, size=3)
            axis.set_title(f"step {step:,}, range {np.ptp(height):.2f}")
            axis.grid(visible=False)
        _name_coordinates(axes, columns, names)
        label = f"critic less its mean, a line every {levels[1] - levels[0]:.2g}"
        figure.colorbar(shades, ax=axes, label=label, shrink=0.6, ticks=MaxNLocator(6))
        _legend_of_points(figure, axes[0])
    return figure


def _shared_levels(heights: Sequence[FloatArray]) -> FloatArray:
    """Levels for all panels, of which the middle one by its range has about a dozen."""
    step = float(np.median([np.ptp(height) for height in heights])) / 12 or 1.0
    least = min(float(height.min()) for height in heights)
    most = max(float(height.max()) for height in heights)
    step = float(f"{max(step, (most - least) / 60):.1g}")
    return step * np.arange(np.floor(least / step), np.ceil(most / step) + 2)


def progress_curves(records: Sequence[Record], *, is_w1: bool = True) -> Figure:
    """Critic estimate, certified lower bound, exact W1 and floor on one axis.

    Parameters
    ----------
    records : sequence of Record
    is_w1 : bool
        Whether the critic's estimate is one of W1; another divergence is not drawn on this axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    step = _column(records, "step")
    with panels(1, 1, width=8.6, height=3.9) as (figure, (axis,)):
        axis.plot(
            step, _column(records, "exact_w1"), color=BLUE, marker="o", ms=3, label="exact W1"
        )
        if is_w1:
            estimate = _column(records, "critic_estimate")
            axis.plot(step, estimate, color=VIOLET, label="critic's estimate")
        _draw_bound(axis, records, "w1_lower", ls="-", label="certified lower bound")
        zero = "the same for a critic that is zero everywhere"
        _draw_bound(axis, records, "w1_lower_zero", ls=":", label=zero)
        axis.plot(step, _column(records, "floor"), color=GRAY, ls="--", label=FLOOR_LABEL)
        axis.axhline(0.0, color=INK, lw=0.6)
        axis.set(xlabel="generator step", ylabel="distance, in units of the data")
        legend_below(axis, columns=3)
        return figure


def distance_curves(records: Sequence[Record]) -> Figure:
    """Exact and debiased W1 in each space, and the Fréchet distance, beside what real data show.

    Parameters
    ----------
    records : sequence of Record

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each space that was measured.
    """
    measured = [name for name in COLUMN_PREFIXES if _is_measured(records, debiased_column(name))]
    with_frechet = _is_measured(records, "frechet")
    count = len(measured) + with_frechet
    with panels(1, count, width=max(8.6 / count, 3.1), height=3.3) as (figure, axes):
        for axis, name in zip(axes, measured, strict=False):
            _draw_distances(axis, records, name)
        if with_frechet:
            step = _column(records, "step")
            axes[-1].plot(step, _column(records, "frechet"), color=BLUE)
            floor = _column(records, "frechet_floor")
            axes[-1].plot(step, floor, color=GRAY, ls="--")
            axes[-1].set(title="squared Fréchet distance", yscale="log")
            axes[-1].set_ylabel("in squared units")
        for axis in axes:
            axis.set_xlabel("generator step")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        return figure


def loss_curves(records: Sequence[Record], *, is_w1: bool = True) -> Figure:
    """The losses of critic and generator, and the critic's estimate where it is not one of W1.

    Parameters
    ----------
    records : sequence of Record
    is_w1 : bool

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = ["critic_loss", "generator_loss"] + ["critic_estimate"] * (not is_w1)
    with panels(1, len(columns), width=8.6 / len(columns), height=2.7) as (figure, axes):
        for axis, name in zip(axes, columns, strict=True):
            axis.plot(_column(records, "step"), _column(records, name), color=VIOLET)
            axis.set(title=name.replace("_", " "), xlabel="generator step", ylabel="value")
        return figure


def compared_curves(runs: Mapping[str, Sequence[Record]]) -> Figure:
    """Debiased W1 of several runs in each space, and their Fréchet distances.

    Parameters
    ----------
    runs : mapping of str to sequence of Record
        By what is written beside their curves.

    Returns
    -------
    matplotlib.figure.Figure
    """
    every = [record for records in runs.values() for record in records]
    columns = {f"debiased W1 of {name}": debiased_column(name) for name in COLUMN_PREFIXES}
    columns["Fréchet distance"] = "frechet"
    shown = {title: name for title, name in columns.items() if _is_measured(every, name)}
    with panels(1, len(shown), width=max(8.6 / len(shown), 3.1), height=3.3) as (figure, axes):
        for axis, (title, name) in zip(axes, shown.items(), strict=True):
            for (label, records), color in zip(runs.items(), cycle(RUN_COLORS)):
                axis.plot(
                    _column(records, "step"), _column(records, name), color=color, label=label
                )
            axis.axhline(0.0, color=INK, lw=0.6)
            axis.set(title=title, xlabel="generator step")
        across = min(len(runs), 4)
        labels = axes[0].get_legend_handles_labels()
        figure.legend(*labels, loc="outside lower center", ncols=across)
        return figure


def debiased_column(space: str) -> str:
    """The column of `Record` that holds debiased W1 of a space."""
    return f"{COLUMN_PREFIXES[space]}debiased_w1"


def _draw_distances(axis: Axes, records: Sequence[Record], space: str) -> None:
    prefix = COLUMN_PREFIXES[space]
    step = _column(records, "step")
    debiased, se = (_column(records, debiased_column(space) + end) for end in ("", "_se"))
    exact = _column(records, f"{prefix}w1" if prefix else "exact_w1")
    axis.plot(step, exact, color=BLUE, label="exact W1")
    axis.plot(step, _column(records, f"{prefix}floor"), color=GRAY, ls="--", label=FLOOR_LABEL)
    axis.plot(step, debiased, color=INK, label="debiased W1, ± 2 standard errors")
    axis.fill_between(step, debiased - 2 * se, debiased + 2 * se, color=INK, alpha=0.15, lw=0)
    axis.axhline(0.0, color=INK, lw=0.6)
    axis.set(title=f"W1 of {space}", ylabel=f"in the unit of the {UNITS[space]}")


def _draw_bound(axis: Axes, records: Sequence[Record], name: str, *, ls: str, label: str) -> None:
    """A certified bound, unless it is defined nowhere, as for a critic of packed points."""
    if _is_measured(records, name):
        step, bound = _column(records, "step"), _column(records, name)
        axis.plot(step, bound, color=GREEN, lw=1, ls=ls, label=label)


def _column(records: Sequence[Record], name: str) -> FloatArray:
    return np.array([getattr(record, name) for record in records], dtype=float)


def _is_measured(records: Sequence[Record], name: str) -> bool:
    return bool(np.isfinite(_column(records, name)).any())


@contextmanager
def _panel_each(snapshots: Sequence[Snapshot], columns: int) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure with one panel for each snapshot, in rows."""
    rows = -(-len(snapshots) // columns)
    with panels(rows, columns, width=3.1, height=3.1) as (figure, axes):
        for axis in axes[len(snapshots) :]:
            axis.remove()
        yield figure, axes[: len(snapshots)]


def _name_coordinates(
    axes: Sequence[Axes], columns: int, names: Sequence[str], *, on_the_line: bool = False
) -> None:
    """Names of the coordinates at the left panels and at the lowest ones."""
    default = ["point"] if on_the_line else ["first coordinate", "second coordinate"]
    shown = [drawable(name) for name in names] or default
    for k, axis in enumerate(axes):
        if k + columns >= len(axes):
            axis.set_xlabel(shown[0], parse_math=False)
        if k % columns == 0 and not on_the_line:
            axis.set_ylabel(shown[1], parse_math=False)


def _legend_of_points(figure: Figure, axis: Axes) -> None:
    """One legend for all panels, below them, where it lies on no point."""
    labels = axis.get_legend_handles_labels()
    figure.legend(*labels, loc="outside lower center", ncols=2, markerscale=2.5)


def _histogram(axis: Axes, arrays: Mapping[str, FloatArray]) -> None:
    real, generated = arrays["real"][:, 0], arrays["generated"][:, 0]
    bins = np.linspace(real.min(), real.max(), 41).tolist()
    for points, color, label in ((real, BLUE, "real"), (generated, ORANGE, "generated")):
        axis.hist(points, bins=bins, color=color, alpha=0.5, label=label)
    axis.set_ylabel("points")


def _scatter(axis: Axes, arrays: Mapping[str, FloatArray], *, size: float = 6) -> None:
    real, generated = arrays["real"], arrays["generated"]
    for points, color, label in ((real, BLUE, "real"), (generated, ORANGE, "generated")):
        x, y = points[:, 0], points[:, 1]
        axis.scatter(x, y, s=size, color=color, alpha=0.6, lw=0, label=label)
    low, high = frame_of(real[:, :2])
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
