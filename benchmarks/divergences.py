"""KL from samples: accuracy, coverage, speed, and the ordinary input that others answer wrongly.

    python benchmarks/divergences.py                      # all of it, about an hour on two cores
    python benchmarks/divergences.py coverage --repetitions 500
    python benchmarks/divergences.py accuracy speed defects

The intervals of W1 and the permutation tests have scripts of their own, intervals.py and
two_sample.py.
"""

from __future__ import annotations

import argparse
import datetime
import math
import platform
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from tqdm import tqdm

import otgan
from otgan.divergences.closed_forms import Exponential, Gaussian, Uniform, kl
from otgan.divergences.closed_forms.distributions import ParametricDistribution
from otgan.divergences.nearest_neighbors import NearestNeighbors
from otgan.errors import DuplicateSamplesError
from otgan.measures import FloatArray

SEED = 0


class Problem(NamedTuple):
    """Two distributions, and what Wang, Kulkarni and Verdú or the package kldest call them."""

    name: str
    P: ParametricDistribution
    Q: ParametricDistribution

    @property
    def truth(self) -> float:
        """KL(P‖Q) in nats."""
        return float(kl(self.P, self.Q))

    def samples(self, n: int, m: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Points of P, shape (n, d), and of Q, shape (m, d)."""
        rng = np.random.default_rng([SEED, n, m, seed])
        return self.P.sample(n, rng), self.Q.sample(m, rng)


def equicorrelated(d: int, correlation: float) -> FloatArray:
    return (1 - correlation) * np.eye(d) + correlation


LINE = [
    Problem("exponentials", Exponential(1), Exponential(1 / 12)),
    Problem("Gaussians", Gaussian(0, 1), Gaussian(1, 4)),
    Problem("uniforms", Uniform(1, 2), Uniform(0, 4)),
    Problem("uniform, Gaussian", Uniform(0, 1), Gaussian(0, 1)),
]
FAR = Problem("N(0,1), N(3,1)", Gaussian(0, 1), Gaussian(3, 1))
WANG = [
    Problem(
        "Wang 2, 4-D",
        Gaussian([0.1, 0.3, 0.6, 0.9], equicorrelated(4, 0.5)),
        Gaussian(np.zeros(4), equicorrelated(4, 0.1)),
    ),
    Problem(
        "Wang 3, 10-D",
        Gaussian(np.zeros(10), equicorrelated(10, 0.9)),
        Gaussian(np.zeros(10), equicorrelated(10, 0.1)),
    ),
    Problem(
        "Wang 5, 10-D",
        Gaussian(np.zeros(10), equicorrelated(10, 0.999)),
        Gaussian(np.ones(10), equicorrelated(10, 0.999)),
    ),
]
STANDARD = Gaussian(np.zeros(10), np.eye(10))
EQUAL = Problem("equal, 10-D", STANDARD, STANDARD)


def _column(k: int | str, whiten: bool) -> Callable[[FloatArray, FloatArray], float]:
    method = NearestNeighbors(k, start="none", whiten=whiten)  # type: ignore[arg-type]
    return method.kl_value


RIVALS = {
    "k=1": _column(1, whiten=False),
    "k=5": _column(5, whiten=False),
    "matched": _column("matched", whiten=False),
    "white k=1": _column(1, whiten=True),
    "white k=5": _column(5, whiten=True),
    "white matched": _column("matched", whiten=True),
    "Gaussian": lambda x, y: _plug_in_gaussian(x, y),
}


def _plug_in_gaussian(x: FloatArray, y: FloatArray) -> float:
    fitted = [Gaussian(z.mean(axis=0), np.cov(z, rowvar=False)) for z in (x, y)]
    if x.shape[1] == 1:
        fitted = [Gaussian(float(z.mean()), float(z.var(ddof=1))) for z in (x, y)]
    return float(kl(*fitted))


def _least_rmse(problem: Problem, n: int, m: int) -> float | None:
    """The Cramér-Rao bound: what no estimate without bias beats, even if told "Gaussian".

    For means μ, ν and covariances P, Q, the derivatives of KL by them are b = Q⁻¹ (μ - ν), -b,
    ½ (Q⁻¹ - P⁻¹) and ½ (Q⁻¹ - Q⁻¹ P Q⁻¹ - b bᵀ), and estimates of a covariance P from n points
    move ⟨A, P⟩ by √(2 tr (A P)² / n) at least.
    """
    if not isinstance(problem.P, Gaussian) or not isinstance(problem.Q, Gaussian):
        return None
    P, Q = np.atleast_2d(problem.P.covariance), np.atleast_2d(problem.Q.covariance)
    b = np.linalg.solve(Q, np.atleast_1d(problem.P.mean) - np.atleast_1d(problem.Q.mean))
    precision = np.linalg.inv(Q)
    by_P = 0.5 * (precision - np.linalg.inv(P)) @ P
    by_Q = 0.5 * (precision - precision @ P @ precision - np.outer(b, b)) @ Q
    of_x = b @ P @ b + 2 * np.trace(by_P @ by_P)
    of_y = b @ Q @ b + 2 * np.trace(by_Q @ by_Q)
    return math.sqrt(of_x / n + of_y / m)


def accuracy(repetitions: int) -> Iterator[str]:
    """RMSE of the default settings beside every fixed setting, on the same samples."""
    yield "## Accuracy: RMSE of KL, bias in brackets, all settings on the same samples"
    yield ""
    yield (
        "A setting fails where its bias exceeds 0.5 nats; the last column is the fraction of "
        "samples on which the default settings warned. `least` is the Cramér-Rao bound: no "
        "estimate without bias has a smaller RMSE, even if told that both distributions are "
        "Gaussian."
    )
    yield ""
    names = ["default", *RIVALS]
    last = "least | best neighbors | ratio | ratio to Gaussian | fails | warned"
    yield f"| problem | KL | n | runs | {' | '.join(names)} | {last} |"
    yield "|---" * (len(names) + 10) + "|"
    cases = [(p, 1000) for p in LINE] + [(FAR, 100), (FAR, 1000), (WANG[0], 1000)]
    cases += [(p, n) for p in WANG[1:] for n in (100, 1000)] + [(EQUAL, 1000)]
    for problem, n in cases:
        runs = repetitions if n >= 1000 else 4 * repetitions
        errors, warned = [], 0
        for seed in tqdm(range(runs), desc=f"{problem.name} n={n}", leave=False):
            x, y = problem.samples(n, n, seed)
            estimate = otgan.kl_from_samples(x, y)
            warned += bool(estimate.warnings)
            errors.append([estimate.value, *(rival(x, y) for rival in RIVALS.values())])
        table = np.array(errors) - problem.truth
        rmse, bias = np.sqrt((table**2).mean(axis=0)), table.mean(axis=0)
        best = 1 + int(rmse[1:-1].argmin())  # of the neighbors
        ratio, noise = _ratio_of_rmse(table[:, 0], table[:, best])
        to_gaussian, gaussian_noise = _ratio_of_rmse(table[:, 0], table[:, -1])
        cells = " | ".join(f"{r:.3f} ({b:+.2f})" for r, b in zip(rmse, bias, strict=True))
        fails = [name for name, b in zip(names, bias, strict=True) if abs(b) > 0.5]
        least = _least_rmse(problem, n, n)
        yield (
            f"| {problem.name} | {problem.truth:.4f} | {n} | {runs} | {cells} | "
            f"{'-' if least is None else f'{least:.3f}'} | {names[best]} | "
            f"{ratio:.2f} ± {noise:.2f} | {to_gaussian:.2f} ± {gaussian_noise:.2f} | "
            f"{', '.join(fails) or '-'} | {warned / runs:.0%} |"
        )


def _ratio_of_rmse(ours: FloatArray, theirs: FloatArray) -> tuple[float, float]:
    """RMSE over RMSE on the same samples, and its standard error by the jackknife."""
    n = len(ours)
    ratio = math.sqrt((ours**2).sum() / (theirs**2).sum())
    without = np.sqrt(((ours**2).sum() - ours**2) / ((theirs**2).sum() - theirs**2))
    return ratio, math.sqrt((n - 1) * without.var())


def coverage(repetitions: int) -> Iterator[str]:
    """How often 95 % intervals of the default settings hold the truth."""
    yield f"## Coverage of 95 % intervals, {repetitions} repetitions (a fifth of them off the line)"
    yield ""
    yield "| problem | n | m | covered | bias | spread | standard error | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    cases = [(p, n, n) for p in LINE for n in (1000, 10_000)]
    cases += [(p, 1000, 3000) for p in LINE] + [(p, 1000, 1000) for p in (*WANG, EQUAL)]
    for problem, n, m in cases:
        runs = repetitions if problem.P.d == 1 else repetitions // 5
        covered, values, errors, start = 0, [], [], time.perf_counter()
        for seed in tqdm(range(runs), desc=f"{problem.name} n={n}", leave=False):
            e = otgan.kl_from_samples(*problem.samples(n, m, seed), rng=seed)
            covered += e.interval[0] <= problem.truth <= e.interval[1]
            values.append(e.value)
            errors.append(e.se)
        fraction = covered / runs
        noise = math.sqrt(fraction * (1 - fraction) / runs)
        yield (
            f"| {problem.name} | {n:,} | {m:,} | {fraction:.1%} ± {noise:.1%} | "
            f"{np.mean(values) - problem.truth:+.4f} | {np.std(values):.4f} | "
            f"{np.mean(errors):.4f} | {(time.perf_counter() - start) / runs:.2f} |"
        )


def speed(repetitions: int) -> Iterator[str]:
    """Time beside the two k-d tree queries that the estimate needs, alternating."""
    yield "## Speed: the whole call, with its error and diagnostics, over the two tree queries"
    yield ""
    yield "| n = m | d | k | two queries | call | ratio |"
    yield "|---|---|---|---|---|---|"
    for n, d in ((10_000, 3), (100_000, 3), (100_000, 2), (100_000, 5)):
        rng = np.random.default_rng(SEED)
        x, y = rng.normal(size=(n, d)), 1.5 * rng.normal(size=(n, d)) + 0.5
        k = 20
        otgan.kl_from_samples(x[:500], y[:500])  # compiled
        queries, calls = [], []
        for _ in range(max(3, repetitions)):
            start = time.perf_counter()
            cKDTree(x).query(x, k=[k + 1])
            cKDTree(y).query(x, k=[k])
            between = time.perf_counter()
            otgan.kl_from_samples(x, y)
            queries.append(between - start)
            calls.append(time.perf_counter() - between)
        ratio = np.median(np.array(calls) / queries)
        yield (
            f"| {n:,} | {d} | {k} | {np.median(queries):.2f} s | {np.median(calls):.2f} s | "
            f"{ratio:.2f} |"
        )


def defects(_: int) -> Iterator[str]:
    """Ordinary input to which other packages return a wrong number."""
    yield "## Ordinary input that other packages answer wrongly"
    yield ""
    yield "| input | others | here |"
    yield "|---|---|---|"
    rng = np.random.default_rng(SEED)
    x, y = rng.normal(size=(2000, 1)), 1 + 2 * rng.normal(size=(500, 1))
    e = otgan.kl_from_samples(x, y)
    yield f"| KL, n = 2000, m = 500, exactly .443 | -8.7 to -9.1 | {e!r} |"
    x, y = rng.normal(size=(500, 1)), 1 + 2 * rng.normal(size=(2000, 1))
    e = otgan.kl_from_samples(x, y)
    yield f"| KL, n = 500, m = 2000, exactly .443 | 3.7 to 3.9 | {e!r} |"
    a, b = rng.normal(size=(400, 2)) * [1, 10], rng.normal(size=(400, 2)) * [10, 1]
    yield f"| W1 in the plane, axes exchanged | flattened, 0.98 | {otgan.emd(a, b)!r} |"
    yield (
        "| W2 of [0, 1, 2] and [0, 2], exactly .57735 | 0.0 | "
        f"{otgan.wasserstein_1d([0, 1, 2], [0, 2], p=2):.5f} |"
    )
    x, y = np.repeat(rng.normal(size=(50, 2)), 6, axis=0), rng.normal(size=(300, 2))
    try:
        answer = repr(otgan.kl_from_samples(x, y))
    except DuplicateSamplesError as refusal:
        answer = f"{type(refusal).__name__}: {refusal}"
    yield f"| KL, each row six times | 704 | {answer} |"
    values = [
        otgan.kl_from_samples(*rng.normal(size=(2, 300, 1)), method=NearestNeighbors(k=5)).value
        for _ in range(100)
    ]
    yield (
        "| KL of equal distributions, n = 300, mean of 100 | clamped, +.047 "
        f"| {np.mean(values):+.4f} ± {np.std(values) / 10:.4f} |"
    )
    near = np.nextafter(0.5, 0)
    p = np.array([near, 1 - near])
    js = otgan.js_distance(p, p[::-1])
    yield f"| JS distance of two histograms one ulp apart | nan | {js:.1e} |"
    js = otgan.js_divergence([0, 1], [5e-324, 1])
    yield f"| JS of [0, 1] and [5e-324, 1] | inf | {js:.1e} |"


TABLES = {"accuracy": accuracy, "coverage": coverage, "speed": speed, "defects": defects}
DEFAULTS = {"accuracy": 100, "coverage": 500, "speed": 5, "defects": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], help="which (default: all)")
    parser.add_argument("--repetitions", type=int, help="instead of 100, 500 and 5")
    options = parser.parse_args()
    print(f"{platform.machine()}, {platform.system()}, otgan {otgan.__version__}, ", end="")
    print(datetime.date.today().isoformat())
    for name in options.tables or TABLES:
        print()
        for line in TABLES[name](options.repetitions or DEFAULTS[name]):
            print(line, flush=True)


if __name__ == "__main__":
    main()
