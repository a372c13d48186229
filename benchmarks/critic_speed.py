"""Training steps of critics per second, each beside its alternative in the same run.

python benchmarks/critic_speed.py                   every table
python benchmarks/critic_speed.py penalized         gradients by hand beside autograd
python benchmarks/critic_speed.py orthogonal        orthogonal networks beside deel-torchlip

The last needs `pip install --no-deps deel-torchlip==1.0.5`.

All contenders of a row take turns, and each has the median of its turns. Every step draws the
points between the two batches, or, where it says so, the batches as well. Processor time counts
what all threads of a step use together: other work on the machine hardly changes it.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.kernels.maxmin import GapStep
from otgan.critics.kernels.muon import Muon
from otgan.critics.kernels.relu import PenalizedStep, penalty_around_one
from otgan.critics.kernels.threads import single_threaded
from otgan.critics.networks.feedforward import mlp

Step = Callable[[], Any]
Draw = Callable[[], tuple[Tensor, Tensor, Tensor]]
Contender = tuple[Step, Callable[[], AbstractContextManager[None]]]
Name = TypeVar("Name", bound=Hashable)

BATCH, WIDTH = 1024, 128
TURNS = 7
SECONDS = 0.6  # of a turn, about


# ---------------------------------------------------------------- steps


def batches(d: int) -> tuple[Tensor, Tensor, torch.Generator]:
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(BATCH, d, generator=rng) for _ in range(2))
    return x, y + 0.1, rng


def graph_step(
    critic: nn.Module, optimizer: torch.optim.Optimizer, draw: Draw, one_sided: bool
) -> Step:
    """The loop that everyone writes."""

    def step() -> None:
        x, y, fraction = draw()
        between = (fraction * x + (1 - fraction) * y).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        excess = gradient.norm(dim=1) - 1
        if one_sided:
            excess = excess.clamp(min=0)
        loss = critic(y).mean() - critic(x).mean() + 10 * excess.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def hand_step(
    critic: nn.Sequential, optimizer: torch.optim.Optimizer, draw: Draw, one_sided: bool
) -> Step:
    gradients = PenalizedStep(critic, penalty_around_one(10.0, one_sided=one_sided))

    def step() -> None:
        x, y, fraction = draw()
        gradients.gradients(x, y, torch.lerp(y, x, fraction))
        optimizer.step()

    return step


def fixed_batches(d: int) -> Draw:
    x, y, rng = batches(d)
    return lambda: (x, y, torch.rand(BATCH, 1, generator=rng))


def plain(d: int, one_sided: bool) -> Step:
    critic = mlp(d, width=WIDTH, depth=2)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.0, 0.9))
    return graph_step(critic, optimizer, fixed_batches(d), one_sided)


def ours(d: int, one_sided: bool, optimizer: str = "adam") -> Step:
    critic = mlp(d, width=WIDTH, depth=2)
    moves = (
        Muon(critic.parameters(), lr=2e-4, betas=(0.0, 0.9))
        if optimizer == "muon"
        else torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.0, 0.9), fused=True)
    )
    return hand_step(critic, moves, fixed_batches(d), one_sided)


def sorting_step(d: int, depth: int) -> Step:
    """A step of our orthogonal networks."""
    rule = CONSTRAINTS["orthogonal"]
    critic = rule.build(d, WIDTH, depth)
    x, y, _ = batches(d)
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9), fused=True)
    gradients = GapStep(critic)

    def step() -> None:
        gradients.gradients(x, y)
        optimizer.step()
        rule.project(critic)

    return step


def gap_step(critic: nn.Module, d: int) -> Step:
    """A step of a critic that needs no penalty."""
    x, y, _ = batches(d)
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9), fused=True)
    both = torch.cat([x, y])

    def step() -> None:
        f_x, f_y = critic(both).split(BATCH)
        optimizer.zero_grad()
        (f_y.mean() - f_x.mean()).backward()
        optimizer.step()

    return step


def torchlip_network(d: int, depth: int, sort: str, last: str) -> nn.Sequential:
    from deel import torchlip

    layers = []
    for inputs in (d, *[WIDTH] * (depth - 1)):
        layers += [torchlip.SpectralLinear(inputs, WIDTH), getattr(torchlip, sort)()]
    return nn.Sequential(*layers, getattr(torchlip, last)(WIDTH, 1))


# ---------------------------------------------------------------- clocks


@contextmanager
def on_one() -> Iterator[None]:
    """One thread, for operations and workers alike."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def turn(step: Step, steps: int, synchronize: Callable[[], None]) -> tuple[float, float]:
    """Seconds and processor seconds of one step."""
    synchronize()
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    synchronize()
    return (time.perf_counter() - started) / steps, (time.process_time() - cpu) / steps


