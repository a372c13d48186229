"""Time, memory and certificate of the exact engine, beside POT in the same run.

python benchmarks/exact.py                          every table but the long ones
python benchmarks/exact.py small kinds              some of them
python benchmarks/exact.py lazy million             the long ones: quarters of an hour

Every solve has a process of its own, in which everything is imported and compiled before the
clock starts; memory is the peak of that process beyond what it held after a tiny solve.
"""

import functools
import json
import resource
import subprocess
import sys
import time

import numpy as np

REPEATS_BELOW = 3000
REPEAT_FOR = 2.0  # seconds; the fastest counts


def gaussians(n, m=None, d=2, seed=0):
    rng = np.random.default_rng(seed)
    m = n if m is None else m
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 1 / np.sqrt(d)


def random_weights(n, seed):
    weights = np.random.default_rng(seed).exponential(size=n)
    return weights / weights.sum()


def ring(n, seed):
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.integers(8, size=n) / 8
    return 2 * np.column_stack([np.cos(angle), np.sin(angle)]) + 0.02 * rng.normal(size=(n, 2))


def grid25(n, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-2, 3, size=(n, 2)) + 0.05 * rng.normal(size=(n, 2))


def swiss_roll(n, seed):
    rng = np.random.default_rng(seed)
    t = 1.5 * np.pi * (1 + 2 * rng.random(n))
    return np.column_stack([t * np.cos(t), 21 * rng.random(n), t * np.sin(t)])


def lattice(n):
    side = int(np.sqrt(n))
    return np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * 1.0


