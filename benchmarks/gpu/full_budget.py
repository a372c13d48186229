"""One funnel pair toward the 60,000 steps of the published critics, for 60 s at most."""

from benchmarks.gpu.estimates import compile_loops, estimate
from benchmarks.gpu.parts import Report
from otgan.critics.training.options import FitOptions


def measure(report: Report) -> None:
    compile_loops()
    options = FitOptions(batch_size=1024, precision="bfloat16")
    estimate(report, 64, "lp", steps=60_000, seconds=60.0, options=options)