def compare(
    contenders: dict[Name, Contender],
    synchronize: Callable[[], None] = lambda: None,
    *,
    turns: int = TURNS,
    seconds: float = SECONDS,
) -> dict[Name, tuple[float, ...]]:
    """Median (seconds, processor seconds) of a step; contenders are (step, context) by name.

    The context says which threads there are: `on_one`, `single_threaded` or `nullcontext`.
    """
    sizes: dict[Name, int] = {}
    seen: dict[Name, list[tuple[float, float]]] = {name: [] for name in contenders}
    for round_number in range(turns + 1):
        for name, (step, context) in contenders.items():
            with context():
                if not round_number:
                    turn(step, 5, synchronize)  # a captured step is replayed from its fifth call on
                    taken, _ = turn(step, 3, synchronize)
                    sizes[name] = max(3, int(seconds / taken))
                    continue
                seen[name].append(turn(step, sizes[name], synchronize))
    return {
        name: tuple(statistics.median(column) for column in zip(*measured, strict=True))
        for name, measured in seen.items()
    }


def rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f}"


# ---------------------------------------------------------------- tables


def penalized() -> None:
    threads = torch.get_num_threads()
    print(f"\nd -> {WIDTH} -> {WIDTH} -> 1, batch {BATCH}; steps per second\n")
    print(
        f"| penalty | d | autograd, 1 thread | autograd, {threads} threads | ours, 1 thread "
        f"| ours, {threads} threads | best against best | processor time, 1 thread each "
        f"| ours with Muon, {threads} threads |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for penalty in ("gp", "lp"):
        for d in (2, 64):
            seen = compare(
                {
                    "plain 1": (plain(d, penalty == "lp"), on_one),
                    "plain": (plain(d, penalty == "lp"), nullcontext),
                    "ours 1": (ours(d, penalty == "lp"), on_one),
                    "ours": (ours(d, penalty == "lp"), single_threaded),
                    "muon": (ours(d, penalty == "lp", "muon"), single_threaded),
                }
            )
            best = [min(seen[f"{name} 1"][0], seen[name][0]) for name in ("plain", "ours")]
            print(
                f"| {penalty} | {d} | "
                + " | ".join(rate(seen[k][0]) for k in ("plain 1", "plain", "ours 1", "ours"))
                + f" | **{best[0] / best[1]:.2f}x** "
                f"| {seen['plain 1'][1] / seen['ours 1'][1]:.2f}x | {rate(seen['muon'][0])} |",
                flush=True,
            )


def orthogonal() -> None:
    try:
        import deel.torchlip  # noqa: F401
    except ImportError:
        return print("\nOrthogonal networks: deel-torchlip is not installed.")
    threads = torch.get_num_threads()
    theirs = {
        "pairs sorted, Frobenius last": ("GroupSort2", "FrobeniusLinear"),
        "pairs sorted, spectral last": ("GroupSort2", "SpectralLinear"),
        "all sorted, Frobenius last": ("FullSort", "FrobeniusLinear"),
    }
    print(
        f"\nOrthogonal networks with hidden layers of {WIDTH}, batch 2 x {BATCH}; steps per second "
        f"with 1 or {threads} threads, whichever is faster\n"
    )
    print(
        f"| d | hidden | ours | torchlip, {' | '.join(theirs)} | against the best "
        "| processor time, 1 thread each |\n|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for d, depth in ((2, 2), (2, 3), (64, 2), (64, 3)):
        steps = {"ours": sorting_step(d, depth)}
        for name, kinds in theirs.items():
            steps[name] = gap_step(torchlip_network(d, depth, *kinds), d)
        contenders: dict[tuple[str, int], Contender] = {
            (name, 1): (step, on_one) for name, step in steps.items()
        }
        for name, step in steps.items():
            contenders[name, 0] = step, single_threaded if name == "ours" else nullcontext
        seen = compare(contenders)
        best = {name: min(seen[name, 1][0], seen[name, 0][0]) for name in steps}
        ratio = min(best[name] for name in theirs) / best["ours"]
        processor = min(seen[name, 1][1] for name in theirs) / seen["ours", 1][1]
        print(
            f"| {d} | {depth} | {' | '.join(rate(seconds) for seconds in best.values())} "
            f"| **{ratio:.2f}x** | {processor:.2f}x |",
            flush=True,
        )


TABLES = {"penalized": penalized, "orthogonal": orthogonal}


def main() -> None:
    print(
        f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    for name in sys.argv[1:] or TABLES:
        TABLES[name]()


if __name__ == "__main__":
    main()
