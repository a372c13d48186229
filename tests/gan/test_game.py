"""The losses of a game are the sums of all of their terms."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from otgan.gan.game import Batch, Game
from otgan.gan.objectives import SemiSupervised, Wasserstein
from otgan.gan.objectives.semi_supervised import ClassScores
from otgan.gan.stabilizers import HistoricalAveraging

pytestmark = pytest.mark.torch

REAL = torch.tensor([[1.0, 2.0], [0.0, 3.0]])
FAKE = torch.tensor([[4.0, 0.0], [1.0, 1.0]])


def a_batch(**changes):
    settings: dict[str, Any] = {"real": REAL, "latents": FAKE, "rng": torch.Generator(), **changes}
    return Batch(**settings)


def test_labels_add_their_cross_entropy_to_the_loss_of_the_critic():
    objective, critic, labels = SemiSupervised(2), ClassScores(nn.Identity()), torch.tensor([1, 0])
    loss = Game(objective, None).critic_loss(critic, a_batch(labels=labels), FAKE)
    unlabeled = objective.critic_loss(critic(REAL), critic(FAKE))
    assert_close(loss.terms["label loss"], cross_entropy(REAL, labels))
    assert_close(loss.total, unlabeled + cross_entropy(REAL, labels))


def test_both_players_are_held_to_the_means_of_their_past():
    """Weights (1, 1), then (3, 3): means of 2, and squared distances of 1 + 1."""
    generator, critic = nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)
    nn.init.eye_(generator.weight)
    nn.init.ones_(critic.weight)
    game = Game(Wasserstein(), None, (HistoricalAveraging(weight=0.5),))
    game.start(generator, critic, a_batch())
    with torch.no_grad():
        generator.weight.mul_(3.0)
        critic.weight.mul_(3.0)
    game.update(generator, critic)
    for loss in (
        game.critic_loss(critic, a_batch(), FAKE),
        game.generator_loss(generator, critic, a_batch(), FAKE),
    ):
        assert_close(loss.terms["historical-averaging"].item(), 1.0)
        assert_close(loss.total, loss.terms["loss"] + loss.terms["historical-averaging"])
