"""A table of planted faults: each alone and in pairs gets its own diagnosis, and no other."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import otgan
from otgan.critics.networks.feedforward import mlp
from tests.critics.plain_training import orthogonal, penalty, train

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(200, 2)), RNG.normal(size=(200, 2)) + [3.0, 0.0]

BCE = nn.BCELoss()


def cross_entropy(f_u, f_v):
    return BCE(f_u, torch.ones(64)) + BCE(f_v, torch.zeros(64))


def layers(*between, end=()):
    torch.manual_seed(1)
    return nn.Sequential(
        *(nn.Linear(2, 32), *between, nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)),
        *end,
    )


def dead():
    critic = layers()
    with torch.no_grad():
        critic[0].bias.fill_(-1e3)
    return critic


NETWORKS = {
    "healthy": layers,
    "dropout in train mode": lambda: layers(nn.Dropout(0.1)),
    "batch norm": lambda: layers(nn.BatchNorm1d(32)),
    "sigmoid at the end": lambda: layers(end=[nn.Sigmoid()]),
}
"""Faults of the making of a critic."""

TRAINING: dict[str, dict[str, Any] | None] = {
    "healthy": {"rule": penalty(50.0)},
    "under-trained": None,
    "penalty weight too small": {"rule": penalty(0.3)},
    "penalty does not act": {},
    "too flat": {"clip": 0.05},
    "norm over the wrong axis": {"rule": penalty(10.0, norm=torch.Tensor.norm)},
}
"""Faults of its training."""

TOLD: dict[str, dict[str, Any]] = {
    "penalty weight too small": {"penalty_weight": 0.3},
    "penalty does not act": {"penalty_weight": 10.0},
    "norm over the wrong axis": {"batch_size": 64},
}


@cache
def critic_with(made, trained):
    critic, how = NETWORKS[made](), TRAINING[trained]
    if how is None:
        return critic
    if made == "sigmoid at the end" and trained == "healthy":
        return train(critic, X, Y, loss=cross_entropy)
    return train(critic, X, Y, **how)


def diagnosed(critic, *, flipped=False, **told):
    x, y = (Y, X) if flipped else (X, Y)
    return set(otgan.audit_critic(critic, x, y, **told).diagnosis_names)


def is_fault(name):
    return name != "healthy"


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("trained", TRAINING)
def test_faults_of_training_alone_and_with_the_sign_flipped(trained, flipped):
    found = diagnosed(critic_with("healthy", trained), flipped=flipped, **TOLD.get(trained, {}))
    # Nothing tells an untrained critic whose sign is flipped from one whose sign is not.
    sign = {"sign flipped"} if flipped and trained != "under-trained" else set()
    assert found == set(filter(is_fault, {trained})) | sign


@pytest.mark.slow
@pytest.mark.parametrize("trained", TRAINING)
def test_dropout_is_named_beside_every_fault_of_training(trained):
    found = diagnosed(critic_with("dropout in train mode", trained), **TOLD.get(trained, {}))
    assert found == {"dropout in train mode", *filter(is_fault, {trained})}


@pytest.mark.parametrize("flipped", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "trained",
    [
        "healthy",
        *(pytest.param(name, marks=pytest.mark.slow) for name in TRAINING if is_fault(name)),
    ],
)
def test_batch_norm_explains_whatever_its_training_shows(trained, flipped):
    """In training it is another function: its slopes and gap tell nothing of a weight or sign."""
    critic = critic_with("batch norm", trained)
    assert diagnosed(critic, flipped=flipped, **TOLD.get(trained, {})) == {"batch norm"}


@pytest.mark.parametrize("flipped", [False, True])
def test_a_sigmoid_explains_what_is_flat_or_saturated(flipped):
    sign = {"sign flipped"} if flipped else set()
    critic = critic_with("sigmoid at the end", "healthy")
    assert diagnosed(critic, flipped=flipped) == {"sigmoid at the end"} | sign


def test_an_untrained_sigmoid_has_two_faults():
    critic = critic_with("sigmoid at the end", "under-trained")
    assert diagnosed(critic) == {"sigmoid at the end", "under-trained"}


def test_a_sigmoid_after_batch_norm_has_two_faults():
    critic = layers(nn.BatchNorm1d(32), end=[nn.Sigmoid()])
    train(critic, X, Y, loss=cross_entropy)
    assert diagnosed(critic) == {"batch norm", "sigmoid at the end"}


def test_a_tanh_at_the_end_explains_a_failed_training():
    critic = train(layers(end=[nn.Tanh()]), X, Y, rule=penalty(50.0))
    assert diagnosed(critic) == {"tanh at the end"}


@pytest.mark.parametrize("flipped", [False, True])
def test_a_saturated_critic(flipped):
    found = diagnosed(lambda z: 1.4 * ((1.5 - z[:, 0]) * 1e4).clamp(-1, 1), flipped=flipped)
    assert found == {"saturated critic"} | ({"sign flipped"} if flipped else set())


def test_a_constant_critic_alone_and_with_batch_norm():
    assert diagnosed(dead()) == diagnosed(dead(), flipped=True) == {"constant critic"}
    critic = nn.Sequential(dead(), nn.BatchNorm1d(1))
    assert diagnosed(critic) == {"constant critic", "batch norm"}


def test_a_critic_of_points_in_other_units_is_too_steep():
    healthy = critic_with("healthy", "healthy")
    assert diagnosed(lambda z: healthy(100 * z)) == {"too steep"}


@pytest.mark.slow
@pytest.mark.parametrize("trained", ["healthy", "penalty weight too small", "too flat"])
@pytest.mark.parametrize("flipped", [False, True])
def test_numbers_that_were_misread_are_named_beside_other_faults(trained, flipped):
    critic, told = critic_with("healthy", trained), TOLD.get(trained, {})
    gap = otgan.audit_critic(critic, X, Y).gap * (-1 if flipped else 1)
    expected = {*filter(is_fault, {trained}), *(["sign flipped"] if flipped else [])}
    found = diagnosed(critic, flipped=flipped, reported=-gap, **told)
    # What is reported as minus a gap of the wrong sign may be W1.
    assert found - {"loss read as W1", "inflated gap read as W1"} == expected
    if not flipped:
        assert "loss read as W1" in found


# ---------------------------------------------------------------- untrained, in many places


def ring(n, rng):
    angles = rng.integers(8, size=n) * np.pi / 4
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.1 * rng.normal(size=(n, 2))


def different_distributions():
    rng = np.random.default_rng(0)
    yield ring(200, rng), rng.normal(size=(200, 2))
    yield rng.normal(size=(200, 20)), rng.normal(size=(200, 20)) + 3 * np.eye(20)[0]
    yield rng.random((200, 64)), 0.1 + 0.8 * rng.random((200, 64)) ** 2


@pytest.mark.parametrize("problem", range(3))
def test_untrained_critics_are_under_trained_and_nothing_else(problem):
    x, y = list(different_distributions())[problem]
    for seed in range(4):
        torch.manual_seed(seed)
        audit = otgan.audit_critic(mlp(x.shape[1], width=64, depth=2), x, y)
        assert audit.diagnosis_names == ("under-trained",)
        assert "No mistake" not in audit.verdict


@pytest.mark.parametrize("d", [1, 2, 5, 64])
def test_between_samples_of_one_distribution_nothing_is_blamed_and_nothing_is_praised(d):
    rng = np.random.default_rng(d)
    for seed in range(3):
        torch.manual_seed(seed)
        x, y = rng.normal(size=(2, 150, d))
        audit = otgan.audit_critic(mlp(d, width=64, depth=2), x, y)
        assert audit.diagnosis_names == ()
        assert "Healthy" not in audit.verdict and "As good as" not in audit.verdict
        if d > 2:  # in fewer, chance looks like skill
            assert audit.verdict.startswith("Nothing shows that it learned anything")


def test_the_zero_critic_proves_nothing_above_itself_on_images():
    """The mean distance to the nearest image, 90 % of W1 and more, is no merit of a critic."""
    rng = np.random.default_rng(0)
    x, y = rng.random((150, 1, 8, 8)), rng.random((150, 1, 8, 8))
    exact = otgan.emd(x.reshape(150, -1), y.reshape(150, -1)).distance
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    audit = otgan.audit_critic(critic, x, y)
    assert 0.9 * exact < audit.sample_lower_zero <= audit.sample_lower <= exact
    assert audit.skill < 0.2
    zero = otgan.audit_critic(lambda z: 0 * z.sum(dim=(1, 2, 3)), x, y)
    assert (
        zero.sample_lower == zero.sample_lower_zero == audit.sample_lower_zero and zero.skill == 0
    )
    assert f"zero everywhere proves {audit.sample_lower_zero / exact:.1%}" in audit.verdict


def test_an_orthogonal_critic_that_is_trained_has_skill():
    audit = otgan.audit_critic(train(orthogonal(2), X, Y), X, Y)
    assert audit.diagnosis_names == () and audit.skill > 0.95


# ---------------------------------------------------------------- slopes


@pytest.mark.parametrize("trained", ["healthy", "penalty weight too small", "penalty does not act"])
def test_the_largest_slope_is_that_of_the_steepest_pair(trained):
    audit = otgan.audit_critic(critic_with("healthy", trained), X, Y)
    pair = audit.steepest
    values = audit.function.values(np.stack([pair.u, pair.v]))
    assert audit.lipschitz_lower == pair.slope
    np.testing.assert_allclose(values[0] - values[1], pair.rise, rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(pair.u - pair.v), pair.distance, rtol=1e-9)
    met = max(audit.slopes.max(), audit.rays.slopes.max())
    assert pair.slope >= met * (1 - 2e-3)
    assert pair.slope <= audit.lipschitz_upper * (1 + 1e-3)
