"""How right the standard error of the debiased Wasserstein distance is, on Gaussian samples.

OMP_NUM_THREADS=1 python benchmarks/debiased.py --repetitions 400 > table.md
"""

import argparse
import math
from typing import NamedTuple

import numpy as np

import otgan


class Pair(NamedTuple):
    """N(0, I) and N(shift e1, scale² I)."""

    name: str
    shift: float
    scale: float


PAIRS = (
    Pair("equal", 0, 1),
    Pair("shifted by 0.5", 0.5, 1),
    Pair("shifted by 3", 3, 1),
    Pair("scaled by 0.7", 0, 0.7),
)

CELLS = (
    (1, 16, 2),
    (1, 16, 10),
    (1, 200, 2),
    (1, 200, 10),
    (1, 600, 10),
    (2, 200, 2),
    (2, 200, 10),
)
"""Orders, points of each sample, and dimensions."""


def estimates(pair: Pair, n: int, d: int, repetitions: int, p: float) -> list[otgan.Estimate]:
    found = []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(n, d)), pair.scale * rng.normal(size=(n, d))
        y[:, 0] += pair.shift
        found.append(otgan.debiased_wasserstein(x, y, p=p, rng=rng))
    return found


def row(pair: Pair, n: int, d: int, repetitions: int, p: float) -> str:
    found = estimates(pair, n, d, repetitions, p)
    values, errors = (np.array([getattr(e, k) for e in found]) for k in ("value", "se"))
    plug_in = np.mean([e.diagnostics["between"] for e in found])
    deviation, mean = values.std(ddof=1), values.mean()
    ratio = math.sqrt((errors**2).mean()) / deviation
    held = np.mean([e.interval[0] <= mean <= e.interval[1] for e in found])
    return (
        f"| {pair.name} | {d} | {n} | {p:g} | {plug_in:.3f} | {mean:.4f} | {deviation:.4f} "
        f"| {ratio:.2f} ± {ratio / math.sqrt(2 * (repetitions - 1)):.2f} | {100 * held:.1f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    repetitions = parser.parse_args().repetitions
    print(
        "| distributions | d | n | p | W between | mean of D | its deviation | "
        "standard error / deviation | interval holds the mean |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for p, n, d in CELLS:
        for pair in PAIRS:
            print(row(pair, n, d, repetitions, p), flush=True)


if __name__ == "__main__":
    main()
