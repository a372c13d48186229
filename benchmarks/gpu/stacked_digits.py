"""How many of the thousand modes of three stacked digits a generator finds in 30 s of training."""

import time
from typing import Any

from benchmarks.gpu.parts import Report
from benchmarks.gpu.trainer_steps import seconds_of_a_step
from otgan import GANConfig, train_gan
from otgan.datasets import StackedDigits
from otgan.gan.modes import mode_coverage
from otgan.gan.optimizers import Adam

SECONDS, POINTS = 30.0, 10_000
ADAM = Adam(learning_rate=5e-4, betas=(0.5, 0.9))
SETTINGS: dict[str, Any] = {
    "network": "dcgan", "width": 64, "generator_norm": "batch", "batch_size": 256, "n_critic": 2,
    "generator_optimizer": ADAM, "critic_optimizer": ADAM, "average": 0.99, "monitor_points": 100,
    "evaluation_points": 100, "features": None, "capture": True, "precision": "bfloat16",
}  # fmt: skip
TINY: dict[str, Any] = {"width": 2, "batch_size": 4, "capture": False}


def measure(report: Report) -> None:
    data = StackedDigits(channels=3)
    settings = {**SETTINGS, **(TINY if report.rehearsal else {}), "device": report.device}
    cost = seconds_of_a_step(data, {**settings, "steps": 24})
    steps = 8 if report.rehearsal else int(SECONDS / cost)
    config = GANConfig.preset("wgan-gp", **settings, steps=steps, monitor_every=max(1, steps // 4))
    started = time.perf_counter()
    result = train_gan(data, config)
    seconds = time.perf_counter() - started
    points = 200 if report.rehearsal else POINTS
    found = mode_coverage(result.generate(points, rng=1).reshape(points, -1), data)
    report(
        {
            "modes": found.modes,
            "of": found.of,
            "images generated": points,
            "reverse KL": found.reverse_kl,
            "steps": steps,
            "training, s": seconds,
        }
    )
