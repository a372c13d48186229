"""Gradient norms by layer of a deep critic: do they vanish or explode under weight clipping?

python -m benchmarks.gradient_norms          every run, and the page
python -m benchmarks.gradient_norms page     the page of what has been measured

As in Figure 1b of Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017): WGANs on
the Swiss roll, with a critic of 12 hidden layers. What is measured is the norm of the gradient of
the critic with respect to the activations that each layer takes, averaged over 256 real and as many
generated points, after 300 generator steps. Each run appends a row to
benchmarks/results/gradient_norms.csv, and is left out when that has it, so the script can be
stopped and continued; delete the rows after a change of the settings.
"""

import math
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from scipy.stats import ttest_1samp

from benchmarks.comparisons import LEVEL, holm
from benchmarks.rows import Row, append, commit, is_done, matching, mean_and_error, numbers, read
from otgan import GANConfig, train_gan
from otgan.critics.constraints import Constraint, GradientPenalty, WeightClipping
from otgan.datasets import swissroll
from otgan.gan.optimizers import Adam, RMSprop
from otgan.lessons.clipping_and_penalties.trained import layer_norms

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "gradient_norms.csv", RESULTS / "gradient_norms.md"
SEEDS, STEPS, LAYERS, POINTS = 5, 300, 12, 256
CONSTRAINTS: dict[str, Constraint] = {
    "clipping at .1": WeightClipping(limit=0.1),
    "clipping at .01": WeightClipping(limit=0.01),
    "clipping at .001": WeightClipping(limit=0.001),
    "gradient penalty": GradientPenalty(weight=10.0),
}


def measure(name: str, seed: int) -> None:
    """Train one critic, and append its row."""
    clips = isinstance(CONSTRAINTS[name], WeightClipping)
    optimizer = RMSprop(learning_rate=5e-4) if clips else Adam(learning_rate=1e-3)
    config = GANConfig(
        constraint=CONSTRAINTS[name],
        generator_optimizer=optimizer,
        critic_optimizer=optimizer,
        steps=STEPS,
        width=64,
        depth=LAYERS,
        monitor_every=STEPS,
        monitor_points=100,
        evaluation_points=100,
        rng=seed,
        device="cpu",
    )
    result = train_gan(swissroll(), config)
    points = np.concatenate([swissroll().sample(POINTS, rng=1), result.generate(POINTS, rng=2)])
    assert result.critic is not None
    norms = layer_norms(result.critic, torch.as_tensor(points)).mean(dim=1).tolist()
    logs = [math.log10(norm) if norm > 0 else -math.inf for norm in norms]
    row = {
        "constraint": name,
        "seed": seed,
        "steps": STEPS,
        "commit": commit(),
        "factor": 10 ** float(np.mean([first - last for first, last in pairwise(logs)])),
        **{f"layer_{i}": log for i, log in enumerate(logs, start=1)},
    }
    append(FILE, row)
    print(*row.values(), flush=True)


def page() -> str:
    rows = read(FILE)
    groups = {name: matching(rows, constraint=name) for name in CONSTRAINTS}
    groups = {name: own for name, own in groups.items() if len(alive(own)) > 1}
    shown = [1, 4, 7, 10, LAYERS + 1]
    head = " | ".join(f"layer {i}" for i in shown)
    told = verdicts(groups)
    lines = [
        f"| critic | runs | dead | {head} | factor a layer | |",
        f"|---|--:|--:|{'--:|' * len(shown)}--:|---|",
        *(line(name, own, shown, told[name]) for name, own in groups.items()),
    ]
    return HEAD + "\n".join(lines) + "\n"


HEAD = f"""# Gradient norms of a deep critic by layer

Written by `python -m benchmarks.gradient_norms page` from gradient_norms.csv: WGANs on the Swiss
roll, with a critic of {LAYERS} hidden layers of 64 units, after {STEPS} generator steps of five
critic steps (clipping: RMSProp at 5e-4; gradient penalty of weight 10: Adam at 1e-3). The norm of
the critic's gradient with respect to what a layer takes, log10, mean over {POINTS} real and as many
generated points; layer 1 takes points, layer {LAYERS + 1} gives the score. The factor is by how
much a norm changes from one layer to the one before it, in the geometric mean: below one, gradients
vanish on their way back to the points, above one they explode. Means ± standard errors over seeds.
They vanish or explode where a t-test over seeds tells the factor's logarithm from zero at a level
of 5 % for all rows together (Holm's correction), by more than 10 % a layer. A critic is dead if its
gradient is zero at every point, because a layer's ReLUs all are; it is counted, and left out of the
means.

"""


def line(name: str, rows: list[Row], shown: list[int], said: str) -> str:
    learning = alive(rows)
    norms = " | ".join(mean_and_error(numbers(learning, f"layer_{i}"), ".2f") for i in shown)
    factor = mean_and_error(numbers(learning, "factor"), ".3f")
    return f"| {name} | {len(rows)} | {len(rows) - len(learning)} | {norms} | {factor} | {said} |"


def alive(rows: list[Row]) -> list[Row]:
    """The critics that have a slope at some point: of dead ReLUs no logarithm can be taken."""
    return [row for row in rows if math.isfinite(float(row["factor"]))]


def verdicts(groups: dict[str, list[Row]]) -> dict[str, str]:
    """Whether gradients vanish, explode, or do neither."""
    logs = {name: np.log(numbers(alive(own), "factor")) for name, own in groups.items()}
    adjusted = holm([float(ttest_1samp(found, 0.0).pvalue) for found in logs.values()])
    said = {}
    for (name, found), p in zip(logs.items(), adjusted, strict=True):
        slight = abs(found.mean()) < math.log(1.1) or p >= LEVEL
        said[name] = "neither" if slight else "vanish" if found.mean() < 0 else "explode"
    return said


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:] != ["page"]:
        for seed in range(SEEDS):
            for name in CONSTRAINTS:
                if not is_done(read(FILE), constraint=name, seed=seed):
                    measure(name, seed)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
