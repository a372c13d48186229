"""Time of the distance on the line, against SciPy, POT and two calls of numpy.sort.

python benchmarks/line.py [repeats]
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import ot
from scipy.stats import wasserstein_distance

import otgan
from otgan.measures import FloatArray

Weights = FloatArray | None
Call = Callable[[], Any]

RNG = np.random.default_rng(0)
SIZES = [(10, 10), (10, 7), (100, 100), (100, 70), (1000, 1000), (1000, 700), (10**4, 10**4)]
SIZES += [(10**4, 7000), (10**6, 10**6), (10**6, 7 * 10**5)]
ORDERS = (1, 1.5, 2, 3)
PEERS = ("SciPy", "emd2_1d", "wasserstein_1d")
COLUMNS = (
    "n, m",
    "weights",
    "p",
    "otgan ms",
    "SciPy ms",
    "POT emd2_1d ms",
    "POT wasserstein_1d ms",
    "fastest peer / otgan",
    "otgan / two sorts",
    "differs from peers by",
)


def contenders(
    x: FloatArray, y: FloatArray, a: Weights, b: Weights, p: float
) -> Iterator[tuple[str, Call]]:
    """What is timed, by name; SciPy knows order 1 only, POT returns the p-th power."""
    yield "otgan", lambda: otgan.wasserstein_1d(x, y, a, b, p=p)
    if p == 1:
        yield "SciPy", lambda: wasserstein_distance(x, y, a, b)
    yield "emd2_1d", lambda: ot.emd2_1d(x, y, a, b, metric="minkowski", p=p)
    yield "wasserstein_1d", lambda: ot.wasserstein_1d(x, y, a, b, p=p)
    if len(x) == len(y) and a is None:
        yield "two sorts", lambda: (np.sort(x), np.sort(y))


def fastest(calls: dict[str, Call], repeats: int) -> dict[str, float]:
    """The least milliseconds of each, all taking turns, so that all meet the same machine."""
    best = dict.fromkeys(calls, np.inf)
    for _ in range(repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - started))
    return best


def agreement(calls: dict[str, Call], p: float) -> float:
    """Largest relative difference from the peers, in the p-th power of the distance."""
    ours = float(calls["otgan"]()) ** p
    peers = [calls[name]() for name in ("SciPy", "emd2_1d") if name in calls]
    return max(abs(ours / peer - 1) for peer in peers)


def main(repeats: int) -> None:
    print(f"| {' | '.join(COLUMNS)} |\n|---|---{'|--:' * (len(COLUMNS) - 2)}|")
    for n, m in SIZES:
        x, y = RNG.normal(size=n), RNG.normal(size=m)
        random = [w / w.sum() for w in (RNG.random(n), RNG.random(m))]
        for weights, (a, b) in {"none": (None, None), "random": random}.items():
            for p in ORDERS:
                calls = dict(contenders(x, y, a, b, p))
                differ = agreement(calls, p)
                ms = fastest(calls, repeats if n >= 10**5 else 200 if n >= 10**4 else 1000)
                ours, sort = ms.pop("otgan"), ms.pop("two sorts", None)
                shown = [f"{ms[k]:.4g}" if k in ms else "" for k in PEERS]
                ratio = "" if sort is None or n < 10**5 else f"{ours / sort:.2f}"
                print(
                    f"| {n}, {m} | {weights} | {p} | {ours:.4g} | {' | '.join(shown)} "
                    f"| {min(ms.values()) / ours:.2f} | {ratio} | {differ:.0e} |",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
