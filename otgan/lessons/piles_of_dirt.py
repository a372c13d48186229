"""Piles of dirt: the distance between two heaps, as carrying, as a plan and as prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan import emd, emd_linprog, js_divergence, kl_divergence, total_variation, wasserstein_1d
from otgan.lessons.text import page, table
from otgan.measures import FloatArray, as_points, as_weights, check_equal_mass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PilesOfDirt", "draw", "explain", "run"]


@dataclass(frozen=True)
class PilesOfDirt:
    """The numbers of the lesson; work is in shovelfuls times steps.

    Attributes
    ----------
    P, Q : ndarray, shape (n,)
        Shovelfuls in each pile, as they are and as they should be; equal totals.
    flow : ndarray, shape (n,)
        Shovelfuls carried from pile i to pile i + 1, negative if carried back; the last is 0.
    work : float
        The absolute values of `flow` added up: the least work.
    primal, dual : float
        The same from the linear program over plans and from the one over prices.
    plan : ndarray, shape (n, n)
        Shovelfuls moved from pile i to pile j by an optimal plan.
    prices : ndarray, shape (n,)
        Optimal potential f, zero at the first pile; Σ f (P - Q) is the work.
    distance : float
        W₁ of the two as probability distributions: work for one shovelful in all.
    kl, kl_reversed, js, tv : float
        KL(P‖Q), KL(Q‖P), JS and TV of the distributions, in nats where that matters.
    """

    P: FloatArray
    Q: FloatArray
    flow: FloatArray
    work: float
    primal: float
    dual: float
    plan: FloatArray
    prices: FloatArray
    distance: float
    kl: float
    kl_reversed: float
    js: float
    tv: float


def run(*, P: Any = (3, 2, 1, 4), Q: Any = (1, 2, 4, 3)) -> PilesOfDirt:
    """Compute the work between two rows of piles in four ways, and the divergences beside it.

    Parameters
    ----------
    P, Q : array_like, shape (n,)
        Non-negative amounts of dirt with equal totals, in piles one step apart.

    Returns
    -------
    PilesOfDirt
        The linear programs take O(n²) variables: meant for up to a few hundred piles.

    Raises
    ------
    InvalidInputError
        Negative, missing or infinite amounts, or rows of different length.
    UnequalMassError
        Totals that differ.

    Examples
    --------
    >>> numbers = run()
    >>> numbers.flow
    array([ 2.,  2., -1.,  0.])
    >>> numbers.work, numbers.distance
    (5.0, 0.5)
    """
    n = len(as_points(P, "P"))
    P, Q = as_weights(P, n, "P"), as_weights(Q, n, "Q")
    total = float(P.sum())
    check_equal_mass(total, float(Q.sum()), hint="divide each by its own sum")
    Q = Q * (total / Q.sum())  # what rounding the totals may differ by
    place = np.arange(n)
    steps = np.abs(place[:, None] - place)
    program = emd_linprog(steps, P, Q)
    # What piles 0..i have too much has to cross from i to i + 1.
    flow = np.cumsum(P - Q)
    flow[-1] = 0.0
    return PilesOfDirt(
        P=P,
        Q=Q,
        flow=flow,
        work=float(np.abs(flow).sum()),
        primal=total * program.upper,
        dual=total * program.lower,
        plan=total * emd(place, place, P, Q).plan.toarray(),
        prices=program.f - program.f[0],
        distance=float(wasserstein_1d(place, place, P, Q)),
        kl=float(kl_divergence(P, Q)),
        kl_reversed=float(kl_divergence(Q, P)),
        js=float(js_divergence(P, Q)),
        tv=float(total_variation(P, Q)),
    )


def explain(numbers: PilesOfDirt) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : PilesOfDirt

    Returns
    -------
    str

    Examples
    --------
    >>> print(explain(run()).splitlines()[0])
    Piles of dirt: 5 shovel-steps, or 0.5 for distributions
    """
    n = numbers
    rows = [
        [str(i + 1), p, q, flow, price]
        for i, (p, q, flow, price) in enumerate(zip(n.P, n.Q, n.flow, n.prices, strict=True))
    ]
    columns = ["pile", "P", "Q", "flow to the next", "price f"]
    body = (
        table(columns, rows)
        + "\n\n"
        + table(
            ["ladder", "plan (primal)", "prices (dual)", "normalized", "KL", "KL back", "JS", "TV"],
            [[n.work, n.primal, n.dual, n.distance, n.kl, n.kl_reversed, n.js, n.tv]],
        )
    )
    return page(
        f"Piles of dirt: {n.work:.6g} shovel-steps, or {n.distance:.6g} for distributions",
        body,
        [
            "Flow is a running total, flow_i = flow_(i-1) + P_i - Q_i, counting pile i itself: "
            "what the first i piles have too much must cross to the next. Its sign is a "
            "direction; only its size is work.",
            f"No plan can do with less: the program over plans ends at {n.primal:.6g}.",
            "Prices that change by at most one a step earn Σ f (P - Q), never more than any plan "
            f"costs; the best earn {n.dual:.6g}, so both are optimal.",
            "Wherever dirt flows, the price falls by exactly one in that direction; where none "
            "flows, it may change by less.",
            f"Divided by the {n.P.sum():.6g} shovelfuls, the same work is the distance of two "
            f"probability distributions, {n.distance:.6g}.",
            "KL, JS and TV compare pile with pile and never ask how far apart they stand: "
            "rearranging the piles of P and Q alike changes the work and not these.",
        ],
    )


