"""Whether a generator settles on the 8-Gaussian ring under WGAN-GP, and what makes it.

python -m benchmarks.circling            every variant, and the page
python -m benchmarks.circling page       the page of what has been measured

Each variant changes one thing in the preset "wgan-gp". The same latents are generated every 50
steps of the last third of training, without an average of the weights. Their path is how far a
point moves per thousand steps, in radii of the ring; straightness is the distance between its
first and last place over the length of that path: near zero for points that come back to where they
were. Runs are on one thread. Each appends a row to benchmarks/results/circling.csv, and is left out
when that has one of the same settings, so the script can be stopped and continued.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.rows import Row, append, commit, digest, is_done, mean_and_error, numbers, read
from otgan import GANConfig, train_gan
from otgan.critics.constraints import GradientPenalty, ZeroCenteredPenalty
from otgan.datasets import ring8
from otgan.gan.optimizers import Adam
from otgan.gan.run_directory import RunDirectory

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "circling.csv", RESULTS / "circling.md"
RING = ring8(radius=1.0, std=0.01)
STEPS, EVERY, SEEDS = 4000, 50, 2


def optimizers(beta1: float) -> dict[str, Any]:
    adam = Adam(learning_rate=1e-4, betas=(beta1, 0.9))
    return {"generator_optimizer": adam, "critic_optimizer": adam}


VARIANTS: dict[str, dict[str, Any]] = {
    "the paper's: two-sided, weight 10": {},
    "two-sided, weight 1": {"constraint": GradientPenalty(weight=1.0)},
    "two-sided, weight 0.1": {"constraint": GradientPenalty(weight=0.1)},
    "one-sided, weight 10": {"constraint": GradientPenalty(weight=10.0, one_sided=True)},
    "one-sided, weight 1": {"constraint": GradientPenalty(weight=1.0, one_sided=True)},
    "one-sided, weight 0.1": {"constraint": GradientPenalty(weight=0.1, one_sided=True)},
    "zero-centered, weight 1": {"constraint": ZeroCenteredPenalty(weight=1.0)},
    "momentum as in its code (beta1 = .5)": optimizers(0.5),
    "more momentum (beta1 = .9)": optimizers(0.9),
    "one critic step": {"n_critic": 1},
    "20 critic steps": {"n_critic": 20},
    "learning rate to zero": {"schedule": "linear"},
}


def config_of(variant: str, seed: int) -> GANConfig:
    settings: dict[str, Any] = {
        "steps": STEPS, "average": 0.0, "monitor_every": EVERY, "monitor_points": 256,
        "rng": seed, "device": "cpu", **VARIANTS[variant],
    }  # fmt: skip
    return GANConfig.preset("wgan-gp", **settings)


def measure(variant: str, seed: int) -> None:
    """Train one generator, and append its row."""
    config = config_of(variant, seed)
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        result = train_gan(RING, config, out=folder)
        length, straightness = path_of(Path(folder))
    last = [record for record in result.records if record.step > 2 * STEPS // 3]
    row = {
        "variant": variant,
        "seed": seed,
        "settings": digest(config),
        "commit": commit(),
        "w1": statistics.mean(record.exact_w1 for record in last),
        "w1_least": min(record.exact_w1 for record in last),
        "w1_greatest": max(record.exact_w1 for record in last),
        "floor": last[-1].floor,
        "modes": statistics.mean(record.modes for record in last),
        "high_quality": statistics.mean(record.high_quality for record in last),
        "path": length,
        "straightness": straightness,
        "processor_seconds": time.process_time() - started,
    }
    append(FILE, row)
    print(row, flush=True)


def path_of(folder: Path) -> tuple[float, float]:
    """Medians over points: the path per thousand steps, and its straightness."""
    snapshots = [one for one in RunDirectory.at(folder).snapshots() if one[0] > 2 * STEPS // 3]
    places = np.stack([arrays["generated"] for _, arrays in snapshots])
    paths = np.linalg.norm(np.diff(places, axis=0), axis=2).sum(axis=0)
    ends = np.linalg.norm(places[-1] - places[0], axis=1)
    steps = snapshots[-1][0] - snapshots[0][0]
    return float(np.median(paths)) * 1000 / steps, float(np.median(ends / paths))


HEAD = f"""# Does a generator settle under WGAN-GP?

Written by `python -m benchmarks.circling page` from circling.csv. Ring of eight Gaussians of radius
1. Each line changes one thing in GANConfig.preset("wgan-gp"), {STEPS:,} generator steps, {SEEDS}
seeds, mean ± standard error. W1 is the exact one of 256 points, the mean over the last third of
training, with the least and the greatest of any seed; perfect generators show the floor. The path
is how far a generated point moves per thousand steps, in radii; straightness the distance between
its first and last place over the length of that path.

| variant | W1 | from, to | floor | high quality, % | path | straightness | CPU s |
|---|--:|--:|--:|--:|--:|--:|--:|
"""


def page() -> str:
    return HEAD + "".join(map(line, VARIANTS))


def line(variant: str) -> str:
    settings = digest(config_of(variant, 0))
    rows: list[Row] = [row for row in read(FILE) if row["settings"] == settings]
    if not rows:
        return ""
    quality = [100.0 * share for share in numbers(rows, "high_quality")]
    return (
        f"| {variant} | {mean_and_error(numbers(rows, 'w1'), '.3f')} "
        f"| {min(numbers(rows, 'w1_least')):.2f}, {max(numbers(rows, 'w1_greatest')):.2f} "
        f"| {statistics.mean(numbers(rows, 'floor')):.3f} "
        f"| {mean_and_error(quality, '.0f')} "
        f"| {mean_and_error(numbers(rows, 'path'), '.2f')} "
        f"| {mean_and_error(numbers(rows, 'straightness'), '.2f')} "
        f"| {statistics.mean(numbers(rows, 'processor_seconds')):.0f} |\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["page"])
    what = parser.parse_args().what
    torch.set_num_threads(1)
    if what != "page":
        for seed in range(SEEDS):
            for variant in VARIANTS:
                settings = digest(config_of(variant, seed))
                if not is_done(read(FILE), settings=settings, seed=seed):
                    measure(variant, seed)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
