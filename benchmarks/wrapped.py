"""Time of exact transport on circles, tori, spheres, and by a norm of Minkowski: no matrix.

python benchmarks/wrapped.py [points]
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import otgan
from otgan.measures import FloatArray

RNG = np.random.default_rng(0)
COLUMNS = "space", "points", "p", "s", "passes", "pivots", "candidate arcs", "gap / cost"


def angles(units: FloatArray) -> FloatArray:
    """Latitude and longitude of vectors, shape (n, 3)."""
    units = units / np.linalg.norm(units, axis=1)[:, None]
    return np.column_stack([np.arcsin(units[:, 2]), np.arctan2(units[:, 1], units[:, 0])])


def spaces(n: int) -> Iterator[tuple[str, FloatArray, FloatArray, Any]]:
    """Uniform points, and points of a lump."""
    hours = RNG.uniform(0, 24, (n, 1)), 24 * RNG.beta(2, 3, (n, 1))
    yield "circle", *hours, otgan.Torus(24.0)
    flat = RNG.uniform(0, 1, (n, 2)), RNG.normal(0.9, 0.2, (n, 2))
    yield "torus", *flat, otgan.Torus(1.0)
    units = RNG.normal(size=(n, 3)), RNG.normal(size=(n, 3)) + [1, 0.5, 0.2]
    yield "sphere", angles(units[0]), angles(units[1]), otgan.GreatCircle()
    yield "plane, Minkowski of order 3", *flat, otgan.SciPyMetric("minkowski", {"p": 3})
    yield "plane, Euclidean", *flat, "euclidean"


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [5_000, 20_000]
    for _, x, y, metric in spaces(1_000):  # compiles
        otgan.emd(x, y, metric=metric, n_jobs=1)
    print("|", " | ".join(COLUMNS), "|")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for n in sizes:
        for name, x, y, metric in spaces(n):
            for p in (1, 2):
                started = time.process_time()
                result = otgan.emd(x, y, metric=metric, p=p, n_jobs=1)
                seconds = time.process_time() - started
                stats = result.stats
                counts = f"{stats['pricing_passes']} | {stats['pivots']} | {stats['arcs']}"
                gap = f"{result.gap / result.cost:.1e}"
                print(f"| {name} | {n} | {p} | {seconds:.3g} | {counts} | {gap} |", flush=True)


if __name__ == "__main__":
    main()
