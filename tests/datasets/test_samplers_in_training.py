"""Samplers in the estimator and in the trainer."""

import numpy as np
import pytest
import torch
from scipy import stats

import otgan
from otgan.errors import InvalidInputError
from otgan.gan.data import as_training_data


@pytest.mark.parametrize(
    "distribution",
    [
        lambda k: np.random.default_rng().normal([1.0, 2.0], size=(k, 2)),
        torch.distributions.Normal(torch.tensor([1.0, 2.0]), 1.0),
        stats.multivariate_normal([1.0, 2.0]),
    ],
)
def test_one_protocol_of_samplers_serves_estimator_and_trainer(distribution):
    """N((1, 2), I) against N((4, 6), I), which are 5 apart."""
    points = np.random.default_rng(0).normal([4.0, 6.0], size=(500, 2))
    r = otgan.estimate_w1(distribution, points, "exact", device="cpu")
    assert abs(r.value - 5.0) <= 5 * r.se < 0.6
    assert as_training_data(distribution).d == 2


def test_a_sampler_that_is_seeded_each_time_is_named_at_once():
    def seeded(k):
        return np.random.default_rng(0).normal(size=(k, 2))

    with pytest.raises(InvalidInputError, match="fresh points each time"):
        otgan.estimate_w1(seeded, seeded)
