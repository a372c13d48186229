"""The picture of the lesson `what-a-discriminator-learns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.what_a_discriminator_learns.records import (
    LOSSES,
    Separation,
    WhatADiscriminatorLearns,
)
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

TITLES = "log(1 - D): vanishes", "-log D: grows", "Wasserstein: stays"
COLORS = RED, INK, GREEN
SHADES = 0.35, 0.65, 1.0
"""Opacity of the curves of earlier and later stages."""


@checks_keywords
def draw(numbers: WhatADiscriminatorLearns) -> Figure:
    """Thin sets with the points that a discriminator mistakes, and gradients against steps.

    Parameters
    ----------
    numbers : WhatADiscriminatorLearns

    Returns
    -------
    matplotlib.figure.Figure
    """
    with panels(2, 3, width=4.2, height=3.6) as (figure, axes):
        for k, separation in enumerate(numbers.separations):
            if separation.real.shape[1] == 3:
                axes[k].remove()
                _draw_in_space(figure.add_subplot(2, 3, k + 1, projection="3d"), separation)
            else:
                _draw_sets(axes[k], separation)
                axes[k].set(xlabel="x", ylabel="y", aspect="equal")
        for k, loss in enumerate(LOSSES):
            _draw_norms(axes[3 + k], numbers, k)
            axes[3 + k].set_xlabel(f"steps of the {'critic' if k == 2 else 'discriminator'}")
            axes[3 + k].set_title(f"{TITLES[k]}", loc="left")
            axes[3 + k].set_ylabel(f"norm of the gradient, {loss}", fontsize=9)
        _explain(figure, axes[3], numbers)
    return figure


def _draw_in_space(axes: Any, separation: Separation) -> None:
    if separation.meet:
        for points, color in ((separation.real, BLUE), (separation.fake, ORANGE)):
            axes.plot_trisurf(*points.T, color=color, alpha=0.35, linewidth=0)
    _draw_sets(axes, separation)
    axes.view_init(elev=18, azim=-62)
    axes.set_xlabel("x", labelpad=-12)
    axes.set_ylabel("y", labelpad=-12)
    axes.set_zlabel("z", labelpad=-14)
    axes.tick_params(labelbottom=False, labelleft=False, labelright=False, labeltop=False)
    axes.set_box_aspect((1, 1, 0.9), zoom=1.1)


def _draw_sets(axes: Axes, separation: Separation) -> None:
    s = separation
    wrong = np.concatenate([s.real[s.real_scores[-1] <= 0], s.fake[s.fake_scores[-1] >= 0]])
    for points, color in ((s.real, BLUE), (s.fake, ORANGE)):
        axes.plot(*points.T, ".", color=color, markersize=3)
    if len(wrong):
        axes.plot(*wrong.T, "o", color=RED, markersize=8, fillstyle="none")
    axes.set_title(f"Two {s.name}: {s.accuracy[-1]:.2%}", loc="left")


def _draw_norms(axes: Axes, numbers: WhatADiscriminatorLearns, loss: int) -> None:
    stages = sorted({one.stage for one in numbers.fixed})
    for one in numbers.fixed:
        flat = one.dimensions == 2
        axes.plot(
            one.steps,
            one.norms[loss],
            color=GRAY if flat else COLORS[loss],
            linestyle="--" if flat else "-",
            linewidth=1.2 if flat else 2.0,
            alpha=SHADES[stages.index(one.stage) - len(stages)],
        )
    axes.set_yscale("log")
    axes.set_ylim(1e-11, 1e4)
    axes.set_yticks([1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1, 100])


def _explain(figure: Figure, axes: Axes, numbers: WhatADiscriminatorLearns) -> None:
    """One legend for all panels, below them."""
    stages = ", ".join(str(s) for s in sorted({one.stage for one in numbers.fixed}))
    space = max(one.dimensions for one in numbers.fixed)
    handles = [
        *axes.plot([], [], ".", color=BLUE, markersize=9, label="real"),
        *axes.plot([], [], ".", color=ORANGE, markersize=9, label="generated"),
        *axes.plot([], [], "o", color=RED, fillstyle="none", label="mistaken"),
        *axes.plot([], [], color=INK, label=f"ring in {space} dimensions"),
        *axes.plot([], [], "--", color=GRAY, label="ring in the plane"),
        *axes.plot([], [], " ", label=f"the stronger, the later: stages {stages}"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=6)
