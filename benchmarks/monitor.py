"""Corrupted images told from real ones, and what every score says of them.

python -m benchmarks.monitor                 the digits: ten draws of each corruption, and the page
python -m benchmarks.monitor fashion         Fashion-MNIST, which fashion_mnist.py says how to get
python -m benchmarks.monitor page            the page of what has been measured

A draw splits the held-out images at random: some are real, others are corrupted and take the place
of generated ones. The test has level .01 for all its statistics together; of real images there are
twice as many draws. Features are those of the classifier that `train_gan` trains on the training
images. Each draw appends a row to benchmarks/results/monitor.csv, and is left out when that has it.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.corruptions import Corruption, corruptions
from benchmarks.fashion_mnist import fashion_mnist
from benchmarks.rows import Row, append, commit, is_done, mean_and_error, numbers, read
from otgan import GANConfig
from otgan.datasets import Sample
from otgan.gan.data import TrainingData, as_training_data
from otgan.gan.final_evaluation import tell_apart
from otgan.gan.measuring.comparison import RealSamples
from otgan.gan.measuring.features import features_for
from otgan.gan.measuring.two_sample import LEVEL
from otgan.gan.monitor import Monitor
from otgan.gan.random_streams import RandomStreams
from otgan.measures import FloatArray, IntArray

RESULTS = Path(__file__).parent / "results"
FILE, PAGE = RESULTS / "monitor.csv", RESULTS / "monitor.md"
CORRUPTIONS = {"digits": corruptions(0.4, 0.8), "fashion": corruptions(0.5, 1.0)}
MOST = 1000  # images of each sample
DRAWS = 10
CPU = torch.device("cpu")


def data_of(name: str) -> TrainingData:
    """Digits as `train_gan` splits them; of Fashion-MNIST, the test images are held out."""
    if name == "digits":
        return as_training_data("digits").as_images()
    test, half = fashion_mnist("test"), 5_000
    assert test.labels is not None
    first, second = (
        dataclasses.replace(test, points=test.points[part], labels=test.labels[part])
        for part in (slice(half), slice(half, None))
    )
    data = as_training_data(fashion_mnist("train")).as_images()
    return dataclasses.replace(data, halves=(first, second))


def monitor_of(data: TrainingData) -> Monitor:
    config = GANConfig().for_shape(data.shape)
    features = features_for("classifier", data, CPU, rng=0)
    return Monitor(data, config, RandomStreams(0), CPU, features)


def held_out(data: TrainingData) -> tuple[FloatArray, IntArray]:
    """All held-out images, in rows, and their labels."""
    halves = [half for half in data.halves if isinstance(half, Sample)]
    labels = [half.labels for half in halves if half.labels is not None]
    return np.concatenate([half.points for half in halves]), np.concatenate(labels)


def corrupted(
    data: TrainingData,
    corruption: Corruption,
    images: FloatArray,
    labels: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Corrupted images in rows, in the units of the data."""
    low, extent = data.center[0] - data.scale, 2 * data.scale
    unit = (images.reshape(-1, *data.shape) - low) / extent
    return low + extent * corruption(unit, labels, rng).reshape(-1, data.d)


