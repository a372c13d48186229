"""Steps of critics of several sizes on the CPU and on the GPU: what `device="auto"` rests on."""

from contextlib import nullcontext
from typing import Any

import torch

from benchmarks.critic_speed import Contender, compare
from benchmarks.gpu.critic_steps import captured_step
from benchmarks.gpu.parts import Report
from otgan.critics.kernels.threads import single_threaded
from otgan.critics.training.data import as_distributions
from otgan.critics.training.options import FitOptions
from otgan.datasets import funnel_pair
from otgan.devices import auto_device

SIZES = ((64, 2, 128), (256, 3, 128), (256, 3, 256), (1024, 3, 256))
"""Points in a batch, hidden layers and their width."""
D, THREADS = 32, 2


def measure(report: Report) -> None:
    torch.set_num_threads(THREADS)
    quick: dict[str, Any] = {"turns": 1, "seconds": 0.01} if report.rehearsal else {}
    pair = funnel_pair(2 if report.rehearsal else D, 4)
    for batch, depth, width in SIZES[: 1 if report.rehearsal else None]:
        options = FitOptions(batch_size=batch)
        contenders: dict[str, Contender] = {}
        for name, device in (("two CPU threads", "cpu"), ("captured", report.device)):
            where = as_distributions(pair.x, pair.y, options, torch.device(device))
            step = captured_step("lp", depth, width, where, options)
            contenders[name] = step, single_threaded if device == "cpu" else nullcontext
        waits = torch.cuda.synchronize if report.device == "cuda" else lambda: None
        seen = compare(contenders, waits, **{"turns": 3, "seconds": 0.08, **quick})
        seconds = {name: found[0] for name, found in seen.items()}
        work = batch * (D * width + (depth - 1) * width**2 + width)
        report(
            {
                "batch": batch,
                "network": f"{depth} x {width}",
                "million multiply-adds": work / 1e6,
                **{f"{name}, ms": 1e3 * took for name, took in seconds.items()},
                '"auto" takes': auto_device(work, gpu=True),
            },
            ratio=seconds["two CPU threads"] / seconds["captured"],
        )
