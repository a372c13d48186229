"""Critics of which everything is known, on points that they were not trained on."""

import numpy as np
import torch
from numpy.testing import assert_allclose

import otgan
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.estimation.bracket import initial_bracket
from otgan.critics.estimation.held_out import (
    certified_on_sample,
    held_out_stats,
    on_original_scale,
)
from otgan.datasets import shifted
from tests.critics.estimation.problems import OPTIONS, clouds, distributions, linear


def held_out_of(arrays):
    """The held-out points of both arrays, standardized, as the estimator splits them."""
    both = distributions(*arrays)
    return both, both.held_out(10**6, torch.Generator())


def test_a_linear_critic_in_closed_form():
    both, (x, y) = held_out_of(clouds())
    critic = linear(3.0, 4.0)
    stats = held_out_stats(critic, GradientPenalty(2.0), both, OPTIONS)
    f_x, f_y = (critic(z).detach().double().numpy()[:, 0] for z in (x, y))
    assert_allclose(stats.reading.gap, f_x.mean() - f_y.mean(), rtol=1e-6)
    assert_allclose(stats.reading.penalty, 2.0 * (5.0 - 1.0) ** 2, rtol=1e-5)  # slope 5 everywhere
    assert_allclose([stats.reading.lipschitz_lower, stats.reading.lipschitz_upper], 5, rtol=1e-6)
    variance = f_x.var(ddof=1) / len(f_x) + f_y.var(ddof=1) / len(f_y)
    assert_allclose(stats.gap_se, variance**0.5, rtol=1e-6)
    assert_allclose(stats.penalty_se, 0, atol=1e-4)
    assert stats.n_points == len(x) + len(y) == 190
    # Over its Lipschitz constant the gap is a lower bound, here of 5 / spread nearly.
    assert 0 < stats.gap_low < stats.reading.gap / 5 <= 5 / both.scale.spread + 0.2


def test_slopes_below_one_cost_nothing_and_no_rule_has_no_penalty():
    both, _ = held_out_of(clouds())
    for rule in (GradientPenalty(2.0), None):
        assert held_out_stats(linear(0.3, 0.4), rule, both, OPTIONS).reading.penalty == 0.0


def test_a_constant_critic_shows_and_proves_nothing():
    both, _ = held_out_of(clouds())
    stats = held_out_stats(linear(0.0, 0.0), GradientPenalty(2.0), both, OPTIONS)
    assert stats.reading == (0.0, 0.0, 0.0, 0.0) and stats.gap_low == 0.0 == stats.gap_se


def test_samplers_give_as_many_new_points_as_asked_for():
    pair = shifted([3.0, 4.0])
    both = distributions(pair.x, pair.y)
    stats = held_out_stats(linear(0.6, 0.8), None, both, OPTIONS)
    assert stats.n_points == 2 * OPTIONS.test_points
    # x is at zero and y at (3, 4), so this critic is upside down.
    assert_allclose(stats.reading.gap * both.scale.spread, -5.0, atol=6 * stats.gap_se * 3)


def test_what_is_certified_is_at_most_the_exact_distance_on_any_scale():
    both, _ = held_out_of(clouds())
    bracket = initial_bracket(both, 0)
    bounds = [certified_on_sample(linear(s * 3.0, s * 4.0), both, bracket) for s in (0.01, 1.0)]
    for bound in bounds:
        assert 0 < bound.zero <= bound.critic <= bracket.upper_estimate
    assert_allclose(bounds[0].critic, bounds[1].critic, rtol=1e-3)
    assert bounds[1].critic > 0.95 * bracket.upper_estimate  # the best critic of the distributions


def test_on_the_original_scale_the_gap_is_in_the_units_of_the_data():
    x, y = clouds()
    both = distributions(x, y)
    critic = on_original_scale(linear(0.6, 0.8), both)
    with torch.no_grad():
        f_x, f_y = (critic(torch.tensor(z)).numpy()[:, 0] for z in (x, y))
    along = np.array([0.6, 0.8])
    assert_allclose(f_x.mean() - f_y.mean(), (x @ along).mean() - (y @ along).mean(), rtol=1e-5)
    assert f_x.mean() - f_y.mean() <= otgan.emd(x, y).distance
