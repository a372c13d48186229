"""Time of a stack of small problems in one call, beside `pairwise_wasserstein` per pair.

python benchmarks/batches.py [repeats]
"""

import sys
import time

import numpy as np
import torch

import otgan

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


def one_by_one(x, y, p):
    return np.array([otgan.wasserstein(*pair, p=p) for pair in zip(x, y, strict=True)])


def in_one_call(x, y, p):
    return otgan.wasserstein(x, y, p=p)


def of_tensors(x, y, p):
    return otgan.wasserstein(torch.from_numpy(x), torch.from_numpy(y), p=p).numpy()


def with_gradients(x, y, p):
    points = torch.from_numpy(x).requires_grad_()
    distances = otgan.wasserstein(points, torch.from_numpy(y), p=p)
    distances.sum().backward()
    return distances.detach().numpy()


def pairwise(x, y, p):
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


def main(repeats):
    columns = ["stack", "points", "d", "p", *CONTENDERS, "stack / pairwise", "differs by"]
    print(f"| {' | '.join(columns)} |\n{'|--:' * len(columns)}|")
    for size, n, d, p in PROBLEMS:
        x, y = RNG.normal(size=(2, size, n, d))
        best, found = dict.fromkeys(CONTENDERS, np.inf), {}
        for _ in range(repeats + 1):  # the first turn compiles
            for name, call in CONTENDERS.items():
                started = time.perf_counter()
                found[name] = call(x, y, p)
                spent = 1e6 * (time.perf_counter() - started) / found[name].size
                best[name] = min(best[name], spent)
        differ = np.abs(found["a stack"] / found["one by one"] - 1).max()
        ratio = best["a stack"] / best["pairwise, a pair"]
        shown = " | ".join(f"{time:.0f}" for time in best.values())
        print(f"| {size} | {n} | {d} | {p} | {shown} | {ratio:.2f} | {differ:.0e} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
