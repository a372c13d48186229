"""The picture of an audit: where the critic goes, where it should go, and where it breaks rules."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from otgan.costs import PointCost
from otgan.critics.audit.result import CriticAudit
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.plot import BLUE, GRAY, GREEN, INK, ORANGE, RED, SHADES, VIOLET, legend_below, panels
from otgan.transport.duality import c_transform

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["critic_audit"]

GRID = 140
"""Points on a side of the grid on which surfaces are drawn."""

SHOWN_RAYS = 150
SHOWN_POINTS = 1500


@checks_keywords
def critic_audit(audit: CriticAudit) -> Figure:
    """The critic and the exact potential side by side, slopes, cosines, and the numbers.

    On the line both are curves, and so are their slopes; in the plane both are level sets; in
    more dimensions both color the points, seen in the two directions along which the exact plan
    moves most.

    Parameters
    ----------
    audit : CriticAudit

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from otgan.critics.audit.audit import audit_critic
    >>> x = np.random.default_rng(0).normal(size=(50, 2))
    >>> len(critic_audit(audit_critic(lambda p: p[:, 0], x + [1, 0], x)).axes) >= 6
    True
    """
    with panels(2, 3, width=4.6, height=3.9) as (figure, axes):
        draw = {1: _on_the_line, 2: _in_the_plane}.get(audit.d, _projected)
        draw(audit, axes[0], axes[1])
        _agreement(audit, axes[2])
        _slopes(audit, axes[3])
        _cosines(audit, axes[4])
        _numbers(audit, axes[5])
        figure.suptitle(textwrap.fill(audit.verdict, 150), fontsize=11, x=0.01, ha="left")
        return figure


def _exact_potential(audit: CriticAudit, points: FloatArray) -> FloatArray:
    """A 1-Lipschitz function through the exact potential on every ray.

    Such functions lie between max_i f_i - |z - x_i| and min_j |z - y_j| - g_j, which agree on
    the rays; this is the mean of the two.
    """
    above = c_transform(PointCost.of(audit.y, points), audit.transport.g)
    below = c_transform(PointCost.of(audit.x, points), audit.transport.f)
    return 0.5 * (above - below)


def _offset(audit: CriticAudit) -> float:
    """What to add to the critic, which is free up to a constant, to compare the two."""
    ours = np.concatenate([audit.f_x, audit.f_y]).mean()
    exact = np.concatenate([audit.transport.f, -audit.transport.g]).mean()
    return float(exact - ours)


# ---------------------------------------------------------------- where


def _on_the_line(audit: CriticAudit, left: Axes, right: Axes) -> None:
    both = np.concatenate([audit.x, audit.y])[:, 0]
    margin = 0.08 * np.ptp(both)
    line = np.linspace(both.min() - margin, both.max() + margin, 600)[:, None]
    critic = audit.function.values(line) + _offset(audit)
    exact = _exact_potential(audit, line)
    left.plot(line, exact, color=GREEN, label="exact potential")
    left.plot(line, critic, color=VIOLET, label="critic, shifted")
    low = min(critic.min(), exact.min()) - 0.06 * max(np.ptp(critic), np.ptp(exact))
    for points, color, label in ((audit.x, BLUE, "x"), (audit.y, ORANGE, "y")):
        shown = points[:SHOWN_POINTS, 0]
        left.plot(shown, np.full(len(shown), low), "|", color=color, ms=7, alpha=0.4, label=label)
    pair = np.array([audit.steepest.u[0], audit.steepest.v[0]])
    values = audit.function.values(pair[:, None]) + _offset(audit)
    left.plot(pair, values, "o-", color=RED, ms=4, lw=2, label=f"slope {audit.steepest.slope:.3g}")
    left.set(title="critic and exact potential", xlabel="point", ylabel="value")
    legend_below(left, columns=3)
    right.axhspan(-1, 1, color=GREEN, alpha=0.12, lw=0, label="allowed")
    right.plot(line, audit.function.gradients(line)[:, 0], color=VIOLET, label="critic")
    middle = 0.5 * (line[1:] + line[:-1])
    right.plot(middle, np.diff(exact) / np.diff(line[:, 0]), color=GREEN, lw=1, label="exact")
    right.set(title="their slopes", xlabel="point", ylabel="slope")
    legend_below(right, columns=3)


def _in_the_plane(audit: CriticAudit, left: Axes, right: Axes) -> None:
    both = np.concatenate([audit.x, audit.y])
    low, high = both.min(axis=0), both.max(axis=0)
    # A square keeps the two panels alike, whatever the shape of the clouds.
    half = 0.54 * float((high - low).max()) or 1.0
    center = 0.5 * (low + high)
    ticks = np.linspace(-half, half, GRID)
    grid = np.stack(np.meshgrid(center[0] + ticks, center[1] + ticks), axis=-1)
    flat = grid.reshape(-1, 2)
    critic = audit.function.values(flat).reshape(GRID, GRID) + _offset(audit)
    exact = _exact_potential(audit, flat).reshape(GRID, GRID)
    step = _round_step(float(np.ptp(exact)) / 14)
    for axis, surface, title in ((left, critic, "critic"), (right, exact, "exact potential")):
        # One step for both: where the critic's lines are denser, it is steeper than allowed.
        count = max(1.0, float(np.ptp(surface)) / step / 60)
        levels = np.arange(surface.min() - step, surface.max() + 2 * step, step * np.ceil(count))
        axis.contourf(*np.moveaxis(grid, -1, 0), surface, levels=levels, cmap=SHADES, alpha=0.45)
        axis.contour(
            *np.moveaxis(grid, -1, 0), surface, levels=levels, colors=INK, linewidths=0.35,
            linestyles="solid",
        )  # fmt: skip
        every = f"a line every {step * np.ceil(count):.3g}"
        axis.set(title=f"{title}, dark is high: {every}", aspect="equal")
        axis.set(xlabel="first coordinate", ylabel="second coordinate")
        axis.grid(visible=False)
        _draw_rays(axis, audit.rays.x, audit.rays.y, audit.rays.mass)
        for points, color, name in ((audit.x, BLUE, "x"), (audit.y, ORANGE, "y")):
            shown = points[:SHOWN_POINTS]
            axis.scatter(*_columns(shown), s=7, color=color, lw=0, alpha=0.8, label=name)
        axis.set(xlim=center[0] + ticks[[0, -1]], ylim=center[1] + ticks[[0, -1]])
    _mark_violations(audit, left)
    right.plot([], [], color=INK, lw=0.5, label=f"rays of the plan{_how_many(audit)}")
    legend_below(left, columns=4)
    legend_below(right, columns=3)


def _how_many(audit: CriticAudit) -> str:
    """How many of the rays are drawn, where not all are."""
    total = len(audit.rays.mass)
    return f": {SHOWN_RAYS} of {total:,}" if total > SHOWN_RAYS else ""


def _mark_violations(audit: CriticAudit, axis: Axes) -> None:
    """The steepest pair, and the points on rays that are steeper than allowed."""
    steep = audit.rays.slopes[:, 1] > 1.05
    middle = 0.5 * (audit.rays.x + audit.rays.y)[steep][:SHOWN_RAYS]
    if len(middle):
        fraction = float(audit.rays.mass[steep].sum())
        label = f"slope > 1.05: {fraction:.0%} of rays"
        axis.scatter(
            *_columns(middle), s=12, facecolors="none", edgecolors=RED, lw=0.7, label=label
        )
    u, v = audit.steepest.u, audit.steepest.v
    color = RED if audit.steepest.slope > 1.05 else INK
    axis.plot(*np.stack([u, v]).T, color=color, lw=2.5)
    axis.plot(*(0.5 * (u + v)), "x", color=color, ms=9, mew=2, label=_steepest_label(audit))


def _steepest_label(audit: CriticAudit) -> str:
    return f"steepest: {audit.steepest.slope:.3g}"


def _projected(audit: CriticAudit, left: Axes, right: Axes) -> None:
    """The plane of the two directions in which the exact plan moves most."""
    moves = np.sqrt(audit.rays.mass)[:, None] * (audit.rays.x - audit.rays.y)
    both = np.concatenate([audit.x, audit.y])
    spread = both - both.mean(axis=0)
    # A little of the spread of the points decides where the plan moves along fewer than two.
    scaled = 1e-3 * spread / np.sqrt(len(spread))
    plane = np.linalg.svd(np.concatenate([moves, scaled]), full_matrices=False)[2][:2].T
    exact = np.concatenate([audit.transport.f, -audit.transport.g])
    critic = np.concatenate([audit.f_x, audit.f_y]) + _offset(audit)
    top = float(np.abs(exact - exact.mean()).max()) or 1.0
    place = spread @ plane
    marker = np.repeat(["o", "^"], [audit.n, audit.m])
    for axis, values, title in ((left, critic, "critic"), (right, exact, "exact potential")):
        center = both.mean(axis=0)
        _draw_rays(
            axis, (audit.rays.x - center) @ plane, (audit.rays.y - center) @ plane, audit.rays.mass
        )
        for kind, edge, name in (("o", BLUE, "x"), ("^", ORANGE, "y")):
            chosen = np.flatnonzero(marker == kind)[:SHOWN_POINTS]
            colors = {"vmin": exact.mean() - top, "vmax": exact.mean() + top, "cmap": SHADES}
            axis.scatter(
                *_columns(place[chosen]),
                c=values[chosen],
                marker=kind,
                s=16,
                edgecolors=edge,
                lw=0.5,
                label=name,
                **colors,
            )
        axis.set(title=f"{title}, dark is high", xlabel="first direction of the plan")
        axis.set(aspect="equal", ylabel="second direction")
        axis.set(adjustable="datalim")
        legend_below(axis, columns=2)


def _columns(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    return points[:, 0], points[:, 1]


def _draw_rays(axis: Axes, x: FloatArray, y: FloatArray, mass: FloatArray) -> None:
    """Some of the rays, evenly from all of them."""
    if not len(mass):
        return
    from matplotlib.collections import LineCollection

    chosen = np.unique(np.linspace(0, len(mass) - 1, SHOWN_RAYS).astype(int))
    segments = list(np.stack([x[chosen], y[chosen]], axis=1))
    axis.add_collection(LineCollection(segments, colors=INK, linewidths=0.5, alpha=0.4))
    axis.autoscale_view()


def _round_step(step: float) -> float:
    """One, two or five times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step or 1.0))
    return float(power * min((1, 2, 5, 10), key=lambda k: abs(k * power - step)))


