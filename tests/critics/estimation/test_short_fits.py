"""Fits that are stopped at once, or refused before they start."""

import numpy as np
import pytest
from torch import nn

import otgan
from otgan.errors import InvalidInputError
from tests.critics.short_fit import SHORT, two_gaussians


@pytest.mark.parametrize("constraint", ["clip", "gp", "lp", "spectral", "div", "orthogonal"])
def test_a_critic_stopped_at_once_shows_no_negative_distance(constraint):
    """A gradient penalty around one gave -200.76 ± 1e-6 for distributions that are 5 apart."""
    r = otgan.estimate_w1(*two_gaussians(), constraint=constraint, steps=1, **SHORT)
    assert 0 <= r.value <= 5.0 and not r.converged
    assert r.interval[0] <= 5.0 <= r.interval[1]


def test_a_critic_stopped_after_twenty_steps_is_not_called_settled():
    """In many dimensions its curve moved by less than its noise, and by little beside W1."""
    x, y = np.random.default_rng(0).normal(size=(2, 30, 50))
    r = otgan.estimate_w1(x, y, constraint="lp", steps=20, **SHORT)
    assert not r.converged and r.verdict.startswith("under-trained: its training ended at step 20")
    assert r.interval[1] == r.population_high


def test_a_critic_whose_weights_are_zero_is_judged_after_training():
    class Zero(nn.Linear):
        def forward(self, points):
            return 0.0 * super().forward(points)

    r = otgan.estimate_w1(
        *two_gaussians(), constraint="lp", steps=5, network=lambda d: Zero(d, 1), **SHORT
    )
    assert r.value == 0.0 and r.verdict.startswith("under-trained")


class InBatches(nn.Module):
    """A critic that normalizes over whatever batch it is given."""

    def __init__(self, d):
        super().__init__()
        self.first, self.last = nn.Sequential(nn.Linear(d, 8), nn.ReLU()), nn.Linear(8, 1)

    def forward(self, points):
        features = self.first(points)
        return self.last(nn.functional.batch_norm(features, None, None, training=True))


def test_functional_batch_norm_is_refused_before_training():
    with pytest.raises(InvalidInputError, match="score every point by itself"):
        otgan.estimate_w1(
            *two_gaussians(), constraint="lp", steps=10**9, network=InBatches, **SHORT
        )
    assert otgan.audit_critic(InBatches(2), *two_gaussians()).diagnosis_names[0] == "batch norm"
