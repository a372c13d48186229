"""GANs on Fashion-MNIST with one small network, judged by features of one classifier.

python -m benchmarks.fashion                   every run of 600 s, and the page
python -m benchmarks.fashion run --seconds 60
python -m benchmarks.fashion page              the page of what has been measured
python -m benchmarks.fashion classifier        train the classifier anew

DCGANs of width 16; the steps of a run are what fits the seconds of one processor. What is judged is
the running average of the last generator: 1,000 generated images beside 1,000 test images, in the
features of a classifier that was trained on the training images by this script and is kept in
benchmarks/results/fashion_classifier.pt; its floor is other 1,000 test images. The data come as
fashion_mnist.py says. Each run appends a row to benchmarks/results/fashion.csv, and is left out
when that has it, so the script can be stopped and continued; delete the rows after a change of the
settings.
"""

import argparse
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.fashion_mnist import fashion_mnist
from benchmarks.rows import Row, append, commit, is_done, matching, mean_and_error, numbers, read
from benchmarks.timed import steps_within, timed_training
from otgan import GANConfig, debiased_wasserstein
from otgan.gan.measuring.feature_networks import classifier_of, encoder
from otgan.gan.measuring.feature_scores import FeatureScores, feature_scores
from otgan.gan.optimizers import Adam, RMSprop
from otgan.measures import FloatArray

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "fashion.csv", RESULTS / "fashion.md"
CLASSIFIER = RESULTS / "fashion_classifier.pt"
SHAPE = (1, 28, 28)
TRAINED, POINTS, SEEDS = 30_000, 1_000, 3
"""Training images, of which the trainer holds out 40 %; images judged; seeds."""

ADAM = Adam(learning_rate=5e-4, betas=(0.5, 0.9))
TWO_STEPS: dict[str, Any] = {
    "objective": "wasserstein",
    "n_critic": 2,
    "generator_optimizer": ADAM,
    "critic_optimizer": ADAM,
}
ONE_STEP: dict[str, Any] = {**TWO_STEPS, "n_critic": 1, "constraint": None}
RMSPROP = RMSprop(learning_rate=5e-4)
GAMES: dict[str, dict[str, Any]] = {
    "GAN": {**ONE_STEP, "objective": "non-saturating", "critic_norm": "batch"},
    "WGAN": {
        **TWO_STEPS,
        "constraint": "clip",
        "critic_norm": "batch",
        "generator_optimizer": RMSPROP,
        "critic_optimizer": RMSPROP,
    },
    "WGAN-GP": {**TWO_STEPS, "constraint": "gp"},
    "WGAN-LP": {**TWO_STEPS, "constraint": "lp"},
    "SN-GAN": {**ONE_STEP, "objective": "hinge", "critic_norm": "spectral"},
    "WGAN-div": {**TWO_STEPS, "constraint": "div"},
    "relativistic": {**ONE_STEP, "objective": "relativistic", "constraint": "zero-centered"},
}


def measure(game: str, seed: int, seconds: int) -> None:
    """Train one generator for that time, and append its row."""
    points = training_images()
    config = GANConfig(
        **GAMES[game],
        network="dcgan",
        width=16,
        average=0.99,
        monitor_points=100,
        evaluation_points=100,
        features=None,
        rng=seed,
        device="cpu",
    )
    earlier = matching(read(FILE), game=game, seconds=seconds)
    steps = steps_within(seconds, points, config, earlier=earlier)
    result, cost = timed_training(points, replace(config, steps=steps, monitor_every=steps))
    generated = features_of(result.generate(POINTS, rng=1))
    scores = feature_scores(test_features()[0], generated)
    distance = debiased_wasserstein(test_features()[0], generated, rng=0)
    row = {
        "game": game,
        "seed": seed,
        "seconds": seconds,
        "steps": steps,
        "commit": commit(),
        "cost": cost,
        "frechet": scores.frechet,
        "precision": scores.precision,
        "recall": scores.recall,
        "density": scores.density,
        "coverage": scores.coverage,
        "debiased_w1": distance.value,
        "debiased_w1_se": distance.se,
    }
    append(FILE, row)
    print(*row.values(), flush=True)


@cache
def training_images() -> FloatArray:
    """Images in [0, 1], shape (TRAINED, 1, 28, 28)."""
    return fashion_mnist("train").points[:TRAINED].reshape(-1, *SHAPE)


