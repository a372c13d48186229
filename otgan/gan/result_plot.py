"""Pictures of an evaluation, of its test, and of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otgan.errors import InvalidInputError
from otgan.gan.evaluation import Evaluation
from otgan.gan.load import Run
from otgan.gan.measuring.two_sample import RealDataTest
from otgan.gan.plot import distance_curves
from otgan.gan.result import TrainResult
from otgan.keywords import checks_keywords
from otgan.plot import BLUE, GRAY, INK
from otgan.result_pictures import LabeledNumber, draw_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["clearest_statistics", "distances_to_real", "run_curves"]


@checks_keywords
def distances_to_real(axis: Axes, evaluation: Evaluation) -> None:
    """In every space, W1 of generated and of real points, and debiased W1 with two errors."""
    numbers = []
    for name, found in evaluation.spaces.items():
        around = (found.debiased - 2 * found.debiased_se, found.debiased + 2 * found.debiased_se)
        numbers += [
            LabeledNumber(f"{name}: generated to real", found.w1, color=BLUE),
            LabeledNumber(f"{name}: real to real (floor)", found.floor, color=GRAY),
            LabeledNumber(f"{name}: debiased, ± 2 se", found.debiased, around, INK),
        ]
    draw_numbers(axis, numbers, unit="W1, in the unit of the data or the features")
    draws = f"{evaluation.draws} draws of {evaluation.points:,} points"
    axis.set_title(
        f"debiased W1 {evaluation.debiased_w1:.3g} ± {evaluation.debiased_w1_se:.1g}, {draws}"
    )


@checks_keywords
def clearest_statistics(axis: Axes, test: RealDataTest) -> None:
    """Every statistic in standard deviations above its mean under permuted labels."""
    numbers = [LabeledNumber(found.name, found.z) for found in test.statistics]
    draw_numbers(axis, numbers, unit="standard deviations above permuted labels")
    axis.set_title(f"generated against real: p = {test.pvalue:.3g}")


@checks_keywords
def run_curves(run: Run | TrainResult) -> Figure:
    """Distances over training beside what real data show, a panel for each space.

    Raises
    ------
    InvalidInputError
        Nothing was measured yet.
    """
    if not run.records:
        raise InvalidInputError(
            "a run must be measured once to be drawn, got one that was stopped before its first "
            "measurement; to fix it, resume it, with a smaller monitor_every if need be"
        )
    return distance_curves(run.records)
