"""Losses of one's own that cannot teach are refused before the run, and all of ours can."""

import math

import pytest
import torch

from otgan import GANConfig, train_gan
from otgan.errors import InvalidInputError
from otgan.gan.objectives import OBJECTIVES, Objective
from otgan.gan.objectives.tried import check_losses
from tests.gan.short_run import TINY

pytestmark = pytest.mark.torch


class Own(Objective):
    """An objective whose losses are given."""

    name = "own"

    def __init__(self, critic, generator=lambda real, fake: -fake.mean()):
        self.losses = critic, generator

    def critic_loss(self, real, fake):
        return self.losses[0](real, fake)

    def generator_loss(self, real, fake):
        return self.losses[1](real, fake)


def difference(real, fake):
    return fake.mean() - real.mean()


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (Own(lambda real, fake: fake - real), r"critic_loss must return .* got shape \(4,\)"),
        (Own(lambda real, fake: 3.0), "critic_loss must return a tensor .* got a float"),
        (Own(lambda real, fake: fake.long().sum()), "critic_loss must return a tensor of one num"),
        (Own(lambda real, fake: real.wrong), "critic_loss must take .* raised AttributeError"),
        (Own(lambda real, fake: fake.mean() / 0), "critic_loss must return a finite number, got"),
        (Own(lambda real, fake: torch.ones(())), "critic_loss must depend on the scores, got"),
        (Own(difference, lambda real, fake: fake.detach().mean()), "generator_loss must depend on"),
        (Own(difference, lambda real, fake: real.sum()), "on the scores of generated points"),
        (Own(difference, difference), "got nan .* are empty unless uses_real = True"),
    ],
)
def test_a_loss_that_cannot_teach_is_refused_before_the_run(tmp_path, objective, message):
    config = GANConfig(**{**TINY, "constraint": None}, objective=objective)
    with pytest.raises(InvalidInputError, match=message) as error:
        train_gan("ring8", config, out=tmp_path / "run")
    assert "to fix it, " in str(error.value) and not (tmp_path / "run").exists()


def test_losses_that_can_are_trained_with():
    for objective in OBJECTIVES.values():
        check_losses(objective)
    config = GANConfig(**{**TINY, "constraint": None}, objective=Own(difference))
    assert math.isfinite(train_gan("ring8", config).records[-1].critic_loss)
