"""The lesson `two-halves-of-duality` as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.text import page, table
from otgan.lessons.two_halves_of_duality.functions import FAR, NEAR, FunctionSlopes
from otgan.lessons.two_halves_of_duality.numbers import TwoHalves

__all__ = ["explain"]


@checks_keywords
def explain(numbers: TwoHalves) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : TwoHalves

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.two_halves_of_duality import run
    >>> print(explain(run()).splitlines()[0])
    Two halves of duality: from two prices to one function, W₁ = 1.75
    """
    n, c = numbers, numbers.critic
    chain = table(
        ["prices f on x, g on y", "earn"],
        [
            ["as given", n.values[0]],
            ["f ← g^c", n.values[1]],
            ["g ← f^c", n.values[2]],
            ["both again", n.values[4]],
            ["the best", n.distance],
            ["one function φ, as given", n.score],
        ],
    )
    slopes = table(
        ["slopes up to K", "best score", "over K"],
        [[float(K), best, best / K] for K, best in zip(n.K, n.best, strict=True)],
    )
    readings = table(
        ["a critic of score", "over its", "slope", "reads"],
        [
            [c.score, "Lipschitz constant", c.lipschitz, c.proved],
            [c.score, "slope between x and y", c.between, c.measured],
            [c.score, "slope among x alone", c.among_x, c.guessed],
        ],
    )
    return page(
        f"Two halves of duality: from two prices to one function, W₁ = {n.distance:.6g}",
        "\n\n".join([chain, slopes, readings, _table_of(n.functions)]),
        [*_about_duality(n), *_about_slopes(n)],
    )


def _table_of(functions: Sequence[FunctionSlopes]) -> str:
    header = ["function", "Lipschitz", "C¹", *(f"{R:g} to {R + 1:g}" for R in FAR)]
    return table(
        [*header, *(f"0 to {h:g}" for h in NEAR)],
        [
            [
                one.name,
                "no" if np.isinf(one.lipschitz) else f"K = {one.lipschitz:g}",
                "yes" if one.continuously_differentiable else "no",
                *(f"{slope:.4g}" for slope in (*one.far, *one.near)),
            ]
            for one in functions
        ],
    )


def _about_duality(n: TwoHalves) -> list[str]:
    spent = n.slack.mean()
    return [
        "First half. Whoever buys at x for f and sells at y for g may ask at most the distance, "
        "f(x) + g(y) <= |x - y|. Under any plan the prices earn the mean of f(x) + g(y), and the "
        "plan costs the mean of |x - y|: the difference is the mean slack |x - y| - f(x) - g(y), "
        f"which is not negative. Here the independent plan costs {n.independent:.6g}, its mean "
        f"slack is {spent:.6g}, and {n.independent:.6g} - {spent:.6g} = {n.values[0]:.6g} is what "
        "the prices earn. This is weak duality, where the proof of most introductions ends.",
        "Second half. Take any such prices and put φ(z) = min_j (|z - y_j| - g_j), the lowest of "
        "V-shaped graphs. (a) φ has slopes up to one, as each of them has (triangle inequality). "
        "(b) φ(x) >= f(x), for f(x) <= |x - y_j| - g_j is what prices must keep to. (c) φ(y_j) <= "
        "-g_j, by the term of y_j itself. So φ alone scores E φ(x) - E φ(y) >= E f(x) + E g(y): "
        f"here {n.score:.6g} >= {n.values[0]:.6g}. Conversely (φ, -φ) are such prices for any "
        "1-Lipschitz φ. So both suprema are one number.",
        "φ at x is the c-transform f ← g^c; g ← f^c is the same from the other side. Neither "
        "lowers what prices earn, and after both nothing moves any more: here they end at "
        f"{n.values[-1]:.6g}, below {n.distance:.6g}. c-transforms make prices tight, not "
        "optimal; the linear program finds the best, and that its value is that of the best plan "
        "is strong duality.",
    ]


def _about_slopes(n: TwoHalves) -> list[str]:
    c = n.critic
    return [
        "A function is K-Lipschitz if |f(u) - f(v)| <= K |u - v| for all u and v. K times a "
        "1-Lipschitz function is K-Lipschitz and scores K times as much, so W₁ is 1/K times the "
        "best score with slopes up to K, for every K.",
        "A critic of unknown slope shows a number in units of its own. Its score over its "
        f"Lipschitz constant, {c.proved:.6g}, is at most W₁; so is its score over the largest "
        f"slope from an x to a y, {c.measured:.6g}, for these points. A slope that was measured "
        f"elsewhere may be too small, and then the reading proves nothing: {c.guessed:.6g} here, "
        f"where W₁ is {n.distance:.6g}.",
        "|x| is Lipschitz, though it has no derivative at 0. The converse that one introduction "
        'has, "functions that are everywhere continuously differentiable is Lipschitz '
        'continuous", is wrong: x² has a derivative everywhere, and is as steep as one likes far '
        "out. On a closed, bounded interval they are, for there the derivative has a bound; "
        "merely continuous functions need not be: √|x| is as steep as one likes near 0.",
    ]
