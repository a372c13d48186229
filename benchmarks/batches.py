"""Time of a stack of small problems in one call, beside `pairwise_wasserstein` per pair.

python benchmarks/batches.py [repeats]
"""

import sys
import time

import numpy as np
import torch

import otgan
from otgan.measures import FloatArray

RNG = np.random.default_rng(0)
PROBLEMS = [  # stack, points, dimension, order
    (2000, 16, 2, 1),
    (2000, 32, 2, 1),
    (2000, 32, 2, 2),
    (2000, 32, 1, 1),
    (500, 64, 2, 1),
    (500, 64, 32, 1),
    (50, 256, 2, 1),
]


def one_by_one(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    return np.array([otgan.wasserstein(*pair, p=p) for pair in zip(x, y, strict=True)])


def in_one_call(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    return otgan.wasserstein(x, y, p=p)


def of_tensors(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    return otgan.wasserstein(torch.from_numpy(x), torch.from_numpy(y), p=p).numpy()


def with_gradients(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    points = torch.from_numpy(x).requires_grad_()
    distances = otgan.wasserstein(points, torch.from_numpy(y), p=p)
    distances.sum().backward()
    return distances.detach().numpy()


def pairwise(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    """As many pairs, in a matrix of all distances between some clouds and some others."""
    side = int(len(x) ** 0.5)
    return otgan.pairwise_wasserstein(x[:side], y[:side], p=p, n_jobs=2)


CONTENDERS = {
    "pairwise, a pair": pairwise,
    "a stack": in_one_call,
    "of tensors": of_tensors,
    "and gradients": with_gradients,
    "one by one": one_by_one,
}


def main(repeats: int) -> None:
    ratios = "stack / pairwise", "the same of processor time"
    columns = ["stack", "points", "d", "p", *CONTENDERS, *ratios, "differs by"]
    print(f"| {' | '.join(columns)} |\n{'|--:' * len(columns)}|")
    for size, n, d, p in PROBLEMS:
        x, y = RNG.normal(size=(2, size, n, d))
        best, busy = (dict.fromkeys(CONTENDERS, np.inf) for _ in range(2))
        found = {}
        for _ in range(repeats + 1):  # the first turn compiles
            for name, call in CONTENDERS.items():
                started, worked = time.perf_counter(), time.process_time()
                found[name] = call(x, y, p)
                spent = time.perf_counter() - started, time.process_time() - worked
                pairs = found[name].size
                best[name] = min(best[name], 1e6 * spent[0] / pairs)
                busy[name] = min(busy[name], 1e6 * spent[1] / pairs)
        differ = np.abs(found["a stack"] / found["one by one"] - 1).max()
        ratio, of_work = (times["a stack"] / times["pairwise, a pair"] for times in (best, busy))
        shown = " | ".join(f"{time:.0f}" for time in best.values())
        shown += f" | {ratio:.2f} | {of_work:.2f} | {differ:.0e}"
        print(f"| {size} | {n} | {d} | {p} | {shown} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
