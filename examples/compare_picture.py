"""A crescent and a Gaussian, compared in every way that fits.

Run: python examples/compare_picture.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import otgan
from otgan.comparison.plot import two_samples
from otgan.measures import FloatArray
from otgan.plot import save

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "compare.png"


def crescent_and_gaussian(
    n: int, m: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    angle, radius = rng.uniform(-0.2, np.pi + 0.2, n), rng.normal(1.5, 0.2, n)
    crescent = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return crescent, rng.normal(size=(m, 2)) * [0.9, 0.6] + [0.5, 0.5]


def main() -> None:
    x, y = crescent_and_gaussian(800, 600, np.random.default_rng(0))
    comparison = otgan.compare(x, y)
    print(comparison.report())
    print("\npicture:", save(two_samples(comparison), PICTURE, dpi=100))


if __name__ == "__main__":
    main()
