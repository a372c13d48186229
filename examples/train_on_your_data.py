"""Training on a file of points
============================

A WGAN trained on a file of points, stopped, resumed, and measured against perfect samples.

Run::

    python examples/train_on_your_data.py [--out FOLDER] [--steps N]
    python examples/train_on_your_data.py --steps 120  # below
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import otgan
from otgan.gan.report import write_report


def write_points(file: Path) -> None:
    """Stands for your own data: two moons, as a CSV file with a header."""
    rng = np.random.default_rng(0)
    angle, upper = rng.uniform(0, np.pi, 4000), rng.random(4000) < 0.5
    moons = np.where(
        upper[:, None],
        np.column_stack([np.cos(angle), np.sin(angle)]),
        np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)]),
    )
    moons += 0.05 * rng.normal(size=moons.shape)
    np.savetxt(file, moons, delimiter=",", header="east,north", comments="", fmt="%.6f")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/moons"), help="folder of the run")
    parser.add_argument("--steps", type=int, default=600, help="of the generator (default 600)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "moons.csv"
    write_points(file)

    run = options.out / "run"
    config = otgan.GANConfig.preset(
        "toy",
        steps=options.steps // 2,
        monitor_every=max(options.steps // 6, 1),
        monitor_points=500,
        evaluation_points=1000,
    )
    first = otgan.train_gan(str(file), config, out=run)
    print(f"after {config.steps} steps:  exact W1 {first.evaluation.exact_w1:.4f}")

    # A run goes on from its checkpoint, with its own data and settings; steps may grow.
    result = otgan.resume_gan(run, steps=options.steps)
    evaluation = result.evaluation
    print(f"after {options.steps} steps:  exact W1 {evaluation.exact_w1:.4f}")
    print(f"perfect samples: exact W1 {evaluation.floor:.4f}")
    points = result.generate(5)
    print("generated points:", *(f"({u:.2f}, {v:.2f})" for u, v in points))
    print("report:", write_report(run))


if __name__ == "__main__":
    main()
