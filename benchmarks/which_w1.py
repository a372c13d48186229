"""Which W1 goes down: that of points or of patches, under which critic?

python -m benchmarks.which_w1                   every run of 120 s, and the page
python -m benchmarks.which_w1 run --seconds 30
python -m benchmarks.which_w1 page              the page of what has been measured

"Do WGANs minimise the Wasserstein distance?" (ICLR 2025) finds that a generator under a fully
connected critic lowers W1 between images, and so blurs, and that one under a convolutional critic
lowers W1 between patches. Here the same generator (DCGAN of width 16) meets both critics on
Fashion-MNIST, which comes as fashion_mnist.py says, with the same losses and the same seconds of
one processor. Each run appends a row to benchmarks/results/which_w1.csv, and is left out when that
has it, so the script can be stopped and continued; delete the rows after a change of the settings.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.comparisons import told_apart, welch
from benchmarks.fashion_mnist import fashion_mnist
from benchmarks.rows import Row, append, commit, is_done, matching, mean_and_error, numbers, read
from benchmarks.timed import steps_within, timed_training
from otgan import GANConfig
from otgan.gan.networks import dcgan_critic, mlp_critic
from otgan.gan.optimizers import Adam
from otgan.measures import FloatArray

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "which_w1.csv", RESULTS / "which_w1.md"
SHAPE = (1, 28, 28)
TRAINED, POINTS, SEEDS = 10_000, 500, 5
CRITICS: dict[str, Callable[[], nn.Module]] = {
    "fully connected": partial(mlp_critic, SHAPE, width=256, depth=3),
    "convolutional": partial(dcgan_critic, SHAPE, width=16),
}
COLUMNS = {
    "point_w1": "W1 of images",
    "point_debiased": "debiased W1 of images",
    "patch_w1": "W1 of patches",
    "patch_debiased": "debiased W1 of patches",
}


def measure(critic: str, seed: int, seconds: int) -> None:
    """Train one generator for that time, and append its row."""
    points = training_images()
    adam = Adam(learning_rate=5e-4, betas=(0.5, 0.9))
    config = GANConfig(
        constraint="lp",
        n_critic=2,
        generator_optimizer=adam,
        critic_optimizer=adam,
        network="dcgan",
        width=16,
        average=0.99,
        monitor_points=100,
        evaluation_points=POINTS,
        features=None,
        rng=seed,
        device="cpu",
    )
    earlier = matching(read(FILE), critic=critic, seconds=seconds)
    steps = steps_within(seconds, points, config, earlier=earlier, critic=CRITICS[critic])
    config = replace(config, steps=steps, monitor_every=steps)
    result, cost = timed_training(points, config, critic=CRITICS[critic])
    images, patches = (result.evaluation.spaces[name] for name in ("points", "patches"))
    row = {
        "critic": critic,
        "seed": seed,
        "seconds": seconds,
        "steps": steps,
        "commit": commit(),
        "cost": cost,
        "point_w1": images.w1,
        "point_floor": images.floor,
        "point_debiased": images.debiased,
        "patch_w1": patches.w1,
        "patch_floor": patches.floor,
        "patch_debiased": patches.debiased,
    }
    append(FILE, row)
    print(*row.values(), flush=True)


@cache
def training_images() -> FloatArray:
    """Images in [0, 1], shape (TRAINED, 1, 28, 28)."""
    return fashion_mnist("train").points[:TRAINED].reshape(-1, *SHAPE)


def page(seconds: int) -> str:
    rows = matching(read(FILE), seconds=seconds)
    groups = {critic: matching(rows, critic=critic) for critic in CRITICS}
    lines = [
        HEAD.format(seconds=seconds),
        f"| critic | runs | steps | {' | '.join(COLUMNS.values())} |",
        f"|---|--:|--:|{'--:|' * len(COLUMNS)}",
        *(line(critic, own) for critic, own in groups.items() if own),
        floor_line(rows),
    ]
    if min(map(len, groups.values())) > 1:
        lines += ["", *sentences(*groups.values())]
    return "\n".join(lines) + "\n"


HEAD = """# Which W1 goes down?

Written by `python -m benchmarks.which_w1 page --seconds {seconds}` from which_w1.csv: WGAN-LP on
Fashion-MNIST with a DCGAN of width 16 as generator, and as critic an MLP of three layers of 256 or
a DCGAN of width 16; two critic steps, Adam at 5e-4 with betas (.5, .9), {seconds} processor seconds
a run. Exact W1 of 500 generated and as many held-out images, and of one 7 x 7 patch of each at a
random place; debiased values subtract the mean W1 within the two. Means ± standard errors over
seeds.
"""


def line(critic: str, rows: list[Row]) -> str:
    cells = [mean_and_error(numbers(rows, column), ".3f") for column in COLUMNS]
    return f"| {critic} | {len(rows)} | {int(rows[0]['steps']):,} | {' | '.join(cells)} |"


def floor_line(rows: list[Row]) -> str:
    points, patches = (
        mean_and_error(numbers(rows, f"{space}_floor"), ".3f") for space in ("point", "patch")
    )
    return f"| held-out images | {len(rows)} | | {points} | 0 | {patches} | 0 |"


def sentences(connected: list[Row], convolutional: list[Row]) -> list[str]:
    """What Welch's test over seeds says of each column."""
    compared = {
        column: welch(numbers(connected, column), numbers(convolutional, column))
        for column in COLUMNS
    }
    told = told_apart(compared)
    found = ["By Welch's test over seeds, at a level of 5 % for the four together (Holm):", ""]
    for column, name in COLUMNS.items():
        lower = "fully connected" if compared[column].difference < 0 else "convolutional"
        ends = f"lower under the {lower} critic" if told[column] else "not told apart"
        found.append(f"- {name}: {ends}.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["run", "page"], default="run")
    parser.add_argument("--seconds", type=int, default=120)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "run":
        for seed in range(SEEDS):
            for critic in CRITICS:
                if not is_done(read(FILE), critic=critic, seed=seed, seconds=options.seconds):
                    measure(critic, seed, options.seconds)
    PAGE.write_text(page(options.seconds))


if __name__ == "__main__":
    main()