def draw(numbers: PilesOfDirt) -> Figure:
    """The carrying, a plan and the prices, side by side.

    Parameters
    ----------
    numbers : PilesOfDirt

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import panels

    with panels(1, 3, width=4.3, height=3.7) as (figure, (carrying, plan, prices)):
        _draw_carrying(carrying, numbers)
        _draw_plan(plan, numbers)
        _draw_prices(prices, numbers)
    return figure


def _draw_carrying(axes: Axes, numbers: PilesOfDirt) -> None:
    from otgan.plot import BLUE, GREEN, ORANGE

    place = np.arange(1, len(numbers.P) + 1)
    top = float(max(numbers.P.max(), numbers.Q.max()))
    for offset, heights, color, name in (
        (-0.2, numbers.P, BLUE, "P"),
        (0.2, numbers.Q, ORANGE, "Q"),
    ):
        axes.bar(place + offset, heights, width=0.36, color=color)
        for x, height in zip(place + offset, heights, strict=True):
            axes.annotate(
                f"{name} {height:.3g}",
                (x, height),
                (0, 3),
                textcoords="offset points",
                ha="center",
                color=color,
                fontsize=9,
            )
    for i, flow in enumerate(numbers.flow[:-1], start=1):
        if flow == 0:
            continue
        ends = [(i + 0.08, 1.25 * top), (i + 0.92, 1.25 * top)]
        start, stop = ends if flow > 0 else ends[::-1]
        style = {"arrowstyle": "-|>", "color": GREEN, "linewidth": 1.2 + 2.4 * abs(flow) / top}
        axes.annotate("", stop, start, arrowprops=style)
        axes.annotate(
            f"carry {abs(flow):.3g}",
            (i + 0.5, 1.25 * top),
            (0, 8),
            textcoords="offset points",
            ha="center",
            color=GREEN,
        )
    axes.set(
        title=f"Carrying P into Q takes {numbers.work:.4g} shovel-steps",
        xlabel="pile",
        ylabel="shovelfuls",
        xticks=place,
        ylim=(0, 1.5 * top),
    )
    axes.grid(axis="x", visible=False)


def _draw_plan(axes: Axes, numbers: PilesOfDirt) -> None:
    from otgan.plot import GREEN, INK

    n = len(numbers.P)
    extent = (0.5, n + 0.5, n + 0.5, 0.5)
    axes.imshow(numbers.plan, cmap="Blues", vmax=1.6 * numbers.plan.max(), extent=extent)
    for i, j in np.argwhere(numbers.plan > 1e-9 * numbers.plan.max()):  # not rounding dust
        moved = i != j
        axes.text(
            j + 1,
            i + 1,
            f"{numbers.plan[i, j]:.3g}" + (f"×{abs(i - j)}" if moved else ""),
            ha="center",
            va="center",
            color=GREEN if moved else INK,
            fontweight="bold" if moved else "normal",
        )
    ticks = np.arange(1, n + 1)
    axes.set(
        title=f"A plan: shovelfuls×steps add up to {numbers.primal:.4g}",
        xlabel="to pile of Q",
        ylabel="from pile of P",
        xticks=ticks,
        yticks=ticks,
    )
    axes.grid(visible=False)


def _draw_prices(axes: Axes, numbers: PilesOfDirt) -> None:
    from otgan.plot import GRAY, GREEN

    n = len(numbers.P)
    place = np.arange(1, n + 1)
    axes.plot(place, numbers.prices, "o-", color=GREEN, markersize=7)
    surplus = numbers.P - numbers.Q
    rises = np.append(np.diff(numbers.prices) > 0, False)
    for x, price, excess, rising in zip(place, numbers.prices, surplus, rises, strict=True):
        axes.annotate(
            f"{price:.3g} × ({excess:.3g})".replace("-", "−"),
            (x, price),
            (8, -15 if rising else 7),
            textcoords="offset points",
            color=GREEN,
        )
    axes.margins(y=0.2)
    axes.set(
        title=f"Prices of slope up to 1 earn {numbers.dual:.4g} as well",
        xlabel="pile",
        ylabel="price f",
        xticks=place,
        xlim=(0.7, n + 0.9),
    )
    axes.text(0.98, 0.93, "labels: f × (P − Q)", color=GRAY, ha="right", transform=axes.transAxes)
