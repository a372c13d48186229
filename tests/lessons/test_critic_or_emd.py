"""Estimates of W1 against pairs that are known: signs of biases, and sizes of errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.datasets import funnel_pair
from otgan.lessons.critic_or_emd import explain, run
from otgan.lessons.critic_or_emd.numbers import FUNNELS
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("critic-or-emd")


def test_truth_is_what_the_optimal_potential_shows(numbers):
    rng = np.random.default_rng(0)
    for d, truth in zip(numbers.dimensions, numbers.truth, strict=True):
        pair = funnel_pair(int(d), FUNNELS)
        f_x, f_y = (
            pair.potential(distribution.sample(20_000, rng)) for distribution in (pair.x, pair.y)
        )
        error = np.sqrt((f_x.var() + f_y.var()) / 20_000)
        assert abs(f_x.mean() - f_y.mean() - truth) <= 4 * error


def assert_biases(n):
    """Samples lie too far apart and their potentials show too little, but for noise."""
    assert (n.emd >= -4 * n.emd_se).all()
    assert (n.held_out <= 4 * n.held_out_se).all()
    assert_allclose(n.midpoint, (n.emd + n.held_out) / 2)
    few, many = n.dimensions <= 2, n.dimensions >= 16
    # In the plane the bias of 125 points and more is below 4 %, beside noise.
    assert (n.emd[few] <= 4 + 4 * n.emd_se[few]).all()
    assert (n.emd[many] > 100).all()
    assert (n.midpoint[many] > 25).all()


def test_biases_have_their_signs_and_sizes(numbers):
    assert_biases(numbers)
    high = numbers.emd[1]
    assert 0 < high[0] - high[-1] < 0.3 * high[0]  # four times the points


def assert_critic(n, trained):
    """A perfect critic shows W1 and more, so that only a lack of training takes it below."""
    assert (np.abs(n.critic) <= 4 * n.critic_se + 100 * trained).all()
    assert (n.critic < n.gap).all()
    assert (n.reused_se > 5 * n.critic_se).all()
    assert (n.reused <= 4 * n.reused_se + 2).all()  # excess of this penalty in two dimensions


def test_critic_is_near_the_truth_and_wins_in_many_dimensions(numbers):
    assert_critic(numbers, trained=0.15)
    for errors in (numbers.emd[:, -1], numbers.midpoint[:, -1]):
        assert numbers.critic_nearer_than(errors)[-1] == 16


def test_text_holds_the_numbers(numbers):
    n, text = numbers, explain(numbers)
    assert "in 2 and 16 dimensions" in text
    for errors in (n.emd[:, -1], n.held_out[:, -1], n.midpoint[:, -1], n.critic, n.gap, n.reused):
        for error in errors:
            assert f"{error:+.1f}" in text
    for truth in n.truth:
        assert f"{truth:.4f}" in text


@pytest.mark.slow
def test_the_whole_lesson():
    n = run()
    assert n.dimensions.tolist() == [1, 2, 4, 8, 16, 32]
    assert_biases(n)
    assert_critic(n, trained=0.16)
    assert (np.abs(n.critic[:4]) <= 4 * n.critic_se[:4] + 8).all()
    assert n.critic_nearer_than(n.emd[:, -1])[-3:].tolist() == [8, 16, 32]
