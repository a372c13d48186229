"""The K+1-class discriminator: softmax over K classes and one fixed logit."""

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from otgan.critics.networks.feedforward import mlp
from otgan.gan.objectives import NonSaturating, SemiSupervised
from otgan.gan.objectives.semi_supervised import ClassScores
from tests.cases import refused

LOGITS = torch.tensor([[0.0, math.log(3.0)], [math.log(2.0), math.log(6.0)]])
"""Z = 4 and 8, so D = 4/5 and 8/9; the second class has 3/4 of both."""


def test_scores_losses_and_class_loss_by_hand():
    objective, critic = SemiSupervised(2), ClassScores(nn.Identity())
    scores = critic(LOGITS)
    assert_close(scores.sigmoid(), torch.tensor([4 / 5, 8 / 9]))
    loss = objective.critic_loss(scores[:1], scores[1:])
    assert_close(float(loss), -math.log(4 / 5) - math.log(1 / 9), rtol=1e-6, atol=0.0)
    assert_close(
        float(objective.generator_loss(scores[:0], scores[1:])),
        -math.log(8 / 9),
        rtol=1e-5,
        atol=0.0,
    )
    label_loss = objective.label_loss(critic, LOGITS, torch.tensor([1, 0]))
    assert_close(float(label_loss), -(math.log(3 / 4) + math.log(1 / 4)) / 2, rtol=1e-6, atol=0.0)


def test_it_is_a_softmax_over_classes_and_generated():
    """-log p(class, not generated) and -log p(generated), of K + 1 logits with the last zero."""
    objective, critic = SemiSupervised(2), ClassScores(nn.Identity())
    with_generated = torch.cat([LOGITS, torch.zeros(2, 1)], dim=1)
    labels = torch.tensor([1, 0])
    everything = cross_entropy(with_generated, labels) + cross_entropy(
        with_generated, torch.tensor([2, 2])
    )
    scores = critic(LOGITS)
    ours = objective.critic_loss(scores, scores) + objective.label_loss(critic, LOGITS, labels)
    assert_close(ours, everything)


def test_it_plays_the_non_saturating_game():
    real, fake = torch.tensor([0.3, -1.0]), torch.tensor([2.0, 0.5])
    one, other = SemiSupervised(), NonSaturating()
    assert_close(one.critic_loss(real, fake), other.critic_loss(real, fake))
    assert_close(one.generator_loss(real, fake), other.generator_loss(real, fake))
    assert_close(one.divergence(real, fake), other.divergence(real, fake))


def test_the_critic_is_copied_with_one_logit_for_each_class():
    plain: Any = mlp(2, width=8, depth=2).double()
    critic: Any = SemiSupervised(3).adapt_critic(plain)
    assert plain[-1].out_features == 1
    assert critic.logits(torch.zeros(5, 2, dtype=torch.float64)).shape == (5, 3)
    with torch.no_grad():
        critic.network[0].weight.zero_()
    assert float(plain[0].weight.detach().abs().sum()) > 0.0


def test_networks_with_these_logits_are_taken_as_they_are():
    network = mlp(2, 3, width=8, depth=1)
    critic: Any = SemiSupervised(3).adapt_critic(network)
    assert critic.network is network
    assert SemiSupervised(3).adapt_critic(critic) is critic


@pytest.mark.parametrize(
    "critic", [nn.Linear(2, 1), nn.Sequential(nn.Linear(2, 1), nn.ReLU()), nn.Sequential()]
)
def test_other_critics_are_refused(critic):
    with refused("must be an nn.Sequential that ends in nn.Linear", "wrap a network of your own"):
        SemiSupervised(3).adapt_critic(critic)


@pytest.mark.parametrize("outputs", [2, 4])
def test_a_last_layer_of_other_classes_is_not_replaced_unasked(outputs):
    """Four for three classes is the other form, with a logit for generated points."""
    with refused(f"in one score, which they replace, got {outputs}", "no logit of their own"):
        SemiSupervised(3).adapt_critic(mlp(2, outputs, width=8, depth=1))


@pytest.mark.parametrize("n_classes", [1, 2.0, None])
def test_fewer_than_two_classes_are_refused(n_classes):
    with refused("n_classes must be a whole number of at least 2"):
        SemiSupervised(n_classes)


def test_another_number_of_logits_is_refused():
    with refused("must have as many logits, got 2", "pass SemiSupervised(n_classes=2)"):
        SemiSupervised(3).label_loss(ClassScores(nn.Identity()), LOGITS, torch.tensor([1, 0]))
