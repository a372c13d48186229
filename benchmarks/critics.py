"""Critics against distributions whose W1 is known: what each constraint misses, and what it costs.

python benchmarks/critics.py auto          90 s a pair, constraint="auto": funnels, d = 2 to 128
python benchmarks/critics.py known         the same on pairs with a closed form
python benchmarks/critics.py constraints   every constraint on four pairs, 30 s each
python benchmarks/critics.py full          one constraint on 28 funnels, 60,000 steps of 1,024
python benchmarks/critics.py finite        two arrays: what critics prove of their exact distance
python benchmarks/critics.py scale         coordinates times 30 and 1/30, every constraint
python benchmarks/critics.py table         the tables and the picture of what has been measured

Every run appends rows to benchmarks/results/critics.csv, and leaves out what is there already, so
it can be stopped and continued. Options: --seconds, --steps, --constraint, --rng, --only.
"""

import argparse
import csv
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import otgan
from otgan import datasets
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.forward import scores
from otgan.critics.training.options import FitOptions
from otgan.datasets.known import KnownPair

NamedPair = tuple[str, KnownPair]
Row = dict[str, Any]
Planned = tuple[str, KnownPair, str, str, dict[str, Any]]

RESULTS = Path(__file__).parent / "results"
DIMENSIONS, FUNNELS = (2, 4, 8, 16, 32, 64, 128), (4, 16, 64, 256)
FIELDS = (
    "run", "pair", "constraint", "network", "w1", "w1_se", "value", "se", "deviation",
    "raw_deviation", "cosine", "l2", "slope_met", "slope_proved", "at_least", "at_most", "steps",
    "seconds", "converged", "used",
)  # fmt: skip
TEXT = ("run", "pair", "constraint", "network", "converged", "used")


def funnels(
    dimensions: Sequence[int] = DIMENSIONS, counts: Sequence[int] = FUNNELS, rng: int = 0
) -> Iterator[NamedPair]:
    for d in dimensions:
        for count in counts:
            yield f"funnels d={d} N={count}", datasets.funnel_pair(d, count, rng=rng)


def known_pairs() -> Iterator[NamedPair]:
    for d in (2, 8, 32, 128):
        yield f"Dirac and sphere d={d}", datasets.dirac_and_sphere(d, 1.0)
        yield f"round Gaussians d={d}", datasets.round_gaussians(d, 1.0, 1.5)
        yield f"ball under a power d={d}", datasets.ball_and_power(d, 8.0, 1.0)
        yield f"shifted Gaussian d={d}", datasets.shifted(np.full(d, 1.0 / np.sqrt(d)))
    yield "three cones d=2", datasets.cones([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]], 1.0)
    yield "absolute value d=1", datasets.absolute_value()
    yield "Gaussians on the line (0, 1), (1, 2)", datasets.gaussians_on_line(0.0, 1.0, 1.0, 2.0)
    yield "Gaussians on the line (2, 2), (0, 1.5)", datasets.gaussians_on_line(2.0, 2.0, 0.0, 1.5)
    yield "35 x 35 square d=4096", datasets.square_and_zero()


def measure(
    run: str, name: str, pair: KnownPair, constraint: str, label: str = "", **budget: Any
) -> Row:
    started = time.perf_counter()
    r = otgan.estimate_w1(pair.x, pair.y, constraint, **budget)
    seconds = time.perf_counter() - started
    cosine, l2 = against_gradient(r.critic, pair)
    percent = 100.0 / pair.w1
    return {
        "run": run, "pair": name, "constraint": constraint, "network": label,
        "w1": pair.w1, "w1_se": pair.w1_se, "value": r.value, "se": r.se,
        "deviation": (r.value - pair.w1) * percent,
        "raw_deviation": (r.raw_gap - pair.w1) * percent,
        "cosine": cosine, "l2": l2,
        "slope_met": r.lipschitz_lower, "slope_proved": r.lipschitz_upper,
        "at_least": r.population_low, "at_most": r.population_high, "steps": r.steps,
        "seconds": seconds, "converged": r.converged, "used": r.constraint,
    }  # fmt: skip


def against_gradient(
    critic: torch.nn.Module, pair: KnownPair, count: int = 4096
) -> tuple[float, float]:
    """Mean cosine and squared distance of the critic's gradient and the optimal one, at x."""
    points = pair.x.sample(count, np.random.default_rng(1))
    truth = pair.gradient(points)
    dtype = next(iter([*critic.parameters(), *critic.buffers()])).dtype
    tensor = torch.as_tensor(points, dtype=dtype).requires_grad_()
    (gradient,) = torch.autograd.grad(scores(critic, tensor).sum(), tensor)
    found = gradient.double().numpy()
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(truth, axis=1)
    along = (found * truth).sum(axis=1)
    cosine = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
    return float(cosine.mean()), float(np.square(found - truth).sum(axis=1).mean())


# ---------------------------------------------------------------- runs


