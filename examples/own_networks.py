"""A GAN with networks of your own
===============================

A convolutional GAN of one's own on images with labels, saved, loaded again and sampled from.

Run::

    python examples/own_networks.py [--out FOLDER] [--steps N]
    python examples/own_networks.py --steps 300  # below
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import TensorDataset

import otgan
from otgan.plot import image_grid, save

LATENT_DIM = 32


class Generator(nn.Module):
    """From latents, shape (n, 32), to images as networks see them, shape (n, 1, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse = nn.Linear(LATENT_DIM, 32 * 4 * 4)
        self.fine = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh())

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """Images in [-1, 1]."""
        images: torch.Tensor = self.fine(self.coarse(latents).view(-1, 32, 4, 4))
        return images


def critic() -> nn.Module:
    """From images to scores, shape (n, 1)."""
    convolutions = [nn.Conv2d(1, 32, 3, 1, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 32, 4, 2, 1)]
    return nn.Sequential(*convolutions, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(512, 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/own"), help="folder of the run")
    parser.add_argument("--steps", type=int, default=2000, help="of the generator (default 2000)")
    options = parser.parse_args()

    pixels, labels = load_digits(return_X_y=True)
    images = torch.as_tensor(pixels, dtype=torch.float32).view(-1, 1, 8, 8)
    data = TensorDataset(images, torch.as_tensor(labels))
    config = otgan.GANConfig(
        objective="relativistic",  # with its default constraint, R1 + R2
        n_critic=1,
        steps=options.steps,
        latent_dim=LATENT_DIM,
        monitor_every=max(options.steps // 4, 1),
        monitor_points=150,
        evaluation_points=300,
    )
    result = otgan.train_gan(data, config, generator=Generator, critic=critic, out=options.out)
    for name, distance in result.evaluation.spaces.items():
        print(f"debiased W1 of {name}: {distance.debiased:.4f} ± {distance.debiased_se:.4f}")

    # Later, elsewhere: the run knows its weights and settings, and your code its networks.
    run = otgan.load_run(options.out, generator=Generator, critic=critic)
    pictures = run.generate(48) / 16  # digits have gray levels from 0 to 16
    print("picture:", save(image_grid(pictures.reshape(48, -1), side=8), options.out / "own.png"))


if __name__ == "__main__":
    main()
