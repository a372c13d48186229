"""A zero-centered penalty whose weight falls during training."""

import dataclasses

import pytest
import torch
from torch import nn

from otgan import GANConfig, ZeroCenteredPenalty
from otgan.errors import InvalidInputError
from otgan.gan.batches import Batch
from otgan.gan.game import Game
from otgan.gan.objectives import Relativistic

FALLING = ZeroCenteredPenalty(weight=8.0, final_weight=2.0)


def test_the_weight_falls_by_a_constant_factor_a_step():
    assert [FALLING.at(done).weight for done in (0.0, 0.5, 1.0)] == pytest.approx([8.0, 4.0, 2.0])
    assert FALLING.at(0.25).final_weight is None
    constant = ZeroCenteredPenalty(weight=8.0)
    assert constant.at(0.5) is constant


@pytest.mark.parametrize("done", [0.0, 0.5])
def test_the_loss_has_the_weight_of_its_step(done):
    critic = nn.Linear(2, 1)
    nn.init.constant_(critic.weight, 1.0)  # |slope|² is 2
    batch = Batch(torch.zeros(4, 2), torch.zeros(4, 1), torch.Generator(), done=done)
    game = Game(Relativistic(), FALLING)
    penalty = game.critic_loss(critic, batch, torch.ones(4, 2)).terms["penalty"]
    assert penalty.item() == pytest.approx(2.0 * FALLING.at(done).weight)


def test_gradients_by_hand_are_left_to_autograd_while_it_falls():
    critic = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    assert FALLING.fused_step(critic, None) is None
    assert FALLING.at(0.5).fused_step(critic, None) is not None


def test_settings_keep_it():
    config = GANConfig(constraint=FALLING)
    assert GANConfig.from_dict(config.to_dict()).constraint == FALLING
    assert dataclasses.asdict(FALLING)["final_weight"] == 2.0


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), "small"])
def test_final_weights_that_are_none_are_refused(weight):
    with pytest.raises(InvalidInputError, match="final_weight must be a positive number"):
        ZeroCenteredPenalty(final_weight=weight)
