"""When to train a critic, and when to compute the exact distance of samples instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan import estimate_w1
from otgan.datasets import KnownPair, funnel_pair
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from otgan.critics.estimation.result import DualEstimate

__all__ = ["CriticOrEmd", "draw", "explain", "run"]

FUNNELS = 4


@dataclass(frozen=True)
class CriticOrEmd:
    """The numbers of the lesson, for one pair of distributions in each of k dimensions.

    All but `truth` are relative errors in per cent: 100 (estimate / truth - 1); each ``_se`` is
    the standard error of what it is named after.

    Attributes
    ----------
    dimensions : ndarray, shape (k,)
    counts : ndarray, shape (c,)
        Points of each sample.
    truth, truth_se : ndarray, shape (k,)
        W₁ of the distributions, in units of the data.
    emd, emd_se : ndarray, shape (k, c)
        The exact W₁ of samples of so many points, averaged over independent samples.
    held_out, held_out_se : ndarray, shape (k, c)
        What the optimal potentials of these samples show on fresh points.
    critic, critic_se : ndarray, shape (k,)
        A critic with a one-sided gradient penalty, fed with fresh points.
    gap : ndarray, shape (k,)
        The same before twice the penalty is subtracted.
    reused, reused_se : ndarray, shape (k,)
        The same critic fed with ``counts[-1]`` points of each distribution and no more.
    """

    dimensions: FloatArray
    counts: FloatArray
    truth: FloatArray
    truth_se: FloatArray
    emd: FloatArray
    emd_se: FloatArray
    held_out: FloatArray
    held_out_se: FloatArray
    critic: FloatArray
    critic_se: FloatArray
    gap: FloatArray
    reused: FloatArray
    reused_se: FloatArray

    @property
    def midpoint(self) -> FloatArray:
        """Halfway between `emd` and `held_out`, shape (k, c)."""
        return (self.emd + self.held_out) / 2

    @property
    def midpoint_se(self) -> FloatArray:
        """Standard error of `midpoint`."""
        return np.hypot(self.emd_se, self.held_out_se) / 2

    def critic_nearer_than(self, errors: FloatArray) -> FloatArray:
        """The dimensions where `critic` errs less than `errors`, shape (k,), does."""
        return self.dimensions[np.abs(self.critic) < np.abs(errors)]


@dataclass(frozen=True)
class _Effort:
    dimensions: tuple[int, ...]
    counts: tuple[int, ...]
    repeats: int
    steps: int
    reused_steps: int
    width: int

    def fit(self, x: Any, y: Any, steps: int, seed: int) -> DualEstimate:
        """Train a critic on samplers or on arrays."""
        from otgan.critics.networks.mlp import radial_mlp
        from otgan.critics.training.options import FitOptions

        return estimate_w1(
            x,
            y,
            "lp",
            steps=steps,
            network=lambda d: radial_mlp(d, width=self.width),
            device="cpu",
            options=FitOptions(batch_size=512, test_points=2**16, rng=seed),
        )


FULL = _Effort((1, 2, 4, 8, 16, 32), (250, 500, 1000, 2000), 4, 1000, 400, 64)
QUICK = _Effort((2, 16), (125, 500), 2, 300, 200, 64)


def run(*, quick: bool = False, seed: int = 0) -> CriticOrEmd:
    """Estimate W₁ of pairs that are known, in more and more dimensions, by samples and critics.

    The pairs are those of `otgan.datasets.funnel_pair`: a cube whose mass slides into four funnels.

    Parameters
    ----------
    quick : bool
        Two dimensions, small samples and short trainings: some seconds instead of a minute.
    seed : int
        Decides everything random but the pairs.

    Returns
    -------
    CriticOrEmd

    References
    ----------
    Korotin, Kolesov and Burnaev, Kantorovich strikes back! Wasserstein GANs are not optimal
    transport? (NeurIPS 2022), for the pairs and the comparison.

    Examples
    --------
    >>> numbers = run(quick=True)
    >>> numbers.dimensions.tolist(), bool(numbers.emd[1, -1] > 80)
    ([2, 16], True)
    """
    effort = QUICK if quick else FULL
    pairs = [funnel_pair(d, FUNNELS) for d in effort.dimensions]
    truth = np.array([pair.w1 for pair in pairs])
    sampled = np.array([[_of_samples(effort, p, n, seed) for n in effort.counts] for p in pairs])
    trained = np.array([_of_critics(effort, pair, seed) for pair in pairs])
    emd, emd_se, held_out, held_out_se = np.moveaxis(sampled, -1, 0)
    critic, critic_se, gap, reused, reused_se = trained.T
    rows = truth[:, None]
    return CriticOrEmd(
        dimensions=np.array(effort.dimensions),
        counts=np.array(effort.counts),
        truth=truth,
        truth_se=np.array([pair.w1_se for pair in pairs]),
        emd=100 * (emd / rows - 1),
        emd_se=100 * emd_se / rows,
        held_out=100 * (held_out / rows - 1),
        held_out_se=100 * held_out_se / rows,
        critic=100 * (critic / truth - 1),
        critic_se=100 * critic_se / truth,
        gap=100 * (gap / truth - 1),
        reused=100 * (reused / truth - 1),
        reused_se=100 * reused_se / truth,
    )


def _of_samples(effort: _Effort, pair: KnownPair, n: int, seed: int) -> tuple[float, ...]:
    """Exact W₁ of samples of n points, its se; the value of their potentials elsewhere, its se."""
    from otgan.inference.held_out_bracket import held_out_bracket

    parts = []
    for repeat in range(effort.repeats):
        rng = np.random.default_rng([seed, repeat, n, pair.d])
        bracket = held_out_bracket(
            *(distribution.sample(k, rng) for k in (n, 4000) for distribution in (pair.x, pair.y))
        )
        parts.append(
            (bracket.upper_estimate, bracket.upper_se, bracket.lower_estimate, bracket.lower_se)
        )
    upper, upper_se, lower, lower_se = np.array(parts).T
    once = np.sqrt(effort.repeats)
    return (
        upper.mean(),
        np.sqrt(np.square(upper_se).mean()) / once,
        lower.mean(),
        np.sqrt(np.square(lower_se).mean()) / once,
    )


def _of_critics(effort: _Effort, pair: KnownPair, seed: int) -> tuple[float, ...]:
    """Value, se and gap of a critic on fresh points; value and se of one on few points."""
    fresh = effort.fit(pair.x, pair.y, effort.steps, seed)
    rng = np.random.default_rng([seed, pair.d])
    x, y = (distribution.sample(effort.counts[-1], rng) for distribution in (pair.x, pair.y))
    reused = effort.fit(x, y, effort.reused_steps, seed)
    return fresh.value, fresh.se, fresh.raw_gap, reused.value, reused.se


def explain(numbers: CriticOrEmd) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : CriticOrEmd

    Returns
    -------
    str
    """
    n = numbers
    most = int(n.counts[-1])
    columns = (
        (n.emd[:, -1], n.emd_se[:, -1]),
        (n.held_out[:, -1], n.held_out_se[:, -1]),
        (n.midpoint[:, -1], n.midpoint_se[:, -1]),
        (n.critic, n.critic_se),
        (n.gap, n.critic_se),
        (n.reused, n.reused_se),
    )
    body = table(
        ["d", "W₁", "EMD, %", "held out", "midpoint", "critic", "its gap", f"on {most:,} points"],
        [
            [f"{d:.0f}", f"{n.truth[k]:.4f}"]
            + [f"{error[k]:+.1f} ± {se[k]:.1f}" for error, se in columns]
            for k, d in enumerate(n.dimensions)
        ],
    )
    more = table(
        ["EMD, %", *[f"{count:,.0f} points" for count in n.counts]],
        [
            [f"d = {d:.0f}", *[f"{error:+.1f}" for error in n.emd[k]]]
            for k, d in enumerate(n.dimensions)
        ],
    )
    return page(
        f"A critic or the exact distance of samples, in {_listed(n.dimensions)} dimensions",
        body + "\n\n" + more,
        _sentences(n),
    )


