"""Time of exact transport between as many points of equal mass, beside an assignment solver.

python benchmarks/assignment.py [points ...]   (needs lapx: pip install lapx)

The peer's time is that of all costs by SciPy, of lapx's LAPJV, and of our `certify`, which its
assignment needs as well to be proved.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

import lap
import numpy as np
from scipy.spatial.distance import cdist

import otgan
from otgan.measures import FloatArray
from otgan.transport.interpretation import compiling_all

DIMENSIONS = 2, 16


def least_seconds(work: Callable[[], object], turns: int) -> float:
    """Of one thread's processor, in the quickest of so many turns."""
    seconds = []
    for _ in range(turns):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def by_lapx(x: FloatArray, y: FloatArray) -> float:
    """The mean cost of its assignment."""
    costs = cdist(x, y)
    total, _, _ = lap.lapjv(costs)
    return float(total) / len(x)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [32, 64, 100, 200, 500, 1000]
    print("| points a side | d | ours, s | costs and LAPJV, s | certify, s | ours / all three |")
    print("|--:|--:|--:|--:|--:|--:|")
    for n in sizes:
        for d in DIMENSIONS:
            rng = np.random.default_rng(0)
            x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d)) + 0.5
            turns = max(3, 2000 // n)
            ours = otgan.emd(x, y, n_jobs=1)
            assert abs(ours.cost - by_lapx(x, y)) <= 1e-12 * ours.cost
            seconds = least_seconds(partial(otgan.emd, x, y, n_jobs=1), turns)
            peer = least_seconds(partial(by_lapx, x, y), turns)
            proof = least_seconds(
                partial(otgan.certify, cdist(x, y), ours.plan, ours.f, ours.g), turns
            )
            ratio = seconds / (peer + proof)
            print(f"| {n} | {d} | {seconds:.2g} | {peer:.2g} | {proof:.2g} | {ratio:.2f} |")


if __name__ == "__main__":
    with compiling_all():  # as in a process that has solved some problems
        main()
