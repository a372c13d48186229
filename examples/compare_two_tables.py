"""Two tables compared
===================

Two tables with the same columns in another order, compared in every way that fits.

The rows of one lie on a crescent, those of the other are normal.

Run::

    python examples/compare_two_tables.py [--plot compare.png]
    python examples/compare_two_tables.py --plot compare.png  # below
"""

from __future__ import annotations

import argparse

import numpy as np

import otgan
from otgan.measures import FloatArray


def crescent_and_gaussian(
    n: int, m: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    angle, radius = rng.uniform(-0.2, np.pi + 0.2, n), rng.normal(1.5, 0.2, n)
    crescent = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return crescent, rng.normal(size=(m, 2)) * [0.9, 0.6] + [0.5, 0.5]


def as_table(points: FloatArray, columns: tuple[str, ...]) -> np.ndarray:
    """A table of NumPy's; one of pandas, polars, Arrow or xarray does as well."""
    return np.rec.fromarrays(list(points.T), formats=["f8"] * len(columns), names=list(columns))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plot", metavar="FILE", help="also save a picture")
    options = parser.parse_args()
    x, y = crescent_and_gaussian(800, 600, np.random.default_rng(0))
    # Columns are matched by name, whatever their order.
    first, second = as_table(x, ("east", "north")), as_table(y[:, ::-1], ("north", "east"))
    comparison = otgan.compare(first, second)
    print(comparison.report())
    distance = comparison["w1"]
    print(f"\nW1 alone: {distance.value:.6g}, by {distance.call}")
    if options.plot:
        from otgan.comparison.plot import two_samples
        from otgan.plot import save

        print("\npicture:", save(two_samples(comparison), options.plot, dpi=100))


if __name__ == "__main__":
    main()
