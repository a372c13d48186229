"""Coverage of `wasserstein_interval` over pairs with known W1, its width, and its time.

OMP_NUM_THREADS=1 python benchmarks/intervals.py --repetitions 1000 > table.md
"""

import argparse
import math
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

import otgan
from otgan.measures import FloatArray

Draw = Callable[[np.random.Generator], Any]
Cell = tuple[str, int, int, float, Draw]

CONFIDENCE = 0.95
SIMPLEX = np.eye(6)


def gaussians(n: int, m: int, d: int, w: float) -> Draw:
    """N(0, I), and the same shifted by w along the first coordinate."""

    def draw(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        return rng.normal(size=(n, d)) + w * np.eye(1, d), rng.normal(size=(m, d))

    return draw


def exponentials(n: int, m: int, mean_x: float, mean_y: float) -> Draw:
    """On the line; ordered, so that W1 is the difference of their means."""
    return lambda rng: (rng.exponential(mean_x, n), rng.exponential(mean_y, m))


def scales(n: int, d: int, std: float) -> tuple[float, Draw]:
    """N(0, I) and N(0, std² I): W1 is the difference of the mean lengths."""
    mean_length = math.sqrt(2) * math.gamma((d + 1) / 2) / math.gamma(d / 2)
    return (std - 1) * mean_length, lambda rng: (
        rng.normal(size=(n, d)),
        std * rng.normal(size=(n, d)),
    )


def mixtures(n: int, fraction: float, w: float) -> tuple[float, Draw]:
    """N(0, I) in the plane; a fraction of the points lies at (6, 0), of x, or at (6 + w, 0), of y.

    W1 is fraction * w: nothing is shorter than the difference of the means.
    """

    def draw(rng: np.random.Generator) -> FloatArray:
        clouds = rng.normal(size=(2, n, 2))
        for cloud, place in zip(clouds, (6.0, 6.0 + w), strict=True):
            chosen = rng.random(n) < fraction
            cloud[chosen] = 0.05 * cloud[chosen] + [place, 0]
        return clouds

    return fraction * w, draw


def on_a_line(n: int, w: float) -> Draw:
    """Gaussians on a line in five dimensions."""
    direction = np.full(5, 5**-0.5)
    return lambda rng: (rng.normal(size=(2, n, 1)) + [[[w]], [[0.0]]]) * direction


def corners(n: int, a: list[float], b: list[float]) -> Draw:
    """Distributions on the corners of a simplex."""
    return lambda rng: tuple(SIMPLEX[rng.choice(len(SIMPLEX), n, p=p)] for p in (a, b))


def gaussian_cells() -> Iterator[Cell]:
    for n in (200, 1000):
        for d in (1, 2, 5, 10, 20):
            for w in (0.0, 1.0, 3.0):
                yield f"N(0, I), d={d}", n, n, w, gaussians(n, n, d, w)


def small_cells() -> Iterator[Cell]:
    for w in (0.05, 0.1, 0.2, 0.3):
        for d in (1, 2):
            yield f"N(0, I), d={d}", 200, 200, w, gaussians(200, 200, d, w)
    for n, m in ((10, 10), (20, 20), (50, 400), (30, 1000)):
        for w in (0.0, 0.3, 1.0, 3.0):
            yield "N(0, I), d=1", n, m, w, gaussians(n, m, 1, w)
    for w in (0.0, 1.0):
        yield "N(0, I), d=5", 50, 400, w, gaussians(50, 400, 5, w)


def other_cells() -> Iterator[Cell]:
    for w in (0.0, 0.2, 0.5, 2.0):
        yield "exponential, y longer, d=1", 200, 200, w, exponentials(200, 200, 1, 1 + w)
        yield "exponential, x longer, d=1", 100, 300, w, exponentials(100, 300, 1 + w, 1)
    for d in (1, 2, 5):
        yield f"scales 1 and 1.5, d={d}", 200, 200, *scales(200, d, 1.5)
    for fraction, w in ((0.1, 3.0), (0.5, 3.0)):
        yield f"mixture, {fraction:g} of mass moves, d=2", 200, 200, *mixtures(200, fraction, w)
    for w in (0.2, 0.3):
        yield "Gaussians on a line, d=5", 200, 200, w, on_a_line(200, w)
    common = [0.225] * 4
    for high, low in ((0.08, 0.02), (0.05, 0.05)):
        a, b = [high, low, *common], [low, high, *common]
        w = float(otgan.emd(SIMPLEX, SIMPLEX, a, b))
        yield f"six corners, {high:g} and {low:g} swapped", 200, 200, w, corners(200, a, b)


def measure(draw: Draw, repetitions: int, rng: np.random.Generator) -> list[otgan.Interval]:
    return [
        otgan.wasserstein_interval(*draw(rng), confidence_level=CONFIDENCE, rng=rng)
        for _ in range(repetitions)
    ]


def print_cells(cells: Iterable[Cell], repetitions: int) -> None:
    print(
        "| distributions | n, m | W1 | repetitions | both ends | lower end | upper end | width "
        "| bias of plug-in |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    worst, rng = [], np.random.default_rng(0)
    for name, n, m, w, draw in cells:
        count = repetitions if n < 1000 else max(2, repetitions // 2)
        intervals = measure(draw, count, rng)
        low, high, plug_in = np.array([(i.low, i.high, i.plug_in) for i in intervals]).T
        held = [
            100 * fraction.mean() for fraction in ((low <= w) & (w <= high), low <= w, w <= high)
        ]
        error = math.sqrt(held[0] * (100 - held[0]) / count)
        worst.append(held)
        print(
            f"| {name} | {n}, {m} | {w:.4g} | {count} | {held[0]:.1f} ± {error:.1f} "
            f"| {held[1]:.1f} | {held[2]:.1f} | {(high - low).mean():.3f} "
            f"| {plug_in.mean() - w:+.3f} |",
            flush=True,
        )
    both, lower, upper = np.min(worst, axis=0)
    print(f"\nleast coverage: {both:.1f} % (bar 95),", end=" ")
    print(f"lower end {lower:.1f}, upper end {upper:.1f}\n")


def seconds(call: Callable[[], Any], turns: int) -> float:
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def print_times(turns: int = 3) -> None:
    print("| d | n, m | emd s | interval s | ratio |\n|--:|---|--:|--:|--:|")
    for d in (2, 10):
        for n in (1000, 3000):
            x, y = gaussians(n, n, d, 1.0)(np.random.default_rng(0))
            otgan.wasserstein_interval(x[:50], y[:50], rng=0)
            plain = seconds(partial(otgan.emd, x, y), turns)
            interval = seconds(partial(otgan.wasserstein_interval, x, y, rng=0), turns)
            print(f"| {d} | {n}, {n} | {plain:.3f} | {interval:.3f} | {interval / plain:.2f} |")
    print("\nbar: 6\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000, help="half as many at n=1000")
    repetitions = parser.parse_args().repetitions
    print("## Gaussian distributions, one shifted\n")
    print_cells(gaussian_cells(), repetitions)
    print("## Small distances, few points, unequal samples\n")
    print_cells(small_cells(), repetitions)
    print("## Other distributions\n")
    print_cells(other_cells(), repetitions)
    print("## Time\n")
    print_times()


if __name__ == "__main__":
    main()
