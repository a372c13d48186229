"""What the last layer of a critic takes."""

import pytest
import torch
from torch import nn

from otgan.errors import InvalidInputError
from otgan.gan.networks.dcgan import dcgan_critic
from otgan.gan.networks.features import critic_features


def test_features_are_all_but_the_last_layer():
    critic, points = dcgan_critic((1, 8, 8), width=4), torch.randn(3, 1, 8, 8)
    features = critic_features(critic, points)
    assert features.shape == (3, 8 * 2 * 2)
    assert torch.equal(critic[-1](features), critic(points))


def test_features_of_ones_own():
    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Conv2d(1, 2, 3)

        def forward(self, points):
            return self.features(points).mean(dim=(1, 2, 3))

    assert critic_features(Critic(), torch.zeros(3, 1, 8, 8)).shape == (3, 2 * 6 * 6)


@pytest.mark.parametrize(
    "critic", [nn.Linear(2, 1), nn.Sequential(), nn.Sequential(nn.Linear(2, 1), nn.Tanh())]
)
def test_features_that_are_not_told_are_asked_for(critic):
    with pytest.raises(InvalidInputError, match=r"define a method features\(points\)"):
        critic_features(critic, torch.zeros(3, 2))