def measure(name: str, kind: str, draw: int, monitor: Monitor) -> None:
    """Compare one draw of corrupted images with real ones, and append its row."""
    started = time.perf_counter()
    rng = np.random.default_rng([draw, *kind.encode()])
    points, labels = held_out(monitor.data)
    order = rng.permutation(len(points))
    half = len(points) // 2
    real, rest = points[order[:half]], order[half:]
    fake = corrupted(monitor.data, CORRUPTIONS[name][kind], points[rest], labels[rest], rng)
    fake = rng.permutation(fake)
    test = tell_apart(monitor, real[:MOST], fake[:MOST])
    n = min(MOST, len(real) // 2, len(fake) // 2)
    samples = RealSamples(monitor.spaces, real[:n], [real[n : 2 * n]])
    found = samples.compare(fake[:n], fake[n : 2 * n])
    of_points, of_features = found.distances["points"], found.distances["features"]
    append(
        FILE,
        {
            "data": name,
            "corruption": kind,
            "draw": draw,
            "real": len(real[:MOST]),
            "generated": len(fake[:MOST]),
            "pvalue": test.pvalue,
            "clearest": test.statistics[0].name,
            "z": test.statistics[0].z,
            "scored": n,
            "ratio": of_points.between / of_points.within_x,
            "debiased": of_points.value,
            "debiased_se": of_points.se,
            "feature_debiased": of_features.value,
            "feature_debiased_se": of_features.se,
            "frechet": found.scores.frechet,
            "frechet_floor": samples.floor_scores.frechet,
            "precision": found.scores.precision,
            "recall": found.scores.recall,
            "density": found.scores.density,
            "coverage": found.scores.coverage,
            "seconds": time.perf_counter() - started,
            "commit": commit(),
        },
    )


def measure_all(name: str, draws: int) -> None:
    """Draw after draw of every corruption, and of real images twice as many."""
    wanted = [(kind, draw) for draw in range(draws) for kind in CORRUPTIONS[name]]
    wanted += [("real", draw) for draw in range(draws, 2 * draws)]
    monitor = None
    for kind, draw in wanted:
        if is_done(read(FILE), data=name, corruption=kind, draw=draw):
            continue
        monitor = monitor or monitor_of(data_of(name))
        measure(name, kind, draw, monitor)
        print(name, kind, draw, read(FILE)[-1]["pvalue"], flush=True)


# ---------------------------------------------------------------- the page

HEAD = (
    "| images | told | clearest | W1 / floor | debiased W1 | of features | FD (floor) "
    "| precision | recall | density | coverage |\n|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def line(kind: str, rows: list[Row]) -> str:
    told = sum(float(row["pvalue"]) <= LEVEL for row in rows)
    names = [row["clearest"] for row in rows]
    scores = " | ".join(
        mean_and_error(numbers(rows, column), form)
        for column, form in (("ratio", ".3f"), ("debiased", ".3f"), ("feature_debiased", ".3g"))
    )
    floor = np.mean(numbers(rows, "frechet_floor"))
    fractions = " | ".join(
        f"{np.mean(numbers(rows, column)):.2f}"
        for column in ("precision", "recall", "density", "coverage")
    )
    frechet = f"{np.mean(numbers(rows, 'frechet')):.3g} ({floor:.3g})"
    clearest = max(set(names), key=names.count)
    return f"| {kind} | {told} of {len(rows)} | {clearest} | {scores} | {frechet} | {fractions} |"


def table(name: str, rows: list[Row]) -> str:
    kinds = {kind: [row for row in rows if row["corruption"] == kind] for kind in CORRUPTIONS[name]}
    first = rows[0]
    lines = [line(kind, found) for kind, found in kinds.items() if found]
    title = {"digits": "Digits, 8 x 8", "fashion": "Fashion-MNIST, 28 x 28"}[name]
    text = (
        f"## {title}\n\n{first['real']} held-out images a side in the test (fewer corrupted ones "
        f"where classes are missing), at most {first['scored']} in each of the four samples of the "
        "scores. Means over the draws ± standard errors of these means."
    )
    return "\n".join([text, "", HEAD, *lines])


def write_page() -> None:
    rows = read(FILE)
    tables = [
        table(name, found)
        for name in CORRUPTIONS
        if (found := [row for row in rows if row["data"] == name])
    ]
    title = "# Corrupted images told from real ones"
    text = (
        "Each row is one way in which generated images can be wrong. *Told* counts the draws in "
        "which the test of `Evaluation.test` (level .01 for all its statistics together) tells "
        "them from real images; *clearest* is the statistic that most often does so best. W1 / "
        "floor below one is closer than real images are to each other. FD is the squared Fréchet "
        "distance of features, beside that of real images."
    )
    PAGE.write_text("\n\n".join([title, text, *tables, "`python -m benchmarks.monitor`"]) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", default="digits", choices=[*CORRUPTIONS, "page"])
    parser.add_argument("--draws", type=int, default=DRAWS, help="of each corruption")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what != "page":
        measure_all(options.what, options.draws)
    write_page()


if __name__ == "__main__":
    main()
