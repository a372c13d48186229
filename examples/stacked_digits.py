"""A hundred known modes
=====================

How many of a hundred known modes a GAN reaches: two random digits as the channels of an image.

Run::

    python examples/stacked_digits.py [--steps N] [--pack M]
    python examples/stacked_digits.py --steps 100  # below
"""

from __future__ import annotations

import argparse

import numpy as np

import otgan
from otgan.datasets import StackedDigits
from otgan.measures import FloatArray
from otgan.plot import image_grid, save

SHOWN = 12


def colored(images: FloatArray) -> FloatArray:
    """The first digit in red, the second in green; for `image_grid`."""
    red, green = np.moveaxis(images.reshape(-1, 2, 8, 8), 1, 0)
    return np.stack([red, green, np.zeros_like(red)], axis=-1).reshape(len(red), -1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=2000, help="of the generator (default 2000)")
    parser.add_argument("--pack", type=int, default=1, help="images that are judged together")
    options = parser.parse_args()

    data = StackedDigits(channels=2)  # 8 x 8 digits; with those of MNIST, pass digits=
    rows = [data.sample(SHOWN, np.random.default_rng(0))]
    for objective in ("non-saturating", "relativistic"):
        config = otgan.GANConfig(
            objective=objective,
            network="dcgan",
            n_critic=1,
            steps=options.steps,
            pack=options.pack,
            monitor_every=options.steps,
            monitor_points=200,
            evaluation_points=300,
            features=None,
        )
        result = otgan.train_gan(data, config)
        found = result.evaluation
        print(
            f"{objective:<15} {found.modes} of {found.of} modes, "
            f"reverse KL {found.reverse_kl:.4f}, "
            f"debiased W1 {found.debiased_w1:.4f} ± {found.debiased_w1_se:.4f}"
        )
        rows.append(result.generate(SHOWN))
    pictures = np.concatenate([colored(row) for row in rows])
    picture = save(image_grid(pictures, side=8, columns=SHOWN), "stacked_digits.png")
    print(f"picture: {picture}; real, non-saturating, relativistic, a row each")


if __name__ == "__main__":
    main()