def auto(options: argparse.Namespace) -> Iterator[Planned]:
    for name, pair in funnels((2, 8, 32, 128), (4, 64), options.rng):
        yield name, pair, options.constraint or "auto", "", {"seconds": options.seconds or 90.0}


def known(options: argparse.Namespace) -> Iterator[Planned]:
    for name, pair in known_pairs():
        yield name, pair, options.constraint or "auto", "", {"seconds": options.seconds or 90.0}


def constraints(options: argparse.Namespace) -> Iterator[Planned]:
    names = [options.constraint] if options.constraint else [*CONSTRAINTS, "exact"]
    pairs = [*funnels((2, 8, 32), (4,), options.rng), *funnels((8,), (64,), options.rng)]
    for name, pair in pairs:
        for constraint in names:
            yield name, pair, constraint, "", {"seconds": options.seconds or 30.0}


def full(options: argparse.Namespace) -> Iterator[Planned]:
    constraint = options.constraint or "lp"
    quick = FitOptions(batch_size=1024, precision="bfloat16")
    for count in FUNNELS:
        for name, pair in funnels(counts=(count,), rng=options.rng):
            budget: dict[str, Any] = {"steps": options.steps or 60_000, "options": quick}
            if options.published:
                budget["network"] = published(constraint)
            yield name, pair, constraint, "2 x 128" if options.published else "", budget


def published(constraint: str) -> Callable[[int], torch.nn.Module]:
    return lambda d: CONSTRAINTS[constraint].build(d, 128, 2)


RUNS = {"auto": auto, "known": known, "constraints": constraints, "full": full}


def run(options: argparse.Namespace) -> None:
    file = RESULTS / "critics.csv"
    done = {(r["run"], r["pair"], r["constraint"], r["network"]) for r in read(file)}
    tag = options.run
    for flag in ("seconds", "steps", "rng"):
        if getattr(options, flag):
            tag += f" {flag}={getattr(options, flag):g}"
    for name, pair, constraint, network, budget in RUNS[options.run](options):
        if (options.only or "") not in name or (tag, name, constraint, network) in done:
            continue
        row = measure(tag, name, pair, constraint, network, **budget)
        append(file, row)
        print(
            f"{name:<34} {constraint:<11} W1 {row['w1']:.4f}  value {row['value']:.4f} "
            f"({row['deviation']:+.1f} % ± {100 * row['se'] / row['w1']:.1f}, raw "
            f"{row['raw_deviation']:+.1f} %)  cosine {row['cosine']:.3f}  by {row['used']}, "
            f"{row['steps']:,} steps, {row['seconds']:.0f} s",
            flush=True,
        )
    table([r for r in read(file) if r["run"] == tag])


def read(file: Path) -> list[Row]:
    if not file.exists():
        return []
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def append(file: Path, row: Row) -> None:
    new = not file.exists()
    with file.open("a", newline="") as opened:
        writer = csv.DictWriter(opened, FIELDS)
        if new:
            writer.writeheader()
        short = {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()}
        writer.writerow(short)


