"""How sure can one be of a distance, when all one has is samples?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from otgan.divergences.closed_forms import Gaussian, kl
from otgan.lessons.how_sure_trials import (
    COUNTS,
    DIMENSIONS,
    METHODS,
    NEIGHBORS,
    PAIRS,
    SIZES,
    Floor,
    Intervals,
    Neighbors,
    Trials,
    equal_distributions,
    floors,
    in_ten_dimensions,
    intervals,
    kl_of_shifts,
    nearest_point,
    refusal,
    slopes_of,
    trials,
)
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["HowSure", "draw", "explain", "run"]


@dataclass(frozen=True)
class HowSure:
    """The numbers of the lesson.

    Attributes
    ----------
    floors : tuple of Floor
        Of N(0, 1) and U[0, 1].
    dimensions : ndarray, shape (k,)
    sizes : ndarray, shape (s,)
    distances, distances_se : ndarray, shape (k, s)
        Mean W₁ of two samples of N(0, I), and its standard error.
    slopes, slopes_se : ndarray, shape (k,)
        Of log distance in log size.
    trials : tuple of Trials
        N(0, I) against a shifted one, 200 points each.
    intervals : tuple of Intervals
        The same with 100 points each, in two and in five dimensions.
    by_hand : tuple of float
        KL by the nearest point, from (1, 2) against (1.5, 2.5), and (1, 2, 4) against (1.5, 3).
    refused : str
        What the estimate says to a repeated point.
    shifts : ndarray, shape (t,)
    kl_truth : ndarray, shape (t,)
        KL of N(0, 1) against N(shift, 1).
    kl_plain, kl_default : ndarray, shape (t,)
        Mean estimate by the nearest point, and by the default.
    neighbors : tuple of Neighbors
        Pairs of distributions in ten dimensions.
    """

    floors: tuple[Floor, ...]
    dimensions: FloatArray
    sizes: FloatArray
    distances: FloatArray
    distances_se: FloatArray
    slopes: FloatArray
    slopes_se: FloatArray
    trials: tuple[Trials, ...]
    intervals: tuple[Intervals, ...]
    by_hand: tuple[float, float]
    refused: str
    shifts: FloatArray
    kl_truth: FloatArray
    kl_plain: FloatArray
    kl_default: FloatArray
    neighbors: tuple[Neighbors, ...]

    @property
    def log_m(self) -> float:
        """The logarithm of the number of points where KL is estimated."""
        return math.log(NEIGHBORS)


def run(*, seed: int = 0) -> HowSure:
    """Compare distances of samples with those of the distributions that they come from.

    Parameters
    ----------
    seed : int
        Decides all samples.

    Returns
    -------
    HowSure
        Some seconds.

    References
    ----------
    del Barrio, Giné and Matrán, Central limit theorems for the Wasserstein distance between the
    empirical and the true distributions (1999), for ∫ √(F(1 - F)); Weed and Bach, Sharp asymptotic
    and finite-sample rates of convergence of empirical measures in Wasserstein distance (2019),
    for n^(-1/d); Wang, Kulkarni and Verdú, Divergence estimation for multidimensional densities
    via k-nearest-neighbor distances (2009), Figs. 3 and 5, for the Gaussian pairs.

    Examples
    --------
    >>> numbers = run()
    >>> print(", ".join(f"{floor.limit:.7f}" for floor in numbers.floors))
    1.8220433, 0.4431135
    """
    rngs = np.random.default_rng(seed).spawn(6)
    distances, distances_se = equal_distributions(rngs[1])
    slopes, slopes_se = slopes_of(np.log(SIZES), distances, distances_se)
    shifts = np.arange(11.0)
    plain, default = kl_of_shifts(shifts, rngs[4])
    return HowSure(
        floors=floors(rngs[0]),
        dimensions=np.array(DIMENSIONS),
        sizes=np.array(SIZES),
        distances=distances,
        distances_se=distances_se,
        slopes=slopes,
        slopes_se=slopes_se,
        trials=tuple(trials(d, shift, 200, 100, rngs[2]) for d, shift in PAIRS),
        intervals=tuple(intervals(d, 1.0, 100, 120, rngs[3]) for d in (2, 5)),
        by_hand=(nearest_point([1, 2], [1.5, 2.5]), nearest_point([1, 2, 4], [1.5, 3])),
        refused=refusal(),
        shifts=shifts,
        kl_truth=np.array([kl(Gaussian(0, 1), Gaussian(shift, 1)) for shift in shifts]),
        kl_plain=plain,
        kl_default=default,
        neighbors=in_ten_dimensions(rngs[5]),
    )


def explain(numbers: HowSure) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : HowSure

    Returns
    -------
    str
    """
    n = numbers
    body = "\n\n".join(
        [_table_of_floors(n), _table_of_slopes(n), _table_of_coverage(n), _table_of_kl(n)]
    )
    return page("How sure can one be of a distance from samples?", body, _sentences(n))


