"""Pictures of scores of generated points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otgan.divergences.memorization import MemorizationTest
from otgan.divergences.prdc import PRDC
from otgan.keywords import checks_keywords
from otgan.plot import BLUE, ORANGE
from otgan.result_pictures import LabeledNumber, draw_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["copies", "scores_picture"]


@checks_keywords
def scores_picture(axis: Axes, scores: PRDC) -> None:
    """The four scores on one axis."""
    names = ("precision", "recall", "density", "coverage")
    numbers = [LabeledNumber(name, getattr(scores, name)) for name in names]
    draw_numbers(axis, numbers, unit="fraction; density: balls that hold a point, over k")
    axis.set(title=f"balls to neighbor {scores.k}; {scores.n:,} real and {scores.m:,} others")
    axis.set_xlim(-0.05, max(1.05, 1.1 * scores.density))


@checks_keywords
def copies(axis: Axes, test: MemorizationTest) -> None:
    """The fractions of generated and of held-out points that are near a training point."""
    numbers = [
        LabeledNumber("generated", test.near_fraction, color=ORANGE),
        LabeledNumber("held-out, real", test.held_out_near_fraction, color=BLUE),
    ]
    unit = f"fraction at most {test.threshold:.4g} from a training point"
    draw_numbers(axis, numbers, unit=unit)
    axis.set_title(f"copies of training points: p = {test.pvalue:.3g}")
    axis.set_xlim(left=-0.1 * max(number.value for number in numbers) - 1e-3)
