"""Kantorovich and Rubinstein: every critic is below every plan, and the best of both meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.distance import cdist

from otgan import c_transform, certify, emd, emd_from_cost
from otgan.errors import InvalidInputError, SolverError
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from otgan import TransportResult

__all__ = ["KantorovichRubinstein", "draw", "explain", "mcshane", "run"]


@dataclass(frozen=True)
class KantorovichRubinstein:
    """The numbers of the lesson, for two clouds of equally weighted points.

    Attributes
    ----------
    x, y : ndarray, shapes (n, 2) and (m, 2)
    dual_values : ndarray, shape (trials,)
        E f(x) - E f(y) for random functions f with slopes up to one.
    improved_values : ndarray, shape (trials,)
        The same functions with their values on y replaced by the c-transform of those on x.
    primal_costs : ndarray, shape (trials,)
        E |x - y| under random couplings.
    pivots : ndarray, shape (rungs,)
        After how many pivots the network simplex was stopped.
    lower, upper : ndarray, shape (rungs,)
        What its potentials and its plan certify by then (the best so far).
    distance : float
        W₁, exactly.
    gap : float
        Width of the last certificate.
    plan : ndarray, shape (n, m)
        An optimal plan.
    g : ndarray, shape (m,)
        Optimal potentials at y; ``mcshane(y, -g, z)`` is an optimal critic on the plane.
    """

    x: FloatArray
    y: FloatArray
    dual_values: FloatArray
    improved_values: FloatArray
    primal_costs: FloatArray
    pivots: FloatArray
    lower: FloatArray
    upper: FloatArray
    distance: float
    gap: float
    plan: FloatArray
    g: FloatArray


def mcshane(points: Any, values: Any, z: Any) -> FloatArray:
    """The function min_k (values_k + |z - points_k|), which has slopes up to one everywhere.

    Where `values` has such slopes itself, it passes through them: they extend to the whole space.

    Parameters
    ----------
    points : array_like, shape (k, d)
    values : array_like, shape (k,)
    z : array_like, shape (n, d)
        Where to evaluate it.

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    McShane, Extension of range of functions, Bulletin of the AMS 40 (1934).

    Examples
    --------
    >>> mcshane([[0.0], [4.0]], [0.0, 1.0], [[0.0], [1.0], [3.0], [4.0]])
    array([0., 1., 2., 1.])
    """
    return c_transform(cdist(points, z), -np.asarray(values, dtype=float))


def run(*, n: int = 12, m: int = 14, trials: int = 400, seed: int = 0) -> KantorovichRubinstein:
    """Pit random critics against random couplings, then close the gap between them.

    Parameters
    ----------
    n, m : int
        Points in a cloud around the origin, and in one to its left and right.
    trials : int
        How many functions and how many couplings to draw.
    seed : int
        Decides everything random.

    Returns
    -------
    KantorovichRubinstein

    Raises
    ------
    InvalidInputError
        Counts below one.

    Examples
    --------
    >>> numbers = run(trials=50)
    >>> bool(numbers.dual_values.max() <= numbers.distance <= numbers.primal_costs.min())
    True
    >>> numbers.gap < 1e-9
    True
    """
    for name, count in (("n", n), ("m", m), ("trials", trials)):
        if count < 1:
            raise InvalidInputError(
                f"{name} must be at least 1, got {count!r}; to fix it, leave it out"
            )
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=0.8, size=(n, 2))
    sides = np.where(np.arange(m) % 2, 1.8, -1.8)
    y = rng.normal(scale=(0.4, 1.2), size=(m, 2)) + np.column_stack([sides, np.zeros(m)])
    C = cdist(x, y)
    critics = [_random_critic(rng, x, y) for _ in range(trials)]
    couplings = [_random_coupling(rng, n, m) for _ in range(trials)]
    pivots, lower, upper, optimum = _climb(C)
    proof = certify(C, optimum.plan, optimum.f, optimum.g)
    return KantorovichRubinstein(
        x=x,
        y=y,
        dual_values=np.array([f.mean() - h.mean() for f, h in critics]),
        improved_values=np.array([f.mean() + c_transform(C, f).mean() for f, _ in critics]),
        primal_costs=np.array([(plan * C).sum() for plan in couplings]),
        pivots=pivots,
        lower=lower,
        upper=upper,
        distance=float(emd(x, y)),
        gap=proof.gap,
        plan=proof.plan.toarray(),
        g=proof.g,
    )


def _random_critic(
    rng: np.random.Generator, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The values on x and on y of a random function with slopes up to one."""
    if rng.random() < 0.3:  # a projection
        angle = rng.uniform(0, 2 * np.pi)
        direction = np.array([np.cos(angle), np.sin(angle)])
        return x @ direction, y @ direction
    bumps = rng.integers(1, 9)
    centers, heights = rng.uniform(-3, 3, size=(bumps, 2)), rng.uniform(-1, 1, size=bumps)
    sign = rng.choice([-1.0, 1.0])
    return sign * mcshane(centers, heights, x), sign * mcshane(centers, heights, y)


def _random_coupling(rng: np.random.Generator, n: int, m: int) -> FloatArray:
    """A mixture of the independent coupling and one that is optimal for random costs."""
    extreme = emd_from_cost(rng.random((n, m))).plan.toarray()
    share = rng.random()
    return share * extreme + (1 - share) / (n * m)


