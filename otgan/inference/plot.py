"""Pictures of intervals and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otgan.estimates import normal_interval
from otgan.inference.held_out import HeldOutBracket
from otgan.inference.interval import Interval
from otgan.inference.permutations import TestResult
from otgan.keywords import checks_keywords
from otgan.plot import BLUE, GRAY, legend_below
from otgan.result_pictures import LabeledNumber, draw_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["interval_picture", "null_distribution", "two_estimates"]


@checks_keywords
def interval_picture(axis: Axes, interval: Interval) -> None:
    """The interval, and the two estimates that its ends come from, each with its own."""
    numbers = [
        LabeledNumber("interval, and its center", interval.center, (interval.low, interval.high)),
        _estimate("biased down", interval.lower_estimate, interval.lower_se, interval),
        _estimate("biased up: W1 of\nthe samples", interval.plug_in, interval.plug_in_se, interval),
    ]
    draw_numbers(axis, numbers, unit="distance, in the unit of the data")
    level = f"{100 * interval.confidence_level:g} %"
    axis.set_title(f"{level} for the distributions: [{interval.low:.4g}, {interval.high:.4g}]")


@checks_keywords
def two_estimates(axis: Axes, bracket: HeldOutBracket) -> None:
    """Both estimates with 95 % intervals, and the midpoint with that of the bracket."""
    numbers = [
        LabeledNumber("midpoint", bracket.midpoint, bracket.interval()),
        _estimate("biased down: held-out\npotentials", bracket.lower_estimate, bracket.lower_se),
        _estimate("biased up: W1 of\nthe samples", bracket.upper_estimate, bracket.upper_se),
    ]
    draw_numbers(axis, numbers, unit="W1, in the unit of the data; lines: 95 %")
    axis.set_title(
        f"W1 between two estimates: {bracket.lower_estimate:.4g} and {bracket.upper_estimate:.4g}"
    )


def _estimate(
    label: str, value: float, se: float, interval: Interval | None = None
) -> LabeledNumber:
    level = 0.95 if interval is None else interval.confidence_level
    return LabeledNumber(label, value, normal_interval(value, se, level))


@checks_keywords
def null_distribution(axis: Axes, test: TestResult) -> None:
    """The statistic of the samples beside those of permuted labels."""
    axis.hist(test.null_distribution, bins=40, color=GRAY, alpha=0.7, label="permuted labels")
    axis.axvline(test.statistic, color=BLUE, lw=2, label="the samples")
    early = ", stopped early" if test.stopped_early else ""
    axis.set(
        title=f"p = {test.pvalue:.3g}, {test.n_resamples:,} permutations{early}",
        xlabel=f"statistic: {test.statistic_name}",
        ylabel="permutations",
    )
    axis.margins(y=0.1)
    legend_below(axis, columns=2)