def _table_of_floors(n: HowSure) -> str:
    return table(
        ["√n E W₁, equal distributions", *[f"n = {count:,}" for count in COUNTS], "limit"],
        [
            row
            for floor in n.floors
            for row in (
                [
                    floor.distribution,
                    *[f"{value:.4f}" for value in floor.exact],
                    f"{floor.limit:.7f}",
                ],
                [
                    "simulated",
                    *[
                        f"{value:.3f} ± {se:.3f}"
                        for value, se in zip(floor.simulated, floor.simulated_se, strict=True)
                    ],
                    "",
                ],
            )
        ],
    )


def _table_of_slopes(n: HowSure) -> str:
    return table(
        ["W₁, equal distributions", *[f"n = {size}" for size in SIZES], "slope", "theory"],
        [
            [
                f"d = {d}",
                *[f"{value:.3f}" for value in n.distances[k]],
                f"{n.slopes[k]:.3f} ± {n.slopes_se[k]:.3f}",
                _rate(d),
            ]
            for k, d in enumerate(DIMENSIONS)
        ],
    )


def _rate(d: int) -> str:
    return {1: "-1/2", 2: "-1/2, log"}.get(d, f"-1/{d}")


def _table_of_coverage(n: HowSure) -> str:
    return table(
        ["95 % of", "W₁", "mean", "spread", "error", "holds mean", "holds W₁"],
        [
            [
                f"potentials, d = {t.d}",
                f"{t.truth:g}",
                f"{t.plug_in.mean():.3f}",
                f"{t.plug_in.std(ddof=1):.3f}",
                f"{t.se.mean():.3f}",
                f"{100 * t.covers_mean:.0f} %",
                f"{100 * t.covers_truth:.0f} %",
            ]
            for t in n.trials
        ]
        + [
            [
                f"interval, d = {i.d}",
                f"{i.truth:g}",
                f"[{i.low.mean():.3f},",
                f"{i.high.mean():.3f}]",
                "",
                "",
                f"{100 * i.coverage:.0f} %",
            ]
            for i in n.intervals
        ],
    )


def _table_of_kl(n: HowSure) -> str:
    far = [0, 2, 4, 6, 8, 10]
    shifted = table(
        ["KL, shift", *[f"{n.shifts[k]:g}" for k in far]],
        [
            [name, *[f"{values[k]:.2f}" for k in far]]
            for name, values in (
                ("truth", n.kl_truth),
                ("nearest point", n.kl_plain),
                ("default", n.kl_default),
            )
        ],
    )
    deep = table(
        ["KL, d = 10", "truth", *METHODS],
        [
            [
                pair.pair,
                f"{pair.truth:.3f}",
                *[f"{value:.2f}" for value in pair.values.mean(axis=1)],
            ]
            for pair in n.neighbors
        ],
    )
    return shifted + "\n\n" + deep