def _sentences(n: CriticOrEmd) -> list[str]:
    most, few = int(n.counts[-1]), int(n.counts[0])
    low, high = int(n.dimensions[0]), int(n.dimensions[-1])
    plane = list(n.dimensions).index(2)
    return [
        "All errors are in per cent of the true W₁ of the distributions, signed, with standard errors.",
        f"The exact distance of {most:,} points (EMD) is exact for these points. They lie further "
        f"apart than their distributions, in the mean: by {n.emd[plane, -1]:+.1f} % in the plane and by "
        f"{n.emd[-1, -1]:+.0f} % in {high} dimensions. {most // few} times the points take the "
        f"excess from {n.emd[-1, 0]:+.0f} % to {n.emd[-1, -1]:+.0f} % there: more of them is no "
        "way out.",
        "The potentials of the same points, on fresh ones, show too little: "
        f"{n.held_out[plane, -1]:+.1f} % and {n.held_out[-1, -1]:+.0f} %. So the two are a "
        "bracket of W₁ that holds, but for noise, in any dimension. Their midpoint is good while "
        f"the bracket is narrow, and {n.midpoint[-1, -1]:+.0f} % off in {high} dimensions.",
        f"A critic that draws fresh points in every step errs by {n.critic[0]:+.1f} % in {low} and "
        f"{n.critic[-1]:+.1f} % in {high} dimensions. It is nearer than the EMD in "
        f"{_listed(n.critic_nearer_than(n.emd[:, -1]))} dimensions, and nearer than the midpoint "
        f"in {_listed(n.critic_nearer_than(n.midpoint[:, -1]))}.",
        "Its standard error does not tell: a perfect critic would be read as W₁ or a little more, "
        "so what is missing is what the network has not learned. The gap before the penalty is "
        "subtracted looks better in many dimensions, but there two errors partly cancel by chance.",
        f"The same critic on {most:,} points and no more has a quarter of them left to be judged "
        f"on, which leaves ± {n.reused_se[plane]:.0f} %, and it learns the points along with their "
        f"distributions: {n.reused[-1]:+.0f} % in {high} dimensions.",
        "So: for two sets of points, and for distributions in a few dimensions, compute the exact distance "
        "and its bracket; for distributions in many dimensions that can be sampled at will, train a critic, "
        "and hold it against the bracket.",
    ]


