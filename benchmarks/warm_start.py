"""Exact transport along a sequence of small moves: cold solves beside warm starts.

OMP_NUM_THREADS=1 python benchmarks/warm_start.py [moves] > benchmarks/results/warm_start.md

Points of x take steps with inertia, as those of a generator in training do, and y stays. Every
problem is solved cold, from the result before, and from its potentials alone, in turn and in one
process. Figures are processor seconds of one thread over the whole sequence, certificates
included; ratios are what counts.
"""

import sys
import time
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

import otgan
from otgan import TransportResult

POINTS = 2000
INERTIA = 0.9
STARTS = ("cold", "result", "potentials")
TOLERANCE = 1e-12
"""Relative difference of two costs that are both exact, each to a few roundings."""


class Sequence(NamedTuple):
    """What moves, and how far: `step` is the standard deviation of a coordinate's move.

    `weighted` clouds have random weights, and those of x change by about one per cent a move.
    """

    d: int
    p: float
    step: float
    weighted: bool = False


SEQUENCES = (
    Sequence(2, 1, 0.003),
    Sequence(2, 1, 0.01),
    Sequence(2, 2, 0.003),
    Sequence(8, 1, 0.003),
    Sequence(8, 2, 0.003),
    Sequence(8, 1, 0.003, weighted=True),
)
COLUMNS = (
    "d",
    "p",
    "move of a coordinate",
    "weights",
    "cold s",
    "warm s",
    "cold / warm",
    "potentials alone s",
    "cold / potentials",
    "pivots cold, warm, potentials",
    "largest relative difference of costs",
)


class Total(NamedTuple):
    """Processor seconds and pivots of a whole sequence."""

    seconds: float = 0.0
    pivots: int = 0

    def plus(self, seconds: float, result: TransportResult) -> "Total":
        """The total with one more solve."""
        return Total(self.seconds + seconds, self.pivots + result.stats["pivots"])


def timed(*problem: Any, **options: Any) -> tuple[float, TransportResult]:
    started = time.process_time()
    result = otgan.emd(*problem, n_jobs=1, **options)
    return time.process_time() - started, result


def follow(sequence: Sequence, moves: int) -> tuple[dict[str, Total], float]:
    """The totals by start, and the largest relative difference of costs from a cold solve."""
    d, p, step, weighted = sequence
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(POINTS, d)), 1.2 * rng.normal(size=(POINTS, d)) + 0.5
    a, b = rng.uniform(0.5, 1.5, size=(2, POINTS)) if weighted else np.ones((2, POINTS))
    before = otgan.emd(x, y, a, b, p=p, normalize=True, n_jobs=1)
    velocity = rng.normal(size=x.shape)
    totals, differ = dict.fromkeys(STARTS, Total()), 0.0
    for _ in range(moves):
        velocity = INERTIA * velocity + (1 - INERTIA**2) ** 0.5 * rng.normal(size=x.shape)
        x = x + step * velocity
        a = a * np.exp(0.01 * rng.normal(size=POINTS)) if weighted else a
        starts = {"cold": None, "result": before, "potentials": (before.f, before.g)}
        found = {}
        for name, start in starts.items():
            seconds, found[name] = timed(x, y, a, b, p=p, normalize=True, start=start)
            totals[name] = totals[name].plus(seconds, found[name])
        costs = np.array([result.cost for result in found.values()])
        differ = max(differ, float(np.ptp(costs) / costs[0]))
        before = found["result"]
    return totals, differ


def main(moves: int) -> None:
    names = ("numpy", "scipy", "numba")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    otgan.emd(*np.random.default_rng(0).normal(size=(2, POINTS, 2)))  # compiled before the clock
    print("# Warm starts\n")
    print(f"Python {sys.version.split()[0]}, {packages}.")
    print(f"Command: `OMP_NUM_THREADS=1 python benchmarks/warm_start.py {moves}`.")
    print(
        f"{POINTS:,} points a side, {moves} moves of x. Processor seconds of one thread, "
        "certificates included.\n"
    )
    print(f"| {' | '.join(COLUMNS)} |\n|{'--:|' * len(COLUMNS)}")
    for sequence in SEQUENCES:
        totals, differ = follow(sequence, moves)
        cold, warm, potentials = (totals[name] for name in STARTS)
        assert differ <= TOLERANCE
        weights = "change" if sequence.weighted else "equal"
        print(
            f"| {sequence.d} | {sequence.p:g} | {sequence.step:g} | {weights} "
            f"| {cold.seconds:.2f} | {warm.seconds:.2f} | {cold.seconds / warm.seconds:.2f} "
            f"| {potentials.seconds:.2f} | {cold.seconds / potentials.seconds:.2f} "
            f"| {cold.pivots:,}, {warm.pivots:,}, {potentials.pivots:,} | {differ:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
