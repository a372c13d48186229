"""The picture of the lesson `gan-and-wgan-side-by-side`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.gan_and_wgan_side_by_side.records import Claim, SideBySide
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

COLORS = {"held": GREEN, "not held": RED, "not told apart": GRAY}


@checks_keywords
def draw(numbers: SideBySide) -> Figure:
    """Every claim as a difference in its standard errors, and the scores of three critics.

    Parameters
    ----------
    numbers : SideBySide

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(1, 2, width=7.0, height=6.4) as (figure, (claims, scores)):
        _draw_claims(claims, numbers)
        _draw_scores(scores, numbers)
    return figure


def _draw_claims(axes: Axes, numbers: SideBySide) -> None:
    for row, claim in enumerate(numbers.claims):
        axes.plot([0, _in_errors(claim)], [row, row], color=COLORS[claim.verdict], linewidth=5)
    axes.set_yticks(range(len(numbers.claims)), [claim.text for claim in numbers.claims])
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=1)
    axes.set(
        title="Green: held, red: not held, gray: not told apart",
        xlabel="for the claim, in standard errors of the difference",
    )
    axes.grid(axis="y", visible=False)


def _in_errors(claim: Claim) -> float:
    """The difference that was claimed, in standard errors; positive where it is as claimed."""
    return -claim.difference / claim.se if claim.se else 0.0


def _draw_scores(axes: Axes, numbers: SideBySide) -> None:
    rng = np.random.default_rng(0)
    for row, trained in enumerate(numbers.trained):
        for scores, color, up in (
            (trained.real_scores, BLUE, -0.15),
            (trained.generated_scores, ORANGE, 0.15),
        ):
            spread = row + up + rng.uniform(-0.1, 0.1, len(scores))
            axes.plot(scores, spread, ".", color=color, alpha=0.4, markersize=4)
    axes.set_yticks(
        range(len(numbers.trained)),
        [f"{t.name}\nsteepest {t.steepest:.2g}" for t in numbers.trained],
    )
    axes.invert_yaxis()
    axes.set(
        title="Three critics, trained now",
        xlabel="score (blue: real, orange: generated images)",
    )
    axes.grid(axis="y", visible=False)