def _listed(dimensions: FloatArray) -> str:
    names = [f"{d:.0f}" for d in dimensions]
    if len(names) < 2:
        return names[0] if names else "no"
    return ", ".join(names[:-1]) + " and " + names[-1]


def draw(numbers: CriticOrEmd) -> Figure:
    """All errors against the dimension, and those of the EMD against the number of points.

    Parameters
    ----------
    numbers : CriticOrEmd

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import panels

    with panels(1, 2, width=5.6, height=4.6) as (figure, (errors, points)):
        _draw_errors(errors, numbers)
        _draw_points(points, numbers)
    return figure


def _draw_errors(axes: Axes, numbers: CriticOrEmd) -> None:
    from otgan.plot import BLUE, GRAY, GREEN, INK, VIOLET

    n = numbers
    most = f"{n.counts[-1]:,.0f}"
    curves = (
        (f"EMD of {most} points", n.emd[:, -1], n.emd_se[:, -1], BLUE, "o-"),
        ("midpoint", n.midpoint[:, -1], n.midpoint_se[:, -1], GRAY, "o-"),
        ("their potentials, elsewhere", n.held_out[:, -1], n.held_out_se[:, -1], GREEN, "o-"),
        ("critic on fresh points", n.critic, n.critic_se, VIOLET, "o-"),
        (f"critic on {most} points", n.reused, n.reused_se, VIOLET, "s:"),
    )
    axes.axhline(0, color=INK, linewidth=1)
    for k, (name, error, se, color, style) in enumerate(curves):
        # A little apart, so that the bars can be told from each other.
        x = n.dimensions * 1.03 ** (k - 2)
        axes.errorbar(x, error, 2 * se, fmt=style, color=color, markersize=5, label=name)
    _percent(axes)
    axes.set_xscale("log", base=2)
    axes.set_xticks(n.dimensions, [f"{d:.0f}" for d in n.dimensions])
    axes.set(
        title="Estimates of W₁ of two distributions", xlabel="dimension (bars: ± 2 standard errors)"
    )
    axes.legend(loc="upper left", fontsize=9)


def _draw_points(axes: Axes, numbers: CriticOrEmd) -> None:
    from otgan.plot import BLUE, INK, VIOLET

    n = numbers
    axes.axhline(0, color=INK, linewidth=1)
    for k, d in enumerate(n.dimensions):
        axes.errorbar(n.counts, n.emd[k], 2 * n.emd_se[k], fmt="o-", color=BLUE, markersize=4)
        axes.annotate(
            f"d = {d:.0f}",
            (n.counts[-1], n.emd[k, -1]),
            (10, 0 if d > 2 else 14 * k - 10),
            textcoords="offset points",
            va="center",
            color=BLUE,
        )
    low, high = float(n.critic.min()), float(n.critic.max())
    axes.axhspan(low, high, color=VIOLET, alpha=0.25, linewidth=0)
    axes.text(
        n.counts[0], low, f"critic, d = {n.dimensions[0]:.0f} to {n.dimensions[-1]:.0f}",
        va="top", color=VIOLET,
    )  # fmt: skip
    _percent(axes)
    axes.set_xscale("log")
    axes.set_xticks(n.counts, [f"{count:,.0f}" for count in n.counts])
    axes.minorticks_off()
    axes.set_xlim(0.85 * n.counts[0], 1.5 * n.counts[-1])
    axes.set(title="EMD: more points help in few dimensions", xlabel="points of each sample")


def _percent(axes: Axes) -> None:
    ticks = [-50, -20, -10, -5, 0, 5, 10, 20, 50, 100, 200, 400]
    axes.set_yscale("symlog", linthresh=10, linscale=0.8)
    axes.set_yticks(ticks, [f"{tick:+d} %" if tick else "W₁" for tick in ticks])
    axes.set_ylim(-60, 500)
    axes.minorticks_off()
