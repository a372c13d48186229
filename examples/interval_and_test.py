"""An interval and a test
======================

What two samples say about the distance of their distributions: an interval, and a test.

Two normal distributions in the plane lie exactly 0.5 apart. Their samples lie further apart.

Run::

    python examples/interval_and_test.py [interval.png]
"""

from __future__ import annotations

import sys

import numpy as np

import otgan
from otgan.measures import FloatArray
from otgan.plot import panels, save

SHIFT = 0.5


def two_samples(n: int, shift: float, rng: int) -> tuple[FloatArray, FloatArray]:
    x, y = np.random.default_rng(rng).normal(size=(2, n, 2))
    return x, y + [shift, 0.0]


def main() -> None:
    print(f"W1 of the distributions is {SHIFT}")
    for n in (50, 200, 800):
        x, y = two_samples(n, SHIFT, rng=n)
        interval = otgan.wasserstein_interval(x, y)
        print(
            f"{n:4d} points each: W1 of the samples {otgan.wasserstein(x, y):.3f}, 95 % interval "
            f"of the distributions [{interval.low:.3f}, {interval.high:.3f}]"
        )

    covered = [
        SHIFT in otgan.wasserstein_interval(*two_samples(100, SHIFT, rng)) for rng in range(40)
    ]
    print(f"of 40 such intervals from 100 points each, {sum(covered)} cover {SHIFT}")

    # Equal distributions have distance zero, and samples never do: a test asks whether what is
    # left is more than chance.
    with panels(1, 2, width=4.6) as (figure, axes):
        for axis, name, shift in zip(axes, ("different", "equal"), (SHIFT, 0.0), strict=True):
            x, y = two_samples(100, shift, rng=1)
            test = otgan.two_sample_test(x, y, statistic="wasserstein")
            distance = otgan.wasserstein(x, y)
            print(f"{name} distributions: W1 of samples {distance:.3f}, p-value {test.pvalue:.3f}")
            test.plot(axis)
            axis.set_title(f"{name} distributions: p = {test.pvalue:.3f}")
    print("picture:", save(figure, *sys.argv[1:] or ["interval.png"], dpi=100))


if __name__ == "__main__":
    main()
