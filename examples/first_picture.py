"""A plan and an interval, drawn
=============================

Two samples, the exact plan between them, and what they say about their distributions: the picture
at the head of the README, with the numbers of its ten lines.

Run::

    python examples/first_picture.py [first_picture.png]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

import otgan
from otgan.measures import FloatArray
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, panels, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHIFT = 3.0
"""How far apart the two distributions are: one is the other, moved."""


def two_samples() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 2)), rng.normal(size=(200, 2)) + [SHIFT, 0]


def draw_plan(axis: Axes, x: FloatArray, y: FloatArray, result: otgan.TransportResult) -> None:
    """Every arc that carries mass, as wide as its mass."""
    plan = result.plan.tocoo()
    for i, j, mass in zip(plan.row, plan.col, plan.data, strict=True):
        width = 250 * mass
        axis.plot(*zip(x[i], y[j], strict=True), color=GRAY, linewidth=width, alpha=0.45, zorder=1)
    axis.scatter(x[:, 0], x[:, 1], s=10, color=BLUE, zorder=2, label=f"x: {len(x)} points")
    axis.scatter(y[:, 0], y[:, 1], s=10, color=ORANGE, zorder=2, label=f"y: {len(y)} points")
    axis.set(title="The optimal plan between two samples", aspect="equal", xticks=[], yticks=[])
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2, handletextpad=0.1)


def draw_numbers(axis: Axes, result: otgan.TransportResult, interval: otgan.Interval) -> None:
    """The number of the samples, the interval of the distributions, and the truth."""
    axis.axvline(SHIFT, color=INK, linewidth=1, linestyle=":")
    axis.annotate("the truth, 3", (SHIFT, 2.4), (4, 0), textcoords="offset points")
    axis.plot([interval.low, interval.high], [0, 0], color=GREEN, linewidth=6)
    axis.plot([result.lower, result.upper], [1, 1], color=GREEN, marker="o", markersize=8)
    axis.set(title="W1", yticks=[0, 1], ylim=(-0.8, 2.8), xlim=(2.5, 3.5))
    axis.set_yticklabels(["of the\ndistributions,\n95 %", "of the\nsamples,\nproved"])


def main() -> None:
    x, y = two_samples()
    result, interval = otgan.emd(x, y), otgan.wasserstein_interval(x, y)
    with panels(1, 2, width=4.2, height=3.0) as (figure, axes):
        draw_plan(axes[0], x, y, result)
        draw_numbers(axes[1], result, interval)
    print(f"W1 of the samples: {result.distance:.6f}, proved from both sides")
    print(f"W1 of the distributions: in [{interval.low:.4f}, {interval.high:.4f}]")
    print("picture:", save(figure, *sys.argv[1:] or ["first_picture.png"], dpi=120))


if __name__ == "__main__":
    main()
