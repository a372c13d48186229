"""Forbidden arcs: few allowed, few forbidden, and a single one, beside dense costs and a big cost.

python benchmarks/forbidden.py                      writes benchmarks/results/forbidden.md
python benchmarks/forbidden.py --base PATH          and the times of another checkout, in turn

Every problem is solved in a process of its own that has its loops loaded; the least of three times.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]
PAGE = HERE / "benchmarks" / "results" / "forbidden.md"
PROBLEMS = {
    "one of 250 allowed": "4,000 x 4,000, costs 1 to 100, 64,235 arcs allowed",
    "one of 250 forbidden": "the same, 64,235 arcs forbidden",
    "one forbidden": "3,000 x 3,000, uniform costs, one arc forbidden",
    "none forbidden": "the same, none forbidden",
}


def costs(name: str) -> np.ndarray:
    if name in ("one forbidden", "none forbidden"):
        C = np.random.default_rng(0).random((3000, 3000))
        if name == "one forbidden":
            C[5, 7] = np.inf
        return C
    random = np.random.RandomState(1299821)
    C = random.randint(1, 101, (4000, 4000)).astype(float)
    few = random.rand(4000, 4000) <= 0.004
    return np.where(few if name == "one of 250 allowed" else ~few, C, np.inf)


def solve(name: str) -> None:
    import otgan

    otgan.emd_from_cost(np.where(np.eye(50, dtype=bool), np.inf, 1.0))
    otgan.emd_from_cost(np.random.default_rng(0).random((1500, 1500)))
    C, seconds = costs(name), []
    for _ in range(3):
        started = time.process_time()
        result = otgan.emd_from_cost(C)
        seconds.append(time.process_time() - started)
        if seconds[-1] > 20:
            break
    mass = len(C)
    print(json.dumps([min(seconds), result.cost * mass, result.gap * mass]))


def measured(name: str, checkout: Path) -> tuple[float, float, float]:
    """Processor seconds, cost and gap by the package in `checkout`, in units of one arc."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--solve", name]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return tuple(json.loads(found.stdout))


def page(base: Path | None) -> str:
    lines = [
        "# Forbidden arcs\n",
        "Written by `python benchmarks/forbidden.py --base PATH`: processor seconds of all",
        "threads with the certificate, the least of three; cost and gap are sums over arcs of",
        "mass one. The base is commit 92328c4.\n",
        "| problem | cost | gap | s | s of the base | base / this |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, what in PROBLEMS.items():
        seconds, cost, gap = measured(name, HERE)
        before = measured(name, base)[0] if base else float("nan")
        lines.append(
            f"| {name}: {what} | {cost:.10g} | {gap:.0e} | {seconds:.2f} | {before:.2f} "
            f"| {before / seconds:.1f} |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--base", type=Path)
    parser.add_argument("--solve", choices=list(PROBLEMS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.solve:
        solve(options.solve)
    else:
        PAGE.write_text(page(options.base))


if __name__ == "__main__":
    main()
