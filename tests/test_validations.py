"""Points and weights are validated once by each public call."""

import numpy as np
import pytest

import otgan
from otgan.transport import exact
from tests.counting import validations

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 2)), RNG.normal(size=(50, 2)) + 1
ONCE = {
    "emd": lambda: otgan.emd(X, Y),
    "emd with weights": lambda: otgan.emd(X, Y, np.ones(60), np.ones(50), normalize=True),
    "wasserstein": lambda: otgan.wasserstein(X, Y, p=2),
    "wasserstein_1d": lambda: otgan.wasserstein_1d(X[:, 0], Y[:, 0]),
    "sliced_wasserstein": lambda: otgan.sliced_wasserstein(X, Y),
    "max_sliced_wasserstein": lambda: otgan.max_sliced_wasserstein(X, Y),
    "sinkhorn_divergence": lambda: otgan.sinkhorn_divergence(X, Y),
    "energy_distance": lambda: otgan.energy_distance(X, Y),
    "mmd": lambda: otgan.mmd(X, Y),
    "frechet_distance": lambda: otgan.frechet_distance(X, Y),
    "kl_from_samples": lambda: otgan.kl_from_samples(X, Y),
    "js_from_samples": lambda: otgan.js_from_samples(X, Y),
    "prdc": lambda: otgan.prdc(X, Y),
    "memorization_test": lambda: otgan.memorization_test(X, Y, Y),
    "debiased_wasserstein": lambda: otgan.debiased_wasserstein(X, X + 1),
    "wasserstein_interval": lambda: otgan.wasserstein_interval(X, Y, rng=0),
    "two_sample_test": lambda: otgan.two_sample_test(X, Y, rng=0),
}


@pytest.mark.parametrize("name", ONCE)
def test_points_are_validated_once(name):
    ONCE[name]()  # imports its modules
    entered = validations(ONCE[name])
    assert len(entered) == 1, entered


def test_each_cloud_of_many_is_validated_once():
    def call():
        otgan.pairwise_wasserstein([X, Y, X + 1])

    call()
    assert len(validations(call)) == 3


def test_a_comparison_validates_once_for_itself_and_for_each_function_that_it_calls():
    rows = []

    def call():
        rows.append(otgan.compare(X, Y, rng=0).keys())

    call()
    entered = validations(call)
    calling = set(rows[0]) - {"w1", "w2"}  # these solve the checked measures, intervals and all
    assert len(entered) == 1 + len(calling), entered


def test_a_comparison_solves_no_problem_twice(monkeypatch):
    solved = []
    real = exact._solve_measures

    def counted(mu, nu, metric, p, options):
        solved.append((mu.n, nu.n, p))
        return real(mu, nu, metric, p, options)

    monkeypatch.setattr(exact, "_solve_measures", counted)
    otgan.compare(X, Y, rng=0)
    halves = [(30, 25, 1.0)] * 2
    assert sorted(solved) == sorted([(60, 50, 1.0), (60, 50, 2.0), *halves])
