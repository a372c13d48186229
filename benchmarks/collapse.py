"""Mode collapse on the 8-Gaussian ring: which objectives show it, all else being equal.

python -m benchmarks.collapse               both generators, and the page
python -m benchmarks.collapse small         three layers of 128 units, as the critic has
python -m benchmarks.collapse large         four layers of 512, as in Fig. 6 of the WGAN paper
python -m benchmarks.collapse page          the page of what has been measured

Every objective has the same networks, batches, number of steps and optimizer, and the learning rate
of four that is best for it: the one with the least mean debiased W1 over two seeds, which are not
among the ten that are reported. What is measured is the generator after the last step, without an
average of its weights: modes of the ring (VEEGAN protocol: standard deviation .01 of the radius)
with one of 2,500 points at least within three standard deviations. Runs are on one thread. Each
appends a row to benchmarks/results/collapse.csv, and is left out when that has one of the same
settings, so the script can be stopped and continued.
"""

import argparse
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.rows import Row, append, commit, digest, is_done, mean_and_error, numbers, read
from otgan import GANConfig, debiased_wasserstein, train_gan
from otgan.critics.constraints import GradientPenalty, ZeroCenteredPenalty
from otgan.datasets import ring8
from otgan.gan.modes import mode_coverage
from otgan.gan.networks import mlp_generator
from otgan.gan.optimizers import Adam

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "collapse.csv", RESULTS / "collapse.md"
RING = ring8(radius=1.0, std=0.01)
POINTS = 2_500

CONTESTANTS: dict[str, dict[str, Any]] = {
    "saturating GAN": {"objective": "minimax", "constraint": None},
    "non-saturating GAN": {"objective": "non-saturating", "constraint": None},
    "WGAN-LP": {"constraint": GradientPenalty(weight=0.1, one_sided=True)},
    "relativistic GAN": {
        "objective": "relativistic",
        "constraint": ZeroCenteredPenalty(weight=0.1),
    },
}
GENERATORS = {"small": (128, 3), "large": (512, 4)}
"""Units and hidden layers; the critic has three layers of 128 for both."""

STEPS = {"small": 6000, "large": 3000}
LATENTS = 8
RATES = (1e-4, 3e-4, 1e-3, 3e-3)
CHOOSING, REPORTED = (100, 101), range(10)


def config_of(contestant: str, size: str, rate: float, seed: int) -> GANConfig:
    return GANConfig(
        **CONTESTANTS[contestant],
        steps=STEPS[size],
        batch_size=64,
        n_critic=2,
        generator_optimizer=Adam(betas=(0.5, 0.9)),
        critic_optimizer=Adam(betas=(0.5, 0.9)),
        learning_rate=rate,
        average=0.0,
        latent_dim=LATENTS,
        monitor_every=STEPS[size],
        rng=seed,
        device="cpu",
    )


def measure(contestant: str, size: str, rate: float, seed: int) -> None:
    """Train one generator, and append its row."""
    config = config_of(contestant, size, rate, seed)
    width, depth = GENERATORS[size]
    network = partial(mlp_generator, LATENTS, (2,), width=width, depth=depth)
    started = time.process_time()
    result = train_gan(RING, config, generator=network)
    seconds = time.process_time() - started
    points = result.generate(POINTS, rng=1)
    found = mode_coverage(points, RING)
    row = {
        "generator": size,
        "objective": contestant,
        "rate": rate,
        "seed": seed,
        "settings": digest(config),
        "commit": commit(),
        "modes": found.modes,
        "high_quality": found.high_quality,
        "reverse_kl": found.reverse_kl,
        "debiased_w1": debiased_wasserstein(RING.sample(POINTS, rng=3), points, rng=0).value,
        "processor_seconds": seconds,
    }
    append(FILE, row)
    print(row, flush=True)


def rows_of(contestant: str, size: str, rate: float) -> list[Row]:
    """What has been measured with the settings of today."""
    settings = digest(config_of(contestant, size, rate, 0))
    wanted = {"generator": size, "objective": contestant, "settings": settings}
    return [row for row in read(FILE) if is_done([row], **wanted)]


