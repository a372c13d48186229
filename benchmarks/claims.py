"""What introductory texts claim of WGANs, measured on the digits.

python -m benchmarks.claims                    every run of 60 s, and the page
python -m benchmarks.claims run --seconds 20   runs of 20 s of one processor
python -m benchmarks.claims page --seconds 20  the page of such runs

GAN, WGAN and WGAN-GP with each of four pairs of networks on the 8 x 8 digits, and variants of them
with one pair. The steps of a run are what fits the seconds, by the cost of a step that was measured
with the first seed. Each run appends a row to benchmarks/results/claims.csv, and is left out when
that has it, so the script can be stopped and continued; delete the rows after a change of the
settings.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.comparisons import Comparison, Strata, stratified_welch, told_apart
from benchmarks.rows import Row, append, commit, is_done, matching, mean_and_error, numbers, read
from benchmarks.timed import steps_within, timed_training
from otgan import GANConfig, debiased_wasserstein, train_gan
from otgan.critics.constraints import GradientPenalty, WeightClipping
from otgan.datasets import StackedDigits, digits
from otgan.gan.modes import mode_coverage
from otgan.gan.networks import mlp_generator
from otgan.gan.optimizers import Adam, RMSprop

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "claims.csv", RESULTS / "claims.md"
DATA, MODES = digits(), StackedDigits(channels=1)
SHAPE = (1, 8, 8)
SEEDS = 5
RECORDS = 12
"""Measurements during a run."""

ADAM = Adam(learning_rate=1e-3, betas=(0.5, 0.9))
GP: dict[str, Any] = {
    "objective": "wasserstein",
    "constraint": "gp",
    "n_critic": 5,
    "generator_optimizer": ADAM,
    "critic_optimizer": ADAM,
}
RMSPROP = RMSprop(learning_rate=5e-4)
WGAN = {
    **GP,
    "constraint": "clip",
    "generator_optimizer": RMSPROP,
    "critic_optimizer": RMSPROP,
}
ADAM_OF_DCGAN = Adam(learning_rate=2e-3, betas=(0.5, 0.999))
GAN = {
    "objective": "non-saturating",
    "constraint": None,
    "n_critic": 1,
    "generator_optimizer": ADAM_OF_DCGAN,
    "critic_optimizer": ADAM_OF_DCGAN,
}
GAMES: dict[str, dict[str, Any]] = {
    "GAN": GAN,
    "WGAN": WGAN,
    "WGAN-GP": GP,
    "WGAN-LP": {**GP, "constraint": "lp"},
    "WGAN-div": {**GP, "constraint": "div"},
    "SN-GAN": {**GP, "objective": "hinge", "constraint": None, "critic_norm": "spectral"},
    "WGAN, Adam": {**WGAN, "generator_optimizer": ADAM, "critic_optimizer": ADAM},
    "WGAN, 1:1": {**WGAN, "n_critic": 1},
    "WGAN-GP, 1:1": {**GP, "n_critic": 1},
    "WGAN, c = .1": {**WGAN, "constraint": WeightClipping(limit=0.1)},
    "WGAN, c = .001": {**WGAN, "constraint": WeightClipping(limit=0.001)},
    "WGAN-GP, weight .1": {**GP, "constraint": GradientPenalty(weight=0.1)},
    "WGAN-GP, weight 1": {**GP, "constraint": GradientPenalty(weight=1.0)},
    "WGAN-GP, weight 100": {**GP, "constraint": GradientPenalty(weight=100.0)},
    "WGAN-GP, layer norm": {**GP, "critic_norm": "layer"},
    "WGAN-GP, instance norm": {**GP, "critic_norm": "instance"},
}
"""Learning rates are ten times those of the papers, for runs are that much shorter."""
PAIRS = ("DCGAN, batch norm", "DCGAN", "MLP generator", "MLPs")
"""The third has the critic of the second and the generator of the fourth."""
PLAIN = "DCGAN"
"""The networks of the variants."""


def networks_of(pair: str) -> tuple[dict[str, Any], Callable[[], nn.Module] | None]:
    """Settings of the networks, and a generator of another kind than the critic."""
    if pair == "MLPs":
        return {"network": "mlp", "width": 128, "generator_norm": None}, None
    norm = "batch" if pair == "DCGAN, batch norm" else None
    generator = partial(mlp_generator, 64, SHAPE, width=128, depth=3)
    return (
        {"network": "dcgan", "width": 16, "generator_norm": norm},
        generator if pair == "MLP generator" else None,
    )


def norms_of(game: str, pair: str) -> dict[str, Any]:
    """The critic's norm; a gradient penalty excludes batch norm."""
    if pair != "DCGAN, batch norm":
        return {}
    return {"critic_norm": "layer" if game == "WGAN-GP" else "batch"}


