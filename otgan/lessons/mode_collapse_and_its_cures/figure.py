"""The picture of the lesson `mode-collapse-and-its-cures`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.measured import over_seeds
from otgan.lessons.mode_collapse_and_its_cures.records import Experiment, ModeCollapse, Training
from otgan.measures import FloatArray
from otgan.plot import BLUE, GREEN, INK, ORANGE, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: ModeCollapse) -> Figure:
    """Above, the trained rings; below, debiased W1 of every seed in the settings measured.

    Parameters
    ----------
    numbers : ModeCollapse

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = max(4, len(numbers.experiments))
    with panels(2, columns, width=5.4, height=4.0) as (figure, axes):
        for axis, training in zip(axes, numbers.trainings, strict=False):
            _draw_points(axis, numbers, training)
        _draw_modes(axes[2], numbers)
        _draw_distances(axes[3], numbers)
        for axis in axes[4:columns]:
            axis.set_axis_off()
        for axis, experiment in zip(axes[columns:], numbers.experiments, strict=False):
            _draw_seeds(axis, experiment)
    return figure


def _draw_points(axes: Axes, numbers: ModeCollapse, training: Training) -> None:
    axes.plot(*numbers.real.T, ".", color=BLUE, alpha=0.5, markersize=4)
    axes.plot(*training.points[-1].T, ".", color=ORANGE, markersize=4)
    axes.set(
        title=f"{_named(training)}, step {training.steps[-1]:,}: "
        f"{training.modes[-1]:.0f} of 8 modes",
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    axes.set_xlabel("blue: real, orange: generated")
    axes.grid(visible=False)


def _named(training: Training) -> str:
    return "no cure" if training.name == "none" else training.name


def _draw_modes(axes: Axes, numbers: ModeCollapse) -> None:
    _draw_course(axes, numbers, [training.modes for training in numbers.trainings])
    axes.set(title="Modes reached, one seed", ylabel="modes of 8", ylim=(-0.4, 9.4))


def _draw_distances(axes: Axes, numbers: ModeCollapse) -> None:
    distances = [training.debiased_w1 for training in numbers.trainings]
    _draw_course(axes, numbers, distances)
    axes.axhline(0, color=INK, linewidth=0.8)
    top = 1.2 * max(float(of.max()) for of in distances)
    axes.set(title="Debiased W1, the same seed", ylabel="debiased W1", ylim=(-0.05 * top, top))


def _draw_course(axes: Axes, numbers: ModeCollapse, courses: Sequence[FloatArray]) -> None:
    """What becomes of a number as both train."""
    for training, course, color in zip(numbers.trainings, courses, (RED, ORANGE), strict=False):
        axes.plot(training.steps, course, color=color)
        axes.plot(training.steps[-1], course[-1], "o", color=color)
    axes.set_xlabel("generator steps")
    for training, color, place in zip(numbers.trainings, (RED, ORANGE), (0.02, 0.5), strict=False):
        axes.text(place, 0.94, f"— {_named(training)}", color=color, transform=axes.transAxes)


def _draw_seeds(axes: Axes, experiment: Experiment) -> None:
    """Debiased W1 of every seed, with the mean and its interval."""
    reported = experiment.reported
    rng = np.random.default_rng(0)
    for row, runs in enumerate(reported):
        color = _color(runs.verdict)
        found = over_seeds(runs.debiased_w1)
        spread = row + rng.uniform(-0.2, 0.2, len(runs.seeds))
        axes.plot(runs.debiased_w1, spread, ".", color=color, alpha=0.5)
        axes.plot([found.low, found.high], [row, row], color=INK, linewidth=2)
        axes.plot(found.mean, row, "o", color=color, markeredgecolor=INK)
    axes.set_yticks(range(len(reported)), [runs.name.partition(",")[0] for runs in reported])
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(
        title=experiment.name.capitalize(),
        xlabel="debiased W1 (green helped, red hurt)",
    )
    axes.grid(axis="y", visible=False)


def _color(verdict: str) -> str:
    return GREEN if "helped" in verdict else RED if "hurt" in verdict else BLUE
