"""The gradients of a game by hand, for ReLU networks on a CPU: faster than autograd."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.kernels.relu_generator import GeneratorStep
from otgan.critics.kernels.relu_passes import (
    features_of,
    forward,
    is_relu_critic,
    is_relu_network,
    linear_layers,
)
from otgan.critics.kernels.supported import Gradients, PairLoss, differentiated
from otgan.critics.kernels.unpenalized import fused_loss
from otgan.gan.game import Batch, Game, Loss
from otgan.gan.objectives.adversarial import Wasserstein
from otgan.gan.objectives.base import Objective
from otgan.gan.stabilizers.base import Stabilizer

__all__ = ["fused_critic_gradients", "fused_generator_gradients", "fused_points"]


def fused_points(generator: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """What the generator returns for latents, without gradients; None if only it can say.

    Examples
    --------
    >>> from otgan.critics.networks.feedforward import mlp
    >>> fused_points(mlp(2, 3))(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    if (
        not (_on_cpu(generator) and is_relu_network(generator))
        or features_of(generator) is not None
    ):
        return None
    return partial(forward, linear_layers(generator))


def fused_critic_gradients(critic: nn.Module, game: Game) -> Callable[[Batch, Tensor], Loss] | None:
    """The gradients of `Game.critic_loss`, in the critic's ``.grad``; None if only autograd can.

    By hand are done ReLU networks on a CPU, without a penalty or with one of slopes, and
    stabilizers that change the objective or the points alone.

    Examples
    --------
    >>> from otgan.critics.constraints import GradientPenalty
    >>> from otgan.gan.objectives import Hinge
    >>> critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> fused_critic_gradients(critic, Game(Hinge(), GradientPenalty())) is None
    False
    >>> fused_critic_gradients(nn.Linear(2, 1), Game(Hinge(), GradientPenalty())) is None
    True
    """
    constraint, loss = game.constraint, _critic_loss(game.objective)
    if not _on_cpu(critic) or game.objective.needs_labels or game.separate:
        return None
    if _any_defines("critic_term", game.stabilizers):
        return None
    step = _critic_step(critic, constraint, loss)
    if step is None:
        return None
    changes = constraint is not None and constraint.at(1.0) is not constraint

    def gradients(batch: Batch, fake: Tensor) -> Loss:
        shown = game.shown(batch.real, batch), game.shown(fake, batch)
        now: Gradients | None = step
        if constraint is not None and changes:  # made anew in microseconds
            now = _critic_step(critic, constraint.at(batch.done), loss)
        assert now is not None, "a constraint must change its numbers alone"
        value, penalty = now(*shown, batch.rng)
        terms = {"loss": value} if constraint is None else {"loss": value, "penalty": penalty}
        return Loss(value + penalty, terms)

    return gradients


def _critic_step(
    critic: nn.Module, constraint: Constraint | None, loss: PairLoss
) -> Gradients | None:
    if constraint is None:
        return fused_loss(critic, None, loss)
    return None if constraint.replaces_loss else constraint.fused_step(critic, None, loss)


def fused_generator_gradients(
    generator: nn.Module, critic: nn.Module, game: Game
) -> Callable[[Batch], tuple[Loss, Tensor]] | None:
    """The gradients of `Game.generator_loss`, in the generator's ``.grad``; None as above.

    Returns a function of a batch, which gives the loss and the generated points.
    """
    if not all(map(_on_cpu, (generator, critic))) or game.separate:
        return None
    if any(_any_defines(hook, game.stabilizers) for hook in ("perturb", "generator_term")):
        return None
    if any(stabilizer.replaces_generator_loss for stabilizer in game.stabilizers):
        return None
    if features_of(generator) is not None:
        return None
    if not (is_relu_network(generator) and is_relu_critic(critic)):
        return None
    step = GeneratorStep(generator, critic, _generator_loss(game.objective))

    def gradients(batch: Batch) -> tuple[Loss, Tensor]:
        real = game.shown(batch.real, batch) if game.objective.uses_real else None
        value, fake = step.gradients(batch.latents, real)
        return Loss(value, {"loss": value}), fake

    return gradients


def _critic_loss(objective: Objective) -> PairLoss:
    if type(objective) is not Wasserstein:
        return differentiated(objective.critic_loss)

    def loss(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slopes = torch.full_like(real, -1.0 / len(real)), torch.full_like(fake, 1.0 / len(fake))
        return objective.critic_loss(real, fake), *slopes

    return loss


def _generator_loss(objective: Objective) -> PairLoss:
    if type(objective) is not Wasserstein:
        return differentiated(objective.generator_loss)

    def loss(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slopes = torch.zeros_like(real), torch.full_like(fake, -1.0 / len(fake))
        return objective.generator_loss(real, fake), *slopes

    return loss


def _on_cpu(network: nn.Module) -> bool:
    return all(parameter.device.type == "cpu" for parameter in network.parameters())


def _any_defines(hook: str, stabilizers: Iterable[Stabilizer]) -> bool:
    return any(getattr(type(one), hook) is not getattr(Stabilizer, hook) for one in stabilizers)
