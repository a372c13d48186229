"""Entropic transport against its own optimality conditions, and where plain iterations fail."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from otgan.errors import SolverError
from otgan.transport import entropic


def clouds(seed, n, m, d=2):
    rng = np.random.default_rng(seed)
    return rng.random((n, d)), rng.random((m, d))


def bracket(C, f, g, epsilon):
    """Weak duality, for any potentials and any plan: here the scaled one, made exact."""
    n, m = C.shape
    plan = np.exp((f[:, None] + g - C) / epsilon) / (n * m)
    dual = f.mean() + g.mean() - epsilon * (plan.sum() - 1)
    plan *= np.minimum(1 / n / plan.sum(axis=1), 1)[:, None]
    plan *= np.minimum(1 / m / plan.sum(axis=0), 1)
    rows, columns = 1 / n - plan.sum(axis=1), 1 / m - plan.sum(axis=0)
    if rows.sum() > 0:
        plan += np.outer(rows, columns) / rows.sum()
    ratio = plan * n * m
    entropy = (plan * np.log(np.where(ratio > 0, ratio, 1))).sum()
    return dual, (plan * C).sum() + epsilon * entropy


@pytest.mark.parametrize("epsilon", [1.0, 0.1, 0.01, 0.003])
@pytest.mark.parametrize(("n", "m"), [(40, 40), (50, 20), (1, 7)])
def test_duality_brackets_the_value(epsilon, n, m):
    x, y = clouds(0, n, m)
    C = cdist(x, y)
    found = entropic.entropic_between(C, epsilon, 20_000)
    low, high = bracket(C, found.f, found.g, epsilon)
    assert low - 1e-12 <= found.value <= high + 1e-12
    assert high - low <= 1e-4 * epsilon + 1e-6


def test_heavy_tails_in_every_form():
    rng = np.random.default_rng(1)
    for x, y in (
        rng.standard_cauchy((2, 200, 1)),
        rng.lognormal(0, 4, (2, 200, 2)),
        rng.pareto(0.3, (2, 200, 1)),
        (rng.standard_cauchy((150, 3)), rng.normal(size=(90, 3))),
    ):
        C = cdist(x, y)
        for share in (0.1, 0.01):
            found = entropic.entropic_between(C, share * C.mean(), 10_000)
            assert found.error <= entropic.MARGINAL_ERROR


def test_clusters_of_unequal_mass_are_connected():
    rng = np.random.default_rng(2)
    places = 100 * np.eye(3)
    x = np.repeat(places, 20, axis=0) + rng.normal(size=(60, 3))
    y = np.repeat(places, [10, 20, 30], axis=0) + rng.normal(size=(60, 3))
    assert entropic.entropic_between(cdist(x, y), 0.1, 10_000).error <= entropic.MARGINAL_ERROR


def test_a_sample_beside_itself_is_solved_by_equal_potentials():
    x, _ = clouds(3, 60, 1)
    C = cdist(x, x)
    both, one = (
        entropic.entropic_between(C, 0.05, 10_000),
        entropic.entropic_within(C, 0.05, 10_000),
    )
    assert_allclose(both.value, one.value, rtol=1e-5)
    assert (one.f == one.g).all()


def test_rounds_are_counted_and_kept_to():
    x, y = clouds(4, 60, 50, d=1)
    with pytest.raises(SolverError, match=r"after \d+ iterations; to fix it"):
        entropic.entropic_between(cdist(x, y), 1e-4, 40)
    found = entropic.entropic_between(cdist(x, y), 0.1, 10_000)
    assert 0 < found.iterations < 500