def _climb(C: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, TransportResult]:
    """Stop the solver ever later, keeping the best bounds so far, until it has finished."""
    pivots, lower, upper = [], [], []
    limit = 1
    while True:
        try:
            result, finished = emd_from_cost(C, max_iterations=limit), True
        except SolverError as stopped:
            result, finished = stopped.partial, False
        pivots.append(float(limit))
        lower.append(result.lower)
        upper.append(result.upper)
        if finished:
            best_lower = np.maximum.accumulate(lower)
            return np.array(pivots), best_lower, np.minimum.accumulate(upper), result
        limit += 1 + limit // 8


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
    >>> print(explain(run(trials=50)).splitlines()[0])
    Kantorovich and Rubinstein: critics from below, plans from above
    """
    n = numbers
    rungs = np.unique(np.linspace(0, len(n.pivots) - 1, 8).round().astype(int))
    ranges = [
        ["random critics", n.dual_values.min(), n.dual_values.max()],
        ["the same, c-transformed", n.improved_values.min(), n.improved_values.max()],
        ["random couplings", n.primal_costs.min(), n.primal_costs.max()],
    ]
    ladder = [
        [f"{n.pivots[k]:.0f}", n.lower[k], n.upper[k], f"{n.upper[k] - n.lower[k]:.3g}"]
        for k in rungs
    ]
    return page(
        "Kantorovich and Rubinstein: critics from below, plans from above",
        table([f"{len(n.dual_values)} trials each", "smallest", "largest"], ranges)
        + f"\n\n W₁ = {n.distance:.10g}, gap of its certificate {n.gap:.1e}\n\n"
        + table(["pivots", "best critic", "best plan", "gap"], ladder),
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
            "A neural critic can only search among the lower values, and knows how far up it is "
            "only if something bounds it from above.",
        ],
    )


def draw(numbers: KantorovichRubinstein) -> Figure:
    """Random bounds, the climb from both sides, and the optimal critic with its plan.

    Parameters
    ----------
    numbers : KantorovichRubinstein

    Returns
    -------
    matplotlib.figure.Figure
    """
    from otgan.plot import panels

    with panels(1, 3, width=4.6, height=3.9) as (figure, (random, climb, critic)):
        _draw_random(random, numbers)
        _draw_climb(climb, numbers)
        _draw_critic(critic, numbers)
    return figure


def _draw_random(axes: Axes, numbers: KantorovichRubinstein) -> None:
    from otgan.plot import BLUE, GREEN, INK

    groups = (
        ("random critics", numbers.dual_values, GREEN),
        ("c-transformed", numbers.improved_values, GREEN),
        ("random couplings", numbers.primal_costs, INK),
    )
    rng = np.random.default_rng(0)
    for k, (_, values, color) in enumerate(groups):
        spread = k + rng.uniform(-0.3, 0.3, len(values))
        axes.plot(spread, values, ".", color=color, alpha=0.45, markersize=4)
    axes.axhline(numbers.distance, color=BLUE)
    axes.annotate(
        f"W₁ = {numbers.distance:.4g}",
        (-0.4, numbers.distance),
        (0, 5),
        textcoords="offset points",
        color=BLUE,
    )
    axes.set(
        title="No critic above W₁, no plan below",
        ylabel="score or cost",
        xticks=range(3),
        xticklabels=[name for name, _, _ in groups],
    )
    axes.grid(axis="x", visible=False)


def _draw_climb(axes: Axes, numbers: KantorovichRubinstein) -> None:
    from otgan.plot import BLUE, GREEN, INK

    n = numbers
    end = 1.1 * n.pivots[-1]  # to show the last step
    pivots, lower, upper = (
        np.append(a, b)
        for a, b in ((n.pivots, end), (n.lower, n.lower[-1]), (n.upper, n.upper[-1]))
    )
    axes.fill_between(pivots, lower, upper, step="post", color=GREEN, alpha=0.12)
    axes.step(pivots, upper, where="post", color=INK, linewidth=2.6)
    axes.step(pivots, lower, where="post", color=GREEN)
    axes.axhline(n.distance, color=BLUE, linewidth=0.8, linestyle=":")
    middle = len(n.pivots) // 2
    axes.annotate(
        "best plan so far",
        (n.pivots[middle], n.upper[middle]),
        (0, 6),
        textcoords="offset points",
        color=INK,
    )
    axes.annotate(
        "best critic so far",
        (n.pivots[middle], n.lower[middle]),
        (0, -14),
        textcoords="offset points",
        color=GREEN,
    )
    axes.set(
        title=f"They meet at {n.distance:.6g}: gap {n.gap:.0e}",
        ylabel="certified bound",
        xlabel="pivots of the network simplex",
    )
    axes.margins(y=0.15)


def _draw_critic(axes: Axes, numbers: KantorovichRubinstein) -> None:
    from otgan.plot import BLUE, INK, ORANGE

    n = numbers
    everything = np.vstack([n.x, n.y])
    reach = float(np.abs(everything).max()) + 0.3
    line = np.linspace(-reach, reach, 120)
    grid_x, grid_y = np.meshgrid(line, line)
    height = mcshane(n.y, -n.g, np.column_stack([grid_x.ravel(), grid_y.ravel()]))
    axes.contourf(grid_x, grid_y, height.reshape(grid_x.shape), levels=14, cmap="Greens", alpha=0.6)
    for i, j in np.argwhere(n.plan > 1e-9):
        axes.plot(*zip(n.x[i], n.y[j], strict=True), color=INK, linewidth=0.9)
    axes.plot(*n.x.T, "o", color=BLUE, markeredgecolor="white")
    axes.plot(*n.y.T, "s", color=ORANGE, markeredgecolor="white")
    axes.set(
        title="The best critic falls at slope 1 along the plan",
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    for left, name, color in (
        (0.02, "● x", BLUE),
        (0.14, "■ y", ORANGE),
        (0.26, "dark: high", INK),
    ):
        axes.text(left, 0.02, name, color=color, transform=axes.transAxes, bbox=box)
    axes.grid(visible=False)
