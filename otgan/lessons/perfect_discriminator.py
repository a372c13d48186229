"""The perfect discriminator: what it is worth, and what it leaves for the generator to climb."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.lessons.densities import Normal, as_shifts, expect, js
from otgan.lessons.gaussians_apart import js_slope, w1_slope
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PerfectDiscriminator", "discriminator", "draw", "explain", "run"]


@dataclass(frozen=True)
class PerfectDiscriminator:
    """The numbers of the lesson: data N(0, 1), generator delta + N(0, 1).

    Attributes
    ----------
    deltas : ndarray, shape (n,)
    loss : ndarray, shape (n,)
        L(G, D*) = E_r log D* + E_g log(1 - D*), by quadrature of just that.
    js : ndarray, shape (n,)
        JS of data and generator, by quadrature of its definition.
    saturating : ndarray, shape (n,)
        Slope in delta of E_z log(1 - D*(delta + z)), with D* held fixed.
    saturating_identity : ndarray, shape (n,)
        What it must be: twice the slope of JS.
    non_saturating : ndarray, shape (n,)
        Slope in delta of -E_z log D*(delta + z), with D* held fixed.
    non_saturating_identity : ndarray, shape (n,)
        What it must be: the slope of KL(g‖r) - 2 JS.
    wasserstein : ndarray, shape (n,)
        Slope of the perfect critic's loss: that of W₁.
    shown : float
        The shift to draw.
    """

    deltas: FloatArray
    loss: FloatArray
    js: FloatArray
    saturating: FloatArray
    saturating_identity: FloatArray
    non_saturating: FloatArray
    non_saturating_identity: FloatArray
    wasserstein: FloatArray
    shown: float


def run(*, deltas: Any = None, shown: float = 4.0) -> PerfectDiscriminator:
    """Value and gradients of the optimal discriminator between N(0, 1) and N(delta, 1).

    Parameters
    ----------
    deltas : array_like, shape (n,), optional
        Non-negative shifts; 0, 0.25, ..., 8 if omitted.
    shown : float
        The shift to draw, non-negative.

    Returns
    -------
    PerfectDiscriminator
        Every number by its own quadrature; some milliseconds for each shift.

    Raises
    ------
    InvalidInputError
        Negative or non-finite shifts.

    Examples
    --------
    >>> numbers = run(deltas=[1])
    >>> print(f"{numbers.loss[0]:.8f} {2 * numbers.js[0] - 2 * math.log(2):.8f}")
    -1.16345140 -1.16345140
    >>> print(f"{numbers.saturating[0]:.6f} {numbers.non_saturating[0]:.6f}")
    0.397973 0.602027
    """
    deltas = as_shifts(np.linspace(0, 8, 33) if deltas is None else deltas, "deltas")
    shifts = deltas.tolist()
    return PerfectDiscriminator(
        deltas=deltas,
        loss=np.array([_loss(delta) for delta in shifts]),
        js=np.array([js(REAL, Normal(delta, 1)) for delta in shifts]),
        saturating=np.array([_saturating(delta) for delta in shifts]),
        saturating_identity=np.array([2 * js_slope(delta) for delta in shifts]),
        non_saturating=np.array([_non_saturating(delta) for delta in shifts]),
        non_saturating_identity=np.array(
            [_kl_slope(delta) - 2 * js_slope(delta) for delta in shifts]
        ),
        wasserstein=np.array([w1_slope(delta) for delta in shifts]),
        shown=float(as_shifts([shown], "shown")[0]),
    )


REAL = Normal(0, 1)


def discriminator(x: float, delta: float) -> float:
    """D*(x) = p_r/(p_r + p_g), the best one between N(0, 1) and N(delta, 1).

    Parameters
    ----------
    x : float
    delta : float

    Returns
    -------
    float
        The probability that x is real.

    Examples
    --------
    >>> discriminator(0.5, 1.0)
    0.5
    >>> print(f"{discriminator(0.0, 1.0):.7f}")
    0.6224593
    """
    return math.exp(_log_sigmoid(_log_odds(x, delta)))


def _log_odds(x: float, delta: float) -> float:
    """log(D*/(1 - D*)) = log p_r - log p_g; its slope in x is -delta."""
    return REAL.log_pdf(x) - Normal(delta, 1).log_pdf(x)


def _loss(delta: float) -> float:
    on_real = expect(REAL, lambda x: _log_sigmoid(_log_odds(x, delta)))
    on_generated = expect(Normal(delta, 1), lambda x: _log_sigmoid(-_log_odds(x, delta)))
    return on_real + on_generated


def _saturating(delta: float) -> float:
    """E_g of d/dx log(1 - D*(x)) = -D*(x) · slope of the log-odds."""
    return expect(Normal(delta, 1), lambda x: delta * discriminator(x, delta))


def _non_saturating(delta: float) -> float:
    """E_g of -d/dx log D*(x) = -(1 - D*(x)) · slope of the log-odds."""
    return expect(Normal(delta, 1), lambda x: delta * (1 - discriminator(x, delta)))


def _kl_slope(delta: float) -> float:
    """The slope of KL(g‖r) = E_g log(p_g/p_r): E_g[(x - delta) log(p_g/p_r)]."""
    return expect(Normal(delta, 1), lambda x: -(x - delta) * _log_odds(x, delta))


def _log_sigmoid(t: float) -> float:
    """log(1/(1 + exp(-t))) without overflow."""
    return min(t, 0.0) - math.log1p(math.exp(-abs(t)))


def explain(numbers: PerfectDiscriminator) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : PerfectDiscriminator

    Returns
    -------
    str

    Examples
    --------
    >>> print(explain(run(deltas=[1, 8])).splitlines()[0])
    The perfect discriminator: at distance 8 the GAN pulls with 0.000393, W₁ with 1
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.deltas) - 1, 9).round().astype(int))
    columns = (
        n.loss,
        2 * n.js - 2 * math.log(2),
        n.saturating,
        n.saturating_identity,
        n.non_saturating,
        n.non_saturating_identity,
        n.wasserstein,
    )
    body = table(
        ["delta", "L(G, D*)", "2JS-2log2", "saturating", "2 dJS", "non-sat.", "d(KL-2JS)", "dW₁"],
        [
            [f"{n.deltas[row]:g}", f"{columns[0][row]:.8f}", f"{columns[1][row]:.8f}"]
            + [f"{column[row]:.6g}" for column in columns[2:]]
            for row in rows
        ],
    )
    return page(
        f"The perfect discriminator: at distance {n.deltas[-1]:g} the GAN pulls with "
        f"{n.saturating[-1]:.3g}, W₁ with {n.wasserstein[-1]:.3g}",
        body,
        [
            "The best discriminator is D* = p_r/(p_r + p_g). Its value is 2 JS - 2 log 2 "
            "(natural logarithms; the base changes the value but not D*), from -2 log 2 = "
            f"{-2 * math.log(2):.8f} where the two agree up to 0 far apart.",
            "A generator that lowers E log(1 - D*) feels exactly twice the slope of JS: D* is at "
            "its optimum, so its own dependence on delta adds nothing. Far away that vanishes.",
            "One that lowers -E log D* instead feels the slope of KL(g‖r) - 2 JS. That does not "
            "vanish, but it rewards being unlike in JS, and it grows with the distance.",
            "W₁ pulls with 1, near and far.",
            "Data and generator overlap everywhere here: the gradient vanishes without disjoint "
            "supports and without a discriminator that is never wrong.",
        ],
    )


def draw(numbers: PerfectDiscriminator) -> Figure:
    """D* between two distributions, its value, and the gradients that it leaves.

    Parameters
    ----------
    numbers : PerfectDiscriminator

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import panels

    with panels(1, 3, width=4.4, height=3.8) as (figure, (distributions, value, gradients)):
        _draw_distributions(distributions, numbers.shown)
        _draw_value(value, numbers)
        _draw_gradients(gradients, numbers)
    return figure


