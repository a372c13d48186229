"""The exact engine at work
========================

How the exact engine works: one solve from coarse to fine, and what its pricing passes report.

Run::

    python examples/engine_picture.py [engine.png]
"""

from __future__ import annotations

import sys
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.collections import LineCollection

import otgan
from otgan.measures import FloatArray
from otgan.plot import BLUE, GRAY, GREEN, ORANGE, panels, save
from otgan.transport.network_simplex.candidates import Nodes
from otgan.transport.network_simplex.context import PricingPass, SolveContext
from otgan.transport.network_simplex.fixed_point import balanced_masses
from otgan.transport.network_simplex.kdtree import build_tree
from otgan.transport.network_simplex.multiscale import levels_of, refine, solve_coarsest
from otgan.transport.network_simplex.norm import Norm
from otgan.transport.network_simplex.tree import plan_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N = 3500
ROUNDING = 1e-16
"""Where gaps are drawn on the log axis that are zero, or rounding, which machines do not share."""

MOST_ROUNDING = 1e-15


class LevelPlan(NamedTuple):
    """The points of a level, and the arcs that its solution uses."""

    x: FloatArray
    y: FloatArray
    i: Nodes
    j: Nodes


def clouds(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A noisy ring, and five Gaussians on a smaller one."""
    angle = 2 * np.pi * rng.random(n)
    center = 2 * np.pi * rng.integers(5, size=n) / 5 + np.pi / 2
    ring, centers = 2 * _on_circle(angle), 1.1 * _on_circle(center)
    return ring + 0.12 * rng.normal(size=(n, 2)), centers + 0.17 * rng.normal(size=(n, 2))


def _on_circle(angle: FloatArray) -> FloatArray:
    return np.column_stack([np.cos(angle), np.sin(angle)])


def plans_of_all_levels(x: FloatArray, y: FloatArray) -> tuple[list[LevelPlan], list[PricingPass]]:
    """What `solve_points` does, with the plan of every level kept, and all pricing passes."""
    history: list[PricingPass] = []
    context = SolveContext(reporter=history.append)
    masses = balanced_masses(np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y)))
    trees = build_tree(x), build_tree(y)
    levels = levels_of(trees, masses, Norm.named("euclidean", 1.0))
    solution = solve_coarsest(levels[0], context, len(levels))
    solutions = [solution]
    for at, (coarse, fine) in enumerate(pairwise(levels), start=2):
        solution = refine(coarse, fine, solution, context, (at, len(levels)))
        solutions.append(solution)
    plans = []
    for level, solved in zip(levels, solutions, strict=True):
        plan = plan_of(solved.tree, level.pricer.shape[0])
        columns = level.x.cells.columns.T, level.y.cells.columns.T
        plans.append(LevelPlan(*columns, plan.i, plan.j))
    return plans, history


def draw_level(axis: Axes, plan: LevelPlan, name: str, *, size: float, width: float) -> None:
    ends = np.stack([plan.x[plan.i], plan.y[plan.j]], axis=1)
    axis.add_collection(LineCollection(list(ends), colors=GRAY, linewidths=width, alpha=0.8))
    for points, color in ((plan.x, BLUE), (plan.y, ORANGE)):
        axis.scatter(points[:, 0], points[:, 1], s=size, color=color, lw=0, zorder=3)
    axis.set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal", xticks=[], yticks=[])
    axis.set_title(name)


def shade_levels(axis: Axes, history: list[PricingPass]) -> None:
    """A band for every level, with its name on top."""
    passes = [step.level for step in history]
    first = 0
    for level, group in groupby(passes):
        last = first + len(list(group))
        axis.axvspan(first + 0.5, last + 0.5, color=GRAY, alpha=0.06 + 0.07 * (level % 2), lw=0)
        axis.annotate(
            f"level {level}" if last - first > 2 else str(level),
            ((first + last + 1) / 2, 1), xycoords=("data", "axes fraction"),
            xytext=(0, -4), textcoords="offset points", ha="center", va="top", fontsize=9,
        )  # fmt: skip
        first = last
    axis.set(xlim=(0.5, first + 0.5), xticks=range(1, first + 1, 2), xlabel="pricing pass")
    axis.grid(visible=False, axis="x")


def draw_gaps(axis: Axes, history: list[PricingPass], certified: float) -> None:
    gaps = np.array([max(step.gap / step.cost, 0.0) for step in history])
    shown = np.where(gaps < MOST_ROUNDING, ROUNDING, gaps)
    levels = np.array([step.level for step in history])
    number = np.arange(1, len(history) + 1)
    for level in np.unique(levels):
        of_level = levels == level
        axis.plot(number[of_level], shown[of_level], color=GREEN, marker="o", ms=4)
    axis.axhspan(ROUNDING / 5, 2.3e-16, color=GREEN, alpha=0.12, lw=0)
    middle = (len(history) + 1) / 2
    axis.annotate("zero, or rounding", (middle, 7e-17), ha="center", va="center")
    axis.set(yscale="log", ylim=(ROUNDING / 5, 1), ylabel="gap, relative to the cost")
    last = f"below {MOST_ROUNDING:g}" if certified < MOST_ROUNDING else f"{certified:.1g}"
    axis.set_title(f"Gap after each pricing pass (the certificate's at the end: {last})")
    shade_levels(axis, history)


def draw_arcs(axis: Axes, history: list[PricingPass], pairs: list[int]) -> None:
    number = list(range(1, len(history) + 1))
    axis.step(number, pairs, where="mid", color=GRAY, ls="--", label="all pairs")
    axis.plot(number, [s.arcs for s in history], color=BLUE, marker="o", ms=4, label="candidates")
    axis.set(yscale="log", ylim=(1e3, 2e8))
    axis.set_title("Arcs in the simplex, of all pairs")
    axis.legend(loc="lower right", fontsize=9)
    shade_levels(axis, history)


def main() -> None:
    x, y = clouds(N, np.random.default_rng(0))
    result = otgan.emd(x, y)
    plans, history = plans_of_all_levels(x, y)
    cost = history[-1].cost
    if abs(cost - result.cost) > 1e-9 * cost:
        raise RuntimeError(f"the levels must end at the cost of emd, got {cost} and {result.cost}")
    with panels(2, 3, width=3.5, height=3.2) as (figure, axes):
        for level, (axis, plan) in enumerate(zip(axes, plans, strict=False), start=1):
            what = "cells" if level < len(plans) else "points"
            name = f"Level {level}: {len(plan.x):,} {what}, {len(plan.i):,} arcs"
            size, width = max(1.2, 1200 / len(plan.x)), 0.6 if len(plan.x) < 1000 else 0.3
            draw_level(axis, plan, name, size=size, width=width)
        for axis in axes[3:5]:
            axis.remove()
        draw_gaps(figure.add_subplot(2, 3, (4, 5)), history, result.gap / result.cost)
        pairs = [len(plans[step.level - 1].x) * len(plans[step.level - 1].y) for step in history]
        draw_arcs(axes[5], history, pairs)
        print(result)
        print("picture:", save(figure, *sys.argv[1:] or ["engine.png"], dpi=100))


if __name__ == "__main__":
    main()
