"""Pictures over epochs
====================

What a convolutional GAN draws after 7, 21 and 49 epochs on a folder of pictures of your own, and
whether more epochs are better: exact distances beside the pictures.

Run::

    python examples/pictures_over_epochs.py [FOLDER] [--size N] [--epochs N N N] [--out FOLDER]
    python examples/pictures_over_epochs.py --size 16 --epochs 1 2 3  # below
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import otgan
from otgan.gan.image_plot import labeled_images
from otgan.gan.run_directory import RunDirectory
from otgan.plot import save

BATCH, SHOWN = 32, 16


def draw_folder(folder: Path, n: int = 300) -> None:
    """Stands for your own pictures: discs and squares of all colors on white."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for k in range(n):
        picture = Image.new("RGB", (32, 32), "white")
        (left, top), side = rng.integers(2, 12, 2), rng.integers(10, 18)
        shape = ImageDraw.Draw(picture).ellipse if k % 2 else ImageDraw.Draw(picture).rectangle
        shape((left, top, left + side, top + side), fill=tuple(rng.integers(0, 220, 3)))
        picture.save(folder / f"{k:04d}.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="of pictures; drawn if left out")
    parser.add_argument("--size", type=int, default=32, help="pixels on a side (default 32)")
    parser.add_argument("--epochs", type=int, nargs="+", default=[7, 21, 49])
    parser.add_argument("--out", type=Path, default=Path("runs/pictures"), help="folder of the run")
    options = parser.parse_args()
    if options.folder is None:
        options.folder = options.out / "data"
        draw_folder(options.folder)

    shape = (-1, 3, options.size, options.size)
    images = otgan.datasets.load_points(options.folder, size=options.size).reshape(shape)
    trained_on = len(images) - int(0.4 * len(images))  # the others are held out
    per_epoch = max(trained_on // BATCH, 1)
    config = otgan.GANConfig(
        network="dcgan",
        objective="relativistic",  # with its default constraint, R1 + R2
        n_critic=1,
        batch_size=BATCH,
        steps=per_epoch * max(options.epochs),
        monitor_every=per_epoch * int(np.gcd.reduce(options.epochs)),
        monitor_points=min(300, len(images) // 4),
    )
    run = options.out / "run"
    result = otgan.train_gan(images, config, out=run)
    records = {record.step: record for record in result.records}

    # Every snapshot is of the same latents, so that a picture can be followed over training.
    directory = RunDirectory.at(run)
    rows = []
    for epochs in options.epochs:
        step = epochs * per_epoch
        record = records[step]
        distance = f"debiased W1 {record.debiased_w1:.3f} ± {record.debiased_w1_se:.3f}"
        print(f"after {epochs:2d} epochs ({step} steps): {distance}")
        snapshot = directory.snapshot(step)
        generated = snapshot["generated"][:SHOWN].reshape(shape)
        rows.append((f"after {epochs} epochs: {distance}", generated))
    rows.insert(0, ("real", snapshot["real"][:SHOWN].reshape(shape)))
    print("picture:", save(labeled_images(rows, 0.0, 1.0), options.out / "epochs.png"))


if __name__ == "__main__":
    main()
