"""How often intervals hold zero where two distributions are equal, and for a sample beside itself.

OMP_NUM_THREADS=1 python benchmarks/coverage_at_equality.py --repetitions 200 > table.md
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import otgan

Sample = NDArray[Any]
Draw = Callable[[np.random.Generator], tuple[Sample, Sample]]
Quantity = Callable[..., Any]

CONFIDENCE = 0.95


def gaussians(n: int, m: int, d: int) -> Draw:
    return lambda rng: (rng.normal(size=(n, d)), rng.normal(size=(m, d)))


def heavy_tails(n: int, m: int) -> Draw:
    return lambda rng: (rng.standard_t(2, (n, 2)), rng.standard_t(2, (m, 2)))


def poisson(n: int, m: int, rate: float) -> Draw:
    return lambda rng: (rng.poisson(rate, n), rng.poisson(rate, m))


def many_values(n: int, m: int, size: int) -> Draw:
    """A uniform distribution on so many values: sparse counts."""
    return lambda rng: (rng.integers(0, size, n), rng.integers(0, size, m))


DENSITIES = {
    "N(0, 1), d = 1": gaussians(100, 80, 1),
    "N(0, I), d = 2": gaussians(100, 100, 2),
    "N(0, I), d = 10": gaussians(60, 100, 10),
    "t with 2 degrees, d = 2": heavy_tails(100, 80),
}
IN_THE_PLANE = {name: distribution for name, distribution in DENSITIES.items() if "10" not in name}
COUNTS = {
    "Poisson(3)": poisson(100, 80, 3),
    "uniform on 5 values": many_values(300, 300, 5),
    "uniform on 40 values": many_values(60, 60, 40),
}

DISTANCES: dict[str, Quantity] = {
    "energy distance²": otgan.energy_distance_squared,
    "MMD²": otgan.mmd_squared,
    "Sinkhorn, p = 1": otgan.sinkhorn_divergence,
    "Sinkhorn, p = 2": partial(otgan.sinkhorn_divergence, p=2),
    "sliced W1": partial(otgan.sliced_wasserstein, n_projections=60),
    "sliced W2": partial(otgan.sliced_wasserstein, p=2, n_projections=60),
    "max-sliced W1": partial(otgan.max_sliced_wasserstein, n_restarts=2),
    "Fréchet distance": otgan.frechet_distance,
    "W1 (wasserstein_interval)": otgan.wasserstein_interval,
}
BY_DENSITIES: dict[str, tuple[Quantity, dict[str, Draw]]] = {
    "KL, neighbors": (otgan.kl_from_samples, DENSITIES),
    "JS, neighbors": (otgan.js_from_samples, DENSITIES),
    "KL, kernels": (partial(otgan.kl_from_samples, method="kde"), IN_THE_PLANE),
    "JS, kernels": (partial(otgan.js_from_samples, method="kde"), IN_THE_PLANE),
    "KL, bins": (partial(otgan.kl_from_samples, method="histogram"), IN_THE_PLANE),
    "JS, bins": (partial(otgan.js_from_samples, method="histogram"), IN_THE_PLANE),
}
BY_COUNTS: dict[str, Quantity] = {
    "KL, counts, smoothing 1/2": partial(
        otgan.kl_from_samples, method=otgan.Discrete(smoothing=0.5)
    ),
    "JS, counts": partial(otgan.js_from_samples, method="discrete"),
}
BY_MODELS: dict[str, Quantity] = {
    "KL, classifier": partial(otgan.kl_from_samples, method="classifier"),
    "JS, classifier": partial(otgan.js_from_samples, method="classifier"),
    "JS, network": partial(otgan.js_from_samples, method="variational"),
}


def cells() -> Iterator[tuple[str, Quantity, str, Draw, bool]]:
    for name, function in DISTANCES.items():
        for distribution, draw in DENSITIES.items():
            yield name, function, distribution, draw, True
    for name, (function, distributions) in BY_DENSITIES.items():
        for distribution, draw in distributions.items():
            yield name, function, distribution, draw, False  # equal points are refused
    for name, function in BY_COUNTS.items():
        for distribution, draw in COUNTS.items():
            yield name, function, distribution, draw, True
    for name, function in BY_MODELS.items():
        yield name, function, "N(0, I), d = 2", DENSITIES["N(0, I), d = 2"], True


def ends(found: Any) -> tuple[float, float]:
    return (found.low, found.high) if isinstance(found, otgan.Interval) else found.interval


def holds_zero(function: Quantity, x: Sample, y: Sample) -> bool:
    low, high = ends(function(x, y, confidence_level=CONFIDENCE))
    return low <= 0 <= high


def of_itself(function: Quantity, x: list[Sample], tries: int) -> tuple[float, float]:
    held, widths = [], []
    for sample in x[:tries]:
        low, high = ends(function(sample, sample, confidence_level=CONFIDENCE))
        held.append(low <= 0 <= high)
        widths.append(high - low)
    return float(np.mean(held)), min(widths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--only", default="", help="part of the name of a quantity")
    arguments = parser.parse_args()
    repetitions, only = arguments.repetitions, arguments.only
    print(
        "| quantity | distribution of both | holds zero | itself: holds zero | least width "
        "| s a pair |\n"
        "|---|---|--:|--:|--:|--:|"
    )
    least, least_itself = 1.0, 1.0
    for at, (name, function, distribution, draw, repeats) in enumerate(cells()):
        if only not in name:
            continue
        rng = np.random.default_rng([at, 2026])
        pairs = [draw(rng) for _ in range(repetitions)]
        start = time.perf_counter()
        fraction = float(np.mean([holds_zero(function, *pair) for pair in pairs]))
        seconds = (time.perf_counter() - start) / repetitions
        error = math.sqrt(fraction * (1 - fraction) / repetitions)
        itself, width = "refused", "-"
        if repeats:
            held, narrowest = of_itself(function, [x for x, _ in pairs], repetitions)
            least_itself = min(least_itself, held)
            itself, width = f"{100 * held:.1f} %", f"{narrowest:.3g}"
        least = min(least, fraction)
        print(
            f"| {name} | {distribution} | {100 * fraction:.1f} ± {100 * error:.1f} % | {itself} "
            f"| {width} | {seconds:.3f} |",
            flush=True,
        )
    print(
        f"\n{repetitions} repetitions, intervals at {CONFIDENCE:.0%}. Least: {100 * least:.1f} %, "
        f"of a sample beside itself {100 * least_itself:.1f} % (bar: 93 %)."
    )


if __name__ == "__main__":
    main()
