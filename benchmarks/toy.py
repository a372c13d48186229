"""The preset "toy" on the 8-Gaussian ring and the 25-Gaussian grid, in the VEEGAN protocol.

python -m benchmarks.toy                 ten seeds of each, and the page
python -m benchmarks.toy ring8 --seeds 3
python -m benchmarks.toy page            the page of what has been measured

Ring of radius 1 and standard deviation .01; grid with spacing 2 and standard deviation .05. Of
2,500 generated points: modes, the share within three standard deviations of one (high quality), and
the reverse KL divergence of the modes' shares; of 100,000: each mode's standard deviation. Runs
are on one thread. Each appends a row to benchmarks/results/toy.csv, and is left out when that has
one of the same settings, so the script can be stopped and continued.
"""

import argparse
import time
from pathlib import Path

import torch

from benchmarks.rows import Row, append, commit, digest, is_done, mean_and_error, numbers, read
from otgan import GANConfig, debiased_wasserstein, train_gan
from otgan.datasets import GaussianMixture, grid25, ring8
from otgan.gan.modes import mode_coverage

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "toy.csv", RESULTS / "toy.md"
DATA: dict[str, GaussianMixture] = {
    "ring8": ring8(radius=1.0, std=0.01),
    "grid25": grid25(spacing=2.0, std=0.05),
}
POINTS, MANY = 2_500, 100_000
SEEDS = 10

PUBLISHED = {
    "ring8": (
        ("GAN (PacGAN, Table 1)", "6.3 ± 0.5", "98.2 ± 0.2", "0.45 ± 0.09"),
        ("PacGAN2", "7.9 ± 0.1", "95.6 ± 2.0", "0.07 ± 0.03"),
        ("PacGAN3", "7.8 ± 0.1", "97.7 ± 0.3", "0.10 ± 0.02"),
        ("VEEGAN (its Table 1)", "8", "52.9", ""),
        ("WGAN-GP (GDPP, 25,000 iterations)", "6.8", "60", ""),
        ("GDPP", "8.0", "73", ""),
    ),
    "grid25": (
        ("GAN (PacGAN, Table 1)", "17.3 ± 0.8", "94.8 ± 0.7", "0.70 ± 0.07"),
        ("PacGAN3", "24.6 ± 0.4", "94.2 ± 0.4", "0.06 ± 0.02"),
        ("PacGAN4", "24.8 ± 0.2", "93.6 ± 0.6", "0.04 ± 0.01"),
        ("VEEGAN (its Table 1)", "24.6", "40", ""),
        ("WGAN-GP (GDPP, 25,000 iterations)", "24.2", "29", ""),
        ("GDPP", "24.8", "69", ""),
    ),
}
"""Modes, high quality in per cent and reverse KL, as printed; GDPP's are read off its figure."""


def config_of(seed: int) -> GANConfig:
    return GANConfig.preset("toy", rng=seed, device="cpu")


def measure(data: str, seed: int) -> None:
    """Train one generator, and append its row."""
    mixture, config = DATA[data], config_of(seed)
    started, processor = time.perf_counter(), time.process_time()
    result = train_gan(mixture, config)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    found = mode_coverage(result.generate(POINTS, rng=1), mixture)
    many = mode_coverage(result.generate(MANY, rng=2), mixture)
    distance = debiased_wasserstein(
        mixture.sample(POINTS, rng=3), result.generate(POINTS, rng=4), rng=0
    )
    row = {
        "data": data,
        "seed": seed,
        "config": "toy",
        "settings": digest(config),
        "commit": commit(),
        "modes": found.modes,
        "high_quality": found.high_quality,
        "reverse_kl": found.reverse_kl,
        "narrowest": many.narrowest,
        "widest": many.widest,
        "high_quality_of_many": many.high_quality,
        "reverse_kl_of_many": many.reverse_kl,
        "debiased_w1": distance.value,
        "debiased_w1_se": distance.se,
        "exact_w1": result.evaluation.exact_w1,
        "floor": result.evaluation.floor,
        "seconds": seconds,
        "processor_seconds": processor,
    }
    append(FILE, row)
    print({name: row[name] for name in row if name not in ("config", "commit")}, flush=True)