def _draw_distributions(axes: Axes, delta: float) -> None:
    from otgan.plot import BLUE, INK, ORANGE

    x = np.linspace(-3, delta + 3, 300)
    distributions = (("data", REAL, BLUE), ("generator", Normal(delta, 1), ORANGE))
    for name, distribution, color in distributions:
        density = np.exp([distribution.log_pdf(value) for value in x.tolist()])
        axes.fill_between(x, density, color=color, alpha=0.25)
        axes.plot(x, density, color=color)
        axes.annotate(
            name,
            (distribution.mean, density.max()),
            (0, 4),
            textcoords="offset points",
            ha="center",
            color=color,
        )
    axes.plot(x, [discriminator(value, delta) for value in x.tolist()], color=INK)
    axes.annotate("D*", (delta / 2, 0.5), (8, 2), textcoords="offset points")
    axes.annotate(
        "no slope,\nno direction",
        (delta + 1.6, 0.01),
        (delta + 1.6, 0.55),
        ha="center",
        arrowprops={"arrowstyle": "->", "color": INK},
    )
    axes.set(
        title=f"At distance {delta:g}, D* is flat under the generator", xlabel="x", ylim=(0, 1.08)
    )


def _draw_value(axes: Axes, numbers: PerfectDiscriminator) -> None:
    from otgan.plot import BLUE, GRAY, GREEN

    axes.plot(numbers.deltas, 2 * numbers.js - 2 * math.log(2), color=GREEN)
    axes.plot(numbers.deltas, numbers.loss, "o", color=BLUE, markersize=4)
    for level, name in ((0.0, "0: told apart"), (-2 * math.log(2), "−2 log 2: equal")):
        axes.axhline(level, color=GRAY, linestyle=":")
        axes.annotate(
            name,
            (numbers.deltas[-1], level),
            (0, 4),
            textcoords="offset points",
            ha="right",
            color=GRAY,
        )
    axes.set(title="Its value is JS in disguise", xlabel="shift of the generator")
    axes.margins(y=0.1)
    for height, name, color in (
        (0.55, "dots: L(G, D*)", BLUE),
        (0.46, "line: 2 JS − 2 log 2", GREEN),
    ):
        axes.text(0.96, height, name, color=color, ha="right", transform=axes.transAxes)


def _draw_gradients(axes: Axes, numbers: PerfectDiscriminator) -> None:
    from otgan.plot import BLUE, INK, RED

    apart = numbers.deltas > 0
    last = len(numbers.deltas) - 1
    curves = (
        ("log(1 − D*): vanishes", numbers.saturating, RED, 3 * last // 4, (-10, -8)),
        ("−log D*: grows", numbers.non_saturating, INK, last, (-2, 8)),
        ("W₁: 1", numbers.wasserstein, BLUE, last, (-2, 6)),
    )
    for name, slope, color, at, offset in curves:
        axes.semilogy(numbers.deltas[apart], slope[apart], color=color)
        axes.annotate(
            name,
            (numbers.deltas[at], slope[at]),
            offset,
            textcoords="offset points",
            ha="right",
            color=color,
        )
    axes.set(
        title="log(1 − D*) stops pulling, W₁ does not",
        xlabel="shift of the generator",
        ylabel="gradient",
    )
    axes.margins(y=0.12)
