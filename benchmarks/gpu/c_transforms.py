"""c-transforms of point clouds on a GPU, beside otgan's own on two threads of the CPU.

The potentials are those of a solved subsample, extended to all points, as a solver meets them. The
GPU's time includes the way there and back. Where guesses guide the CPU's search, it is also timed
with the answer for a guess, for a solver often knows nearly that, and the faster time counts.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import otgan
from benchmarks.gpu.c_transform import c_transform
from benchmarks.gpu.parts import Report
from otgan.costs import PointCost
from otgan.measures import FloatArray
from otgan.transport.duality import c_transform_of
from otgan.transport.network_simplex.pricing import MAX_CELL_DIMENSION

N, DIMENSIONS, SUBSAMPLE, THREADS = 40_000, (2, 16, 64), 2_000, 2
BAR = 20.0
LARGE_ENOUGH = 2_100
"""Points beyond which the CPU searches as it does for many; compiled with so few."""


def measure(report: Report) -> None:
    torch.set_float32_matmul_precision("highest")  # some installations choose another
    n, subsample = (LARGE_ENOUGH, 50) if report.rehearsal else (N, SUBSAMPLE)
    for d in DIMENSIONS:
        on_cpu(*problem(LARGE_ENOUGH, 50, d), None)  # compiles
        x, y, f = problem(n, subsample, d)
        on_device(x, y, f, report.device)  # loads kernels
        seconds, found = timed(lambda: on_device(x, y, f, report.device), 3)  # noqa: B023
        cpu, expected = timed(lambda: on_cpu(x, y, f, None), 1)  # noqa: B023
        if d <= MAX_CELL_DIMENSION:
            guessed, _ = timed(lambda: on_cpu(x, y, f, expected), 1)  # noqa: B023
            cpu = min(cpu, guessed)
        report(
            {
                "n": n,
                "d": d,
                "two CPU threads, s": cpu,
                "device, s": seconds,
                "largest difference": float(np.abs(found - expected).max()),
                "largest value": float(np.abs(expected).max()),
            },
            ratio=cpu / seconds,
            bar=BAR,
        )


def problem(n: int, subsample: int, d: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Two Gaussian clouds, and potentials that are nearly optimal."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, d)), 1.2 * rng.normal(size=(n, d)) + 1.0 / d**0.5
    few = y[:subsample]
    solved = otgan.emd(x[:subsample], few)
    return x, y, c_transform_of(PointCost(few, x), solved.g)


def on_device(x: FloatArray, y: FloatArray, f: FloatArray, device: str) -> FloatArray:
    return c_transform(*(torch.as_tensor(z, device=device) for z in (x, y, f))).cpu().numpy()


def on_cpu(x: FloatArray, y: FloatArray, f: FloatArray, guess: FloatArray | None) -> FloatArray:
    with threadpool_limits(1):  # products within each of otgan's threads
        return c_transform_of(PointCost(x, y), f, guess, THREADS)


def timed(call: Callable[[], FloatArray], times: int) -> tuple[float, FloatArray]:
    """The median of its seconds, and what it returns."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        found = call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), found
