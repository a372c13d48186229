"""The lesson `kantorovich-rubinstein` as text."""

from __future__ import annotations

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.kantorovich_rubinstein.numbers import KantorovichRubinstein
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: KantorovichRubinstein) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : KantorovichRubinstein

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.kantorovich_rubinstein import run
    >>> print(explain(run(trials=50)).splitlines()[0])
    Kantorovich and Rubinstein: critics from below, plans from above
    """
    n = numbers
    rows = np.unique(np.linspace(0, len(n.pivots) - 1, 8).round().astype(int))
    ranges = [
        ["random critics", n.dual_values.min(), n.dual_values.max()],
        ["the same, c-transformed", n.improved_values.min(), n.improved_values.max()],
        ["random couplings", n.primal_costs.min(), n.primal_costs.max()],
    ]
    bounds = [
        [f"{n.pivots[k]:.0f}", n.lower[k], n.upper[k], f"{n.upper[k] - n.lower[k]:.3g}"]
        for k in rows
    ]
    return page(
        "Kantorovich and Rubinstein: critics from below, plans from above",
        table([f"{len(n.dual_values)} trials each", "smallest", "largest"], ranges)
        + f"\n\n W₁ = {n.distance:.10g}, gap of its certificate {n.gap:.1e}\n\n"
        + table(["pivots", "best critic", "best plan", "gap"], bounds),
        [
            "Under any coupling, E f(x) - E f(y) is the mean of f(x) - f(y), which is at most "
            "|x - y| if the slopes of f are at most one. So every critic scores at most what any "
            "coupling costs: that is weak duality, and this simple argument proves no more.",
            f"Random critics reach {n.dual_values.max():.4g} and random couplings "
            f"{n.primal_costs.min():.4g}; the truth lies between.",
            "A c-transform gives a critic the best values on y that its values on x allow; it "
            "never lowers the score.",
            "That the two sides meet (strong duality) is a second fact. For finite clouds it is "
            "the duality of linear programs; McShane's formula then extends the optimal values "
            "from the points to a critic on the whole plane.",
            "A neural critic can only search among the lower values, and how far up it is can only "
            "be known from a bound above.",
        ],
    )
