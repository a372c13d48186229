"""A zero-centered penalty whose weight falls during training."""

import dataclasses

import pytest
import torch

from otgan import GANConfig, ZeroCenteredPenalty
from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError
from otgan.gan.batches import Batch
from otgan.gan.game import Game
from otgan.gan.gradients import Gradients
from otgan.gan.objectives import Relativistic

FALLING = ZeroCenteredPenalty(weight=8.0, final_weight=2.0)


def test_the_weight_falls_by_a_constant_factor_a_step():
    assert [FALLING.at(done).weight for done in (0.0, 0.5, 1.0)] == pytest.approx([8.0, 4.0, 2.0])
    assert FALLING.at(0.25).final_weight is None
    constant = ZeroCenteredPenalty(weight=8.0)
    assert constant.at(0.5) is constant


@pytest.mark.parametrize("done", [0.0, 0.5])
@pytest.mark.parametrize("fused", [True, False])
def test_the_loss_has_the_weight_of_its_step(done, fused):
    torch.manual_seed(0)
    generator, critic = mlp(1, 2, width=4), mlp(2, width=4)
    batch = Batch(torch.randn(4, 2), torch.randn(4, 1), torch.Generator(), done=done)
    expected = FALLING.at(done).penalty(critic, batch.real, generator(batch.latents), batch.rng)
    gradients = Gradients(generator, critic, Game(Relativistic(), FALLING), fused=fused)
    penalty = gradients.of_critic(batch, 0).terms["penalty"]
    assert penalty.item() == pytest.approx(expected.item(), rel=1e-5)


def test_settings_keep_it():
    config = GANConfig(constraint=FALLING)
    assert GANConfig.from_dict(config.to_dict()).constraint == FALLING
    assert dataclasses.asdict(FALLING)["final_weight"] == 2.0


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), "small"])
def test_final_weights_that_are_none_are_refused(weight):
    with pytest.raises(InvalidInputError, match="final_weight must be a positive number"):
        ZeroCenteredPenalty(final_weight=weight)
