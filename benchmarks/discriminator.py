"""Trained discriminators against the best one, D* = p / (p + q), where both densities are known.

python benchmarks/discriminator.py           every pair and objective, 5 seeds: some seconds a run
python benchmarks/discriminator.py table     the table of what has been measured

Every run appends a row to benchmarks/results/discriminator.csv, and leaves out what is there
already, so it can be stopped and continued.
"""

import csv
import itertools
import math
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

import otgan
from otgan.critics.networks.feedforward import mlp
from otgan.datasets.distributions import GaussianMixture, ring8
from otgan.estimates import standard_error_of_mean
from otgan.gan.objectives import LeastSquares, Minimax, Objective
from otgan.measures import FloatArray

FILE = Path(__file__).parent / "results" / "discriminator.csv"
STEPS, BATCH, LEARNING_RATE, SEEDS = 1500, 256, 2e-3, 5
TEST_POINTS, REPETITIONS = 50_000, 40


class Pair(NamedTuple):
    """Data and generator, and half the side of a grid that holds nearly all of both."""

    name: str
    p: GaussianMixture
    q: GaussianMixture
    reach: float


def gaussian(mean: float, std: float = 1.0, d: int = 1) -> GaussianMixture:
    return GaussianMixture(np.full((1, d), mean), std)


def pairs() -> list[Pair]:
    ring = ring8(radius=2.0, std=0.2)
    return [
        Pair("N(0, 1), N(0, 1)", gaussian(0.0), gaussian(0.0), 12.0),
        *(
            Pair(f"N(0, 1), N({shift}, 1)", gaussian(0.0), gaussian(float(shift)), 16.0)
            for shift in (1, 2, 4)
        ),
        Pair("N(0, 1), N(0, 2²)", gaussian(0.0), gaussian(0.0, 2.0), 24.0),
        Pair("ring, 2-D Gaussian", ring, gaussian(0.0, 1.5, d=2), 10.0),
        Pair("ring, 4 of its 8 modes", ring, GaussianMixture(ring.modes[::2], 0.2), 4.0),
    ]


OBJECTIVES: tuple[Objective, ...] = (Minimax(), LeastSquares())


def log_density(mixture: GaussianMixture, points: Tensor) -> Tensor:
    centers = torch.as_tensor(mixture.modes, dtype=points.dtype)
    squares = (points[:, None] - centers).square().sum(dim=2) / (2 * mixture.std**2)
    constant = math.log(len(centers)) + mixture.d * math.log(mixture.std * math.sqrt(2 * math.pi))
    return torch.logsumexp(-squares, dim=1) - constant


def log_ratio(pair: Pair, points: Tensor) -> Tensor:
    """Log p / q, the logit of D*."""
    return log_density(pair.p, points) - log_density(pair.q, points)


def best(objective: Objective, logit: Tensor) -> Tensor:
    """The scores of the best critic."""
    return logit if isinstance(objective, Minimax) else logit.sigmoid()


def true_divergence(pair: Pair, objective: Objective) -> float:
    """JS or the triangular discrimination, by sums over a grid."""
    side = np.linspace(-pair.reach, pair.reach, 20_001 if pair.p.d == 1 else 1001)
    grid = np.stack(np.meshgrid(*[side] * pair.p.d), axis=-1).reshape(-1, pair.p.d)
    p, q = (log_density(m, torch.as_tensor(grid)).exp().numpy() for m in (pair.p, pair.q))
    p, q = p / p.sum(), q / q.sum()
    if isinstance(objective, Minimax):
        return float(otgan.js_divergence(p, q))
    total = p + q
    return float(np.divide((p - q) ** 2, total, out=np.zeros_like(p), where=total > 0).sum())


