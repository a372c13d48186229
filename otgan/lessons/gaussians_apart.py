"""Gaussians moving apart: what KL, JS, TV and W₁ say, and how they pull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.lessons.densities import Normal, as_shifts, expect, js, kl, log_mixture, tv, w1
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Comparison",
    "GaussiansApart",
    "compare",
    "draw",
    "explain",
    "js_slope",
    "run",
    "w1_slope",
]


@dataclass(frozen=True)
class Comparison:
    """Two normal distributions and five numbers between them, in nats or in units of x.

    Attributes
    ----------
    P, Q : Normal
    kl, kl_reversed, js, tv, w1 : float
        KL(P‖Q), KL(Q‖P), JS, TV and W₁.
    """

    P: Normal
    Q: Normal
    kl: float
    kl_reversed: float
    js: float
    tv: float
    w1: float


@dataclass(frozen=True)
class GaussiansApart:
    """The numbers of the lesson: N(0, 1) against N(delta, 1), all by quadrature.

    Attributes
    ----------
    deltas : ndarray, shape (n,)
    kl, js, tv, w1 : ndarray, shape (n,)
        The two KL are equal here, and so given once.
    kl_slope, js_slope, tv_slope, w1_slope : ndarray, shape (n,)
        Their derivatives in delta (at zero, from the right).
    equal, unequal : Comparison
        N(0, 1) against N(1, 1), and against N(1, 2²).
    """

    deltas: FloatArray
    kl: FloatArray
    js: FloatArray
    tv: FloatArray
    w1: FloatArray
    kl_slope: FloatArray
    js_slope: FloatArray
    tv_slope: FloatArray
    w1_slope: FloatArray
    equal: Comparison
    unequal: Comparison


def run(*, deltas: Any = None, scale: float = 2.0) -> GaussiansApart:
    """Compare N(0, 1) with N(delta, 1) for many shifts, and with N(1, scale²).

    Parameters
    ----------
    deltas : array_like, shape (n,), optional
        Non-negative shifts; 0, 0.25, ..., 10 if omitted.
    scale : float
        Standard deviation of the second distribution in the unequal pair.

    Returns
    -------
    GaussiansApart
        Some milliseconds for each shift.

    Raises
    ------
    InvalidInputError
        Negative or non-finite shifts, or a scale that is not positive.

    Examples
    --------
    >>> numbers = run(deltas=[0, 1, 10])
    >>> numbers.js.round(6), numbers.w1_slope.round(6)
    (array([0.      , 0.111421, 0.693146]), array([1., 1., 1.]))
    """
    deltas = as_shifts(np.linspace(0, 10, 41) if deltas is None else deltas, "deltas")
    pairs = [compare(Normal(0, 1), Normal(delta, 1)) for delta in deltas.tolist()]
    return GaussiansApart(
        deltas=deltas,
        kl=np.array([pair.kl for pair in pairs]),
        js=np.array([pair.js for pair in pairs]),
        tv=np.array([pair.tv for pair in pairs]),
        w1=np.array([pair.w1 for pair in pairs]),
        kl_slope=np.array([_kl_slope(delta) for delta in deltas.tolist()]),
        js_slope=np.array([js_slope(delta) for delta in deltas.tolist()]),
        tv_slope=np.array([_tv_slope(delta) for delta in deltas.tolist()]),
        w1_slope=np.array([w1_slope(delta) for delta in deltas.tolist()]),
        equal=compare(Normal(0, 1), Normal(1, 1)),
        unequal=compare(Normal(0, 1), Normal(1, scale)),
    )


def compare(P: Normal, Q: Normal) -> Comparison:
    """All five numbers between two normal distributions.

    Parameters
    ----------
    P, Q : Normal

    Returns
    -------
    Comparison

    Examples
    --------
    >>> pair = compare(Normal(0, 1), Normal(1, 2))
    >>> print(f"{pair.kl:.4f} {pair.kl_reversed:.4f}")
    0.4431 1.3069
    """
    return Comparison(P, Q, kl(P, Q), kl(Q, P), js(P, Q), tv(P, Q), w1(P, Q))


# As q moves, dq/ddelta = (x - delta) q. A divergence ∫ φ(p, q) then has the slope
# E_Q[(x - delta) ∂φ/∂q].


def _kl_slope(delta: float) -> float:
    """With φ = p log(p/q): E_P[-(x - delta)]."""
    return expect(Normal(0, 1), lambda x: delta - x)


def js_slope(delta: float) -> float:
    """The derivative of JS(N(0, 1), N(delta, 1)) in delta, ½ E_Q[(x - delta) log(q/m)].

    Examples
    --------
    >>> print(f"{2 * js_slope(1.0):.6f}")
    0.397973
    """
    P, Q = Normal(0, 1), Normal(delta, 1)
    return 0.5 * expect(Q, lambda x: (x - delta) * (Q.log_pdf(x) - log_mixture(P, Q, x)))


def _tv_slope(delta: float) -> float:
    """With φ = max(0, q - p): E_Q[(x - delta) 1{q > p}]; q exceeds p right of delta/2."""
    return expect(Normal(delta, 1), lambda x: (x - delta) * (x > delta / 2), breaks=[delta / 2])


def w1_slope(delta: float) -> float:
    """Of ∫ |F - G|, where dG/ddelta = -q: E_Q[sign(F - G)], and G trails F everywhere."""
    P, Q = Normal(0, 1), Normal(delta, 1)
    return expect(Q, lambda x: 1.0 if P.cdf(x) >= Q.cdf(x) else -1.0)


def explain(numbers: GaussiansApart) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : GaussiansApart

    Returns
    -------
    str

    Examples
    --------
    >>> print(explain(run(deltas=[0, 5, 10])).splitlines()[0])
    Gaussians moving apart: at 10, JS pulls with 2.23e-06, W₁ with 1
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.deltas) - 1, 11).round().astype(int))
    columns = (n.deltas, n.kl, n.js, n.tv, n.w1, n.kl_slope, n.js_slope, n.tv_slope, n.w1_slope)
    body = table(
        ["delta", "KL", "JS", "TV", "W₁", "dKL", "dJS", "dTV", "dW₁"],
        [[f"{column[row]:.6g}" for column in columns] for row in rows],
    )
    pairs = [
        [f"N({c.P.mean:g}, {c.P.std:g}²), N({c.Q.mean:g}, {c.Q.std:g}²)"]
        + [f"{value:.10f}" for value in (c.kl, c.kl_reversed, c.js, c.w1)]
        for c in (n.equal, n.unequal)
    ]
    return page(
        f"Gaussians moving apart: at {n.deltas[-1]:g}, JS pulls with {n.js_slope[-1]:.3g}, "
        f"W₁ with {n.w1_slope[-1]:.3g}",
        body + "\n\n" + table(["pair", "KL(P‖Q)", "KL(Q‖P)", "JS", "W₁"], pairs),
        [
            "JS and TV run into their ceilings (log 2 nats, which is one bit, and 1), and their "
            "slopes vanish: from far away they no longer say where to go.",
            "KL grows like delta²/2 with slope delta. It stays finite, since Gaussians overlap "
            "everywhere, and its pull grows in proportion rather than exploding.",
            "W₁ is the shift itself, with slope 1 at every distance.",
            f"KL is not symmetric in general, but this family cannot show it: with equal "
            f"variances both directions give {n.equal.kl:.4g} at delta = 1, though a well-known "
            f"figure uses this very pair. The second pair gives {n.unequal.kl:.4f} one way and "
            f"{n.unequal.kl_reversed:.4f} back.",
            "W₁ between Gaussians equals the distance of the means only if the variances agree: "
            f"in the second pair, with means 1 apart, it is {n.unequal.w1:.10f}.",
            "KL and JS are no metrics (the square root of JS is one).",
        ],
    )


def draw(numbers: GaussiansApart) -> Figure:
    """The divergences and their slopes against the shift, and the pair that shows asymmetry.

    Parameters
    ----------
    numbers : GaussiansApart

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import BLUE, GRAY, INK, RED, panels

    n = numbers
    curves = (
        ("KL", n.kl, n.kl_slope, INK),
        ("W₁", n.w1, n.w1_slope, BLUE),
        ("TV", n.tv, n.tv_slope, GRAY),
        ("JS", n.js, n.js_slope, RED),
    )
    apart = n.deltas > 0
    far = float(n.deltas.max()) or 1.0
    with panels(1, 3, width=4.4, height=3.9) as (figure, (values, slopes, pair)):
        for _, value, slope, color in curves:
            values.plot(n.deltas, value, color=color)
            slopes.semilogy(n.deltas[apart], slope[apart], color=color)
        values.set(
            title="JS and TV hit a ceiling",
            xlabel="shift of the mean",
            ylabel="value",
            ylim=(0, 1.05 * far),
        )
        slopes.set(
            title="Only W₁ pulls alike from everywhere",
            xlabel="shift of the mean",
            ylabel="slope",
            ylim=(1e-6, 4 * max(far, 1)),
        )
        _label_curves(values, slopes, n)
        _draw_pair(pair, n.unequal)
    return figure