def page() -> str:
    """What has been measured with the settings of today, beside published figures."""
    settings = digest(config_of(0))
    rows = [row for row in read(FILE) if row["settings"] == settings]
    parts = [HEAD.format(settings=settings, config=config_of(0).to_dict())]
    for data, mixture in DATA.items():
        own = sorted((row for row in rows if row["data"] == data), key=lambda row: int(row["seed"]))
        if own:
            parts.append(section(data, mixture, own))
    return "\n".join(parts)


HEAD = """# The ring and the grid in the VEEGAN protocol

Written by `python -m benchmarks.toy page` from toy.csv: rows with the settings {settings}, that is
GANConfig.preset("toy"), the same for both. Ring: eight Gaussians at radius 1, standard deviation
.01. Grid: 25 Gaussians with spacing 2, standard deviation .05. Modes, high quality (within three
standard deviations of a mode) and reverse KL are of 2,500 generated points, as published; widths
are each mode's standard deviation over the true one, of 100,000 points. Each row is a seed; the
table has mean ± standard error over seeds, and the worst. Seconds are on one thread of a machine
shared with other work: the clock's, and the processor's.
"""


def section(data: str, mixture: GaussianMixture, rows: list[Row]) -> str:
    lines = [
        f"\n## {data}: {len(rows)} seeds\n",
        "| | modes | high quality, % | reverse KL |\n|---|--:|--:|--:|",
        f"| otgan, preset toy | {mean_and_error(numbers(rows, 'modes'), '.1f')} "
        f"| {mean_and_error(per_cent(rows), '.2f')} "
        f"| {mean_and_error(numbers(rows, 'reverse_kl'), '.4f')} |",
        f"| the worst of its seeds | {min(numbers(rows, 'modes')):.0f} "
        f"| {min(per_cent(rows)):.2f} to {max(per_cent(rows)):.2f} "
        f"| {max(numbers(rows, 'reverse_kl')):.4f} |",
        perfect(mixture),
        *(f"| {' | '.join(published)} |" for published in PUBLISHED[data]),
        "\n| seed | modes | high quality, % | reverse KL | widths | debiased W1 | s | CPU s |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
        *map(seed_line, rows),
    ]
    return "\n".join(lines) + "\n"


def per_cent(rows: list[Row]) -> list[float]:
    return [100.0 * share for share in numbers(rows, "high_quality")]


def perfect(mixture: GaussianMixture) -> str:
    """The line of a hundred samples of the distribution itself."""
    draws = [mode_coverage(mixture.sample(POINTS, rng=s), mixture) for s in range(100)]
    quality = [100.0 * draw.high_quality for draw in draws]
    divergence = [draw.reverse_kl for draw in draws]
    return (
        f"| true samples, 100 draws | {mean_and_error([d.modes for d in draws], '.1f')} "
        f"| {mean_and_error(quality, '.2f')}, {min(quality):.2f} to {max(quality):.2f} "
        f"| {mean_and_error(divergence, '.4f')}, at most {max(divergence):.4f} |"
    )


def seed_line(row: Row) -> str:
    x = {name: float(value) for name, value in row.items() if name not in TEXT}
    return (
        f"| {row['seed']} | {row['modes']} | {100 * x['high_quality']:.2f} "
        f"| {x['reverse_kl']:.4f} | {x['narrowest']:.2f} to {x['widest']:.2f} "
        f"| {x['debiased_w1']:.4f} ± {x['debiased_w1_se']:.4f} "
        f"| {x['seconds']:.0f} | {x['processor_seconds']:.0f} |"
    )


TEXT = ("data", "config", "settings", "commit")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=[*DATA, "page"])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what != "page":
        for seed in range(options.seeds):
            for data in [options.what] if options.what else DATA:
                key = {"data": data, "seed": seed, "settings": digest(config_of(seed))}
                if not is_done(read(FILE), **key):
                    measure(data, seed)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