def config_of(game: str, pair: str, seed: int) -> GANConfig:
    """All but the number of steps, and how often it is measured."""
    return GANConfig(
        **{**networks_of(pair)[0], **GAMES[game], **norms_of(game, pair)},
        average=0.0,
        latent_dim=64,
        monitor_points=200,
        evaluation_points=100,
        features=None,
        rng=seed,
        device="cpu",
    )


def measure(game: str, pair: str, seed: int, seconds: int) -> None:
    """Train one generator for that time, and append its row."""
    config, generator = config_of(game, pair, seed), networks_of(pair)[1]
    points = DATA.points.reshape(-1, *SHAPE)
    one_step = replace(config, steps=1, monitor_every=1)
    start = train_gan(points, one_step, generator=generator).records[0].debiased_w1
    earlier = matching(read(FILE), game=game, networks=pair, seconds=seconds)
    steps = steps_within(seconds, points, config, earlier=earlier, generator=generator)
    config = replace(config, steps=steps, monitor_every=max(1, steps // RECORDS))
    result, cost = timed_training(points, config, generator=generator)
    data = result.monitor.data
    real = np.concatenate(data.held_out_pair(len(points), np.random.default_rng(0)))
    generated = result.generate(len(real), rng=1).reshape(real.shape)
    distance = debiased_wasserstein(real, generated, rng=0)
    coverage = mode_coverage(result.generate(2_500, rng=2).reshape(2_500, -1), MODES)
    row = {
        "game": game,
        "networks": pair,
        "seed": seed,
        "seconds": seconds,
        "steps": steps,
        "commit": commit(),
        "cost": cost,
        "start": start,
        "debiased_w1": distance.value,
        "debiased_w1_se": distance.se,
        "relative_w1": distance.value / start,
        "seconds_to_half": seconds_to_half(result.records, start, cost, seconds),
        "classes": coverage.modes,
        "reverse_kl": coverage.reverse_kl,
    }
    append(FILE, row)
    print(*row.values(), flush=True)


def seconds_to_half(records: Any, start: float, cost: float, seconds: int) -> float:
    """Until debiased W1 was half of its start; the whole time where it never was."""
    reached = [record.step for record in records if record.debiased_w1 <= start / 2]
    return reached[0] * cost if reached else float(seconds)


@dataclass(frozen=True)
class Runs:
    """The runs of a game, with all pairs of networks or one."""

    game: str
    pairs: Sequence[str] = (PLAIN,)


def everywhere(game: str) -> Runs:
    return Runs(game, PAIRS)


@dataclass(frozen=True)
class Claim:
    """That a number is less in some runs than in others.

    Attributes
    ----------
    text : str
    column : str
        Of the rows; or "spread", the standard deviation of `relative_w1` over the networks.
    less, more : Runs
    """

    text: str
    column: str
    less: Runs
    more: Runs


W1 = "relative_w1"
CLAIMS = (
    Claim("WGAN-GP is better than WGAN", W1, everywhere("WGAN-GP"), everywhere("WGAN")),
    Claim("WGAN-GP is more stable than WGAN (networks)", "spread", everywhere("WGAN-GP"),
          everywhere("WGAN")),
    Claim("WGAN-LP is faster than WGAN-GP", "seconds_to_half", Runs("WGAN-LP"), Runs("WGAN-GP")),
    Claim("a step of SN-GAN is cheaper than of WGAN-GP", "cost", Runs("SN-GAN"), Runs("WGAN-GP")),
    Claim("WGAN-div is better than WGAN-GP", W1, Runs("WGAN-div"), Runs("WGAN-GP")),
    Claim("WGAN collapses less than GAN", "reverse_kl", everywhere("WGAN"), everywhere("GAN")),
    Claim("WGAN-GP collapses less than GAN", "reverse_kl", everywhere("WGAN-GP"),
          everywhere("GAN")),
    Claim("WGAN depends less on networks than GAN", "spread", everywhere("WGAN"),
          everywhere("GAN")),
    Claim("WGAN-GP depends less on networks than GAN", "spread", everywhere("WGAN-GP"),
          everywhere("GAN")),
    Claim("WGAN takes longer than GAN", "seconds_to_half", everywhere("GAN"), everywhere("WGAN")),
    Claim("WGAN-GP takes longer than GAN", "seconds_to_half", everywhere("GAN"),
          everywhere("WGAN-GP")),
    Claim("clipping needs RMSProp, not Adam", W1, Runs("WGAN"), Runs("WGAN, Adam")),
    Claim("WGAN needs five critic steps, not one", W1, Runs("WGAN"), Runs("WGAN, 1:1")),
    Claim("WGAN-GP needs five critic steps, not one", W1, Runs("WGAN-GP"), Runs("WGAN-GP, 1:1")),
    Claim("clipping at .1 is slow", W1, Runs("WGAN"), Runs("WGAN, c = .1")),
    Claim("clipping at .001 makes gradients vanish", W1, Runs("WGAN"), Runs("WGAN, c = .001")),
    Claim("a penalty's weight of 10 is better than .1", W1, Runs("WGAN-GP"),
          Runs("WGAN-GP, weight .1")),
    Claim("a weight of 10 is better than 1", W1, Runs("WGAN-GP"), Runs("WGAN-GP, weight 1")),
    Claim("a weight of 10 is better than 100", W1, Runs("WGAN-GP"), Runs("WGAN-GP, weight 100")),
    Claim("layer norm in the critic is better than none", W1, Runs("WGAN-GP, layer norm"),
          Runs("WGAN-GP")),
    Claim("instance norm in the critic is worse than layer norm", W1, Runs("WGAN-GP, layer norm"),
          Runs("WGAN-GP, instance norm")),
)  # fmt: skip


def values(rows: Sequence[Row], game: str, pair: str, column: str) -> list[float]:
    return numbers(matching(rows, game=game, networks=pair), column)


def spreads(rows: Sequence[Row], runs: Runs) -> list[float]:
    """The standard deviation of relative W1 over the networks, for each seed that has them all."""
    by_seed = [numbers(matching(rows, game=runs.game, seed=seed), W1) for seed in range(SEEDS)]
    return [statistics.stdev(found) for found in by_seed if len(found) == len(runs.pairs)]


def page(seconds: int) -> str:
    rows = matching(read(FILE), seconds=seconds)
    parts = [HEAD.format(seconds=seconds), *claims_table(rows), "", *games_table(rows)]
    return "\n".join([*parts, TAIL])


HEAD = """# What introductory texts claim of WGANs

Written by `python -m benchmarks.claims page --seconds {seconds}` from claims.csv: runs of {seconds}
processor seconds of training each on the 8 x 8 digits, 60 % of which are trained on. GAN is the
non-saturating one with DCGAN's Adam, WGAN clips at .01 with RMSProp, WGAN-GP has a penalty of
weight 10; learning rates are ten times those of the papers, as runs are that much shorter. Networks
are DCGANs of width 16 with batch norm (in the critic of WGAN-GP layer norm, as penalties exclude
the other) and without a norm, the latter's critic with an MLP of three layers of 128 as generator,
and MLPs. Steps are what fits the time. What is judged is the last generator, without an average of
its weights.

A claim says that a number is less in some runs than in others. It is held (or not held) where
Welch's test over seeds finds it less (or more) at a level of 5 % for all claims together (Holm's
correction); else the two are not told apart. Where runs are with all four pairs of networks, the
test is on the mean of the differences with each. Relative W1 is debiased W1 to the held-out images,
as a fraction of what it was after one step; spread is its standard deviation over the four pairs of
networks, a number a seed; seconds to half are those of the processor until debiased W1 was half of
its start, and all of the run's where it never was.
"""

TAIL = """
A run converged where debiased W1 ended within two standard errors of zero, or below a tenth of its
start. Classes are digits that a classifier reads in 2,500 images; reverse KL is that of their
shares. Gradient norms by layer are in gradient_norms.md.
"""


def claims_table(rows: Sequence[Row]) -> list[str]:
    compared: dict[str, Comparison] = {}
    lines = {}
    for claim in CLAIMS:
        strata = strata_of(rows, claim)
        if min(len(found) for pair in strata for found in pair) < 2:
            continue
        compared[claim.text] = stratified_welch(strata)
        less, more = ([v for pair in strata for v in pair[i]] for i in range(2))
        shown = " | ".join(mean_and_error(found, ".3g") for found in (less, more))
        column = claim.column.replace("_", " ").replace("w1", "W1")
        lines[claim.text] = f"| {claim.text} | {column} | {shown} | {len(less)}, {len(more)} |"
    if not compared:
        return ["No claim has two seeds on both sides yet."]
    told = told_apart(compared)
    head = "| claim | number | to be less | to be more | runs | |\n|---|---|--:|--:|--:|---|"
    return [head, *(f"{line} {ended(compared[t], told[t])} |" for t, line in lines.items())]


def strata_of(rows: Sequence[Row], claim: Claim) -> list[Strata]:
    """The numbers of both sides of a claim for each pair of networks; spreads are over all."""
    if claim.column == "spread":
        return [(spreads(rows, claim.less), spreads(rows, claim.more))]
    return [
        (values(rows, claim.less.game, pair, claim.column),
         values(rows, claim.more.game, pair, claim.column))
        for pair in claim.less.pairs
    ]  # fmt: skip


def ended(comparison: Comparison, told: bool) -> str:
    if not told:
        return "not told apart"
    return "**held**" if comparison.difference < 0 else "**not held**"


def games_table(rows: Sequence[Row]) -> list[str]:
    return [
        "| game | networks | steps | ms a step | debiased W1 | converged | classes | reverse KL |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
        *(
            game_line(own)
            for game, pair in experiments()
            if (own := matching(rows, game=game, networks=pair))
        ),
    ]


def game_line(rows: Sequence[Row]) -> str:
    forms = {"debiased_w1": ".3f", "classes": ".1f", "reverse_kl": ".2f"}
    w1, classes, kl = (mean_and_error(numbers(rows, name), form) for name, form in forms.items())
    return (
        f"| {rows[0]['game']} | {rows[0]['networks']} | {int(rows[0]['steps']):,} "
        f"| {1e3 * statistics.mean(numbers(rows, 'cost')):.1f} | {w1} "
        f"| {sum(map(converged, rows))} of {len(rows)} | {classes} | {kl} |"
    )


def converged(row: Row) -> bool:
    w1, se, start = (float(row[name]) for name in ("debiased_w1", "debiased_w1_se", "start"))
    return w1 <= max(2 * se, start / 10)


def experiments() -> list[tuple[str, str]]:
    """Games with their networks."""
    grid = [(game, pair) for pair in PAIRS for game in ("GAN", "WGAN", "WGAN-GP")]
    return grid + [(game, PLAIN) for game in GAMES if (game, PLAIN) not in grid]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["run", "page"], default="run")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "run":
        for seed in range(options.seeds):
            for game, pair in experiments():
                key = {"game": game, "networks": pair, "seed": seed, "seconds": options.seconds}
                if not is_done(read(FILE), **key):
                    measure(game, pair, seed, options.seconds)
    PAGE.write_text(page(options.seconds))


if __name__ == "__main__":
    main()
