"""What stabilizers do for a non-saturating GAN, and what the Wasserstein objective does alone.

python -m benchmarks.stabilizers              all of both data sets, the best of ours, and the page
python -m benchmarks.stabilizers digits2 best    one of them, one variant
python -m benchmarks.stabilizers page         the page of what has been measured

On the 8-Gaussian ring (VEEGAN protocol: standard deviation .01 of the radius) and on two digits as
the channels of an image (100 modes), with one setting each; variants differ from "none" in what
their names say. What is measured is the generator after the last step, without an average of its
weights: of 2,500 points modes, high quality and reverse KL, and debiased W1 between 1,000 points
and as many true ones. Seconds are those of the processor, on one thread. Each run appends a row to
benchmarks/results/stabilizers.csv, and is left out when that has it, so the script can be stopped
and continued; delete the rows after a change of the settings.
"""

import argparse
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.comparisons import Comparison, told_apart, welch
from benchmarks.rows import Row, append, commit, is_done, matching, mean_and_error, numbers, read
from otgan import GANConfig, debiased_wasserstein, train_gan
from otgan.datasets import GaussianMixture, StackedDigits, ring8
from otgan.gan.modes import ModeCoverage, mode_coverage
from otgan.gan.optimizers import Adam
from otgan.gan.stabilizers import MinibatchDiscrimination

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "stabilizers.csv", RESULTS / "stabilizers.md"
POINTS, POINTS_OF_W1 = 2_500, 1_000
MEASURES = {"modes": 1, "reverse_kl": -1, "debiased_w1": -1}
"""What variants are judged by, and whether more is better (1) or less (-1)."""

NAMES = {"modes": "modes", "reverse_kl": "reverse KL", "debiased_w1": "debiased W1"}

ADAM = Adam(learning_rate=1e-3, betas=(0.5, 0.9))
SETTINGS: dict[str, Any] = {
    "objective": "non-saturating",
    "constraint": None,
    "batch_size": 64,
    "n_critic": 1,
    "generator_optimizer": ADAM,
    "critic_optimizer": ADAM,
    "average": 0.0,
    "generator_norm": None,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "none": {},
    "feature matching": {"stabilizers": ("feature-matching",)},
    "minibatch discrimination": {"stabilizers": (MinibatchDiscrimination(n_kernels=20),)},
    "historical averaging": {"stabilizers": ("historical-averaging",)},
    "one-sided label smoothing": {"stabilizers": ("label-smoothing",)},
    "virtual batch norm": {"generator_norm": "batch", "stabilizers": ("virtual-batch-norm",)},
    "batch norm": {"generator_norm": "batch"},
    "instance noise": {"stabilizers": ("instance-noise",)},
    "Wasserstein alone": {"objective": "wasserstein", "constraint": "lp"},
}


@dataclass(frozen=True)
class Problem:
    """A distribution whose modes are known, and what the networks and steps for it are."""

    title: str
    distribution: GaussianMixture | StackedDigits
    settings: Mapping[str, Any]
    seeds: int


RING, DIGITS = ring8(radius=1.0, std=0.01), StackedDigits(channels=2)
PROBLEMS = {
    "ring8": Problem(
        "The ring: 8 modes, MLPs of three layers of 128", RING, {"latent_dim": 8, "steps": 2000}, 10
    ),
    "digits2": Problem(
        "Two digits: 100 modes, DCGANs of width 16",
        DIGITS,
        {"network": "dcgan", "width": 16, "latent_dim": 64, "steps": 1000},
        5,
    ),
}
BEST_SEEDS = 5
"""The first two have chosen the width."""
BEST: dict[str, Any] = {
    "objective": "relativistic",
    "network": "dcgan",
    "width": 32,
    "generator_norm": None,
    "latent_dim": 64,
    "n_critic": 1,
    "steps": 4_000,
    "average": 0.999,
    "generator_optimizer": Adam(learning_rate=1e-3, betas=(0.0, 0.99)),
    "critic_optimizer": Adam(learning_rate=1e-3, betas=(0.0, 0.99)),
    "schedule": "linear",
}


def settings_of(data: str, variant: str) -> dict[str, Any]:
    if variant == "best":
        return BEST
    return {**SETTINGS, **PROBLEMS[data].settings, **VARIANTS[variant]}


