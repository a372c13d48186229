"""Critics that were made by hand, evaluated as if they had been trained."""

import pytest
import torch
from numpy.testing import assert_allclose

from otgan.critics.constraints.clipping import WeightClipping
from otgan.critics.constraints.norm_constrained import OrthogonalWeights
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.estimation.bracket import initial_bracket
from otgan.critics.estimation.evaluate import evaluate_critic
from otgan.critics.estimation.selection import Selection
from otgan.critics.training.loop import CriticRecord, Fit
from tests.critics.estimation.problems import OPTIONS, clouds, distributions, linear


def evaluated(critic, rule, gaps=(1.0,) * 50):
    both = distributions(*clouds())
    history = [CriticRecord(10 * k, 0.0, gap, gap, 0.0) for k, gap in enumerate(gaps)]
    fit = Fit(critic, torch.optim.SGD(critic.parameters()), torch.Generator(), 500, 1.0, history)
    selection = Selection(rule.name, rule, 0, "a test")
    return evaluate_critic(fit, selection, both, initial_bracket(both, 0), OPTIONS)


def test_the_best_linear_critic_shows_w1():
    r = evaluated(linear(0.6, 0.8), OrthogonalWeights())
    assert abs(r.value - 5.0) <= 4 * r.se and r.converged
    assert r.verdict.startswith("trained until the held-out gap settled (it changed by +0.0%")
    assert r.interval[0] < r.value < r.interval[1]
    assert r.population_low < 5.0 < r.population_high
    assert 0.95 * r.sample_distance < r.sample_lower <= r.sample_distance
    assert r.sample_sizes == (400, 360) and r.n_held_out == 190
    assert (r.constraint, r.reason, r.steps) == ("orthogonal", "a test", 500)
    assert float(r) == r.value == r.to_dict()["value"] and r.to_dict()["skill"] == r.skill


def test_twice_the_penalty_is_taken_off_and_scale_by_weights_or_slopes():
    steep = evaluated(linear(0.9, 1.2), GradientPenalty(4.0))
    unit = distributions(*clouds()).scale.spread
    assert_allclose(steep.penalty, 4.0 * 0.5**2 * unit, rtol=1e-4)
    assert_allclose(steep.value, steep.raw_gap - 2 * steep.penalty, rtol=1e-6)
    read = [evaluated(linear(0.9, 1.2), rule) for rule in (OrthogonalWeights(), WeightClipping())]
    for r in read:
        assert_allclose(r.value, steep.raw_gap / 1.5, rtol=1e-5)
        assert_allclose([r.lipschitz_lower, r.lipschitz_upper], 1.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("slopes", "gaps", "words"),
    [
        ((0.3, 0.4), (1.0,) * 50, "under-trained: the potentials of a sample already show"),
        ((-0.6, -0.8), (1.0,) * 50, "under-trained: the potentials of a sample already show"),
        ((1.2, 1.6), (1.0,) * 50, "too large: samples of the distributions are no more than"),
        ((0.6, 0.8), range(50), "under-trained: the held-out gap grew by"),
        ((0.6, 0.8), range(50, 0, -1), "over-trained: the held-out gap fell by"),
    ],
)
def test_what_is_wrong_is_said(slopes, gaps, words):
    r = evaluated(linear(*slopes), GradientPenalty(1e-6), gaps)
    assert not r.converged and r.verdict.startswith(words)
    assert repr(r).endswith(f", {words.partition(':')[0]})")
    assert r.interval[0] <= 5.0 <= r.interval[1] and r.value >= 0


def test_a_critic_that_is_zero_everywhere_has_the_width_of_float32():
    r = evaluated(linear(0.0, 0.0), WeightClipping())
    assert r.value == 0.0 < r.se < 1e-5
    assert r.sample_lower == r.sample_lower_zero and r.skill == 0.0