def digits(n, seed):
    """Handwritten digits, blown up from 8 x 8 to 28 x 28 pixels and blurred by noise."""
    from sklearn.datasets import load_digits

    images = load_digits().images / 16.0
    rng = np.random.default_rng(seed)
    rows = np.minimum(np.arange(28) * 8 // 28, 7)
    chosen = images[rng.integers(len(images), size=n)][:, rows][:, :, rows].reshape(n, 784)
    return chosen + 0.05 * rng.normal(size=(n, 784))


def problem(kind, n):
    """x, y, a, b and the options of emd."""
    x, y = gaussians(n)
    wide = x[:, :1] * [0.6, 0.8], y[:, :1] * [0.6, 0.8]
    return {
        "Gaussians": lambda: (x, y, None, None, {}),
        "Gaussians, d=16": lambda: (*gaussians(n, d=16), None, None, {}),
        "Gaussians, d=64": lambda: (*gaussians(n, d=64), None, None, {}),
        "p=1.5": lambda: (x, y, None, None, {"p": 1.5}),
        "p=2": lambda: (x, y, None, None, {"p": 2}),
        "sqeuclidean, p=2": lambda: (x, y, None, None, {"metric": "sqeuclidean", "p": 2}),
        "cityblock": lambda: (x, y, None, None, {"metric": "cityblock"}),
        "chebyshev": lambda: (x, y, None, None, {"metric": "chebyshev"}),
        "random weights": lambda: (x, y, random_weights(n, 1), random_weights(n, 2), {}),
        "random weights, p=2": lambda: (
            x, y, random_weights(n, 1), random_weights(n, 2), {"p": 2}
        ),
        "n against n / 20": lambda: (x, y[: n // 20], None, None, {}),
        "1 against n": lambda: (x[:1], y, None, None, {}),
        "ring of 8": lambda: (ring(n, 0), ring(n, 1), None, None, {}),
        "25 clusters": lambda: (grid25(n, 0), grid25(n, 1), None, None, {}),
        "ring against grid": lambda: (ring(n, 0), grid25(n, 1), None, None, {}),
        "swiss roll": lambda: (swiss_roll(n, 0), swiss_roll(n, 1), None, None, {}),
        "lattice, shifted": lambda: (lattice(n), lattice(n) + [3.0, 1.0], None, None, {}),
        "lattice, cityblock": lambda: (
            lattice(n), lattice(n) + [3.0, 1.0], None, None, {"metric": "cityblock"}
        ),
        "lattice, random weights": lambda: (
            lattice(n), lattice(n), random_weights(len(lattice(n)), 1),
            random_weights(len(lattice(n)), 2), {},
        ),
        "equal clouds": lambda: (x, x[::-1].copy(), None, None, {}),
        "nearly equal": lambda: (x, x + 1e-3 * y, None, None, {}),
        "disjoint, far": lambda: (x, y + [100.0, 0.0], None, None, {}),
        "line in the plane": lambda: (*wide, None, None, {}),
        "digits, d=784": lambda: (digits(n, 0), digits(n, 1), None, None, {}),
    }[kind]()  # fmt: skip


KINDS = (
    "Gaussians", "p=1.5", "p=2", "sqeuclidean, p=2", "cityblock", "chebyshev", "random weights",
    "random weights, p=2", "n against n / 20", "1 against n", "ring of 8", "25 clusters",
    "ring against grid", "swiss roll", "lattice, shifted", "lattice, cityblock",
    "lattice, random weights", "equal clouds", "nearly equal", "disjoint, far",
    "line in the plane", "Gaussians, d=16", "Gaussians, d=64", "digits, d=784",
)  # fmt: skip


# ---------------------------------------------------------------- in a process of its own


def solve_ours(x, y, a, b, options):
    import otgan

    r = otgan.emd(x, y, a, b, **options)
    return {"value": r.cost, "gap": r.gap, "stats": dict(r.stats), "solver": r.solver}


def solve_pot(x, y, a, b, options):
    import ot

    metric, p = options.get("metric", "euclidean"), options.get("p", 1)
    a, b = (np.full(len(v), 1 / len(v)) if w is None else w for v, w in ((x, a), (y, b)))
    matrix = ot.dist(x, y, metric=metric)
    if p != 1:
        matrix **= p
    return {"value": float(ot.emd2(a, b, matrix, numItermax=10**9)), "gap": None}


def solve_lazy(x, y, a, b, options):
    import ot

    value = ot.emd2_lazy(x, y, a, b, metric="euclidean", numItermax=10**9)
    return {"value": float(value[0] if isinstance(value, tuple) else value), "gap": None}


def brute_pass(x, y, a, b, options):
    """Every reduced cost C_ij - f_i - g_j once, in a plain compiled loop on all cores."""
    from otgan.transport.threads import run_in_threads

    f, g = np.zeros(len(x)), np.zeros(len(y))
    least = np.empty(len(x))
    edges = np.linspace(0, len(x), 17).astype(int)
    loop = least_reduced_costs()
    run_in_threads(lambda k: loop(x, y, f, g, edges[k], edges[k + 1], least), 16)
    return {"value": float(least.min()), "gap": None}


@functools.cache
def least_reduced_costs():
    import numba

    @numba.njit(nogil=True)
    def loop(x, y, f, g, first, last, least):
        for i in range(first, last):
            least[i] = np.inf
            for j in range(len(y)):
                size = 0.0
                for c in range(x.shape[1]):
                    size += (x[i, c] - y[j, c]) ** 2
                least[i] = min(least[i], np.sqrt(size) - f[i] - g[j])

    return loop


SOLVERS = {"ours": solve_ours, "pot": solve_pot, "lazy": solve_lazy, "brute": brute_pass}


def child(solver, kind, n, extra):
    x, y, a, b, options = problem(kind, n)
    options = {**options, **extra}
    solve = SOLVERS[solver]
    solve(x[:40], y[:40], None, None, options)
    before = resident()
    if solver == "ours":  # compile what the real problem needs
        few = min(len(x), 1200), min(len(y), 1200)
        solve(x[: few[0]], y[: few[1]], None, None, {**options, "rtol": 0})
    times = []
    while not times or (n < REPEATS_BELOW and sum(times) < REPEAT_FOR):
        started = time.perf_counter()
        answer = solve(x, y, a, b, options)
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    print(json.dumps({"seconds": min(times), "megabytes": peak, **answer}))


def resident():
    """Megabytes that this process holds now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def run(solver, kind, n, **extra):
    command = [sys.executable, __file__, "child", solver, kind, str(n), json.dumps(extra)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


# ---------------------------------------------------------------- tables


def against(kind, n, peer="pot", **extra):
    ours, theirs = run("ours", kind, n, **extra), run(peer, kind, n)
    scale = abs(ours["value"]) or 1.0
    print(
        f"| {kind} | {n:,} | {ours['seconds']:.4g} | {theirs['seconds']:.4g} "
        f"| **{theirs['seconds'] / ours['seconds']:.3g}x** | {ours['megabytes']:.0f} "
        f"| {theirs['megabytes']:.0f} | {ours['gap'] / scale:.1e} "
        f"| {abs(ours['value'] - theirs['value']) / scale:.1e} | {ours['stats']['pivots']:,} "
        f"| {ours['stats']['pricing_passes']} |",
        flush=True,
    )


HEAD = (
    "\n| problem | n | ours, s | {}, s | faster | ours, MB | its, MB | gap / cost "
    "| values differ | pivots | pricing passes |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def headline():
    print(HEAD.format("ot.emd2"))
    against("Gaussians", 10_000)
    against("Gaussians, d=16", 4_000)
    against("Gaussians, d=64", 4_000)


def small():
    print(HEAD.format("ot.emd2"))
    for n in (64, 128, 256, 512, 1000, 2000):
        against("Gaussians", n)
        against("Gaussians, d=16", n)


def kinds(n=4_000):
    print(HEAD.format("ot.emd2"))
    for kind in KINDS:
        against(kind, 10_000 if kind == "n against n / 20" else n)


def growth():
    print("\n| n | seconds | in passes over all pairs | MB | gap / cost | pivots | passes |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    sizes, seconds = (5_000, 10_000, 20_000, 40_000, 80_000), []
    for n in sizes:
        r = run("ours", "Gaussians", n)
        brute = run("brute", "Gaussians", n)["seconds"]
        seconds.append(r["seconds"])
        print(
            f"| {n:,} | {r['seconds']:.3g} | {r['seconds'] / brute:.2g} | {r['megabytes']:.0f} "
            f"| {r['gap'] / r['value']:.1e} | {r['stats']['pivots']:,} "
            f"| {r['stats']['pricing_passes']} |",
            flush=True,
        )
    print(f"\nfitted exponent: {np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}")


def large():
    print("\n| n | rtol | seconds | MB | bracket | gap / cost |\n|--:|--:|--:|--:|---|--:|")
    alone(100_000, 0.0)


def million():
    print("\n| n | rtol | seconds | MB | bracket | gap / cost |\n|--:|--:|--:|--:|---|--:|")
    alone(1_000_000, 1e-3)


def alone(n, rtol):
    r = run("ours", "Gaussians", n, rtol=rtol)
    print(
        f"| {n:,} | {rtol:g} | {r['seconds']:.4g} | {r['megabytes']:.0f} "
        f"| [{r['value'] - r['gap']:.12g}, {r['value']:.12g}] | {r['gap'] / r['value']:.1e} |",
        flush=True,
    )


def lazy():
    print(HEAD.format("ot.emd2_lazy"))
    against("Gaussians", 40_000, peer="lazy")


TABLES = {
    "headline": headline, "small": small, "kinds": kinds, "growth": growth, "large": large,
    "million": million, "lazy": lazy,
}  # fmt: skip


def main():
    if sys.argv[1:2] == ["child"]:
        return child(sys.argv[2], sys.argv[3], int(sys.argv[4]), json.loads(sys.argv[5]))
    chosen = sys.argv[1:] or ["headline", "small", "kinds", "growth", "large"]
    for name in chosen:
        TABLES[name]()


if __name__ == "__main__":
    main()
