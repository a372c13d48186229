"""Parallel lines: two segments that never touch, however near, and what noise does to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan import emd, js_divergence, kl_divergence
from otgan.errors import InvalidInputError
from otgan.lessons.densities import Normal, js, w1
from otgan.lessons.text import page, table
from otgan.measures import FloatArray, as_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ParallelLines", "draw", "explain", "run"]


@dataclass(frozen=True)
class ParallelLines:
    """The numbers of the lesson, for P on the line x = 0 and Q on the line x = theta.

    Attributes
    ----------
    thetas : ndarray, shape (n,)
    kl, kl_reversed, js : ndarray, shape (n,)
        KL(P‖Q), KL(Q‖P) and JS in nats, of histograms on the points of both segments.
    w : ndarray, shape (n,)
        W₁ by exact transport between the points of the segments.
    gap : float
        The widest certified bracket around an entry of `w`.
    sigmas : ndarray, shape (s,)
        Standard deviations of the noise.
    js_noisy, w_noisy : ndarray, shape (s, n)
        JS and W₁ once N(0, sigma²) noise has been added to both.
    """

    thetas: FloatArray
    kl: FloatArray
    kl_reversed: FloatArray
    js: FloatArray
    w: FloatArray
    gap: float
    sigmas: FloatArray
    js_noisy: FloatArray
    w_noisy: FloatArray


def run(*, thetas: Any = None, sigmas: Any = (0.25, 0.5, 1.0), points: int = 24) -> ParallelLines:
    """Measure the distance between two unit segments, bare and blurred.

    Parameters
    ----------
    thetas : array_like, shape (n,), optional
        Signed distances between the lines; -2, -1.9375, ..., 2 if omitted.
    sigmas : array_like, shape (s,)
        Standard deviations of the noise, positive.
    points : int
        Points on each segment, at the same heights on both.

    Returns
    -------
    ParallelLines

    Raises
    ------
    InvalidInputError
        Non-finite thetas, sigmas that are not positive, fewer than one point.

    Notes
    -----
    The noise blurs both segments alike along their length, which changes neither JS nor W₁.
    Across, it makes N(0, sigma²) and N(theta, sigma²) of them, and those are what is compared.

    Examples
    --------
    >>> numbers = run(thetas=[0, 1], sigmas=[0.5])
    >>> numbers.kl, numbers.js.round(6), numbers.w
    (array([ 0., inf]), array([0.      , 0.693147]), array([0., 1.]))
    >>> numbers.js_noisy.round(6)
    array([[0.      , 0.336831]])
    """
    thetas = as_points(np.linspace(-2, 2, 65) if thetas is None else thetas, "thetas")[:, 0]
    sigmas = as_points(sigmas, "sigmas")[:, 0]
    if points < 1:
        raise InvalidInputError(f"points must be at least 1, got {points!r}; to fix it, pass 24")
    heights = (np.arange(points) + 0.5) / points
    segments = [np.column_stack([np.full(points, theta), heights]) for theta in thetas]
    at_zero = np.column_stack([np.zeros(points), heights])
    histograms = [_histograms(at_zero, segment) for segment in segments]
    transports = [emd(at_zero, segment) for segment in segments]
    blurred = [
        [(Normal(0, sigma), Normal(theta, sigma)) for theta in thetas.tolist()]
        for sigma in sigmas.tolist()
    ]
    return ParallelLines(
        thetas=thetas,
        kl=np.array([kl_divergence(p, q) for p, q in histograms]),
        kl_reversed=np.array([kl_divergence(q, p) for p, q in histograms]),
        js=np.array([js_divergence(p, q) for p, q in histograms]),
        w=np.array([float(transport) for transport in transports]),
        gap=max(transport.gap for transport in transports),
        sigmas=sigmas,
        js_noisy=np.array([[js(P, Q) for P, Q in row] for row in blurred]),
        w_noisy=np.array([[w1(P, Q) for P, Q in row] for row in blurred]),
    )


def _histograms(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How often each point of the two clouds occurs in the one and in the other."""
    cells, index = np.unique(np.vstack([x, y]), axis=0, return_inverse=True)
    p, q = np.split(index.ravel(), [len(x)])
    counts = [np.bincount(side, minlength=len(cells)).astype(float) for side in (p, q)]
    return counts[0], counts[1]