def _sentences(n: HowSure) -> list[str]:
    normal, uniform = n.floors
    last = len(DIMENSIONS) - 1
    biased, equal = n.trials[2], n.trials[3]
    plane, five = n.intervals
    thin, loose, bent = n.neighbors
    nearest, matched, default = (
        list(METHODS).index(name) for name in ("nearest point", "matched radii", "default")
    )
    return [
        "Two samples of one distribution lie apart. On the line √n times their mean W₁ tends to (2/√π) "
        f"∫ √(F(1 - F)): {normal.limit:.7f} for N(0, 1), {uniform.limit:.7f} = √π/4 for U[0, 1].",
        f"Halving this floor takes {2 ** (-1 / n.slopes[0]):.0f} times the points on the line, and "
        f"{2 ** (-1 / n.slopes[last]):.0f} times in {DIMENSIONS[last]} dimensions: it falls like "
        "n^(-1/d) from three dimensions on.",
        "Potentials of the samples give a standard error for nothing, √(Var f(X)/n + Var g(Y)/m). "
        "It is the error of W₁ of samples around its own mean. For distributions "
        f"{biased.truth:g} apart in {biased.d} dimensions, ± 1.96 of it holds that mean in "
        f"{100 * biased.covers_mean:.0f} % of trials and the truth in "
        f"{100 * biased.covers_truth:.0f} %; for equal distributions in the plane the truth, 0, in "
        f"{100 * equal.covers_truth:.0f} %: bias is no noise, and no error bar shows it.",
        "otgan.wasserstein_interval takes its lower end from potentials of one half, read on the "
        "other, and its upper end from W₁ of the samples: one is too small in the mean, the other "
        f"too large. At a level of 95 % it holds W₁ = {plane.truth:g} in "
        f"{100 * plane.coverage:.0f} % and {100 * five.coverage:.0f} % of trials in {plane.d} and "
        f"{five.d} dimensions (the error bar alone: {100 * plane.naive_coverage:.0f} % and "
        f"{100 * five.naive_coverage:.0f} %). The price is its width.",
        "KL by the nearest points can be done by hand, mean log(ν/ρ) + log(m/(n-1)): (1, 2) "
        f"against (1.5, 2.5) gives {n.by_hand[0] + 0.0:g}, and (1, 2, 4) against (1.5, 3) gives "
        f"{n.by_hand[1]:.6f} = -log 2. A repeated point has ρ = 0, which is refused.",
        f"{NEIGHBORS} points say little about a density where none of them lie: beyond log m = "
        f"{n.log_m:.2f} nats the estimate by the nearest point grows with the logarithm of the "
        f"shift while KL grows with its square ({n.kl_plain[-1]:.1f} for {n.kl_truth[-1]:g} nats). "
        f"The default goes wrong too ({n.kl_default[-1]:.1f}), and its Estimate warns.",
        "KL does not depend on coordinates, its estimates do. In ten dimensions balls are as wide "
        f"as the distributions: on the thin pair the nearest point shows {thin.values[nearest].mean():.2f} "
        f"for {thin.truth:.2f}, and the default, which starts from fitted Gaussians, "
        f"{thin.values[default].mean():.2f}. Matched radii are as good there, and show "
        f"{loose.values[matched].mean():.2f} for {loose.truth:.2f} on the second pair.",
        f"The default's {loose.values[default].mean():.2f} on that pair is above log m, and so "
        "rests on a shape that happens to be right. With every coordinate bent, z + z³/3, KL is "
        f"the same and the default shows {bent.values[default].mean():.2f}.",
    ]


def draw(numbers: HowSure) -> Figure:
    """What equal distributions show, error bars that hold and that miss, and what KL cannot see.

    Parameters
    ----------
    numbers : HowSure

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.lessons.how_sure_picture import picture

    return picture(numbers)