def scores(contestant: str, size: str) -> dict[float, float]:
    """The mean debiased W1 of the seeds that choose, for each learning rate that has them all."""
    found = {}
    for rate in RATES:
        rows = [row for row in rows_of(contestant, size, rate) if int(row["seed"]) in CHOOSING]
        if len(rows) == len(CHOOSING):
            found[rate] = statistics.mean(numbers(rows, "debiased_w1"))
    return found


def best_rate(contestant: str, size: str) -> float | None:
    """The learning rate to report; None until all have been tried."""
    found = scores(contestant, size)
    return min(found, key=lambda rate: found[rate]) if len(found) == len(RATES) else None


def run(size: str) -> None:
    """Choose learning rates, then measure the seeds that are reported."""
    for contestant in CONTESTANTS:
        for rate in RATES:
            for seed in CHOOSING:
                measure_once(contestant, size, rate, seed)
    for seed in REPORTED:
        for contestant in CONTESTANTS:
            best = best_rate(contestant, size)
            assert best is not None
            measure_once(contestant, size, best, seed)


def measure_once(contestant: str, size: str, rate: float, seed: int) -> None:
    if not is_done(rows_of(contestant, size, rate), seed=seed):
        measure(contestant, size, rate, seed)


HEAD = """# Mode collapse on the ring

Written by `python -m benchmarks.collapse page` from collapse.csv. Ring of eight Gaussians, standard
deviation .01 of the radius. The same for all objectives: a critic of three layers of 128 units,
batches of 64, two critic steps for each of the generator's, Adam with betas (.5, .9), a constant
learning rate, eight Gaussian latents, the generator of the last step without averaging. The
learning rate of each is that of four with the least mean debiased W1 over seeds 100 and 101; seeds
0 to 9 are reported. A mode is kept if one of 2,500 points is within three standard deviations.
"""


def page() -> str:
    parts = [HEAD]
    for size, (width, depth) in GENERATORS.items():
        lines = [line(contestant, size) for contestant in CONTESTANTS]
        if any(lines):
            parts.append(
                f"\n## Generator of {depth} layers of {width} units, {STEPS[size]:,} steps\n\n"
                "| objective | learning rate | seeds | modes | three modes at most | all eight "
                "| high quality, % | debiased W1 | CPU s |\n"
                "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n" + "".join(lines)
            )
            parts.append(
                "\nMean debiased W1 of the seeds that chose, by learning rate:\n\n"
                f"| objective | {' | '.join(f'{rate:g}' for rate in RATES)} |\n"
                f"|---|{'--:|' * len(RATES)}\n"
                + "".join(choice_line(contestant, size) for contestant in CONTESTANTS)
            )
    return "".join(parts)


def line(contestant: str, size: str) -> str:
    """The seeds that are reported, of one objective."""
    rate = best_rate(contestant, size)
    rows = [] if rate is None else rows_of(contestant, size, rate)
    rows = [row for row in rows if int(row["seed"]) in REPORTED]
    if not rows:
        return ""
    modes = numbers(rows, "modes")
    quality = [100.0 * share for share in numbers(rows, "high_quality")]
    return (
        f"| {contestant} | {rate:g} | {len(rows)} | {mean_and_error(modes, '.1f')} "
        f"| {sum(m <= 3 for m in modes)} | {sum(m == 8 for m in modes)} "
        f"| {mean_and_error(quality, '.1f')} "
        f"| {mean_and_error(numbers(rows, 'debiased_w1'), '.3f')} "
        f"| {statistics.mean(numbers(rows, 'processor_seconds')):.0f} |\n"
    )


def choice_line(contestant: str, size: str) -> str:
    found = scores(contestant, size)
    shown = (f"{found[rate]:.3f}" if rate in found else "" for rate in RATES)
    return f"| {contestant} | {' | '.join(shown)} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=[*GENERATORS, "page"])
    what = parser.parse_args().what
    torch.set_num_threads(1)
    if what != "page":
        for size in [what] if what else GENERATORS:
            run(size)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
