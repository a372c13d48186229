"""Processor time of a GAN's training step: ours, ours by autograd, and the loop of WGAN-GP's code.

python benchmarks/trainer_speed.py              every setting
python benchmarks/trainer_speed.py plain        one of them

A step is one of the generator with its steps of the critic, drawing of batches included, on the
8-Gaussian ring with batches of 256 (the preset's are of 384), on one thread. The contenders take
turns of 40 steps; a turn's time is the median of its steps, and a contender's that of its fastest
turn, for other work on the machine makes each slower, by shared caches, and none faster. The loop
is that of gan_toy.py, the toy code of WGAN-GP (Gulrajani et al., NeurIPS 2017), in today's PyTorch;
the preset has none beside it. Each run appends its rows to benchmarks/results/trainer_speed.csv.
"""

import csv
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from otgan import GANConfig, train_gan
from otgan.critics.constraints import GradientPenalty, ZeroCenteredPenalty
from otgan.critics.networks.feedforward import mlp
from otgan.gan.networks import build_critic, build_generator

RESULTS = Path(__file__).parent / "results" / "trainer_speed.csv"
TURNS = 5
STEPS = 40  # of a turn
BATCH = 256

GP = GradientPenalty(weight=0.1)
LP = GradientPenalty(weight=0.1, one_sided=True)
PLAIN: dict[str, Any] = {
    "objective": "wasserstein",
    "constraint": GP,
    "network": "mlp",
    "width": 128,
    "depth": 3,
    "critic_width": None,
    "critic_depth": None,
    "batch_size": BATCH,
    "n_critic": 2,
    "learning_rate": 3e-3,
    "average": 0.995,
    "latent_dim": 2,
}
"""Multilayer perceptrons of three layers of 128."""

SETTINGS: dict[str, dict[str, Any]] = {
    "preset toy": {},
    "plain": PLAIN,
    "plain, one-sided": {**PLAIN, "constraint": LP},
    "plain, non-saturating": {**PLAIN, "objective": "non-saturating"},
    "plain, relativistic": {
        **PLAIN, "objective": "relativistic", "constraint": ZeroCenteredPenalty(1.0)
    },
    "wgan-gp toy": {**PLAIN, "width": 512, "n_critic": 5},
}  # fmt: skip
"""Changes of the preset "toy", whose critic has Fourier features."""


class OwnSequential(nn.Sequential):
    """A network of the user's, as far as the trainer can tell: autograd alone takes it."""


# ---------------------------------------------------------------- steps


def ours(changes: dict[str, Any], by_autograd: bool) -> list[float]:
    """Processor seconds of each step of a short training run."""
    config = GANConfig.preset(
        "toy", **{
            "steps": STEPS, "monitor_every": STEPS, "monitor_points": 8, "evaluation_points": 8,
            "device": "cpu", **changes,
        },
    )  # fmt: skip
    own = {}
    if by_autograd:
        own = own_networks(config.for_shape((2,)))
        config = replace(config, critic_width=None, critic_depth=None)
    times = [time.process_time()]
    train_gan(
        "ring8",
        config,
        progress=lambda done, total, message: times.append(time.process_time()),
        **own,
    )
    return np.diff(times)[1:-1].tolist()  # without what is done at the start, and measured last


def own_networks(config: GANConfig) -> dict[str, Any]:
    """The same networks, for autograd."""
    networks = {"generator": build_generator(config, (2,)), "critic": build_critic(config, (2,))}
    return {name: OwnSequential(*network.children()) for name, network in networks.items()}


def plain_loop(width: int, n_critic: int) -> list[float]:
    """Processor seconds of each step of gan_toy.py."""
    generator, critic = mlp(2, 2, width=width), mlp(2, width=width)
    optimizers = [
        torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.5, 0.9))
        for network in (generator, critic)
    ]
    rng = np.random.default_rng(0)
    times = [time.process_time()]
    for _ in range(STEPS):
        for _ in range(n_critic):
            real = ring(rng)
            fake = generator(torch.randn(BATCH, 2)).detach()
            loss = critic(fake).mean() - critic(real).mean() + penalty(critic, real, fake)
            optimizers[1].zero_grad()
            loss.backward()
            optimizers[1].step()
        critic.requires_grad_(False)
        loss = -critic(generator(torch.randn(BATCH, 2))).mean()
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        critic.requires_grad_(True)
        times.append(time.process_time())
    return np.diff(times)[1:].tolist()


def ring(rng: np.random.Generator) -> Tensor:
    angle = 2.0 * np.pi * rng.integers(8, size=BATCH) / 8
    centers = 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = (centers + 0.02 * rng.normal(size=(BATCH, 2))) / 1.414
    return torch.from_numpy(points.astype(np.float32))


def penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    fraction = torch.rand(BATCH, 1)
    between = (real + fraction * (fake - real)).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return 0.1 * (gradient.norm(dim=1) - 1.0).square().mean()


# ---------------------------------------------------------------- tables


def compare(contenders: dict[str, Callable[[], list[float]]]) -> dict[str, list[float]]:
    """Milliseconds of a step in each turn."""
    seen: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(TURNS + 1):
        for name, run in contenders.items():
            milliseconds = 1e3 * statistics.median(run())
            if turn:  # the first is to warm up
                seen[name].append(milliseconds)
    return seen


def row(name: str) -> dict[str, Any]:
    """The contenders' times, their ratios to ours, and the lowest and highest ratio of a turn."""
    changes = SETTINGS[name]
    contenders: dict[str, Callable[[], list[float]]] = {
        "autograd": lambda: ours(changes, by_autograd=True),
        "ours": lambda: ours(changes, by_autograd=False),
    }
    if changes:
        width, n_critic = changes.get("width", 128), changes["n_critic"]
        contenders = {"loop": lambda: plain_loop(width, n_critic), **contenders}
    seen = compare(contenders)
    measured: dict[str, Any] = {"setting": name}
    measured |= {f"{kind}_ms": "" for kind in ("loop", "autograd", "ours")}
    measured |= {f"{kind}_ms": round(min(turns), 3) for kind, turns in seen.items()}
    for kind in ("loop", "autograd"):
        columns = [f"{kind}_ratio{which}" for which in ("", "_low", "_high")]
        if kind not in seen:
            measured |= dict.fromkeys(columns, "")
            continue
        ratios = sorted(a / b for a, b in zip(seen[kind], seen["ours"], strict=True))
        spread = min(seen[kind]) / min(seen["ours"]), ratios[0], ratios[-1]
        measured |= zip(columns, (round(value, 2) for value in spread), strict=True)
    return measured


def main() -> None:
    torch.set_num_threads(1)
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "torch": torch.__version__,
    }
    for name in sys.argv[1:] or SETTINGS:
        measured = {**about, **row(name)}
        print(measured, flush=True)
        new = not RESULTS.exists()
        with RESULTS.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(measured), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(measured)


if __name__ == "__main__":
    main()
