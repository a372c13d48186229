"""Generator steps of a DCGAN on digits of 64 x 64, in each mode of the trainer.

A step is one of the generator with its steps of the critic, drawing of batches and checks
included; its time is the median over a run.
"""

import statistics
import time
from typing import Any

import numpy as np

from benchmarks.gpu.parts import Report
from otgan import GANConfig, train_gan
from otgan.datasets import digits
from otgan.measures import FloatArray

MODES: dict[str, dict[str, Any]] = {
    "eager, float32": {},
    "captured, bfloat16": {"capture": True, "precision": "bfloat16"},
    "captured, float32": {"capture": True},
    "eager, bfloat16": {"precision": "bfloat16"},
}
FIRST = "eager, float32"
BARS = {"captured, bfloat16": 5.0}
SETTINGS: dict[str, Any] = {
    "network": "dcgan", "width": 64, "batch_size": 64, "steps": 40, "monitor_points": 8,
    "evaluation_points": 8, "features": None,
}  # fmt: skip
TINY: dict[str, Any] = {"width": 2, "batch_size": 4, "steps": 6, "n_critic": 1}


def measure(report: Report) -> None:
    images = enlarged(1 if report.rehearsal else 8)
    images = images[:200] if report.rehearsal else images
    eager = 0.0
    for mode, changes in MODES.items():
        if report.rehearsal:  # a CPU has no graphs
            changes = {**changes, **TINY, "capture": False}
        seconds = seconds_of_a_step(images, {**SETTINGS, **changes, "device": report.device})
        eager = eager or seconds
        shape = "x".join(map(str, images.shape[1:]))
        ratio = None if mode == FIRST else eager / seconds
        row = {"images": shape, "mode": mode, "steps/s": 1.0 / seconds}
        report(row, ratio=ratio, bar=BARS.get(mode))


def enlarged(times: int) -> FloatArray:
    """The digits of scikit-learn, every pixel repeated, shape (1797, 1, 8 times, 8 times)."""
    images = digits().points.reshape(-1, 1, 8, 8)
    return images.repeat(times, axis=2).repeat(times, axis=3)


def seconds_of_a_step(data: Any, settings: dict[str, Any]) -> float:
    """Of a run that measures its end alone; each step waits for the device, to check losses."""
    config = GANConfig.preset("wgan-gp", **settings, monitor_every=settings["steps"])
    times: list[float] = []
    train_gan(data, config, progress=lambda *now: times.append(time.perf_counter()))
    # Not those that warm up or are captured, nor the one that measures.
    taken = np.diff(times)[settings["steps"] // 4 : -1]
    return statistics.median(taken.tolist())
