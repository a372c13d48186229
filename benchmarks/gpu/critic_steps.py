"""Training steps of critics, captured in a CUDA graph beside the same steps one kernel at a time.

They are the steps of `estimate_w1`: points are sampled, gradients computed by formulas, weights
moved and projected. A third contender is the loop that everyone writes, with autograd and Adam.
"""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from benchmarks.critic_speed import Contender, compare, graph_step
from benchmarks.gpu.parts import Report
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.kernels.cuda_graph import CapturedStep
from otgan.critics.networks.feedforward import mlp
from otgan.critics.training.data import Distributions, as_distributions
from otgan.critics.training.loop import Fit, training_step
from otgan.critics.training.options import FitOptions
from otgan.datasets import funnel_pair

SIZES = ((2, 128, 8.0), (5, 256, 5.0))
"""Hidden layers, their width, and how many times faster captured steps are to be."""
KINDS = ("gp", "lp", "orthogonal")
D, BATCH = 32, 1024


def measure(report: Report) -> None:
    quick: dict[str, Any] = {"turns": 1, "seconds": 0.01} if report.rehearsal else {}
    batch = 16 if report.rehearsal else BATCH
    options = FitOptions(batch_size=batch)
    pair = funnel_pair(2 if report.rehearsal else D, 4)
    where = as_distributions(pair.x, pair.y, options, torch.device(report.device))
    for depth, width, bar in SIZES:
        for kind in KINDS:
            width = 8 if report.rehearsal else width
            captured = captured_step(kind, depth, width, where, options)
            contenders: dict[str, Contender] = {
                "captured": (captured, nullcontext),
                "eager": (captured_step(kind, depth, width, where, options).step, nullcontext),
            }
            if kind != "orthogonal":
                plain = plain_step(kind, depth, width, where, batch)
                contenders["autograd"] = plain, nullcontext
            waits = torch.cuda.synchronize if report.device == "cuda" else lambda: None
            seen = compare(contenders, waits, **{"turns": 5, "seconds": 0.12, **quick})
            seconds = {name: found[0] for name, found in seen.items()}
            rates = {f"{name}, steps/s": 1.0 / took for name, took in seconds.items()}
            if "autograd" in seconds:
                rates["captured / autograd"] = seconds["autograd"] / seconds["captured"]
            ratio = seconds["eager"] / seconds["captured"]
            names = {"network": f"{depth} x {width}", "batch": batch, "constraint": kind}
            report({**names, **rates}, ratio=ratio, bar=bar)


def captured_step(
    kind: str, depth: int, width: int, distributions: Distributions, options: FitOptions
) -> CapturedStep[tuple[Tensor, ...]]:
    """A step of `estimate_w1`; its `step` is the same without a graph."""
    constraint = CONSTRAINTS[kind]
    torch.manual_seed(0)
    critic = constraint.build(distributions.d, width, depth).to(distributions.device)
    fit = Fit.start(critic, constraint, distributions, options)
    return training_step(fit, constraint, distributions, options)


def plain_step(kind: str, depth: int, width: int, distributions: Distributions, batch: int) -> Any:
    """A step of the loop that everyone writes, on the same points."""
    rng = distributions.generator(0)
    critic = mlp(distributions.d, width=width, depth=depth).to(distributions.device)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.0, 0.9))

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        x, y = distributions.batches(batch, rng)
        return x, y, torch.rand(batch, 1, generator=rng, device=distributions.device)

    return graph_step(critic, optimizer, draw, kind == "lp")