def lines(rows: list[Row]) -> None:
    """Every pair, for people."""
    print(
        "| pair | constraint | steps | W1 | value | dev % | raw dev % | at least | at most "
        "| cosine | L2 |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for r in rows:
        number = {k: float(r[k]) for k in r if k not in TEXT}
        used = "" if r["used"] == r["constraint"] else f" ({r['used']})"
        used += f" {r['network']}" if r["network"] else ""
        print(
            f"| {r['pair']} | {r['constraint']}{used} | {r['steps']} | {number['w1']:.4f} | "
            f"{number['value']:.4f} ± {number['se']:.2g} | {number['deviation']:+.2f} | "
            f"{number['raw_deviation']:+.1f} | {number['at_least']:.4f} | "
            f"{number['at_most']:.4f} | {number['cosine']:.3f} | {number['l2']:.3f} |"
        )


def draw(rows: list[Row], path: Path) -> None:
    """Deviations of all pairs, one row each; a mark for each constraint."""
    from otgan.plot import BLUE, GRAY, GREEN, ORANGE, RED, VIOLET, panels, save

    colors = {
        "exact": BLUE, "lp": VIOLET, "gp": ORANGE, "orthogonal": GREEN, "cones": GRAY, "clip": RED
    }  # fmt: skip
    pairs = list(dict.fromkeys(r["pair"] for r in rows))
    names = list(dict.fromkeys(r["used"] for r in rows))
    height = 0.6 + 0.2 * max(len(pairs), 1 + len(names))
    with panels(1, 1, width=10.0, height=height) as (figure, (axes,)):
        for name in names:
            own = [r for r in rows if r["used"] == name]
            axes.errorbar(
                [float(r["deviation"]) for r in own],
                [pairs.index(r["pair"]) for r in own],
                xerr=[100 * float(r["se"]) / float(r["w1"]) for r in own],
                fmt="o", ms=5, lw=1, color=colors.get(name), label=name,
                mfc=None if name in colors else "white",
            )  # fmt: skip
        axes.axvspan(-2, 2, color=GRAY, alpha=0.15, lw=0)
        axes.set_xscale("symlog", linthresh=2)
        ticks = [-100, -30, -10, -5, -2, 0, 2, 5, 10, 30, 100]
        axes.set_xticks(ticks, [f"{t:+d}" if t else "0" for t in ticks])
        axes.set_yticks(range(len(pairs)), pairs, fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel("deviation from the known W1, per cent (gray: within 2)")
        figure.legend(loc="outside right upper", fontsize=8)
    print(save(figure, path))


def table(rows: list[Row]) -> None:
    """Medians over the pairs, for each run and constraint."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((kind(row), row["constraint"], row["network"]), []).append(row)
    print("\n| run | constraint | pairs | median dev % | mean | worst | within 5 % | mean cosine |")
    print("|---|---|---|---|---|---|---|---|")
    for (tag, constraint, network), group in groups.items():
        off = [abs(float(r["deviation"])) for r in group]
        cosines = [float(r["cosine"]) for r in group]
        print(
            f"| {tag} | {constraint} {network} | {len(group)} | {statistics.median(off):.1f} | "
            f"{statistics.mean(off):.1f} | {max(off):.1f} | {sum(o <= 5 for o in off)} | "
            f"{statistics.mean(cosines):.3f} |"
        )


# ---------------------------------------------------------------- two arrays


def finite(options: argparse.Namespace) -> None:
    """The certified lower bound over the exact EMD of two arrays."""
    rng = np.random.default_rng(options.rng)
    ring = datasets.ring8().sample(2048, rng), rng.normal(size=(2048, 2))
    cases = [("ring and Gaussian, n=2048", *ring)]
    for name, pair in [
        ("three cones", datasets.cones([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]], 1.0)),
        ("Dirac and sphere, d=128", datasets.dirac_and_sphere(128, 1.0)),
        ("absolute value", datasets.absolute_value()),
        ("35 x 35 square", datasets.square_and_zero()),
    ]:
        cases.append((name, pair.x.sample(512, rng), pair.y.sample(512, rng)))
    names = [options.constraint] if options.constraint else ["lp", "orthogonal", "auto"]
    print("| samples | constraint | exact | proved | fraction | by zero | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name, x, y in cases:
        for constraint in names:
            started = time.perf_counter()
            r = otgan.estimate_w1(x, y, constraint, seconds=options.seconds or 60.0)
            proved, zero = (b / r.sample_distance for b in (r.sample_lower, r.sample_lower_zero))
            print(
                f"| {name} | {constraint} | {r.sample_distance:.6f} | {r.sample_lower:.6f} | "
                f"{100 * proved:.3f} % | {100 * zero:.3f} % | "
                f"{time.perf_counter() - started:.0f} |",
                flush=True,
            )


def scale(options: argparse.Namespace) -> None:
    """Value over factor, in standard errors of the difference from the unscaled value."""
    print("| constraint | factor | value / factor | ± | unscaled | ± |\n|---|---|---|---|---|---|")
    names = [options.constraint] if options.constraint else [*CONSTRAINTS, "exact"]
    for name in names:
        steps = options.steps or 1000
        pair = datasets.round_gaussians(4, 1.0, 2.0)
        r = otgan.estimate_w1(pair.x, pair.y, name, steps=steps)
        for factor in (30.0, 1 / 30):
            large = datasets.round_gaussians(4, factor, 2.0 * factor)
            s = otgan.estimate_w1(large.x, large.y, name, steps=steps)
            print(
                f"| {name} | {factor:.4g} | {s.value / factor:.4f} | {s.se / factor:.4f} | "
                f"{r.value:.4f} | {r.se:.4f} |",
                flush=True,
            )


def report(rows: list[Row]) -> None:
    """All that was measured: medians, and lines and a picture for every kind of run."""
    table(rows)
    for name in dict.fromkeys(map(kind, rows)):
        print(f"\n### {name}\n")
        own = [r for r in rows if kind(r) == name]
        lines(own)
        draw(own, RESULTS / f"critics-{name}.png")


def kind(row: Row) -> str:
    """The run, whatever its budget; the published network has a table of its own."""
    return row["run"].split()[0] + ("-published" if row["network"] else "")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", choices=[*RUNS, "finite", "scale", "table"])
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--constraint")
    parser.add_argument("--rng", type=int, default=0, help="of the pairs")
    parser.add_argument("--only", help="pairs with this in their name")
    parser.add_argument("--published", action="store_true", help="networks of 2 x 128 units")
    options = parser.parse_args()
    print(
        f"{platform.machine()}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}", flush=True
    )
    if options.run == "table":
        report(read(RESULTS / "critics.csv"))
    elif options.run in RUNS:
        run(options)
    else:
        {"finite": finite, "scale": scale}[options.run](options)


if __name__ == "__main__":
    main()
