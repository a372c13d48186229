"""Figures of a training run: samples, level sets of the critic, and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from otgan.gan.records import Record
from otgan.measures import FloatArray, frame_of
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, VIOLET, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["critic_level_sets", "progress_curves", "samples_over_training"]

Snapshot = tuple[int, Mapping[str, FloatArray]]
"""The step of a measurement, and its arrays."""


def samples_over_training(snapshots: Sequence[Snapshot], *, columns: int = 3) -> Figure:
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
    with _panel_each(snapshots, columns) as (figure, axes):
        for axis, (step, arrays) in zip(axes, snapshots, strict=True):
            draw = _scatter if arrays["real"].shape[1] > 1 else _histogram
            draw(axis, arrays)
            axis.set_title(f"step {step:,}")
        axes[0].legend(loc="center", fontsize=9, handletextpad=0.1, markerscale=2.5)
    return figure


def critic_level_sets(snapshots: Sequence[Snapshot], *, columns: int = 3) -> Figure:
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
    with _panel_each(snapshots, columns) as (figure, axes):
        for axis, (step, arrays) in zip(axes, snapshots, strict=True):
            height = arrays["critic"] - arrays["critic"].mean()
            top = float(np.abs(height).max()) or 1.0
            levels = np.linspace(-top, top, 21)
            grid = arrays["grid_x"], arrays["grid_y"], height
            axis.contourf(*grid, levels=levels, cmap="PiYG", alpha=0.75)
            axis.contour(*grid, levels=levels, colors=INK, linewidths=0.35)
            _scatter(axis, arrays, size=3)
            axis.set_title(f"step {step:,}, range {np.ptp(height):.2f}")
    return figure


def progress_curves(records: Sequence[Record]) -> Figure:
    """Critic estimate, certified lower bound, exact W1 and floor on one axis.

    Parameters
    ----------
    records : sequence of Record

    Returns
    -------
    matplotlib.figure.Figure
    """
    step, estimate, lower, exact, floor, lower_zero = zip(
        *(
            (r.step, r.critic_estimate, r.w1_lower, r.exact_w1, r.floor, r.w1_lower_zero)
            for r in records
        ),
        strict=True,
    )
    with panels(1, 1, width=8.6, height=3.9) as (figure, (axis,)):
        axis.plot(step, exact, color=BLUE, marker="o", ms=3, label="exact W1")
        axis.plot(step, estimate, color=VIOLET, label="critic's estimate")
        axis.plot(step, lower, color=GREEN, lw=1, label="certified lower bound")
        zero = "the same for a critic that is zero everywhere"
        axis.plot(step, lower_zero, color=GREEN, lw=1, ls=":", label=zero)
        axis.plot(step, floor, color=GRAY, ls="--", label="floor: real against real")
        axis.set(xlabel="generator step", ylabel="distance, in units of the data")
        axis.set_ylim(bottom=min(0.0, *estimate))
        axis.legend()
        return figure


@contextmanager
def _panel_each(snapshots: Sequence[Snapshot], columns: int) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure with one panel for each snapshot, in rows."""
    rows = -(-len(snapshots) // columns)
    with panels(rows, columns, width=3.1, height=3.1) as (figure, axes):
        for axis in axes[len(snapshots) :]:
            axis.remove()
        yield figure, axes[: len(snapshots)]


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
