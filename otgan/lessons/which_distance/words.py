"""The lesson `which-distance` as text."""

from __future__ import annotations

import math
from dataclasses import fields

from otgan.keywords import checks_keywords
from otgan.lessons.text import page, table
from otgan.lessons.which_distance.distances import NAMES, Distances
from otgan.lessons.which_distance.numbers import MANY, TESTED, WhichDistance

__all__ = ["explain"]

INTRODUCTION = (
    "The first table has one unit for all: by how many standard deviations a normal "
    "distribution must move to look as far apart. KL is KL(P‖Q), back is KL(Q‖P), for P that "
    "became Q; the last column is how often a permutation test with the energy distance finds "
    f"the change in {TESTED} points each, at 5 %."
)
CONCLUSION = (
    "So: KL and JS for models with densities, in any units; KL(P‖Q) where nothing may be "
    "missed; W₁ where distance has a meaning and dimensions are few, or for a critic to "
    "learn; sliced and Sinkhorn where W₁ costs too much; energy and MMD to test whether "
    "distributions differ at all; Fréchet only where means and covariances are all that "
    "matters."
)


@checks_keywords
def explain(numbers: WhichDistance) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : WhichDistance

    Returns
    -------
    str
    """
    changes = numbers.changes
    names = ["KL", "back", *list(NAMES.values())[2:]]
    what = "\n".join(f" {change.name:<10} {change.what}" for change in changes)
    seen = table(
        ["as a shift", *names, "test"],
        [
            [change.name, *[_short(v) for v in _row(change.shifts)], f"{100 * change.power:.0f} %"]
            for change in changes
        ],
    )
    values = table(
        ["value", *names],
        [[change.name, *[_short(v) for v in _row(change.values)]] for change in changes],
    )
    return page(
        "Which distance for which job? Nine changes of a distribution",
        "\n\n".join([what, seen, values]),
        [INTRODUCTION, *_on_scale_and_support(numbers), *_on_shape(numbers), CONCLUSION],
    )


def _row(distances: Distances) -> list[float]:
    return [getattr(distances, f.name) for f in fields(Distances)]


def _short(value: float) -> str:
    if value == math.inf:
        return "∞"
    return f"{value:.3g}" if value == 0 or abs(value) >= 1e-3 else f"{value:.0e}"


def _on_scale_and_support(n: WhichDistance) -> list[str]:
    """Changes of unit, dimension and support."""
    units, noise, disjoint = (n.change(name) for name in ("units", "noise", "disjoint"))
    return [
        f"Units. KL, JS and TV do not depend on them ({n.affine[0]:.6f} and {n.affine[1]:.6f} "
        "before and after an affine map); energy, W₁ and Fréchet grow with the numbers; with a "
        f"bandwidth that stays as it was, MMD sees little ({units.shifts.mmd:.2g}): choose the "
        "bandwidth from the data.",
        f"Noise. In {MANY} coordinates, KL and W₁ of the distributions still see the whole shift. "
        f"Sliced W₁ sees {noise.shifts.sliced:.2g} of it, as most directions are nearly "
        f"orthogonal to it, the energy distance {noise.shifts.energy:.2g}, MMD "
        f"{noise.shifts.mmd:.2g}. Samples are another matter: W₁ of {TESTED} points each is "
        f"{n.sampled:.2f} with the shift and {n.sampled_equal:.2f} without.",
        "Disjoint supports. KL is infinite, JS log 2 and TV 1 as soon as the supports part: none "
        "says how far apart they are. MMD reaches a ceiling too, some bandwidths away (here "
        f"{disjoint.values.mmd:.3f}). Energy, W₁, Sinkhorn and Fréchet keep growing.",
    ]


def _on_shape(n: WhichDistance) -> list[str]:
    """Changes of a few points, of correlations, of the shape of a density."""
    outlier, lost, rotation = (n.change(name) for name in ("outlier", "lost mode", "rotation"))
    humps, rounding = n.change("humps"), n.change("rounding")
    return [
        f"An outlier moves TV by its mass ({outlier.values.tv:.2f}), wherever it goes; W₁ by mass "
        f"times distance ({outlier.values.w1:.2f}); Fréchet most ({outlier.shifts.frechet:.2f}), "
        "as variances grow with its square. Before you trust W₁ or Fréchet, look for outliers.",
        f"A lost mode is seen by KL(P‖Q) ({lost.values.kl:.2f}), which asks whether Q covers P, "
        f"and hardly by KL(Q‖P) ({lost.values.kl_back:.3f}). MMD sees {lost.shifts.mmd:.2f}, and "
        f"{TESTED} points show it in {100 * lost.power:.0f} % of tests.",
        "A rotation leaves both marginals unchanged: whatever compares coordinates one by one "
        f"sees nothing. W₁ is (2/√π) (√1.9 - √0.1) = {rotation.values.w1:.4f}, and even a sliced "
        f"distance sees it ({rotation.values.sliced:.2f}).",
        "Two humps with the same mean and variance as a single one: Fréchet is "
        f"{humps.values.frechet:.0f}, though TV is {humps.values.tv:.2f} and W₁ "
        f"{humps.values.w1:.2f}.",
        "Rounding leaves no density: KL is infinite, JS and TV are as for distributions that have "
        f"nothing in common, while W₁ is a quarter of a step ({rounding.values.w1:.3f}) and the "
        f"test finds it no more often than by chance ({100 * rounding.power:.0f} %).",
    ]