def _label_curves(values: Axes, slopes: Axes, numbers: GaussiansApart) -> None:
    from otgan.plot import BLUE, GRAY, INK, RED

    n = numbers
    far = int(n.deltas.argmax())
    high = int(np.abs(n.kl - 0.9 * n.deltas[far]).argmin())
    middle = int(np.abs(n.deltas - 0.65 * n.deltas[far]).argmin())
    steep_tv, steep_js = (
        int(np.abs(np.log(np.maximum(slope, 1e-300) / 3e-4)).argmin())
        for slope in (n.tv_slope, n.js_slope)
    )
    labels = (
        (values, "KL", high, n.kl, INK, (-8, 0), "right"),
        (values, "W₁ = shift", middle, n.w1, BLUE, (8, -8), "left"),
        (values, "TV → 1", far, n.tv, GRAY, (0, 5), "right"),
        (values, "JS → log 2", far, n.js, RED, (0, -12), "right"),
        (slopes, "KL: the shift", far, n.kl_slope, INK, (0, 6), "right"),
        (slopes, "W₁: 1", far, n.w1_slope, BLUE, (0, -13), "right"),
        (slopes, "TV", steep_tv, n.tv_slope, GRAY, (-8, 0), "right"),
        (slopes, "JS", steep_js, n.js_slope, RED, (8, 0), "left"),
    )
    for axes, name, at, curve, color, offset, side in labels:
        axes.annotate(
            name,
            (n.deltas[at], curve[at]),
            offset,
            textcoords="offset points",
            ha=side,
            color=color,
        )