def trained(pair: Pair, objective: Objective, seed: int) -> torch.nn.Module:
    """A critic of three hidden layers, on new points in each step."""
    torch.manual_seed(seed)
    critic, rng = mlp(pair.p.d, width=128, depth=3), np.random.default_rng([seed, 1])
    optimizer = torch.optim.Adam(critic.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        real, fake = (draw(m, BATCH, rng) for m in (pair.p, pair.q))
        scores = critic(torch.cat([real, fake])).squeeze(1)
        loss = objective.critic_loss(scores[:BATCH], scores[BATCH:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    return critic


def draw(mixture: GaussianMixture, n: int, rng: np.random.Generator) -> Tensor:
    return torch.as_tensor(mixture.sample(n, rng), dtype=torch.float32)


@torch.no_grad()
def measure(pair: Pair, objective: Objective, seed: int) -> dict[str, Any]:
    """What a critic shows on new points, its loss above that of D* there, and how far it is."""
    started = time.process_time()
    with torch.enable_grad():
        critic = trained(pair, objective, seed)
    rng = np.random.default_rng([seed, 2])
    points = torch.cat([draw(m, TEST_POINTS, rng) for m in (pair.p, pair.q)])
    scores = critic(points).squeeze(1).double()
    logit = log_ratio(pair, points.double())
    discriminator = scores.sigmoid() if isinstance(objective, Minimax) else scores
    real, fake = scores.split(TEST_POINTS)
    loss = float(objective.critic_loss(real, fake))
    return {
        "pair": pair.name,
        "objective": objective.name,
        "rng": seed,
        "truth": true_divergence(pair, objective),
        "value": objective.divergence(real, fake),
        "loss": loss,
        "excess": loss - float(objective.critic_loss(*best(objective, logit).split(TEST_POINTS))),
        "d_error": float((discriminator - logit.sigmoid()).abs().mean()),
        "steps": STEPS,
        "cpu_seconds": time.process_time() - started,
    }


def read() -> list[dict[str, str]]:
    if not FILE.exists():
        return []
    with FILE.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def append(row: dict[str, Any]) -> None:
    new = not FILE.exists()
    with FILE.open("a", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, row)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def run() -> None:
    done = {(row["pair"], row["objective"], int(row["rng"])) for row in read()}
    for seed, pair, objective in itertools.product(range(SEEDS), pairs(), OBJECTIVES):
        if (pair.name, objective.name, seed) not in done:
            row = measure(pair, objective, seed)
            append(row)
            print(*row.values(), sep="  ", flush=True)


def sampling_error(pair: Pair, objective: Objective) -> float:
    """Standard deviation of what D* shows on new points: nearly that of any critic near it."""
    shown = []
    for seed in range(REPETITIONS):
        rng = np.random.default_rng([seed, 3])
        real, fake = (log_ratio(pair, draw(m, TEST_POINTS, rng).double()) for m in (pair.p, pair.q))
        shown.append(objective.divergence(best(objective, real), best(objective, fake)))
    return statistics.stdev(shown)


def table() -> None:
    """Means over the seeds; errors of the first two are those of the points that they are of."""
    print(
        "| pair | objective | divergence | estimate less divergence | L(G, D*) | L(G, D) "
        "| L(G, D*) - L(G, D), same points | mean of \\|D - D*\\| | seeds | CPU s |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    rows = read()
    for pair, objective in itertools.product(pairs(), OBJECTIVES):
        own = [r for r in rows if (r["pair"], r["objective"]) == (pair.name, objective.name)]
        names = ("truth", "value", "loss", "excess", "d_error", "cpu_seconds")
        truth, value, loss, excess, error, seconds = (
            np.array([float(row[name]) for row in own]) for name in names
        )
        # L = 2 JS - 2 log 2 for the classical loss; for least squares, (divergence - 2) / 8.
        classical = isinstance(objective, Minimax)
        limit, factor = (math.log(2), 2.0) if classical else (2.0, 0.125)
        se = sampling_error(pair, objective) / math.sqrt(len(own))
        print(
            f"| {pair.name} | {objective.name} | {truth[0]:.5f} "
            f"| {(value - truth).mean():+.5f} ± {se:.5f} | {factor * (truth[0] - limit):.5f} "
            f"| {-loss.mean():.5f} ± {factor * se:.5f} | {over_seeds(excess)} "
            f"| {over_seeds(error)} | {len(own)} | {seconds.mean():.1f} |",
            flush=True,
        )


def over_seeds(values: FloatArray) -> str:
    return f"{values.mean():.5f} ± {standard_error_of_mean(values):.5f}"


def main() -> None:
    torch.set_num_threads(1)
    print(f"{platform.machine()}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    if sys.argv[1:] != ["table"]:
        run()
    table()


if __name__ == "__main__":
    main()