# ---------------------------------------------------------------- how much


def _agreement(audit: CriticAudit, axis: Axes) -> None:
    shift = _offset(audit)
    pairs = (
        (audit.transport.f, audit.f_x, BLUE, "at x"),
        (-audit.transport.g, audit.f_y, ORANGE, "at y"),
    )
    for exact, ours, color, label in pairs:
        axis.scatter(
            exact[:SHOWN_POINTS], ours[:SHOWN_POINTS] + shift, s=7, color=color, lw=0, alpha=0.6,
            label=label,
        )  # fmt: skip
    ends = np.array([min(p[0].min() for p in pairs), max(p[0].max() for p in pairs)])
    axis.plot(ends, ends, color=GREEN, lw=1.2, label="equal")
    axis.set(title="values against the exact potential", xlabel="exact potential")
    axis.set_ylabel("critic, shifted")
    legend_below(axis, columns=3)


def _slopes(audit: CriticAudit, axis: Axes) -> None:
    counts, edges = np.histogram(audit.slopes, bins=40)
    fractions = counts / len(audit.slopes)
    axis.hist(edges[:-1], bins=edges.tolist(), weights=fractions, color=VIOLET, alpha=0.75)
    axis.axvline(1.0, color=GREEN, label="optimal: 1")
    axis.axvline(audit.lipschitz_lower, color=RED, ls="--", lw=1.2,
                 label=f"largest found: {audit.lipschitz_lower:.3g}")  # fmt: skip
    axis.set(title="slopes between the samples", xlabel="gradient norm")
    axis.set(ylabel="fraction of the points", xlim=(0.0, None))
    _mark_proved_slope(audit, axis)
    legend_below(axis, columns=3)


