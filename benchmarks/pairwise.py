"""Time of all distances between many small clouds: one thread, two, a dask cluster, POT in a loop.

python benchmarks/pairwise.py [repeats]
"""

import sys
import time
from itertools import combinations

import joblib
import numpy as np
import ot
from distributed import Client, LocalCluster

import otgan
from otgan.measures import FloatArray

RNG = np.random.default_rng(0)
PROBLEMS = [  # clouds, points, dimension, order
    (60, 64, 2, 1),
    (60, 64, 2, 2),
    (100, 32, 2, 1),
    (60, 64, 32, 1),
    (12, 256, 2, 1),
]


def in_a_loop(clouds: list[FloatArray], p: float) -> FloatArray:
    """POT, pair by pair: uniform weights, the root taken."""
    distances = np.zeros((len(clouds), len(clouds)))
    for i, j in combinations(range(len(clouds)), 2):
        cost = ot.dist(clouds[i], clouds[j], "euclidean") ** p
        distances[i, j] = distances[j, i] = ot.emd2([], [], cost) ** (1 / p)
    return distances


def on_dask(clouds: list[FloatArray], p: float) -> FloatArray:
    with joblib.parallel_config(backend="dask"):
        return otgan.pairwise_wasserstein(clouds, p=p)


CONTENDERS = {
    "otgan, 1 thread": lambda clouds, p: otgan.pairwise_wasserstein(clouds, p=p, n_jobs=1),
    "otgan, 2 threads": lambda clouds, p: otgan.pairwise_wasserstein(clouds, p=p, n_jobs=2),
    "otgan, dask": on_dask,
    "POT, loop": in_a_loop,
}


def main(repeats: int) -> None:
    columns = ["clouds", "points", "d", "p", *CONTENDERS, "POT / 2 threads", "differs from POT by"]
    print(f"| {' | '.join(columns)} |\n{'|--:' * len(columns)}|")
    for count, n, d, p in PROBLEMS:
        clouds = [RNG.normal(size=(n, d)) for _ in range(count)]
        pairs = count * (count - 1) // 2
        best, found = dict.fromkeys(CONTENDERS, np.inf), {}
        for _ in range(repeats + 1):  # the first turn compiles
            for name, call in CONTENDERS.items():
                started = time.perf_counter()
                found[name] = call(clouds, p)
                best[name] = min(best[name], 1e6 * (time.perf_counter() - started) / pairs)
        ours, pots = found["otgan, 2 threads"], found["POT, loop"]
        off = ~np.eye(count, dtype=bool)
        differ = np.abs(ours[off] / pots[off] - 1).max()
        ratio = best["POT, loop"] / best["otgan, 2 threads"]
        shown = " | ".join(f"{time:.0f}" for time in best.values())
        print(f"| {count} | {n} | {d} | {p} | {shown} | {ratio:.1f} | {differ:.0e} |", flush=True)


if __name__ == "__main__":
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
