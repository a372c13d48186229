"""What an audit says of critics with known faults."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import nn

import otgan
from otgan.errors import InvalidInputError
from tests.critics.short_fit import SHORT, two_gaussians


def test_what_the_zero_critic_proves_of_images_stands_beside_every_certified_share():
    """The mean distance to the nearest point of the other sample is feasible without training."""
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 120, 1, 8, 8))
    flat = x.reshape(120, -1), y.reshape(120, -1)
    distances = cdist(*flat)
    nearest = max(distances.min(axis=0).mean(), distances.min(axis=1).mean())
    exact = otgan.emd(*flat).distance
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    audit = otgan.audit_critic(critic, x, y)
    assert (
        0.9 * exact
        < nearest
        <= audit.sample_lower_zero * (1 + 1e-12)
        <= audit.sample_lower * (1 + 1e-12)
    )
    assert audit.skill < 0.1  # of what is above that, an untrained critic proves nothing
    assert "No mistake" not in audit.verdict and "zero everywhere proves" in audit.verdict
    r = otgan.estimate_w1(*flat, constraint="lp", steps=1, **SHORT)
    assert (
        nearest
        <= r.sample_lower_zero * (1 + 1e-12)
        <= r.sample_lower * (1 + 1e-12)
        <= exact * (1 + 1e-9)
    )
    assert "one that is zero everywhere" in r.report()


def trained_in_batches(between):
    """A critic of 200 points a side, by a gradient penalty that is strong enough."""
    torch.manual_seed(0)
    x, y = (torch.tensor(points).float() for points in two_gaussians(200))
    critic = nn.Sequential(nn.Linear(2, 32), *between, nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3)
    for _ in range(150):
        z = torch.lerp(x, y, torch.rand(200, 1)).requires_grad_()
        (slope,) = torch.autograd.grad(critic(z).sum(), z, create_graph=True)
        penalty = 50 * (slope.norm(dim=1) - 1).square().mean()
        optimizer.zero_grad()
        (penalty + critic(y).mean() - critic(x).mean()).backward()
        optimizer.step()
    return critic


def test_batch_norm_is_the_one_diagnosis_of_a_critic_with_batch_norm():
    critic = trained_in_batches([nn.BatchNorm1d(32)])
    audit = otgan.audit_critic(critic, *two_gaussians(200), penalty_weight=50.0)
    assert audit.diagnosis_names == ("batch norm",)


def test_an_untrained_critic_is_not_told_that_its_sign_is_flipped():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 150, 10))
    y[:, 0] += 4.0
    for seed in range(6):
        torch.manual_seed(seed)
        critic = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
        assert otgan.audit_critic(critic, x, y).diagnosis_names == ("under-trained",)


def test_the_largest_slope_is_the_slope_of_the_steepest_pair():
    x, y = two_gaussians(150)
    audit = otgan.audit_critic(lambda z: -2.0 * z.norm(dim=1) - (8 * z[:, 0]).sin(), x, y)
    u, v = (torch.tensor(point)[None] for point in (audit.steepest.u, audit.steepest.v))
    values = [float(-2.0 * z.norm(dim=1) - (8 * z[:, 0]).sin()) for z in (u, v)]
    assert audit.lipschitz_lower == audit.steepest.slope
    assert audit.steepest.slope == pytest.approx(
        (values[0] - values[1]) / float((u - v).norm()), rel=1e-6
    )
    assert 9.5 < audit.steepest.slope <= 10.0  # 8 + 2 where cosine and direction are one


def test_an_audit_is_written_in_words():
    x, y = two_gaussians(60)
    text = str(otgan.audit_critic(lambda z: z[:, 0] * 0.0, x, y))
    for python in ("SteepestPair", "array(", "nan", "inf", "('n'", "{", "e-1"):
        assert python not in text
    with pytest.raises(InvalidInputError, match=r"points of shape \(n, 2\)"):
        otgan.audit_critic(nn.Linear(3, 1), x, y)
