"""GAN, WGAN and WGAN-GP
=====================

GAN, WGAN and WGAN-GP on one data set, with one pair of networks, beside the same exact numbers.

Run::

    python examples/gan_wgan_gp.py [--data NAME] [--steps N] [--plot FILE]
    python examples/gan_wgan_gp.py --steps 300  # below
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

import otgan
from otgan.gan import TrainResult
from otgan.plot import BLUE, ORANGE, VIOLET, panels, save

TRAININGS = {"GAN": ("gan", 0.1), "WGAN": ("wgan", 5e-4), "WGAN-GP": ("wgan-gp", 5e-4)}
"""What is trained: the settings of which paper, and the learning rate.

- GAN: the critic minimizes -E log D(x) - E log(1 - D(G(z))), the generator E log(1 - D(G(z)));
- WGAN: E f(G(z)) - E f(x), then every weight of f is put back into [-0.01, 0.01]; -E f(G(z));
- WGAN-GP: E f(G(z)) - E f(x) + 10 E(|∇f| - 1)², at points between x and G(z); -E f(G(z)).

The papers have 0.1, 5e-5 and 1e-4; at these rates all three move within a minute. Where the GAN's
critic wins, its estimate stays at log 2, and the generator that is kept is from before.
"""

LATENT_DIM = 2


def generator() -> nn.Module:
    """From latents to points of the plane."""
    return nn.Sequential(
        nn.Linear(LATENT_DIM, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2)
    )


def critic() -> nn.Module:
    """From points to scores: logits of D for the GAN, and f for the others."""
    return nn.Sequential(
        nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1)
    )


def trained(preset: str, rate: float, data: str, steps: int) -> TrainResult:
    """One of the three, with its own objective, constraint, optimizer and number of critic steps.

    Everything else is equal: networks, latents, batches and the seed.
    """
    config = otgan.GANConfig.preset(
        preset,
        steps=steps,
        batch_size=128,
        average=0.99,
        learning_rate=rate,
        latent="gaussian",
        latent_dim=LATENT_DIM,
        monitor_every=max(steps // 20, 1),
        monitor_points=300,
        evaluation_points=500,
    )
    return otgan.train_gan(data, config, generator=generator, critic=critic)


def draw(results: dict[str, TrainResult], data: str, file: Path) -> None:
    """Above, generated points on real ones; below, debiased W1 and what the critic estimates."""
    real = otgan.datasets.load(data).sample(1000, np.random.default_rng(0))
    with panels(2, len(results), width=3.4, height=3.0) as (figure, axes):
        for at, (name, result) in enumerate(results.items()):
            cloud, curve = axes[at], axes[at + len(results)]
            fake = result.generate(1000)
            cloud.scatter(real[:, 0], real[:, 1], s=4, color=BLUE, alpha=0.4)
            cloud.scatter(fake[:, 0], fake[:, 1], s=4, color=ORANGE)
            cloud.set(title=name, xticks=[], yticks=[], aspect="equal")
            steps = [record.step for record in result.records]
            estimated = result.monitor.config.played_objective.divergence_name
            w1 = [record.debiased_w1 for record in result.records]
            estimates = [record.critic_estimate for record in result.records]
            curve.plot(steps, w1, color=ORANGE, label="debiased W1")
            curve.plot(steps, estimates, color=VIOLET, label="critic's estimate")
            curve.set(title=estimated, xlabel="generator steps")
            curve.legend(fontsize="small")
    save(figure, file)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="ring8", help="ring8, grid25 or swissroll")
    parser.add_argument("--steps", type=int, default=2000, help="of the generator (default 2000)")
    parser.add_argument("--plot", type=Path, default=Path("gan_wgan_gp.png"), help="the picture")
    options = parser.parse_args()
    torch.set_num_threads(1)  # fastest for networks this small
    data, steps = options.data, options.steps
    results = {name: trained(*of, data, steps) for name, of in TRAININGS.items()}
    print("         debiased W1        floor   modes  high quality  rank corr.")
    for name, result in results.items():
        found = result.evaluation
        distance = f"{found.debiased_w1:.4f} ± {found.debiased_w1_se:.4f}"
        followed = result.rank_correlations["critic_estimate"]["debiased_w1"]
        modes = f"{found.modes}/{found.of}"
        print(
            f"{name:<8} {distance:<18} {found.floor:.4f}  {modes:<6} "
            f"{found.high_quality:<13.1%} {followed:.2f}"
        )
    draw(results, data, options.plot)
    print(f"picture: {options.plot}")


if __name__ == "__main__":
    main()
