"""The lesson `xy-game` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.text import page, table
from otgan.lessons.xy_game.numbers import XYGame, radius_of

__all__ = ["explain"]


@checks_keywords
def explain(numbers: XYGame) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : XYGame

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.xy_game import run
    >>> print(explain(run()).splitlines()[0])
    The game xy: after 1000 steps the radius is 144.773, 0.989427 or 0.00691083 times the first
    """
    simultaneous, alternating, extragradient = (
        radius_of(path) / radius_of(path)[0]
        for path in (numbers.simultaneous, numbers.alternating, numbers.extragradient)
    )
    steps = [t for t in (0, 1, 10, 100, 500, 1000, 5000) if t < numbers.steps] + [numbers.steps]
    rows = [[str(t), simultaneous[t], alternating[t], extragradient[t]] for t in steps]
    low, high = numbers.band
    return page(
        f"The game xy: after {numbers.steps} steps the radius is {simultaneous[-1]:.6g}, "
        f"{alternating[-1]:.6g} or {extragradient[-1]:.6g} times the first",
        table(["step", "simultaneous", "alternating", "extragradient"], rows),
        [
            "One player lowers xy by moving x, the other raises it by moving y; both are content "
            "only at (0, 0).",
            f"Moving at once, they leave it: every step multiplies the radius by √(1 + η²) = "
            f"{numbers.growth:.8g}, from the first step on and whatever the signs of x and y.",
            "Taking turns, they circle it: x² + y² - η x y never changes, so the radius stays in "
            f"[{low:.4f}, {high:.4f}]. The order of the moves makes the instability, not the "
            "game.",
            "Looking one step ahead (extragradient), they reach it: every step multiplies the "
            f"radius by √((1 - η²)² + η²) = {numbers.shrinkage:.8g}.",
            "This is the smallest WGAN: the data sit at 0, the generator puts a point at x, and "
            "the critic is the line with slope -y. The critic's score is xy; it raises it, the "
            "generator lowers it.",
        ],
    )