def config_of(data: str, variant: str, seed: int) -> GANConfig:
    settings = settings_of(data, variant)
    return GANConfig(
        **settings,
        monitor_every=settings["steps"],
        monitor_points=100,
        evaluation_points=100,
        features=None,
        rng=seed,
        device="cpu",
    )


def measure(data: str, variant: str, seed: int) -> None:
    """Train one generator, and append its row."""
    distribution, config = PROBLEMS[data].distribution, config_of(data, variant, seed)
    started = time.process_time()
    result = train_gan(distribution, config)
    seconds = time.process_time() - started
    generated = result.generate(POINTS, rng=1).reshape(POINTS, -1)
    found = mode_coverage(generated, distribution)
    fresh = result.generate(POINTS_OF_W1, rng=2).reshape(POINTS_OF_W1, -1)
    distance = debiased_wasserstein(distribution.sample(POINTS_OF_W1, rng=3), fresh, rng=0)
    row = {
        "data": data,
        "variant": variant,
        "seed": seed,
        "steps": config.steps,
        "commit": commit(),
        "modes": found.modes,
        "high_quality": found.high_quality,
        "reverse_kl": min(found.reverse_kl, math.log(found.of)),
        "debiased_w1": distance.value,
        "debiased_w1_se": distance.se,
        "seconds": seconds,
    }
    append(FILE, row)
    print(*row.values(), flush=True)


def page() -> str:
    rows = read(FILE)
    return HEAD + "".join(section(data, matching(rows, data=data)) for data in PROBLEMS)


HEAD = """# Stabilizers of a non-saturating GAN

Written by `python -m benchmarks.stabilizers page` from stabilizers.csv. Every variant has the same
networks, batches of 64, steps, one critic step for each generator step, and Adam at a learning rate
of .001 with betas (.5, .9); "none" is the non-saturating GAN without a norm, and the others differ
from it in what their names say, at the library's defaults but for 20 kernels of minibatch
discrimination. Virtual batch norm takes the place of batch norm in the generator, which therefore
is a variant as well. "Wasserstein alone" has the loss and the one-sided gradient penalty of
WGAN-LP, with the same steps. What is measured is the last generator, of 2,500 points: modes; the
share within three standard deviations of a mode (of digits every image counts); reverse KL of the
modes' shares, where no point near a mode counts as log(modes), that of a single mode. Debiased W1
is of 1,000 points. Means ± standard errors over seeds; seconds are those of one processor, in use
by others too.

A variant helped (or hurt) where Welch's test over seeds tells it from "none" in modes, reverse KL
or debiased W1, at a level of 5 % for each data set as a whole (Holm's correction over all its
variants and measures).
"""


def section(data: str, rows: list[Row]) -> str:
    """Table and sentences of one data set, as far as there are two seeds of "none"."""
    problem = PROBLEMS[data]
    lines = [f"\n## {problem.title}, {problem.settings['steps']:,} steps\n"]
    groups = {v: matching(rows, variant=v) for v in VARIANTS}
    groups = {v: own for v, own in groups.items() if len(own) > 1}
    if "none" in groups:
        lines += table(groups, problem.distribution)
    lines += best_lines(matching(rows, variant="best"))
    return "\n".join(lines) + "\n"


def table(
    groups: Mapping[str, list[Row]], distribution: GaussianMixture | StackedDigits
) -> list[str]:
    verdicts = judged(groups)
    return [
        "| variant | seeds | modes | high quality, % | reverse KL | debiased W1 | s | than none |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
        *(line(v, own, verdicts.get(v, "")) for v, own in groups.items()),
        true_samples(distribution),
        "",
        *sentences(verdicts),
    ]


def line(variant: str, rows: list[Row], verdict: str) -> str:
    quality = [100.0 * share for share in numbers(rows, "high_quality")]
    return (
        f"| {variant} | {len(rows)} | {mean_and_error(numbers(rows, 'modes'), '.1f')} "
        f"| {mean_and_error(quality, '.1f')} "
        f"| {mean_and_error(numbers(rows, 'reverse_kl'), '.3f')} "
        f"| {mean_and_error(numbers(rows, 'debiased_w1'), '.3f')} "
        f"| {mean_and_error(numbers(rows, 'seconds'), '.0f')} | {verdict} |"
    )


