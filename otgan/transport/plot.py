"""Pictures of a transport plan: its mass by rows and columns, or its arcs between points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_clouds
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_points
from otgan.plot import BLUE, INK, ORANGE, SHADES, legend_below
from otgan.transport.duality import Certificate
from otgan.transport.graph import GraphDistance
from otgan.transport.result import TransportResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_arcs", "flow_matrix", "plan_picture", "some"]

CELLS = 100
"""Rows and columns of a matrix that are drawn; of a larger one, groups of these."""

SHOWN_ARCS = 500
SHOWN_POINTS = 1500


@checks_keywords
def plan_picture(
    axis: Axes, result: TransportResult | Certificate, *, x: Any = None, y: Any = None
) -> None:
    """The plan as a matrix of masses or, between the points if these are given, as arcs.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    result : TransportResult or Certificate
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,), optional
        The points, of one or two coordinates. On the line those of x lie at height 1, those of y at
        0; mass moves down.

    Raises
    ------
    InvalidInputError
        Only one of x and y, sizes other than those of the plan, or more than two coordinates.
    """
    if x is None and y is None:
        _matrix(axis, result.plan, "x, by row of the plan", "y, by column")
    else:
        _between_points(axis, result, *_as_clouds(result, x, y))
    axis.set_title(_title(result), fontsize=10)


@checks_keywords
def flow_matrix(axis: Axes, result: GraphDistance) -> None:
    """The flow as a matrix: how much mass goes along the arc from each node to each other."""
    _matrix(axis, result.flow, "from node", "to node")
    axis.set_title(
        f"W1 along the graph in [{result.lower:.6g}, {result.upper:.6g}]; "
        f"{result.flow.nnz:,} arcs carry mass", fontsize=10,
    )  # fmt: skip


def draw_arcs(
    axis: Axes, x: FloatArray, y: FloatArray, plan: sparse.csr_array, most: int
) -> tuple[int, int]:
    """Draw arcs of a plan between points of the plane; how many, and how many it has.

    Of more than `most`, a random part is drawn. The limits of the axes stay, since arcs to far
    points lead out of the picture.
    """
    from matplotlib.collections import LineCollection

    arcs = plan.tocoo()
    chosen = some(arcs.nnz, most)
    segments = list(np.stack([x[arcs.row[chosen]], y[arcs.col[chosen]]], axis=1))
    lines = LineCollection(segments, colors=INK, linewidths=0.7, alpha=0.7, zorder=3)
    axis.add_collection(lines, autolim=False)
    return len(chosen), arcs.nnz


def some(total: int, most: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Which of `total` things are drawn: all, or `most` at random."""
    if total <= most:
        return np.arange(total)
    return np.sort(np.random.default_rng(0).choice(total, most, replace=False))


# ---------------------------------------------------------------- a matrix


def _matrix(axis: Axes, plan: sparse.csr_array, rows: str, columns: str) -> None:
    from matplotlib.ticker import MaxNLocator

    masses, group = _grouped(plan)
    shown = np.ma.masked_equal(masses, 0.0)
    n, m = plan.shape
    image = axis.imshow(
        shown, cmap=SHADES, vmin=0.0, aspect="auto", interpolation="nearest",
        extent=(-0.5, m - 0.5, n - 0.5, -0.5),
    )  # fmt: skip
    cells = "mass" if group == (1, 1) else f"mass of {group[0]:,} rows × {group[1]:,} columns"
    axis.figure.colorbar(image, ax=axis, label=f"{cells}; none is white")
    axis.set(xlabel=columns, ylabel=rows)
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(MaxNLocator("auto", integer=True))
    axis.grid(visible=False)


def _grouped(plan: sparse.csr_array) -> tuple[FloatArray, tuple[int, int]]:
    """Masses of groups of neighboring rows and columns, and the sizes of the groups."""
    arcs = plan.tocoo()
    n, m = plan.shape
    group = -(-n // CELLS), -(-m // CELLS)
    masses = np.zeros((-(-n // group[0]), -(-m // group[1])))
    np.add.at(masses, (arcs.row // group[0], arcs.col // group[1]), arcs.data)
    return masses, group


# ---------------------------------------------------------------- arcs


def _as_clouds(
    result: TransportResult | Certificate, x: Any, y: Any
) -> tuple[FloatArray, FloatArray]:
    if x is None or y is None:
        raise InvalidInputError(
            "x and y must be given together, got only one of them; to fix it, pass the points of "
            "both, or neither for the matrix of the plan"
        )
    x, y = align_clouds([x, y], ["x", "y"])
    x, y = as_points(x, "x"), as_points(y, "y")
    found, expected = (len(x), len(y)), tuple(result.plan.shape)
    if found != expected:
        raise InvalidInputError(
            f"x and y must hold the points of the plan, {expected[0]} and {expected[1]}, got "
            f"{found[0]} and {found[1]}; to fix it, pass those that it was computed for"
        )
    if x.shape[1] != y.shape[1] or x.shape[1] > 2:
        raise InvalidInputError(
            f"x and y must have one or two coordinates to be drawn, got {x.shape[1]} and "
            f"{y.shape[1]}; to fix it, pass two columns of each, or leave them out"
        )
    return x, y


def _between_points(
    axis: Axes, result: TransportResult | Certificate, x: FloatArray, y: FloatArray
) -> None:
    on_the_line = x.shape[1] == 1
    if on_the_line:
        x = np.column_stack([x[:, 0], np.ones(len(x))])
        y = np.column_stack([y[:, 0], np.zeros(len(y))])
    for points, color, label in ((x, BLUE, "x"), (y, ORANGE, "y")):
        shown = points[some(len(points), SHOWN_POINTS)]
        axis.scatter(shown[:, 0], shown[:, 1], s=12, color=color, lw=0, label=label, zorder=4)
    drawn, total = draw_arcs(axis, x, y, result.plan, SHOWN_ARCS)
    number = f"{total:,}" if drawn == total else f"{drawn:,} of {total:,}"
    axis.plot([], [], color=INK, lw=0.7, label=f"arcs of the plan: {number}")
    axis.set(xlabel="point" if on_the_line else "first coordinate")
    if on_the_line:
        axis.set(yticks=[0, 1], yticklabels=["y", "x"], ylim=(-0.15, 1.15))
    else:
        axis.set(ylabel="second coordinate", aspect="equal", adjustable="datalim")
    legend_below(axis, columns=3)


def _title(result: TransportResult | Certificate) -> str:
    if isinstance(result, Certificate):
        return f"optimal cost in [{result.lower:.6g}, {result.upper:.6g}]"
    left = result.unmatched
    name = "distance" if any(left) else f"W{result.p:g}"
    title = f"{name} in [{result.distance_lower:.6g}, {result.distance_upper:.6g}]"
    return title + f"; unmatched {left[0]:.4g} and {left[1]:.4g}" * any(left)
