"""From coarse to fine: every level against POT, how much work it takes, and where it stops."""

import warnings

import numpy as np
import ot
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.errors import SolverError
from otgan.transport.network_simplex import coarsening, level, multiscale
from tests.cases import EXACT_RTOL, check_transport, dense_cost, refused

seeds = st.integers(0, 2**32 - 1)


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
        patch.setattr(multiscale, "MAX_DENSE_ARCS", 64)
        patch.setattr(level, "MAX_DENSE_ARCS", 64)
        patch.setattr(coarsening, "COARSEST", 8)
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


def test_work_grows_little_faster_than_the_number_of_points():
    rng = np.random.default_rng(0)
    per_point = []
    for n in (1000, 4000):
        r = otgan.emd(rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + 0.7)
        assert r.stats["pricing_passes"] <= 6 * r.stats["levels"]
        assert r.stats["arcs"] <= 60 * n
        per_point.append(r.stats["pivots"] / n)
    assert per_point[1] <= 2 * per_point[0]


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
