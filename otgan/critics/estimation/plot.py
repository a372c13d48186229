"""The picture of a neural estimate: the value between what bounds it, and the training curve."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from otgan.critics.estimation.result import DualEstimate
from otgan.keywords import checks_keywords
from otgan.plot import BLUE, GREEN, INK, VIOLET, legend_below, panels
from otgan.result_pictures import LabeledNumber, draw_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["estimate_with_bounds"]


@checks_keywords
def estimate_with_bounds(estimate: DualEstimate) -> Figure:
    """Every number of the estimate with its interval or bound, and the training curve beside.

    The second panel says so where nothing was trained, as for the linear program.
    """
    with panels(1, 2, width=5.6, height=4.2) as (figure, (left, right)):
        _numbers(left, estimate)
        _curve(right, estimate)
        title = f"{estimate.constraint}: {estimate.verdict}"
        figure.suptitle(textwrap.fill(title, 110), fontsize=10, x=0.01, ha="left")
        return figure


def _numbers(axis: Axes, estimate: DualEstimate) -> None:
    numbers = [
        LabeledNumber("estimate, 95 %", estimate.value, estimate.interval, VIOLET),
        LabeledNumber("raw gap of the critic", estimate.raw_gap, None, VIOLET),
        LabeledNumber("at least (95 %)", estimate.population_low, None, INK),
        LabeledNumber("at most (95 %)", estimate.population_high, None, INK),
        LabeledNumber("two samples: exact", estimate.sample_distance),
        LabeledNumber("two samples: proved\nby the critic", estimate.sample_lower, None, GREEN),
    ]
    draw_numbers(axis, numbers, unit="W1, in the unit of the data")
    axis.set_title("the estimate and what bounds it")


def _curve(axis: Axes, estimate: DualEstimate) -> None:
    steps = [record.step for record in estimate.history]
    if not steps:
        axis.set_axis_off()
        axis.text(0.5, 0.5, "nothing was trained", ha="center", transform=axis.transAxes)
        return
    for name, style in (("gap", ":"), ("held_out_gap", "-")):
        gaps = [getattr(record, name) for record in estimate.history]
        label = {"gap": "training points", "held_out_gap": "held-out points"}[name]
        axis.plot(steps, gaps, color=VIOLET, ls=style, label=label)
    axis.axhline(estimate.sample_distance, color=BLUE, lw=1.2, label="exact W1 of two samples")
    legend_below(axis, columns=3)
    axis.set(title="training", xlabel="step", ylabel="gap, in the unit of the data")
