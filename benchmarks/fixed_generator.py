"""Gradients of a fixed generator's losses as its critics learn, over several seeds.

python -m benchmarks.fixed_generator         what is missing, and the page
python -m benchmarks.fixed_generator page    the page of what has been measured

The trainings are those of the lesson `what-a-discriminator-learns`, about a minute for each seed.
Norms of gradients go to benchmarks/results/fixed_generator.json; delete it after a change of the
settings.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from otgan.lessons.what_a_discriminator_learns import run
from otgan.lessons.what_a_discriminator_learns.records import SETTLED

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "fixed_generator.json", RESULTS / "fixed_generator.md"
SEEDS = 3


def measured() -> dict[str, Any]:
    """By seed: accuracies on thin sets, and norms against every fixed generator."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def measure(seed: int) -> dict[str, Any]:
    numbers = run(rng=seed)
    return {
        "accuracy": {one.name: float(one.accuracy[-1]) for one in numbers.separations},
        "steps": numbers.fixed[0].steps.tolist(),
        "fixed": [
            {
                "dimensions": one.dimensions,
                "stage": one.stage,
                "w1": float(f"{one.w1:.4g}"),
                "norms": [[float(f"{norm:.4g}") for norm in row] for row in one.norms],
            }
            for one in numbers.fixed
        ],
    }


def line(seed: str, steps: np.ndarray[Any, Any], one: dict[str, Any]) -> str:
    norms = np.array(one["norms"])
    later = norms[2][steps >= SETTLED]
    drift = np.abs(later / later[0] - 1).max()
    cells = " | ".join(f"{row[0]:.2g} | {row.max():.2g} | {row[-1]:.2g}" for row in norms[:2])
    return (
        f"| {one['dimensions']} | {one['stage']} | {seed} | {one['w1']:.2f} | {cells} "
        f"| {later[0]:.2f} | {drift:.0%} |"
    )


def page() -> str:
    found = measured()
    first = next(iter(found.values()))
    rows = [
        line(seed, np.array(run["steps"]), one)
        for k in range(len(first["fixed"]))
        for seed, run in found.items()
        for one in [run["fixed"][k]]
    ]
    accuracies = [
        f"| {name} | " + ", ".join(f"{run['accuracy'][name]:.5f}" for run in found.values()) + " |"
        for name in first["accuracy"]
    ]
    return HEAD + "\n".join(
        [
            "| dimensions | stage | seed | W1 | saturating: first | largest | last "
            "| non-saturating: first | largest | last "
            f"| Wasserstein at {SETTLED} | changes later by |",
            "|--:|--:|--:|" + "--:|" * 9,
            *rows,
            "",
            "Accuracy of discriminators of thin sets, on 100,000 new points, by seed:",
            "",
            "| sets | accuracy |",
            "|---|---|",
            *accuracies,
            "",
        ]
    )


HEAD = f"""# Gradients against a fixed generator

Written by `python -m benchmarks.fixed_generator page` from fixed_generator.json, the trainings of
`otgan lesson what-a-discriminator-learns`. A generator of two hidden layers of 64 units is trained
on the ring of eight clusters for 1, 10 and 25 stages of 40 steps; then it is held fixed, and a
discriminator and a Wasserstein critic (gradient penalty of weight 10) are trained against it from
scratch, for 2,000 steps. The norm is that of the gradient of the generator's loss with respect to
its parameters, of 2,048 points, before the first step, at its largest, and at the end; for the
Wasserstein loss, after {SETTLED} steps, and by what part of that it differs later, at most. In 64
dimensions the ring lies in a plane; in 2 it is the ring itself.

"""


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:] != ["page"]:
        for seed in range(SEEDS):
            if str(seed) not in measured():
                found = measured() | {str(seed): measure(seed)}
                FILE.write_text(json.dumps(found) + "\n")
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
