"""Does a loss tell how good samples are? Rank correlations with two distances, over seeds.

python -m benchmarks.correlation          every run, and the page
python -m benchmarks.correlation page     the page of what has been measured

Runs on the 8 x 8 digits, measured 30 times each. A correlation is Spearman's over the measurements
until the floor is reached, that is until debiased W1 is within two standard errors of zero. Each
run appends a row to benchmarks/results/correlation.csv, and is left out when that has it, so the
script can be stopped and continued; delete the rows after a change of the settings.
"""

import math
import sys
from pathlib import Path
from typing import Any

import torch
from scipy.stats import ttest_1samp

from benchmarks.comparisons import LEVEL, holm
from benchmarks.rows import Row, append, commit, is_done, matching, mean_and_error, numbers, read
from otgan import GANConfig, train_gan
from otgan.datasets import digits
from otgan.gan.measuring.correlations import DISTANCES, LOSSES, rank_correlations, until_floor
from otgan.gan.optimizers import Adam

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "correlation.csv", RESULTS / "correlation.md"
SEEDS, MEASUREMENTS = 5, 30
GAMES: dict[str, dict[str, Any]] = {
    "minimax": {"objective": "minimax", "constraint": None, "n_critic": 1, "steps": 1500},
    "non-saturating": {
        "objective": "non-saturating",
        "constraint": None,
        "n_critic": 1,
        "steps": 1500,
    },
    "relativistic": {"objective": "relativistic", "n_critic": 1, "steps": 1500},
    "wasserstein, clip": {"constraint": "clip", "n_critic": 5, "steps": 450},
    "wasserstein, gp": {"constraint": "gp", "n_critic": 5, "steps": 450},
    "wasserstein, lp": {"constraint": "lp", "n_critic": 5, "steps": 450},
}


def measure(game: str, seed: int) -> None:
    """Train one generator, and append its row."""
    steps = GAMES[game]["steps"]
    adam = Adam(learning_rate=1e-3, betas=(0.5, 0.9))
    config = GANConfig(
        **GAMES[game],
        generator_optimizer=adam,
        critic_optimizer=adam,
        network="dcgan",
        width=16,
        generator_norm=None,
        average=0.0,
        monitor_every=steps // MEASUREMENTS,
        monitor_points=250,
        evaluation_points=100,
        rng=seed,
        device="cpu",
    )
    records = train_gan(digits().points.reshape(-1, 1, 8, 8), config).records
    found = rank_correlations(records)
    row = {
        "game": game,
        "seed": seed,
        "steps": steps,
        "commit": commit(),
        "measurements": len(until_floor(records)),
        **{column(loss, d): found[loss][d] for loss in LOSSES for d in DISTANCES},
    }
    append(FILE, row)
    print(*row.values(), flush=True)


def column(loss: str, distance: str) -> str:
    return f"{loss}/{distance}"


def page() -> str:
    rows = read(FILE)
    groups = {game: matching(rows, game=game) for game in GAMES}
    groups = {game: own for game, own in groups.items() if len(own) > 1}
    told = differs_from_zero(groups)
    names = {"debiased_w1": "debiased W1", "frechet": "Fréchet distance of features"}
    parts = [HEAD]
    for distance in DISTANCES:
        parts += [
            f"\n## With {names[distance]}\n",
            f"| objective | runs | {' | '.join(loss.replace('_', ' ') for loss in LOSSES)} |",
            f"|---|--:|{'--:|' * len(LOSSES)}",
        ]
        for game, own in groups.items():
            cells = [cell(own, column(loss, distance), told) for loss in LOSSES]
            parts.append(f"| {game} | {len(own)} | {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


HEAD = """# Rank correlations of losses with distances

Written by `python -m benchmarks.correlation page` from correlation.csv: Spearman's correlation over
the measurements of a run until the floor is reached; mean ± standard error over seeds. Runs on the
8 x 8 digits, DCGANs of width 16 without a norm, Adam at a learning rate of .001, betas (.5, .9).
The estimate is the divergence that the critic shows, on held-out images; losses are those of the
last step. Features are those of an autoencoder of the training images. Bold: a t-test over seeds
tells it from zero at a level of 5 % for the whole page (Holm's correction). A loss that tells how
good samples are has a correlation near one (the estimate) or far from zero with one sign.
"""


def cell(rows: list[Row], name: str, told: set[tuple[str, str]]) -> str:
    values = [value for value in numbers(rows, name) if math.isfinite(value)]
    if not values:
        return ""
    shown = mean_and_error(values, ".2f")
    return f"**{shown}**" if (rows[0]["game"], name) in told else shown


def differs_from_zero(groups: dict[str, list[Row]]) -> set[tuple[str, str]]:
    """Which mean correlations, by game and column, are told from zero."""
    keys, found = [], []
    for game, own in groups.items():
        for name in (column(loss, distance) for loss in LOSSES for distance in DISTANCES):
            values = [value for value in numbers(own, name) if math.isfinite(value)]
            if len(set(values)) > 1:
                keys.append((game, name))
                found.append(float(ttest_1samp(values, 0.0).pvalue))
    return {key for key, p in zip(keys, holm(found), strict=True) if p < LEVEL}


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:] != ["page"]:
        for seed in range(SEEDS):
            for game in GAMES:
                if not is_done(read(FILE), game=game, seed=seed):
                    measure(game, seed)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
