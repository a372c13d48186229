"""Signatures of samplers: equal distributions pass, others do not."""

import json

import numpy as np
import pytest

from otgan.critics.training.sampler_signature import same_signature, sampler_signature

N = 4096


def normal(seed, d=2):
    return np.random.default_rng(seed).normal(size=(N, d))


def test_samples_of_one_distribution_are_alike():
    known = sampler_signature(normal(0))
    assert all(same_signature(known, sampler_signature(normal(seed))) for seed in range(1, 40))


@pytest.mark.parametrize(
    "change",
    [lambda z: z + 0.5, lambda z: 3.0 * z, lambda z: np.abs(z), lambda z: z[:, :1],
     lambda z: np.where(np.arange(N)[:, None] % 5 == 0, 9.0, z)],
)  # fmt: skip
def test_another_distribution_is_not_alike(change):
    known, other = sampler_signature(normal(0)), sampler_signature(change(normal(1)))
    assert not same_signature(known, other) and not same_signature(other, known)


def test_discrete_values_and_stored_signatures_are_alike():
    dice = [np.random.default_rng(i).integers(1, 7, size=(N, 3)).astype(float) for i in (0, 1)]
    known, other = (sampler_signature(points) for points in dice)
    assert same_signature(json.loads(json.dumps(known)), other)
    assert known[0][0][0] == 1.0 and known[0][1][-1] <= 1.0