def true_samples(distribution: GaussianMixture | StackedDigits) -> str:
    """What samples of the distribution itself show, over ten draws."""
    found: list[ModeCoverage] = []
    distances = []
    for seed in range(10):
        found.append(mode_coverage(distribution.sample(POINTS, rng=seed), distribution))
        pair = [distribution.sample(POINTS_OF_W1, rng=100 + 2 * seed + i) for i in range(2)]
        distances.append(debiased_wasserstein(*pair, rng=seed).value)
    return (
        f"| true samples | 10 | {mean_and_error([c.modes for c in found], '.1f')} "
        f"| {mean_and_error([100 * c.high_quality for c in found], '.1f')} "
        f"| {mean_and_error([c.reverse_kl for c in found], '.3f')} "
        f"| {mean_and_error(distances, '.3f')} | | |"
    )


def judged(groups: Mapping[str, list[Row]]) -> dict[str, str]:
    """What the seeds say of each variant but "none"."""
    none = groups["none"]
    found: dict[str, Comparison] = {
        f"{variant}/{measure}": welch(numbers(own, measure), numbers(none, measure))
        for variant, own in groups.items()
        for measure in MEASURES
        if variant != "none"
    }
    told = told_apart(found)
    verdicts = {}
    for variant in groups:
        signs = {
            m: math.copysign(1, found[f"{variant}/{m}"].difference) * better
            for m, better in MEASURES.items()
            if variant != "none" and told[f"{variant}/{m}"]
        }
        verdicts[variant] = verdict(signs)
    del verdicts["none"]
    return verdicts


def verdict(signs: Mapping[str, float]) -> str:
    """In words, of the measures that differ and whether they are better (1) or worse (-1)."""
    words = {1: "helped", -1: "hurt"}
    named = {w: [NAMES[m] for m, s in signs.items() if s == w] for w in words}
    return (
        "; ".join(f"{words[w]}: {', '.join(measures)}" for w, measures in named.items() if measures)
        or NOT_TOLD
    )


NOT_TOLD = "not told apart"


def sentences(verdicts: Mapping[str, str]) -> list[str]:
    """Who helped, who hurt, and who did neither."""
    helped = [v for v, said in verdicts.items() if "helped" in said and "hurt" not in said]
    hurt = [v for v, said in verdicts.items() if "hurt" in said and "helped" not in said]
    both = [v for v, said in verdicts.items() if "hurt" in said and "helped" in said]
    neither = [v for v, said in verdicts.items() if said == NOT_TOLD]
    parts = {
        "Helped": helped,
        "Hurt": hurt,
        "Better in one measure and worse in another": both,
        "Helped nothing that these seeds show": neither,
    }
    return [
        f"- {name}: {', '.join(variants) or 'none of them'}." for name, variants in parts.items()
    ]


def best_lines(rows: list[Row]) -> list[str]:
    if not rows:
        return []
    return [
        f"\nThe best of ours on the two digits, a relativistic GAN of {BEST['steps']:,} steps with",
        "zero-centered penalties (`BEST` in the script), by seed:\n",
        "| seed | modes of 100 | reverse KL | debiased W1 | processor s |\n|--:|--:|--:|--:|--:|",
        *(
            f"| {r['seed']} | {r['modes']} | {float(r['reverse_kl']):.3f} | "
            f"{float(r['debiased_w1']):.3f} ± {float(r['debiased_w1_se']):.3f} "
            f"| {float(r['seconds']):.0f} |"
            for r in rows
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="?", choices=[*PROBLEMS, "page"])
    parser.add_argument("variant", nargs="?", choices=[*VARIANTS, "best"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.data != "page":
        for data, variant, seed in runs(options.data, options.variant):
            key = {"data": data, "variant": variant, "seed": seed}
            if not is_done(read(FILE), **key):
                measure(data, variant, seed)
    PAGE.write_text(page())


def runs(only: str | None, variant: str | None) -> list[tuple[str, str, int]]:
    """Data set, variant and seed, of those asked for: all variants of a seed before the next."""
    found = [
        (data, name, seed)
        for data, problem in PROBLEMS.items()
        for seed in range(problem.seeds)
        for name in VARIANTS
    ]
    found += [("digits2", "best", seed) for seed in range(BEST_SEEDS)]
    return [run for run in found if only in (None, run[0]) and variant in (None, run[1])]


if __name__ == "__main__":
    main()
