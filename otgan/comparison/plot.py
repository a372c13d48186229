"""The picture of a comparison: the two samples, how one moves onto the other, and the intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from otgan.comparison.result import Comparison, pluralize
from otgan.comparison.row import ComparedQuantity
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.plot import BLUE, GRAY, INK, ORANGE, drawable, panels
from otgan.transport.plot import draw_arcs, some

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["two_samples"]

SHOWN_POINTS = 1500
"""Of each sample; of more, a random part."""

SHOWN_ARCS = 250
SHOWN_ARCS_PROJECTED = 100
SHOWN_LEVELS = 24

TAIL, REACH, FEW_POINTS = 0.02, 2, 20
"""Points are far that lie beyond the inner 96 % by twice their width; of fewer points, none."""


@checks_keywords
def two_samples(comparison: Comparison, *, names: Iterable[Any] = ()) -> Figure:
    """The samples, the optimal plan of W1, and every value with its interval.

    On the line, histograms, and distribution functions between which mass moves sideways; in the
    plane the points and the arcs of the plan; in more dimensions the same, seen along the first
    two principal directions of all points.

    Parameters
    ----------
    comparison : Comparison
    names : sequence, optional
        Of the coordinates, such as the columns of a table, for the axes of one or two; in more
        dimensions none is shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidInputError
        Names, but not one for each coordinate.

    Examples
    --------
    >>> from otgan.comparison.table import compare
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> len(two_samples(compare(x, x + [1, 0])).axes)
    4
    """
    names = [str(name) for name in names]
    if names and len(names) != comparison.d:
        raise InvalidInputError(
            f"names must hold one for each of the {pluralize(comparison.d, 'coordinate')}, got "
            f"{len(names)}; to fix it, name all of them or none"
        )
    with panels(2, 2, width=5.4, height=3.9) as (figure, axes):
        if comparison.d == 1:
            _histograms(comparison, axes[0])
            _distribution_functions(comparison, axes[1])
            _close_up(comparison, axes[:2], names[0] if names else "point")
        else:
            _clouds(comparison, axes[0], axes[1], names)
        distances = _distances(comparison, axes[2])
        divergences = _divergences(comparison, axes[3])
        title = f"{comparison.n:,} and {comparison.m:,} points. {comparison.verdict}"
        _explain_colors(figure)
        _explain_signs(figure, [*distances, *divergences])
        figure.suptitle(textwrap.fill(title, 92), fontsize=11, x=0.01, ha="left")
        return figure


# ---------------------------------------------------------------- on the line


def _histograms(comparison: Comparison, axis: Axes) -> None:
    bins = _bins(_near(comparison.x, comparison.y)[0][:, 0])
    for points, color, _ in _named(comparison):
        density = np.histogram(points, bins)[0] / (len(points) * np.diff(bins))
        draw = partial(axis.hist, bins[:-1], bins=bins.tolist(), weights=density, color=color)
        draw(alpha=0.3)
        draw(histtype="step", lw=1.5)
    axis.set(title="the samples", ylabel="density")


def _bins(both: FloatArray) -> FloatArray:
    """Edges: one bin for each value where values repeat often, else bins of one width."""
    values = np.unique(both)
    most = int(np.clip(round(np.sqrt(len(both))), 8, 50))
    if len(values) == 1 or len(values) > most:
        return np.histogram_bin_edges(both, bins=most)
    middles = 0.5 * (values[1:] + values[:-1])
    ends = 2 * values[[0, -1]] - middles[[0, -1]]
    return np.concatenate([ends[:1], middles, ends[1:]])


def _distribution_functions(comparison: Comparison, axis: Axes) -> None:
    """W1 on the line is the area between the two, and mass moves sideways, level by level."""
    levels = (np.arange(SHOWN_LEVELS) + 0.5) / SHOWN_LEVELS
    ends = []
    for points, color, _ in _named(comparison):
        ordered = np.sort(points[:, 0])
        fraction = np.arange(1, len(ordered) + 1) / len(ordered)
        axis.step(
            np.concatenate([ordered[:1], ordered]),
            np.concatenate([[0.0], fraction]),
            where="post",
            color=color,
        )
        ends.append(ordered[np.ceil(levels * len(ordered)).astype(int) - 1])
    axis.hlines(levels, *ends, color=INK, lw=0.8, alpha=0.6, zorder=1)
    axis.set(title="the optimal plan: mass moves sideways", ylabel="fraction below")


def _close_up(comparison: Comparison, axes: list[Axes], name: str) -> None:
    """Show the line where the points are, but for those that are far."""
    near, far = _near(comparison.x, comparison.y)
    for axis in axes:
        if far:
            margin = 0.05 * np.ptp(near)
            axis.set_xlim(near.min() - margin, near.max() + margin)
        axis.set_xlabel(drawable(name) + _outside(far), parse_math=False)


# ---------------------------------------------------------------- in space


def _clouds(comparison: Comparison, left: Axes, right: Axes, columns: Sequence[str]) -> None:
    x, y, where, names = _plane(comparison)
    if columns and comparison.d == 2:
        names = columns[0], columns[1]
    near = _is_near(np.concatenate([x, y]))
    far = int((~near).sum())
    clouds = (x[near[: len(x)]], BLUE), (y[near[len(x) :]], ORANGE)
    for axis in (left, right):
        for points, color in clouds:
            shown = points[some(len(points), SHOWN_POINTS)]
            axis.scatter(shown[:, 0], shown[:, 1], s=9, color=color, lw=0, alpha=0.55, zorder=2)
        axis.set_xlabel(drawable(names[0]) + _outside(far), parse_math=False)
        axis.set(aspect="equal", adjustable="datalim")
    left.set(title=f"the samples{where}")
    left.set_ylabel(drawable(names[1]), parse_math=False)
    right.set(title=_arcs(comparison, x, y, right))


def _plane(comparison: Comparison) -> tuple[FloatArray, FloatArray, str, tuple[str, str]]:
    """Both samples in two coordinates, and what these are."""
    if comparison.d == 2:
        return comparison.x, comparison.y, "", ("first coordinate", "second coordinate")
    both = np.concatenate([comparison.x, comparison.y])
    center = both.mean(axis=0)
    _, spread, directions = np.linalg.svd(both - center, full_matrices=False)
    total = float((spread**2).sum()) or 1.0
    place = (both - center) @ directions[:2].T
    if place.shape[1] < 2:  # both samples hold a single point
        place = np.pad(place, ((0, 0), (0, 1)))
    fraction = float((spread[:2] ** 2).sum()) / total
    where = f": 2 of {comparison.d} dimensions, {fraction:.0%} of the variance"
    names = "first principal direction", "second principal direction"
    return place[: comparison.n], place[comparison.n :], where, names


def _arcs(comparison: Comparison, x: FloatArray, y: FloatArray, axis: Axes) -> str:
    """Draw some of the arcs of the plan, chosen at random; their title."""
    if comparison.transport is None:
        return "no plan: W1 was left out"
    most = SHOWN_ARCS if comparison.d == 2 else SHOWN_ARCS_PROJECTED
    drawn, total = draw_arcs(axis, x, y, comparison.transport.plan, most)
    if drawn < total:
        return f"the optimal plan: {drawn} of {total:,} arcs"
    return f"the optimal plan: {'all ' * (total > 1)}{pluralize(total, 'arc')}"


def _near(x: FloatArray, y: FloatArray) -> tuple[FloatArray, int]:
    """All points that are not far, and how many are."""
    both = np.concatenate([x, y])
    near = _is_near(both)
    return both[near], int((~near).sum())


def _is_near(both: FloatArray) -> npt.NDArray[np.bool_]:
    """Which points are not so far from the others that these would shrink to a spot beside them."""
    if len(both) < FEW_POINTS:
        return np.full(len(both), True)
    low = np.quantile(both, TAIL, axis=0, method="higher")
    high = np.quantile(both, 1 - TAIL, axis=0, method="lower")
    reach = np.where(high > low, REACH * (high - low), np.inf)
    inside: npt.NDArray[np.bool_] = (both >= low - reach) & (both <= high + reach)
    return np.asarray(inside.all(axis=1))


def _outside(far: int) -> str:
    return f" ({pluralize(far, 'point')} outside)" if far else ""


# ---------------------------------------------------------------- intervals


def _distances(comparison: Comparison, axis: Axes) -> list[ComparedQuantity]:
    rows = [row for row in comparison.rows if row.unit == "data"]
    _forest(rows, axis)
    axis.set(title="distances", xlabel="in the unit of the data")
    return rows


def _divergences(comparison: Comparison, axis: Axes) -> list[ComparedQuantity]:
    """What does not change with the unit of the data."""
    keys = ("kl_xy", "kl_yx", "js", "mmd")
    rows = [comparison[key] for key in keys if key in comparison]
    _forest(rows, axis)
    if "js" in comparison and comparison["js"].value > np.log(2) / 3:
        _ceiling(axis)
    axis.set(title="divergences", xlabel="nats (MMD²: no unit)")
    return rows


def _ceiling(axis: Axes) -> None:
    """Where JS ends."""
    top = np.log(2)
    axis.axvline(top, color=GRAY, ls=":", lw=1.2, zorder=0)
    far = top > sum(axis.get_xlim()) / 2
    axis.text(
        *(top, 0.01, "log 2: JS at most " if far else " log 2: JS at most"),
        ha="right" if far else "left", va="bottom", color=INK, fontsize=8,
        transform=axis.get_xaxis_transform(),
    )  # fmt: skip


def _forest(rows: list[ComparedQuantity], axis: Axes) -> None:
    """Values as points, intervals as lines, what equal distributions would show as ticks."""
    place = np.arange(len(rows))[::-1]
    for k, row in zip(place, rows, strict=True):
        warned = bool(row.warnings)
        if row.interval is not None:
            axis.plot(
                row.interval, [k, k], ls=(0, (2, 1.2)) if warned else "-", color=INK, lw=1.6,
                solid_capstyle="butt",
            )  # fmt: skip
            axis.plot(row.interval, [k, k], "|", color=INK, ms=8, mew=1.6)
        if "null_level" in row.diagnostics:
            axis.plot([row.diagnostics["null_level"]], [k], "|", color=GRAY, ms=15, mew=2.2)
        face = "white" if row.interval is None else BLUE
        axis.plot([row.value], [k], "o", color=BLUE, ms=6.5, mfc=face, mew=1.5, zorder=4)
        axis.annotate(
            f"{row.value:.3g}", (row.value, k), (0, 6), textcoords="offset points", ha="center",
            va="bottom", fontsize=8.5, color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
        )  # fmt: skip
    axis.axvline(0.0, color=GRAY, lw=0.8, zorder=0)
    axis.set(yticks=place, yticklabels=[row.name for row in rows], ylim=(-0.7, len(rows) - 0.3))
    axis.grid(visible=False, axis="y")


def _explain_colors(figure: Figure) -> None:
    """One legend for the panels of points, above them, where it lies on none."""
    from matplotlib.lines import Line2D

    dots = [Line2D([], [], marker="o", ls="", color=color) for color in (BLUE, ORANGE)]
    figure.legend(dots, ["x", "y"], loc="outside upper right", ncols=2, fontsize=10)


def _explain_signs(figure: Figure, rows: list[ComparedQuantity]) -> None:
    """One legend for both panels of intervals, below them, of the signs that they show."""
    from matplotlib.lines import Line2D

    dot = partial(Line2D, [], [], marker="o", ms=6.5, mec=BLUE, mew=1.5)
    whole, dashed = dot(color=INK, ls="-", mfc=BLUE), dot(color=INK, ls=(0, (2, 1.2)), mfc=BLUE)
    tick = Line2D([], [], color=GRAY, ls="", marker="|", ms=13, mew=2.2)
    sure = [not row.warnings for row in rows if row.interval is not None]
    signs = (
        ("value and interval", whole, any(sure)),
        ("interval with warnings", dashed, not all(sure)),
        ("no interval", dot(ls="", mfc="white"), len(sure) < len(rows)),
        (
            "what equal distributions would show",
            tick,
            any("null_level" in row.diagnostics for row in rows),
        ),
    )
    shown = {name: sign for name, sign, occurs in signs if occurs}
    if shown:
        figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=4, fontsize=9)


def _named(comparison: Comparison) -> tuple[tuple[FloatArray, str, str], ...]:
    return (comparison.x, BLUE, "x"), (comparison.y, ORANGE, "y")
