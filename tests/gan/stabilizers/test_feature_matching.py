"""Feature matching: the squared distance of mean features, seen by the generator alone."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from otgan.critics.networks.feedforward import mlp
from otgan.gan.stabilizers import FeatureMatching, MinibatchDiscrimination
from tests.cases import refused

REAL = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
FAKE = torch.tensor([[0.0, 0.0], [0.0, 2.0]])
PLAIN = nn.Sequential(nn.Identity(), nn.Linear(2, 1))
"""A critic whose features are the points."""


class WithFeatures(nn.Module):
    """Features of its own: squares."""

    def features(self, points):
        return points.square()

    def forward(self, points):
        return self.features(points).sum(dim=1)


def test_loss_and_gradient_by_hand():
    fake = FAKE.clone().requires_grad_()
    loss = FeatureMatching().generator_loss(PLAIN, REAL, fake)
    assert_close(loss, torch.tensor(8.0))  # |(0, 1) - (2, 3)|²
    (gradient,) = torch.autograd.grad(loss, fake)
    assert_close(gradient, torch.full((2, 2), -2.0))  # 2 (mean - target) / n


def test_only_means_are_matched_and_not_points():
    far = REAL.mean(dim=0) + torch.tensor([[5.0, -5.0], [-5.0, 5.0]])
    assert_close(FeatureMatching().generator_loss(PLAIN, REAL, far), torch.tensor(0.0))


def test_batches_may_differ_in_size():
    loss = FeatureMatching().generator_loss(PLAIN, REAL, FAKE.repeat(3, 1))
    assert_close(loss, torch.tensor(8.0))


def test_features_are_what_the_last_layer_takes():
    critic = mlp(2, width=8, depth=2)
    hidden = critic[:-1](REAL).mean(dim=0) - critic[:-1](FAKE).mean(dim=0)
    assert_close(FeatureMatching().generator_loss(critic, REAL, FAKE), hidden.square().sum())


def test_features_of_ones_own_are_taken():
    loss = FeatureMatching().generator_loss(WithFeatures(), REAL, FAKE)
    assert_close(loss, torch.tensor(5.0**2 + 8.0**2))  # |(5, 10) - (0, 2)|²


def test_feature_maps_are_compared_pixel_by_pixel():
    first = nn.Conv2d(1, 2, 1)
    critic = nn.Sequential(first, nn.Flatten(), nn.Linear(8, 1))
    real, fake = torch.ones(3, 1, 2, 2), torch.zeros(3, 1, 2, 2)
    expected = 4 * first.weight.square().sum()
    assert_close(FeatureMatching().generator_loss(critic, real, fake), expected)


def test_features_beside_others_are_matched_too():
    critic = MinibatchDiscrimination(n_kernels=3).adapt_critic(mlp(2, width=8, depth=1))
    assert FeatureMatching().generator_loss(critic, REAL, FAKE) > 0.0


def test_a_critic_that_tells_no_features_is_refused_before_training():
    with refused("must tell its features"):
        FeatureMatching().adapt_critic(nn.Linear(2, 1))
    assert FeatureMatching().adapt_critic(PLAIN) is PLAIN


@pytest.mark.gpu
def test_on_a_gpu():
    critic = PLAIN.to("cuda")
    assert_close(FeatureMatching().generator_loss(critic, REAL.cuda(), FAKE.cuda()).item(), 8.0)
    PLAIN.to("cpu")
