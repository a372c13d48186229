"""Processor seconds of first calls: with no machine code on disk, and with that of another process.

python benchmarks/first_call.py [repeats] > benchmarks/results/first_call.md

Every call is made in a new process, whose compiled loops are kept in a folder that was empty. The
clock of the processor runs from the end of the imports to the end of the call, and counts all
threads; modules that the call loads itself are counted, too.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

DATA = """
import numpy as np
rng = np.random.default_rng(0)
x, y, z = rng.normal(size=(3, {n}, 2))
x1, y1 = x[:, 0], y[:, 0]
a, b = rng.random((2, {n}))
C = rng.random(({n}, {n}))
clouds = list(rng.normal(size=({n}, 40, 2)))
p, q = a / a.sum(), b / b.sum()
ring = sparse.coo_array((a, (np.arange({n}), (np.arange({n}) + 1) % {n})), shape=({n}, {n})).tocsr()
f, g = x1 - x1.max(), -y1 - 10
"""

CALLS = """
emd(x, y)
emd(x, y, a, b, normalize=True)
emd(x, y, unmatched=0.5)
emd_from_cost(C)
emd_from_cost(np.where(C < 0.9, C, np.inf))
emd_graph(ring + ring.T, p, q)
emd_grid(C[:20], C[-20:], normalize=True)
emd_linprog(C[:40, :40])
wasserstein(x, y)
wasserstein(x1, y1, p=2)
wasserstein(rng.normal(size=(500, 20, 2)), rng.normal(size=(500, 20, 2)))
wasserstein_1d(x1, y1, a, b, normalize=True)
transport_cost(C)
pairwise_wasserstein(clouds)
sliced_wasserstein(x, y)
max_sliced_wasserstein(x, y)
sinkhorn_divergence(x, y, reg=0.1)
persistence_distance(np.sort(x), np.sort(y))
certify(C, np.diag(np.full(len(C), 1 / len(C))), f, g)
c_transform(C, f)
dual_violation(C, f, g)
compare(x, y)
debiased_wasserstein(x, y)
held_out_bracket(x, y)
wasserstein_interval(x, y)
two_sample_test(x, y)
two_sample_test(x, y, statistic="wasserstein")
two_sample_test(x, y, statistic="sliced")
two_sample_test(x, y, statistic="knn")
energy_distance(x, y)
energy_distance_squared(x, y)
frechet_distance(x, y)
frechet_distance_squared(x, y)
mmd(x, y)
mmd_squared(x, y)
kl_divergence(p, q)
js_divergence(p, q)
js_distance(p, q)
chi2_divergence(p, q)
hellinger(p, q)
total_variation(p, q)
kl_from_samples(x, y)
js_from_samples(x, y)
memorization_test(x, y, z)
prdc(x, y)
"""

WITH_TORCH = """
wasserstein(torch.tensor(x, requires_grad=True), torch.tensor(y)).backward()
transport_cost(torch.tensor(C, requires_grad=True)).backward()
"""

NOT_HERE = {"audit_critic", "estimate_w1", "train_gan", "resume_gan", "load_run"}
"""Functions that train networks, which takes far longer than compiling, or read trained ones."""

LARGER = (
    "emd(x, y)",
    "emd_from_cost(np.where(C < 0.9, C, np.inf))",
    "emd_graph(ring + ring.T, p, q)",
)
"""Calls that are not interpreted with more points."""

SIZES = 50, 500
LARGE = 3000
COLUMNS = "call", "points", "cold s", "loops compiled", "warm s", "Numba loaded"


def program(call: str, n: int, modules: str) -> str:
    """What a new process runs: it prints seconds, loops compiled, and whether Numba was loaded."""
    return f"""
import sys, time
import otgan
from scipy import sparse
{modules}
{DATA.format(n=n)}
started = time.process_time()
otgan.{call}
seconds = time.process_time() - started
announced = sys.modules.get("otgan.transport.announcement")
print(seconds, announced.announcement.count if announced else 0, "numba" in sys.modules)
"""


def fresh(folder: str, *command: str) -> tuple[str, float]:
    """What a new process prints, and its processor seconds in all."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"NUMBA_CACHE_DIR": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measured(call: str, n: int, repeats: int, modules: str = "") -> str:
    """The row of one call: the least and the largest of the repeats."""
    cold: list[float] = []
    warm: list[float] = []
    compiled = numba = ""
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            for seconds in cold, warm:
                printed = fresh(folder, "-c", program(call, n, modules))[0].split()
                seconds.append(float(printed[0]))
                if seconds is cold:
                    compiled = printed[1]
                numba = "yes" if printed[2] == "True" else "no"
    return f"| `{call}` | {n:,} | {spread(cold)} | {compiled} | {spread(warm)} | {numba} |"


def spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} - {max(seconds):.2f}"


def rows(repeats: int) -> Iterator[str]:
    yield measured("emd(x, y)", LARGE, repeats)
    for call in CALLS.strip().splitlines():
        yield measured(call, SIZES[0], repeats)
    for call in LARGER:
        yield measured(call, SIZES[1], repeats)
    for call in WITH_TORCH.strip().splitlines():
        yield measured(call, SIZES[0], repeats, "import torch")


def command_line(repeats: int) -> Iterator[str]:
    """Whole processes of ``otgan emd``, the start of Python included."""
    import numpy as np

    for n in SIZES:
        clouds = np.random.default_rng(0).normal(size=(2, n, 2))
        cold: list[float] = []
        warm: list[float] = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                files = [str(Path(folder) / name) for name in ("a.csv", "b.csv")]
                for file, points in zip(files, clouds, strict=True):
                    np.savetxt(file, points, delimiter=",")
                for seconds in cold, warm:
                    seconds.append(fresh(folder, "-m", "otgan", "emd", *files)[1])
        yield f"| `otgan emd a.csv b.csv` | {n:,} | {spread(cold)} | {spread(warm)} |"


def main(repeats: int = 3) -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    print("# First calls\n")
    print(f"Python {sys.version.split()[0]}, {packages}, {os.cpu_count()} cores.")
    print(f"Command: `python benchmarks/first_call.py {repeats}`. {__doc__.split(chr(10))[0]}")
    print(f"Least and largest of {repeats}.\n")
    print(f"| {' | '.join(COLUMNS)} |\n|:--|{'--:|' * (len(COLUMNS) - 1)}")
    for row in rows(repeats):
        print(row, flush=True)
    print("\nThe whole process of a command, the start of Python and all imports included:\n")
    print("| command | points | cold s | warm s |\n|:--|--:|--:|--:|")
    for row in command_line(repeats):
        print(row, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