def _mark_proved_slope(audit: CriticAudit, axis: Axes) -> None:
    """A line where the layers prove that no slope is larger, or an arrow to it beyond the panel."""
    proved = audit.lipschitz_upper
    if math.isinf(proved):
        axis.plot([], [], " ", label="proved: nothing")
    elif proved <= 3.0 * max(1.0, audit.lipschitz_lower):
        axis.axvline(proved, color=GREEN, ls=":", label=f"proved: at most {proved:.3g}")
    else:
        axis.plot(
            [1.0], [0.5], color=GREEN, marker=">", ls="", ms=8, clip_on=False,
            transform=axis.transAxes, label=f"proved: at most {proved:.3g}, beyond",
        )  # fmt: skip


def _cosines(audit: CriticAudit, axis: Axes) -> None:
    bins = np.linspace(-1.0, 1.0, 41).tolist()
    if len(audit.rays.mass):
        axis.hist(
            audit.rays.cosines[:, 1], bins=bins, weights=audit.rays.mass, color=VIOLET, alpha=0.75
        )
    axis.axvline(1.0, color=GREEN, label="optimal: 1")
    axis.axvline(audit.cosine_middle, color=INK, ls=":", label=f"mean: {audit.cosine_middle:.3f}")
    axis.set(title="gradient along the exact rays", xlabel="cosine", ylabel="fraction of the mass")
    axis.set(xticks=[-1.0, -0.5, 0.0, 0.5, 1.0])
    legend_below(axis, columns=2)


