"""The lesson `how-sure-are-you` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.how_sure_are_you.numbers import HowSure
from otgan.lessons.how_sure_are_you.trials import (
    COUNTS,
    DIMENSIONS,
    METHODS,
    NEIGHBORS,
    SIZES,
    limit_slope,
)
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
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
    return page("How sure can one be of a distance from samples?", body, _on_w1(n) + _on_kl(n))


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
        [
            "W₁, equal distributions",
            *[f"n = {size}" for size in SIZES],
            "fitted slope",
            "in the limit",
        ],
        [
            [
                f"d = {d}",
                *[f"{value:.3f}" for value in n.distances[k]],
                f"{n.slopes[k]:.3f} ± {n.slopes_se[k]:.3f}",
                limit_slope(d),
            ]
            for k, d in enumerate(DIMENSIONS)
        ],
    )


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


def _on_w1(n: HowSure) -> list[str]:
    normal, uniform = n.floors
    last = len(DIMENSIONS) - 1
    biased, equal = n.trials[2], n.trials[3]
    plane, five = n.intervals
    return [
        "Two samples of one distribution lie apart. On the line, √n times their mean W₁ tends to "
        f"(2/√π) ∫ √(F(1 - F)): {normal.limit:.7f} for N(0, 1), {uniform.limit:.7f} = √π/4 for "
        "U[0, 1].",
        f"Halving this floor takes {2 ** (-1 / n.slopes[0]):.0f} times as many points on the line, "
        f"and {2 ** (-1 / n.slopes[last]):.0f} times as many in {DIMENSIONS[last]} dimensions, by "
        f"the slopes fitted to {SIZES[0]} to {SIZES[-1]} points. Theory is about many points: from "
        f"three dimensions on the floor falls like n^(-1/d) in the end, in {DIMENSIONS[last]} "
        f"dimensions with the slope {-1 / DIMENSIONS[last]:g}, where so few points still show "
        f"{n.slopes[last]:.2f}.",
        "Potentials of the samples give a standard error at no cost, √(Var f(X)/n + Var g(Y)/m). "
        "It is the error of W₁ of samples around its own mean. For distributions "
        f"{biased.truth:g} apart in {biased.d} dimensions, ± 1.96 of it covers that mean in "
        f"{100 * biased.covers_mean:.0f} % of trials and the truth in "
        f"{100 * biased.covers_truth:.0f} %; for equal distributions in the plane it covers the "
        f"truth, 0, in {100 * equal.covers_truth:.0f} %: a standard error measures noise, and "
        "not bias.",
        "otgan.wasserstein_interval takes its lower end from potentials of one half of the points, "
        "evaluated on the other, and its upper end from W₁ of the samples: one is too small on "
        f"average, the other too large. At a level of 95 % it covers W₁ = {plane.truth:g} in "
        f"{100 * plane.coverage:.0f} % and {100 * five.coverage:.0f} % of trials in {plane.d} and "
        f"{five.d} dimensions (the standard error alone: {100 * plane.naive_coverage:.0f} % and "
        f"{100 * five.naive_coverage:.0f} %). The price is its width.",
    ]


def _on_kl(n: HowSure) -> list[str]:
    thin, loose, bent = n.neighbors
    nearest, matched, default = (
        list(METHODS).index(name) for name in ("nearest point", "matched radii", "default")
    )
    return [
        "KL by the nearest points can be computed by hand, mean log(ν/ρ) + log(m/(n-1)): (1, 2) "
        f"against (1.5, 2.5) gives {n.by_hand[0] + 0.0:g}, and (1, 2, 4) against (1.5, 3) gives "
        f"{n.by_hand[1]:.6f} = -log 2. A repeated point has ρ = 0, which is refused.",
        f"{NEIGHBORS} points say little about a density where none of them lie: beyond log m = "
        f"{n.log_m:.2f} nats the estimate by the nearest point grows with the logarithm of the "
        "shift while KL grows with its square "
        f"({n.kl_plain[-1]:.1f} for {n.kl_truth[-1]:g} nats). The default fails there too "
        f"({n.kl_default[-1]:.1f}), and its Estimate warns.",
        "KL does not depend on coordinates, but its estimates do. In ten dimensions, balls are as "
        "wide as the distributions: on the thin pair the nearest point gives "
        f"{thin.values[nearest].mean():.2f} for {thin.truth:.2f}, and the default, which starts "
        f"from fitted Gaussians, {thin.values[default].mean():.2f}. Matched radii are as good "
        f"there, and give {loose.values[matched].mean():.2f} for {loose.truth:.2f} on the second "
        "pair.",
        f"The default's {loose.values[default].mean():.2f} on that pair is above log m, and so "
        "relies on a shape that happens to be right. With every coordinate bent, z + z³/3, KL is "
        f"the same and the default gives {bent.values[default].mean():.2f}.",
    ]
