"""The engine against HiGHS and POT: many small problems, and larger ones at every level."""

import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import ot
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import otgan
from otgan.errors import InvalidInputError, SolverError
from otgan.transport.network_simplex import multiscale, simplex
from otgan.transport.network_simplex.fixed_point import balanced
from tests.cases import (
    EXACT_RTOL,
    check_plan_and_potentials,
    check_transport,
    dense_cost,
    grid,
    refused,
)

seeds = st.integers(0, 2**32 - 1)


# ---------------------------------------------------------------- small, against HiGHS


def small_problem(seed):
    """A cost matrix with masses: ties, zeros, negative costs, masses over orders of magnitude."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 13, 2)
    C = [
        lambda: rng.integers(0, 3, (n, m)) * 1.0,
        lambda: rng.normal(size=(n, m)) * 10.0 ** rng.integers(-6, 7),
        lambda: np.abs(rng.integers(0, 9, (n, 1)) - rng.integers(0, 9, (1, m))) * 1.0,
        lambda: rng.random((n, 1)) + rng.random((1, m)),
    ][rng.integers(4)]()
    a, b = (
        [
            lambda k: np.ones(k),
            lambda k: rng.random(k) + 1e-3,
            lambda k: rng.integers(1, 4, k) * 1.0,
            lambda k: 10.0 ** rng.uniform(-4, 0, k),
        ][rng.integers(4)](k)
        for k in (n, m)
    )
    return C, a / a.sum(), b / b.sum()


@settings(max_examples=2500)
@given(seeds)
def test_thousands_of_small_problems_against_highs(seed):
    C, a, b = small_problem(seed)
    scale = np.abs(C).max() or 1.0
    truth = scale * highs(C / scale, a, b)
    result = otgan.emd_from_cost(C, a, b)
    check_plan_and_potentials(result, C, a, b)
    # HiGHS works to 1e-7 of each constraint.
    assert_allclose(result.cost, truth, rtol=1e-6, atol=1e-6 * scale)


def highs(C, a, b):
    from scipy.optimize import linprog

    n, m = C.shape
    sums = sparse.vstack(
        [
            sparse.kron(sparse.eye_array(n), np.ones((1, m))),
            sparse.kron(np.ones((1, n)), sparse.eye_array(m)),
        ]
    )
    solved = linprog(C.ravel(), A_eq=sums.tocsr(), b_eq=np.concatenate([a, b]), method="highs")
    assert solved.status == 0, solved.message
    return solved.fun


# ---------------------------------------------------------------- every level, against POT


def larger_problem(seed, most=300):
    """Clouds and masses of the kinds that break solvers."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, most, 2)
    d = int(rng.choice([2, 2, 2, 3, 8]))
    cloud = {
        "Gaussian": lambda k: rng.normal(size=(k, d)),
        "lattice": lambda k: rng.integers(0, 6, (k, d)) * 1.0,
        "duplicates": lambda k: np.repeat(rng.normal(size=(-(-k // 5), d)), 5, axis=0)[:k],
        "clusters": lambda k: rng.integers(-1, 2, (k, d)) * 3 + 0.01 * rng.normal(size=(k, d)),
        "a line": lambda k: rng.normal(size=(k, 1)) * np.ones(d),
        "far away": lambda k: rng.normal(size=(k, d)) + 1e3,
        "tiny": lambda k: rng.normal(size=(k, d)) * 1e-9,
        "heavy tails": lambda k: rng.standard_cauchy((k, d)),
    }
    kinds = list(cloud)
    x, y = cloud[rng.choice(kinds)](n), cloud[rng.choice(kinds)](m)
    if rng.random() < 0.2:  # equal, or nearly
        y = x[rng.permutation(n)] + rng.choice([0.0, 1e-3]) * rng.normal(size=x.shape)
    weight = {
        "none": lambda k: None,
        "random": lambda k: rng.random(k) + 1e-3,
        "wide": lambda k: 10.0 ** rng.uniform(-12, 0, k),
        "some zero": lambda k: rng.integers(0, 3, k) + (np.arange(k) == 0) * 1.0,
        "whole": lambda k: rng.integers(1, 5, k) * 1.0,
    }
    a, b = (weight[rng.choice(list(weight))](len(z)) for z in (x, y))
    a, b = (w if w is None else w / w.sum() for w in (a, b))
    metric = str(rng.choice(["euclidean", "sqeuclidean", "cityblock", "chebyshev"]))
    return x, y, a, b, {"metric": metric, "p": float(rng.choice([1, 1.5, 2]))}


def check_against_pot(seed, most):
    x, y, a, b, options = larger_problem(seed, most)
    result = otgan.emd(x, y, a, b, **options)
    check_transport(result, x, y, a, b, **options)
    C = dense_cost(x, y, options["metric"], options["p"])
    scale = C.max() or 1.0
    a, b = (np.full(len(z), 1 / len(z)) if w is None else w for z, w in ((x, a), (y, b)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pot = ot.emd2(a, b, C / scale, numItermax=10**8, check_marginals=False) * scale
    # POT works to rounding of the largest cost, and drops masses near 1e-16.
    assert_allclose(result.cost, pot, rtol=EXACT_RTOL, atol=1e-13 * scale)


def check_every_level_against_pot(seed, most):
    """With constants so small that few points go through every level of the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiscale, "ALL_ARCS", 64)
        patch.setattr(multiscale, "COARSEST", 8)
        check_against_pot(seed, most)


@settings(max_examples=60)
@given(seeds)
def test_every_level_against_pot(seed):
    check_every_level_against_pot(seed, 120)


@pytest.mark.slow
@settings(max_examples=3000)
@given(seeds)
def test_a_long_fuzz_of_every_level_against_pot(seed):
    check_every_level_against_pot(seed, 400)


@pytest.mark.slow
@settings(max_examples=60)
@given(seeds)
def test_a_fuzz_at_sizes_that_have_levels_of_their_own(seed):
    check_against_pot(seed, 2500)


# ---------------------------------------------------------------- how much work, and the same


def test_work_grows_little_faster_than_the_number_of_points():
    rng = np.random.default_rng(0)
    per_point = []
    for n in (1000, 4000):
        r = otgan.emd(rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + 0.7)
        assert r.stats["pricing_passes"] <= 6 * r.stats["levels"]
        assert r.stats["arcs"] <= 60 * n
        per_point.append(r.stats["pivots"] / n)
    assert per_point[1] <= 2 * per_point[0]


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
def test_ties_everywhere_do_not_make_it_cycle(metric):
    lattice = grid(40, 40)
    r = otgan.emd(lattice, lattice + [3, 1], metric=metric)
    assert_allclose(r.cost, np.hypot(3, 1) if metric == "euclidean" else 4, rtol=EXACT_RTOL)
    assert r.stats["pivots"] <= 40 * len(lattice)


def test_two_runs_give_the_same_bits():
    x, y, a, b, options = larger_problem(11, 900)
    first, second = (otgan.emd(x, y, a, b, **options) for _ in range(2))
    assert (first.lower, first.upper) == (second.lower, second.upper)
    for one, other in zip(
        (first.f, first.g, first.plan.data, first.plan.indices),
        (second.f, second.g, second.plan.data, second.plan.indices),
        strict=True,
    ):
        assert_array_equal(one, other)


def test_a_tree_stays_a_tree():
    rng = np.random.default_rng(0)
    n, m = 60, 50
    C = rng.random((n, m))
    masses = balanced(np.full(n, 1 / n), np.full(m, 1 / m))
    tree, arcs = multiscale.start_dense(C, *masses)
    row = 0
    for _ in range(400):
        done, row, _ = simplex.pivots(tree, n, arcs, 1e-14, True, row, 1, 10**9)
        check_tree(tree, n, masses)
        if done:
            return
    raise AssertionError("not solved")


def check_tree(tree, n, masses):
    hub = len(tree.parent) - 1
    seen, v = [], hub
    for _ in range(hub + 1):
        seen.append(v)
        assert tree.back[tree.thread[v]] == v
        v = tree.thread[v]
    assert v == hub and sorted(seen) == list(range(hub + 1))
    place = np.argsort(seen)
    for v in range(hub):
        inside = seen[place[v] : place[v] + tree.size[v]]
        assert tree.last[v] == inside[-1]
        assert place[tree.parent[v]] < place[v] < place[tree.parent[v]] + tree.size[tree.parent[v]]
        step = tree.pi[v] - tree.pi[tree.parent[v]]
        assert_allclose(step if v < n else -step, tree.cost[v], rtol=0, atol=1e-12)
    assert (tree.mass >= 0).all()
    balance = np.zeros((hub + 1, 1), np.int64)
    for v in range(hub):
        flow = tree.mass[v] if v < n else -tree.mass[v]
        balance[v] += flow
        balance[tree.parent[v]] -= flow
    assert_array_equal(balance[:n], masses[0])
    assert_array_equal(-balance[n:hub], masses[1])


# ---------------------------------------------------------------- stopping


@pytest.mark.parametrize("rtol", [1e-1, 1e-2, 1e-3])
def test_a_loose_bracket_costs_less_work(rtol):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3000, 2)), rng.normal(size=(3000, 2)) + 0.7
    exact, loose = otgan.emd(x, y), otgan.emd(x, y, rtol=rtol)
    assert loose.lower <= exact.cost <= loose.upper
    assert loose.gap <= rtol * loose.upper
    assert loose.stats["pivots"] < exact.stats["pivots"]


@pytest.mark.parametrize("limit", [1, 100, 10_000])
def test_used_up_pivots_raise_with_a_bracket(limit):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2000, 2)), rng.normal(size=(2000, 2)) + 0.7
    truth = otgan.emd(x, y).cost
    with refused(f"after {limit} iterations", error=SolverError) as caught:
        otgan.emd(x, y, max_iterations=limit)
    partial = caught.value.partial
    assert partial.lower <= truth <= partial.upper
    assert_allclose(partial.plan.sum(), 1, rtol=1e-12)


def test_progress_is_told():
    rng = np.random.default_rng(0)
    told = []
    r = otgan.emd(rng.normal(size=(1500, 2)), rng.normal(size=(1400, 2)), progress=told.append)
    assert len(told) == r.stats["pricing_passes"]
    assert [step.level for step in told] == sorted(step.level for step in told)
    assert told[-1].level == told[-1].levels == r.stats["levels"]
    assert told[-1].points == 2900
    gaps = [step.gap for step in told if step.level == step.levels]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] <= 1e-12 < gaps[0]
    assert_allclose(told[-1].cost, r.cost, rtol=1e-12)


def test_progress_is_told_where_arcs_are_forbidden():
    C = np.random.default_rng(0).random((20, 30))
    C[C < 0.3] = np.inf
    told = []
    r = otgan.emd_from_cost(C, progress=told.append)
    assert [step.pivots for step in told] == [r.stats["pivots"]] and r.stats["pricing_passes"] == 1
    assert_allclose([told[0].cost, told[0].cost - told[0].gap], r.cost, rtol=1e-12)


def test_ctrl_c_is_heard():
    code = """
import numpy as np, otgan
rng = np.random.default_rng(0)
otgan.emd(rng.normal(size=(1500, 2)), rng.normal(size=(1500, 2)))
print("compiled", flush=True)
otgan.emd(rng.normal(size=(60000, 2)), rng.normal(size=(60000, 2)) + 1)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "compiled\n"
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors


def test_it_works_where_no_cache_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    code = "import otgan; print(otgan.emd([[0, 0], [1, 0]], [[0, 1], [1, 1], [2, 1]]).cost)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={
            "PATH": "",
            "NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache"),
            "HOME": "/nonexistent",
        },
    )
    assert_allclose(float(done.stdout), otgan.emd([[0, 0], [1, 0]], [[0, 1], [1, 1], [2, 1]]).cost)


# ---------------------------------------------------------------- sparse costs


def test_sparse_costs_are_those_with_the_rest_forbidden():
    rng = np.random.default_rng(0)
    C = np.where(rng.random((30, 25)) < 0.3, rng.integers(0, 5, (30, 25)), np.inf)
    C[:, 0] = C[0] = 7.0
    i, j = np.nonzero(np.isfinite(C))
    dense = otgan.emd_from_cost(C)
    stored = sparse.coo_array((C[i, j], (i, j)), shape=C.shape)
    for form in (stored, sparse.coo_matrix((C[i, j], (i, j)), shape=C.shape)):
        result = otgan.emd_from_cost(form)
        check_plan_and_potentials(result, C, cost=dense.cost)


@pytest.mark.parametrize(
    ("data", "fragments"),
    [
        (([1.0, np.nan], ([0, 1], [0, 1])), ("finite",)),
        (([1.0, 2.0], ([0, 0], [1, 1])), ("one cost for an arc", "(0, 1)")),
    ],
)
def test_bad_sparse_costs_are_refused(data, fragments):
    with refused(*fragments, error=InvalidInputError):
        otgan.emd_from_cost(sparse.coo_array(data, shape=(2, 2)))