def _numbers(audit: CriticAudit, axis: Axes) -> None:
    """Every number that may be read as W1, beside the exact one."""
    bars: list[tuple[str, float, str]] = [
        ("raw gap", audit.gap, VIOLET),
        ("gap / largest slope", audit.normalized_gap, VIOLET),
        ("gap / proved slope", audit.sample_lower_layers, GREEN),
        ("lower bound by values", audit.sample_lower, GREEN),
        ("  by the zero critic", audit.sample_lower_zero, GREEN),
        ("exact", audit.sample_distance, BLUE),
        ("floor", audit.floor, GRAY),
    ]
    if not np.isnan(audit.reported):
        bars.insert(0, ("reported", audit.reported, RED))
    right = max(1.9 * audit.sample_distance, 1e-12)
    place = np.arange(len(bars))[::-1]
    for k, (_, value, color) in zip(place, bars, strict=True):
        shown = float(np.clip(value, -0.4 * right, right))
        axis.barh(k, shown, color=color, alpha=0.8, height=0.6)
        beyond = "→ " if value > right else "← " if value < -0.4 * right else ""
        axis.text(
            1.02, k, f"{beyond}{value:.4g}", transform=axis.get_yaxis_transform(), va="center",
            fontsize=9, color=INK,
        )  # fmt: skip
    axis.axvline(audit.sample_distance, color=BLUE, lw=1)
    axis.set(yticks=place, yticklabels=[name for name, _, _ in bars], title="read as W1")
    axis.set(xlim=(min(0.0, 1.2 * max(audit.gap, -0.4 * right)), right), xlabel="units of the data")
    axis.grid(visible=False, axis="y")
