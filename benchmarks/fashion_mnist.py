"""Fashion-MNIST, which other benchmarks need, from Debian's package dataset-fashion-mnist.

apt-get download dataset-fashion-mnist
dpkg-deb -x dataset-fashion-mnist_*.deb data/fashion-mnist
python benchmarks/fashion_mnist.py                  its sizes
"""

from pathlib import Path

from otgan.datasets import Sample, load_labeled_images
from otgan.errors import InvalidInputError

FOLDER = Path(__file__).parents[1] / "data" / "fashion-mnist"
INSIDE = Path("usr", "share", "datasets", "fashion-mnist")
PARTS = {"train": "train", "test": "t10k"}


def fashion_mnist(part: str = "train", folder: Path = FOLDER) -> Sample:
    """The 60,000 images for training or the 10,000 for tests: 28 x 28 in [0, 1], with labels."""
    prefix = PARTS[part]
    images, labels = (
        folder / INSIDE / f"{prefix}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")
    )
    if not images.exists():
        raise InvalidInputError(
            f"Fashion-MNIST must lie in {folder}, got nothing at {images}; to fix it, run `apt-get "
            "download dataset-fashion-mnist` and then `dpkg-deb -x dataset-fashion-mnist_*.deb "
            f"{folder}`"
        )
    return load_labeled_images(images, labels)


def main() -> None:
    for part in PARTS:
        sample = fashion_mnist(part)
        print(part, sample.points.shape, sample.image_shape, sample.points.mean().round(4))


if __name__ == "__main__":
    main()
