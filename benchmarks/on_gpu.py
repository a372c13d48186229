"""Training steps per second on a GPU: as they are, in half precision, and by CUDA graphs.

python -m benchmarks.on_gpu                 every setting, then the critic's steps on a GPU
python -m benchmarks.on_gpu toy             one of them
python -m benchmarks.on_gpu toy --on cpu    a trial without a GPU, of the modes that need none

A step is one of the generator with its steps of the critic, drawing of batches and checks included.
The modes of a setting take turns; a turn's time is the median of its steps, and a mode's that of
its fastest turn. Each run appends its rows to benchmarks/results/on_gpu.csv.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.rows import append, commit
from otgan import GANConfig, train_gan

RESULTS = Path(__file__).parent / "results" / "on_gpu.csv"
TURNS = 3

MODES: dict[str, dict[str, Any]] = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "float16": {"precision": "float16"},
    "float32, captured": {"capture": True},
    "bfloat16, captured": {"precision": "bfloat16", "capture": True},
}
NEED_GPU = {"float16", "float32, captured", "bfloat16, captured"}


def pictures(side: int) -> Any:
    return np.random.default_rng(0).uniform(size=(512, 3, side, side)).astype(np.float32)


SETTINGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "toy": ("ring8", {"preset": "toy", "steps": 200}),
    "dcgan-64, wgan-gp": (
        pictures(64),
        {"preset": "wgan-gp", "network": "dcgan", "width": 64, "steps": 40, "batch_size": 64},
    ),
    "dcgan-64, dcgan": (pictures(64), {"preset": "dcgan", "width": 64, "steps": 40}),
}
"""Data, and a preset with what is changed of it."""


def seconds_of_a_step(data: Any, settings: dict[str, Any], device: str) -> float:
    """Of a run that measures its end alone; each step waits for the device, to check losses."""
    steps = settings["steps"]
    config = GANConfig.preset(
        settings["preset"], **{k: v for k, v in settings.items() if k != "preset"},
        monitor_every=steps, monitor_points=8, evaluation_points=8, features=None, device=device,
    )  # fmt: skip
    times: list[float] = []
    train_gan(data, config, progress=lambda *now: times.append(time.perf_counter()))
    taken = np.diff(times)[steps // 4 : -1]  # not those that warm up, nor the one that measures
    return statistics.median(taken.tolist())


def measure(name: str, device: str) -> None:
    """Time every mode of a setting, and write down its rows."""
    data, settings = SETTINGS[name]
    modes = [mode for mode in MODES if device == "cuda" or mode not in NEED_GPU]
    turns: dict[str, list[float]] = {mode: [] for mode in modes}
    for _ in range(TURNS):
        for mode in modes:
            turns[mode].append(seconds_of_a_step(data, {**settings, **MODES[mode]}, device))
    for mode in modes:
        steps_per_second = 1.0 / min(turns[mode])
        print(f"{name:20} {mode:20} {steps_per_second:8.1f} steps per second")
        append(
            RESULTS,
            {
                "date": time.strftime("%Y-%m-%d"),
                "device": torch.cuda.get_device_name() if device == "cuda" else platform.machine(),
                "torch": torch.__version__,
                "setting": name,
                "mode": mode,
                "steps per second": steps_per_second,
                "command": " ".join(["python -m benchmarks.on_gpu", *sys.argv[1:]]),
                "commit": commit(),
            },
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Training steps per second on a GPU.")
    parser.add_argument("settings", nargs="*", choices=[*SETTINGS, []], help="default: all")
    parser.add_argument("--on", default="cuda", choices=["cuda", "cpu"])
    options = parser.parse_args()
    if options.on == "cuda" and not torch.cuda.is_available():
        parser.error("there must be a CUDA device, and torch sees none; to try it, pass --on cpu")
    for name in options.settings or SETTINGS:
        measure(name, options.on)
    if options.on == "cuda" and not options.settings:
        critics = Path(__file__).with_name("critic_speed.py")
        subprocess.run([sys.executable, str(critics), "captured"], check=True)


if __name__ == "__main__":
    main()
