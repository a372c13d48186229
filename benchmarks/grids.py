"""Time of exact W1 or W2 between images, against an earlier commit and POT.

    python benchmarks/grids.py DOTMARK.npz [--p 2] [--base WORKTREE] [--sizes 32 64 128]
        [--large 256 512] [--classes NAME ...]

DOTMARK.npz holds the pictures of DOTmark by the names ``Class_size``; the pair (0, 1) of each class
is compared, one added to every pixel. The earlier commit, checked out in WORKTREE, solves them as
clouds of pixels by ``emd``, or for ``--p 1``, in the cityblock distance, by its ``emd_grid``. Every
time is the least of three, in processor seconds, on warm loops; each solver runs in a process of
its own, one after the other. Pictures of 512² are those of 256² with every pixel cut in four.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

POT_LARGEST = 32
"""Side beyond which POT, which stores all costs, takes minutes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures")
    parser.add_argument("--p", type=int, choices=[1, 2], default=2, help="the order")
    parser.add_argument("--base", help="a worktree of the commit to compare with")
    parser.add_argument("--sizes", type=int, nargs="*", default=[32, 64, 128])
    parser.add_argument("--large", type=int, nargs="*", default=[256, 512])
    parser.add_argument("--classes", nargs="*", default=[], help="all of them by default")
    parser.add_argument("--worker", choices=["emd_grid", "emd", "pot"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        for size in options.sizes:
            print(json.dumps(times_of(options, size)), flush=True)
        return
    print("| side | emd_grid s | base s | mean ratio | least ratio | POT s |")
    print("|--:|--:|--:|--:|--:|--:|")
    for size in options.sizes:
        print(compared(options, size), flush=True)
    print("\n| side | least s | mean s | greatest s | greatest gap | peak GB |")
    print("|--:|--:|--:|--:|--:|--:|")
    for size in options.large:
        found = run("emd_grid", options, size, os.getcwd())
        seconds = [row["seconds"] for row in found]
        gap = max(row["gap"] for row in found)
        spread = f"{min(seconds):.2f} | {np.mean(seconds):.2f} | {max(seconds):.2f}"
        print(f"| {size} | {spread} | {gap:.1e} | {found[-1]['peak']:.2f} |", flush=True)


def compared(options: argparse.Namespace, size: int) -> str:
    """A row of the first table."""
    ours = run("emd_grid", options, size, os.getcwd())
    mean = np.mean([row["seconds"] for row in ours])
    base = ratio = least = pot = "-"
    if options.base:
        theirs = run("emd" if options.p == 2 else "emd_grid", options, size, options.base)
        same = zip(ours, theirs, strict=True)
        assert all(abs(u["cost"] - v["cost"]) <= 1e-9 * v["cost"] for u, v in same)
        ratios = [v["seconds"] / u["seconds"] for u, v in zip(ours, theirs, strict=True)]
        base = f"{np.mean([row['seconds'] for row in theirs]):.4f}"
        ratio, least = f"{np.mean(ratios):.1f}", f"{min(ratios):.1f}"
    if size <= POT_LARGEST:
        peers = run("pot", options, size, os.getcwd())
        pot = f"{np.mean([row['seconds'] for row in peers]):.3f}"
    return f"| {size} | {mean:.4f} | {base} | {ratio} | {least} | {pot} |"


def run(solver: str, options: argparse.Namespace, size: int, where: str) -> list[dict[str, float]]:
    """What a process with the package of that worktree measures."""
    command = [sys.executable, os.path.abspath(__file__), options.pictures, "--worker", solver]
    environment = os.environ | {"PYTHONPATH": where}
    found = subprocess.run(
        [*command, "--p", str(options.p), "--sizes", str(size), "--classes", *options.classes],
        env=environment, cwd=where, check=True, capture_output=True, text=True,
    )  # fmt: skip
    rows: list[dict[str, float]] = json.loads(found.stdout)
    return rows


def times_of(options: argparse.Namespace, size: int) -> list[dict[str, float]]:
    """The least time, the cost and the gap of every class."""
    stored = np.load(options.pictures)
    classes = options.classes or sorted({name.rsplit("_", 1)[0] for name in stored})
    solve = SOLVERS[options.worker]
    for first in (32,) if options.worker == "pot" else (32, 64):  # compiles
        a, b = pair_of(stored, classes[0], first)
        solve(a, b, options.p)
    rows = []
    for name in classes:
        a, b = pair_of(stored, name, size)
        seconds = []
        for _ in range(3 if size <= 128 else 1):
            started = time.process_time()
            cost, gap = solve(a, b, options.p)
            seconds.append(time.process_time() - started)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        rows.append({"seconds": min(seconds), "cost": cost, "gap": gap, "peak": peak})
    return rows


def pair_of(stored: Any, name: str, size: int) -> Any:
    """The first two pictures of a class, as masses."""
    pair = stored[f"{name}_{min(size, 256)}"][:2].astype(float) + 1
    pair = np.kron(pair, np.ones((size // pair.shape[1],) * 2))
    return pair / pair.sum(axis=(1, 2), keepdims=True)


def by_grid(a: Any, b: Any, p: int) -> tuple[float, float]:
    import otgan

    result = otgan.emd_grid(a, b, p=p)
    return result.cost, result.gap / result.cost


def by_clouds(a: Any, b: Any, p: int) -> tuple[float, float]:
    import otgan

    cells = np.argwhere(np.ones(a.shape))
    result = otgan.emd(cells, cells, a.ravel(), b.ravel(), p=p)
    return result.cost, result.gap / result.cost


def by_pot(a: Any, b: Any, p: int) -> tuple[float, float]:
    import ot

    cells = np.argwhere(np.ones(a.shape)).astype(float)
    costs = ot.dist(cells, cells, metric="sqeuclidean" if p == 2 else "cityblock")
    return float(ot.emd2(a.ravel(), b.ravel(), costs)), 0.0


SOLVERS: dict[str, Callable[[Any, Any, int], tuple[float, float]]] = {
    "emd_grid": by_grid,
    "emd": by_clouds,
    "pot": by_pot,
}


if __name__ == "__main__":
    main()
