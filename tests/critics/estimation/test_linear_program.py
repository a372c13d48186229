"""The linear program as an estimator: closed forms, the same problem not solved twice."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import otgan
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.estimation import linear_program
from otgan.critics.estimation.bracket import initial_bracket
from otgan.critics.estimation.selection import Selection
from otgan.critics.training.loop import Budget
from otgan.datasets import shifted
from otgan.inference import held_out, held_out_potentials
from tests.critics.estimation.problems import OPTIONS, bracket, clouds, distributions


def solved(name, x, y, *, n_points=0, steps=20):
    both = distributions(x, y)
    selection = Selection(name, CONSTRAINTS.get(name), n_points, "a test")
    first = initial_bracket(both, 0)
    return linear_program.solve(both, selection, first, Budget(steps, 60.0), OPTIONS)


def test_the_critic_is_the_optimal_potential_of_the_sample():
    x, y = clouds()
    r = solved("exact", x, y)
    exact = otgan.emd(x, y)
    assert_allclose([r.sample_distance, r.sample_lower], exact.distance, rtol=1e-9)
    with torch.no_grad():
        f_x, f_y = (r.critic(torch.tensor(z)).numpy() for z in (x, y))
    assert_allclose(f_x.mean() - f_y.mean(), exact.distance, rtol=1e-9)
    nearest = np.linalg.norm(x[:, None] - y, axis=2).min(axis=1).mean()
    assert nearest <= r.sample_lower_zero * (1 + 1e-12) <= r.sample_lower * (1 + 1e-12)
    assert r.lipschitz_lower == r.lipschitz_upper == 1.0 and r.steps == 0 and r.history == ()
    assert abs(r.value - 5.0) <= 4 * r.se and r.interval[0] <= 5.0 <= r.interval[1]


def test_point_masses_and_equal_samples():
    x, y = np.zeros((20, 2)), np.tile([3.0, 4.0], (30, 1))
    r = solved("exact", x, y)
    assert_allclose([r.value, *r.interval, r.population_low, r.population_high], 5.0, rtol=1e-12)
    same = solved("exact", x, x)
    assert same.value == same.sample_distance == 0.0 and same.se > 0


@pytest.mark.parametrize(
    ("lower", "upper", "se", "value", "error"),
    [
        (2.0, 2.0, 0.1, 2.0, 0.1 / math.sqrt(2)),  # only noise: the mean of two estimates
        (1.0, 3.0, 0.0, 2.0, 1.0 / math.sqrt(3)),  # only bias: the midpoint, anywhere between
        (-1.0, 2.0, 0.0, 1.0, 1.0 / math.sqrt(3)),  # zero shows zero
        (2.0, 2.0, 0.0, 2.0, 0.0),
    ],
)
def test_the_value_is_the_mean_of_both_estimates(lower, upper, se, value, error):
    assert_allclose(linear_program._combined(bracket(lower, upper, se)), (value, error))


def test_samplers_are_asked_for_as_many_points_as_selected():
    pair = shifted([3.0, 4.0])
    few, many = (solved("exact", pair.x, pair.y, n_points=n) for n in (0, 1500))
    assert few.sample_sizes == (1000, 1000) and many.sample_sizes == (1500, 1500)
    assert many.n_held_out > few.n_held_out
    assert abs(many.value - 5.0) <= 4 * many.se


def test_a_distilled_network_proves_a_bound_of_the_distance_beside_it():
    pair = shifted([3.0, 4.0])
    r = solved("distilled", pair.x, pair.y, n_points=1500, steps=200)
    assert r.sample_sizes == (1000, 1000)  # those that it was fitted to
    assert 0.9 * r.sample_distance < r.sample_lower <= r.sample_distance
    assert 0.9 * 5.0 <= r.value <= 5.0 + 4 * r.se and r.steps == 200
    assert r.lipschitz_lower <= r.lipschitz_upper * (1 + 1e-6)


@pytest.mark.parametrize("name", ["exact", "distilled"])
def test_no_linear_program_is_solved_twice(monkeypatch, name):
    seen: Counter[tuple[bytes, bytes]] = Counter()
    solve = linear_program.solve_measures

    def counting(mu, nu, *args, **options):
        seen[mu.points.tobytes(), nu.points.tobytes()] += 1
        return solve(mu, nu, *args, **options)

    for module in (linear_program, held_out, held_out_potentials):
        monkeypatch.setattr(module, "solve_measures", counting)
    solved(name, *clouds())
    assert len(seen) == 3 and set(seen.values()) == {1}  # the whole samples, and two folds
