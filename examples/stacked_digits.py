"""A hundred known modes
=====================

How many of a hundred known modes a GAN reaches: two random digits as the channels of an image.

Run::

    python examples/stacked_digits.py [--steps N] [--pack M]
    python examples/stacked_digits.py --steps 100  # below
"""

from __future__ import annotations

import argparse

import otgan
from otgan.datasets import StackedDigits


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=2000, help="of the generator (default 2000)")
    parser.add_argument("--pack", type=int, default=1, help="images that are judged together")
    options = parser.parse_args()

    data = StackedDigits(channels=2)  # 8 x 8 digits; with those of MNIST, pass digits=
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
        found = otgan.train_gan(data, config).evaluation
        print(
            f"{objective:<15} {found.modes} of {found.of} modes, "
            f"reverse KL {found.reverse_kl:.4f}, "
            f"debiased W1 {found.debiased_w1:.4f} ± {found.debiased_w1_se:.4f}"
        )


if __name__ == "__main__":
    main()