def train_classifier() -> None:
    """Train the classifier whose features serve all runs, and keep it."""
    train = fashion_mnist("train")
    images = torch.as_tensor(train.points, dtype=torch.float32).reshape(-1, *SHAPE)
    assert train.labels is not None
    torch.save(classifier_of(images, train.labels).state_dict(), CLASSIFIER)


@cache
def classifier() -> torch.nn.Module:
    network = encoder(SHAPE)
    network.load_state_dict(torch.load(CLASSIFIER, weights_only=True))
    return network.eval()


@torch.no_grad()
def features_of(points: FloatArray) -> FloatArray:
    """What the classifier's last layer sees of images in [0, 1], shape (n, 64)."""
    images = torch.as_tensor(points, dtype=torch.float32).reshape(-1, *SHAPE)
    found: FloatArray = classifier()(images).double().numpy()
    return found


@cache
def test_features() -> tuple[FloatArray, FloatArray]:
    """Features of two disjoint sets of test images."""
    chosen = np.random.default_rng(0).permutation(10_000)[: 2 * POINTS]
    first, second = np.split(features_of(fashion_mnist("test").points[chosen]), 2)
    return first, second


@cache
def floor() -> FeatureScores:
    return feature_scores(*test_features())


def page(seconds: int) -> str:
    rows = matching(read(FILE), seconds=seconds)
    real, columns = floor(), ("precision", "recall", "density", "coverage")
    lines = [
        HEAD.format(seconds=seconds),
        "| GAN | runs | steps | FD | FD / floor | precision | recall | density | coverage |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    groups = [matching(rows, game=game) for game in GAMES]
    lines += [line(own, real.frechet) for own in groups if own]
    shown = " | ".join(f"{getattr(real, name):.2f}" for name in columns)
    lines.append(f"| other test images | | | {real.frechet:.1f} | 1 | {shown} |")
    reached = [own[0]["game"] for own in groups if own and reaches(own, real.frechet)]
    lines += ["", f"FD of at most ten floors, coverage of at least .5 and recall of at least .3, in"
              f" the mean: {', '.join(reached) or 'none of them'}."]  # fmt: skip
    return "\n".join(lines) + "\n"


HEAD = """# GANs on Fashion-MNIST

Written by `python -m benchmarks.fashion page --seconds {seconds}` from fashion.csv: DCGANs of width
16, {seconds} processor seconds a run, on 18,000 images; Adam at 5e-4 with betas (.5, .9), RMSProp
at 5e-4 for WGAN, which clips at .01; one critic step for each generator step, two for the
Wasserstein losses. GAN is the non-saturating one, with batch norm in both networks as WGAN has it;
SN-GAN has the hinge loss. The generators are averages of weights with decay .99. FD is the squared
Fréchet distance of 64 features of one classifier, of 1,000 generated and 1,000 test images; the
last row has other test images instead of generated ones. Means ± standard errors over seeds.
"""


def line(rows: list[Row], floor_frechet: float) -> str:
    frechet = numbers(rows, "frechet")
    cells = [
        mean_and_error(frechet, ".1f"),
        mean_and_error([value / floor_frechet for value in frechet], ".1f"),
        *(
            mean_and_error(numbers(rows, name), ".2f")
            for name in ("precision", "recall", "density", "coverage")
        ),
    ]
    head = f"| {rows[0]['game']} | {len(rows)} | {int(rows[0]['steps']):,} "
    return f"{head}| {' | '.join(cells)} |"


def reaches(rows: list[Row], floor_frechet: float) -> bool:
    frechet, coverage, recall = (
        np.mean(numbers(rows, name)) for name in ("frechet", "coverage", "recall")
    )
    return bool(frechet <= 10 * floor_frechet and coverage >= 0.5 and recall >= 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["run", "page", "classifier"], default="run")
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "classifier" or not CLASSIFIER.exists():
        train_classifier()
    if options.what == "run":
        for seed in range(SEEDS):
            for game in GAMES:
                if not is_done(read(FILE), game=game, seed=seed, seconds=options.seconds):
                    measure(game, seed, options.seconds)
    PAGE.write_text(page(options.seconds))


if __name__ == "__main__":
    main()
