"""W1 of two funnel pairs, whose distance is known, by `estimate_w1` as it is, within 30 s."""

import time
from typing import Any

import otgan
from benchmarks.gpu.parts import Report
from otgan.critics.training.options import FitOptions
from otgan.datasets import funnel_pair

D, FUNNELS, SECONDS = 32, (64, 256), 30.0


def measure(report: Report) -> None:
    compile_loops()
    for count in FUNNELS:
        estimate(report, count, "auto", seconds=SECONDS)


def compile_loops() -> None:
    """The linear program of points, so that no budget pays for its compilation."""
    pair = funnel_pair(2, 4)
    otgan.emd(pair.x.sample(1000, 0), pair.y.sample(1000, 1))


def estimate(report: Report, funnels: int, constraint: str, **budget: Any) -> None:
    """Write down an estimate beside the known distance."""
    d = 2 if report.rehearsal else D
    if report.rehearsal:
        few = FitOptions(batch_size=16, test_points=256)
        budget = {"steps": 8, "seconds": 0.2, "options": few}
    pair = funnel_pair(d, 4 if report.rehearsal else funnels)
    started = time.perf_counter()
    r = otgan.estimate_w1(pair.x, pair.y, constraint, device=report.device, **budget)
    report(
        {
            "d": d,
            "funnels": funnels,
            "constraint": constraint,
            "used": r.constraint,
            "W1": pair.w1,
            "estimate": r.value,
            "se": r.se,
            "deviation, %": 100.0 * (r.value / pair.w1 - 1.0),
            "converged": r.converged,
            "steps": r.steps,
            "training, s": r.seconds,
            "call, s": time.perf_counter() - started,
        }
    )
