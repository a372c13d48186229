"""Distillation batch by batch: its loss by hand, and what a critic learns by it."""

from typing import Any

import pytest
import torch
from torch import nn

import otgan
from otgan.critics.constraints.base import CriticLoss, HeldOutGap
from otgan.critics.constraints.by_name import CONSTRAINTS, as_constraint
from otgan.critics.constraints.distillation import Distillation
from otgan.critics.forward import scores
from otgan.critics.potentials.mcshane import exact_critic

RULE = Distillation()


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def clouds(n, d, seed=0):
    return torch.randn(n, d, generator=rng(seed)), torch.randn(n, d, generator=rng(seed + 1))


def linear(*slopes):
    critic = nn.Linear(len(slopes), 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([slopes]))
    return critic


@pytest.mark.parametrize(
    ("slope", "expected"),
    [((0.6, 0.8), 0.0), ((0.0, 0.0), 1.0), ((-0.6, -0.8), 4.0), ((0.8, -0.6), 2.0)],
)
def test_loss_of_a_linear_critic(slope, expected):
    """Real points are generated ones shifted by (3, 4): every arc has the direction (0.6, 0.8)."""
    _, fake = clouds(9, 2)
    loss = RULE.loss(linear(*slope), fake + torch.tensor([3.0, 4.0]), fake, rng()).total
    torch.testing.assert_close(loss.item(), expected, rtol=1e-5, atol=1e-10)


def test_optimal_potential_has_no_loss():
    """A cone around one real point; potentials of several may have kinks at generated points."""
    real, fake = clouds(40, 3)
    potential = exact_critic(real[:1], fake, side="x").potential
    assert RULE.loss(potential, real[:1], fake, rng()).total.item() < 1e-8


def test_arcs_count_by_their_mass():
    """Two thirds of the mass stay at 0, a third comes from 1; the critic has slope 3."""
    real, fake = torch.tensor([[0.0]]), torch.tensor([[0.0], [0.0], [1.0]])
    # Where points coincide slope zero is due: (2/3) 3² + (1/3) (3 + 1)².
    loss = RULE.loss(linear(3.0), real, fake, rng()).total
    torch.testing.assert_close(loss.item(), 34 / 3, rtol=1e-6, atol=0)


def test_equal_points_give_finite_gradients():
    real, _ = clouds(5, 2)
    critic = RULE.build(2, 8, 1)
    RULE.loss(critic, real, real.clone(), rng()).total.backward()
    gradients = [p.grad for p in critic.parameters() if p.grad is not None]
    assert gradients and all(torch.isfinite(g).all() for g in gradients)


def test_batches_teach_the_potential_of_the_distributions():
    """Two Gaussians 3 apart: the potential is linear, and its gap is 3."""
    torch.manual_seed(0)
    critic, generator = RULE.build(2, 32, 2), rng()
    optimizer = RULE.optimizer(critic.parameters(), 3e-3)
    shift = torch.tensor([3.0, 0.0])
    for _ in range(150):
        real, fake = (torch.randn(64, 2, generator=generator) for _ in range(2))
        optimizer.zero_grad()
        RULE.loss(critic, real + shift, fake, generator).total.backward()
        optimizer.step()
    real, fake = clouds(4000, 2, seed=7)
    with torch.no_grad():
        gap = (scores(critic, real + shift).mean() - scores(critic, fake).mean()).item()
    # Batches of 64 have ragged potentials, flatter in the mean than that of the distributions.
    assert 2.4 < gap < 3.1


def test_it_is_the_constraint_of_its_name():
    assert as_constraint("distilled") == RULE == CONSTRAINTS["distilled"]
    assert RULE.distance(HeldOutGap(2.0, float("nan"), 9.0, 3.0)) == 2.0


def test_estimate_w1_takes_the_object_as_its_name():
    x, y = (z.numpy() for z in clouds(200, 2))
    budget: dict[str, Any] = {"steps": 50, "device": "cpu"}
    by_object = otgan.estimate_w1(x, y + 3, RULE, **budget)
    by_name = otgan.estimate_w1(x, y + 3, "distilled", **budget)
    assert by_object.constraint == "distilled"
    assert by_object.value == by_name.value


class Halved(Distillation):
    """A user's own: half the error, and another name."""

    name = "halved"
    batches = 0

    def loss(self, critic, real, fake, rng):
        type(self).batches += 1
        total, gap, penalty = super().loss(critic, real, fake, rng)
        return CriticLoss(total / 2, gap, penalty)


def test_a_subclass_is_trained_with_its_own_loss():
    assert Distillation.solves_linear_program and not Halved.solves_linear_program
    x, y = (z.numpy() for z in clouds(200, 2))
    few = otgan.FitOptions(batch_size=32)
    found = otgan.estimate_w1(x, y + 3, Halved(), steps=5, device="cpu", options=few)
    assert found.constraint == "halved" and found.steps == 5
    assert Halved.batches >= 5


class Wider(Distillation):
    """A user's own that is fitted to the potentials of one sample, with a network of its own."""

    name = "wider"
    solves_linear_program = True

    def default_network(self, d):
        return self.build(d, 24, 1)


def test_a_subclass_may_be_fitted_to_one_sample():
    x, y = (z.numpy() for z in clouds(200, 2))
    found = otgan.estimate_w1(x, y + 3, Wider(), steps=20, device="cpu")
    assert found.constraint == "wider" and found.history == ()
    assert next(found.critic.parameters()).shape == (24, 3)
