"""The picture of the lesson `kl-integrands`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal
from otgan.lessons.kl_integrands.numbers import Areas, KLIntegrands
from otgan.measures import FloatArray
from otgan.plot import BLUE, GRAY, INK, ORANGE, legend_below, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]


@checks_keywords
def draw(numbers: KLIntegrands) -> Figure:
    """The integrands as a well-known figure has them, as it should have, and for a far bump.

    Parameters
    ----------
    numbers : KLIntegrands

    Returns
    -------
    matplotlib.figure.Figure
    """
    n = numbers
    with panels(3, 3, width=4.2, height=3.1) as (figure, axes):
        for row, (pair, verdict) in enumerate(
            ((n.drawn, "as drawn: mirror images"), (n.unequal, "as it should be"))
        ):
            _draw_pair(axes[3 * row], pair, verdict)
            _draw_integrands(axes[3 * row + 1], pair)
            _draw_js(axes[3 * row + 2], pair)
        _draw_bump(axes[6:], n)
        for axis in axes:
            legend_below(axis, columns=4)
    return figure


def _draw_pair(axes: Axes, pair: Areas, verdict: str) -> None:
    x, log_p, log_q = _curves(pair)
    p, q = np.exp(log_p), np.exp(log_q)
    for name, curve, color in (("p", p, BLUE), ("q", q, ORANGE), ("m", (p + q) / 2, GRAY)):
        axes.plot(x, curve, color=color, label=name)
    axes.set(
        title=f"N(0, 1) and N({pair.Q.mean:g}, {pair.Q.std:g}²), {verdict}",
        xlabel="x",
        ylabel="density",
    )


def _draw_integrands(axes: Axes, pair: Areas) -> None:
    x, log_p, log_q = _curves(pair)
    for name, curve, color in (
        (f"p log(p/q): {pair.kl:.4f}", np.exp(log_p) * (log_p - log_q), BLUE),
        (f"q log(q/p): {pair.kl_reversed:.4f}", np.exp(log_q) * (log_q - log_p), ORANGE),
    ):
        axes.plot(x, curve, color=color, label=name)
        axes.fill_between(x, curve, color=color, alpha=0.2)
    same = "equal" if abs(pair.kl - pair.kl_reversed) < 1e-9 else "unequal"
    axes.set(title=f"KL both ways: {same} areas", xlabel="x", ylabel="nats")


def _draw_js(axes: Axes, pair: Areas) -> None:
    x, log_p, log_q = _curves(pair)
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    parts = [np.exp(log) * (log - log_m) / 2 for log in (log_p, log_q)]
    for name, curve, color in (
        ("½ p log(p/m)", parts[0], BLUE),
        ("½ q log(q/m)", parts[1], ORANGE),
        (f"sum: {pair.js:.4f}", sum(parts), INK),
    ):
        axes.plot(x, curve, color=color, label=name)
    axes.fill_between(x, sum(parts), color=INK, alpha=0.15)
    axes.set(title="JS: negative nowhere", xlabel="x", ylabel="nats")


def _draw_bump(axes: Sequence[Axes], n: KLIntegrands) -> None:
    density, integrands, growth = axes
    far = 6.0
    x = np.linspace(-4, far + 4, 500)
    log_p = _log_density(Normal(0, 1), x)
    log_bump = _log_density(Normal(far, 1), x)
    log_q = np.logaddexp(np.log1p(-n.weight) + log_p, np.log(n.weight) + log_bump)
    for name, own, other, color in (
        ("p log(p/q)", log_p, log_q, BLUE),
        ("q log(q/p)", log_q, log_p, ORANGE),
    ):
        density.plot(x, np.exp(own), color=color, label=name[0])
        integrand = np.exp(own) * (own - other)
        integrands.plot(x, integrand, color=color, label=name)
        integrands.fill_between(x, integrand, color=color, alpha=0.2)
    density.set(title=f"{n.weight:.3g} of q lies where p is near 0", xlabel="x", ylabel="density")
    integrands.set(title="p log(p/q) does not see it there", xlabel="x", ylabel="nats")
    for label, values, color, style in (
        ("KL(p‖q)", n.kl, BLUE, "-"),
        ("KL(q‖p)", n.kl_reversed, ORANGE, "-"),
        ("JS", n.js, INK, "-"),
        ("W₁", n.w1, INK, ":"),
    ):
        growth.plot(n.deltas, values, color=color, linestyle=style, label=label)
    top = float(max(1.5 * n.w1.max(), 2 * n.kl_limit))
    growth.set(
        title="KL(p‖q) and JS: no matter how far",
        xlabel="distance of the bump",
        ylabel="nats, or units of x",
        ylim=(0, top),
    )


def _curves(pair: Areas) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where both densities are to be seen, and the logarithms of both."""
    ends = [one.mean + side * 4 * one.std for one in (pair.P, pair.Q) for side in (-1, 1)]
    x = np.linspace(min(ends), max(ends), 500)
    return x, _log_density(pair.P, x), _log_density(pair.Q, x)


def _log_density(distribution: Normal, x: FloatArray) -> FloatArray:
    return np.array([distribution.log_pdf(value) for value in x.tolist()])