def _draw_pair(axes: Axes, pair: Comparison) -> None:
    from otgan.plot import BLUE, ORANGE

    widest = max(pair.P.std, pair.Q.std)
    x = np.linspace(pair.P.mean - 4 * widest, pair.Q.mean + 4 * widest, 400)
    for name, distribution, color in (("P", pair.P, BLUE), ("Q", pair.Q, ORANGE)):
        density = np.exp([distribution.log_pdf(value) for value in x.tolist()])
        axes.fill_between(x, density, color=color, alpha=0.25)
        axes.plot(x, density, color=color)
        axes.annotate(
            f"{name} = N({distribution.mean:g}, {distribution.std:g}²)",
            (
                distribution.mean + distribution.std,
                np.exp(distribution.log_pdf(distribution.mean + distribution.std)),
            ),
            (6, 3),
            textcoords="offset points",
            color=color,
        )
    axes.set(title="KL is not symmetric once variances differ", xlabel="x", ylabel="density")
    axes.set_ylim(0, None)
    axes.text(
        0.98,
        0.74,
        f"KL(P‖Q) = {pair.kl:.4f}\nKL(Q‖P) = {pair.kl_reversed:.4f}\nW₁ = {pair.w1:.4f}",
        ha="right",
        transform=axes.transAxes,
        linespacing=1.5,
    )