def explain(numbers: ParallelLines) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : ParallelLines

    Returns
    -------
    str

    Examples
    --------
    >>> print(explain(run(thetas=[0, 1])).splitlines()[0])
    Parallel lines: JS jumps between 0 and log 2 = 0.693147, W is |theta|
    """
    n = numbers
    shown = np.flatnonzero(n.thetas >= 0) if (n.thetas >= 0).any() else np.arange(len(n.thetas))
    rows = shown[np.unique(np.linspace(0, len(shown) - 1, 9).round().astype(int))]
    columns = [n.thetas, n.kl, n.kl_reversed, n.js, n.w, *n.js_noisy]
    noisy = [f"JS, sigma={sigma:g}" for sigma in n.sigmas]
    body = table(
        ["theta", "KL", "KL back", "JS", "W", *noisy],
        [[float(column[row]) for column in columns] for row in rows],
    )
    wrong = float(np.abs(n.w_noisy - np.abs(n.thetas)).max())
    return page(
        f"Parallel lines: JS jumps between 0 and log 2 = {math.log(2):.6g}, W is |theta|",
        body,
        [
            "The segments share no point unless theta = 0, so both KL are infinite and JS is "
            "log 2 (in nats; its ceiling is 1 only in bits). These values are well defined, but "
            "the same at every distance: nothing to descend.",
            "W, by exact transport of the points, is |theta|: everything moves across, and "
            f"nothing shorter will do (every bracket is narrower than {max(n.gap, 1e-15):.1g}). "
            "It is continuous, with a kink at 0, so not smooth everywhere.",
            "Noise makes the two overlap, and JS becomes the one between N(0, sigma²) and "
            "N(theta, sigma²), a smooth function of theta/sigma: "
            f"{js(Normal(0, 1), Normal(2, 1)):.4f} where theta is 2 sigma.",
            f"W does not notice the noise: it stays |theta| (to {max(wrong, 1e-15):.0e}).",
            "KL is infinite whenever P puts mass where Q has none; the supports need not be "
            "disjoint for that.",
        ],
    )


def draw(numbers: ParallelLines) -> Figure:
    """The two segments, JS with and without noise, and W.

    Parameters
    ----------
    numbers : ParallelLines

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import BLUE, INK, RED, panels

    n = numbers
    with panels(1, 3, width=4.2, height=3.7) as (figure, (plane, divergence, distance)):
        _draw_segments(plane)
        _draw_js(divergence, n)
        distance.plot(n.thetas, n.w, color=BLUE)
        for row in n.w_noisy:
            distance.plot(n.thetas[::4], row[::4], "o", color=INK, markersize=3)
        distance.set(title="W is |θ|, with noise or without", xlabel="θ", ylabel="W")
        distance.text(
            0.5,
            0.9,
            "KL = ∞ both ways, except at θ = 0",
            color=RED,
            ha="center",
            transform=distance.transAxes,
        )
        distance.text(
            0.5, 0.8, "line: bare, dots: blurred", ha="center", transform=distance.transAxes
        )
        top = float(n.w.max()) or 1.0
        distance.set_ylim(-0.05 * top, 1.3 * top)
    return figure


def _draw_segments(axes: Axes) -> None:
    from otgan.plot import BLUE, INK, ORANGE

    for x, name, color in ((0.0, "P", BLUE), (1.0, "Q", ORANGE)):
        axes.plot([x, x], [0, 1], color=color, linewidth=4, solid_capstyle="round")
        axes.annotate(name, (x, 1), (0, 8), textcoords="offset points", ha="center", color=color)
    for y in np.linspace(0.1, 0.9, 5):
        axes.annotate("", (0.96, y), (0.04, y), arrowprops={"arrowstyle": "->", "color": INK})
    axes.text(0.5, 0.53, "θ", ha="center", fontsize=13)
    axes.set(
        title="No overlap, however near",
        xlim=(-0.4, 1.4),
        ylim=(-0.15, 1.3),
        xticks=[0, 1],
        xticklabels=["0", "θ"],
        yticks=[0, 1],
    )
    axes.grid(visible=False)


def _draw_js(axes: Axes, numbers: ParallelLines) -> None:
    from otgan.plot import INK, RED

    n = numbers
    apart = n.thetas != 0
    for side in (n.thetas < 0, n.thetas > 0):
        axes.plot(n.thetas[side], n.js[side], color=RED)
    axes.plot(0, math.log(2), "o", color=RED, markerfacecolor="white", zorder=3)
    axes.plot(n.thetas[~apart], n.js[~apart], "o", color=RED, zorder=3)
    axes.text(0, math.log(2) + 0.03, "no noise: log 2, but 0 at θ = 0", color=RED, ha="center")
    # Less noise, darker and labeled further up: the labels then stay clear of each other.
    strengths = np.linspace(1, 0.4, len(n.sigmas))
    heights = np.linspace(0.5, 0.12, len(n.sigmas))
    for sigma, row, strength, height in zip(n.sigmas, n.js_noisy, strengths, heights, strict=True):
        axes.plot(n.thetas, row, color=INK, alpha=strength)
        at = np.where(n.thetas >= 0, np.abs(row - height), np.inf).argmin()
        axes.text(
            n.thetas[at],
            row[at],
            f"σ = {sigma:g}",
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    axes.set(
        title="JS jumps at θ = 0; noise smooths it",
        xlabel="θ",
        ylabel="JS (nats)",
        ylim=(-0.03, 0.8),
    )
