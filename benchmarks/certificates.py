"""The certified gap on well- and badly-behaved problems, and the value against POT and HiGHS.

python benchmarks/certificates.py
"""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import ot
from scipy.spatial.distance import cdist

import otgan
from otgan.errors import SolverError
from otgan.measures import FloatArray

Weights = FloatArray | None

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(300, 2)), RNG.normal(size=(250, 2)) + 1.0
GRID = np.stack(np.meshgrid(range(16), range(16)), axis=-1).reshape(-1, 2)


def wide(n: int) -> FloatArray:
    """Weights over twelve orders of magnitude."""
    weights = 10.0 ** RNG.uniform(-12, 0, n)
    return weights / weights.sum()


def problems() -> Iterator[tuple[str, FloatArray, FloatArray, Weights, Weights, dict[str, Any]]]:
    yield "Gaussians, p=1", X, Y, None, None, {}
    yield "Gaussians, p=1.5", X, Y, None, None, {"p": 1.5}
    yield "Gaussians, p=2", X, Y, None, None, {"p": 2}
    for metric in ("sqeuclidean", "cityblock", "chebyshev", "cosine"):
        yield f"Gaussians, {metric}", X, Y, None, None, {"metric": metric}
    yield "weights over 12 orders", X, Y, wide(300), wide(250), {}
    yield "weights over 12 orders, p=2", X, Y, wide(300), wide(250), {"p": 2}
    yield "zero weights", X, Y, np.repeat([0.0, 1.0], 150), None, {}
    yield "coordinates times 1e-12", X * 1e-12, Y * 1e-12, None, None, {}
    yield "coordinates times 1e8", X * 1e8, Y * 1e8, None, None, {}
    yield "offset 1e8", X + 1e8, Y + 1e8, None, None, {}
    yield "duplicates", np.repeat(X[:60], 5, axis=0), Y, None, None, {}
    yield "ties on a grid", GRID, GRID + [3, 1], None, None, {}
    yield "ties on a grid, p=2", GRID, GRID[::-1] + [3, 1], None, None, {"p": 2}
    yield "nearly equal", X, X + 1e-9, None, None, {}
    yield "one outlier at 1e6", np.vstack([X, [[1e6, 0.0]]]), Y, None, None, {}
    yield "one point", X[:1], Y, None, None, {}
    yield "the line, p=2", X[:, 0], Y[:, 0], None, None, {"p": 2}
    yield "64 dimensions", RNG.normal(size=(200, 64)), RNG.normal(size=(200, 64)), None, None, {}


def pot_cost(
    x: FloatArray, y: FloatArray, a: Weights, b: Weights, p: float = 1, metric: str = "euclidean"
) -> tuple[float, FloatArray, list[FloatArray]]:
    x, y = (np.asarray(v, dtype=float).reshape(len(v), -1) for v in (x, y))
    a, b = (np.ones(len(v)) if w is None else w for v, w in ((x, a), (y, b)))
    weights = [a / a.sum(), b / b.sum()]
    cost = cdist(x, y, metric) ** p
    scale = cost.max()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ot.emd2(*weights, cost / scale, numItermax=10**7) * scale, cost, weights


def main() -> None:
    print("| problem | cost | gap / cost | against POT | against HiGHS |\n|---|--:|--:|--:|--:|")
    worst = 0.0
    for name, x, y, a, b, options in problems():
        r = otgan.emd(x, y, a, b, **options)
        pot, cost, weights = pot_cost(x, y, a, b, **options)
        try:
            highs = f"{abs(r.cost / otgan.emd_linprog(cost, *weights).cost - 1):.1e}"
        except SolverError:
            highs = "its bracket stays too wide"
        worst = max(worst, r.gap / r.cost)
        print(
            f"| {name} | {r.cost:.10g} | {r.gap / r.cost:.1e} | {abs(r.cost / pot - 1):.1e} "
            f"| {highs} |",
            flush=True,
        )
    print(f"\nworst relative gap {worst:.1e}, bar 1e-9")


if __name__ == "__main__":
    main()
