"""One step of a critic, and nothing else of the trainer: what lessons repeat and look at."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from otgan.gan.game import Batch, Game

__all__ = ["critic_step"]


def critic_step(
    game: Game,
    critic: nn.Module,
    optimizer: Optimizer,
    real: Tensor,
    fake: Tensor,
    rng: torch.Generator,
) -> float:
    """Move the critic by one step, in place, and put it back under its constraint.

    Parameters
    ----------
    game : Game
        Its objective and constraint.
    critic : torch.nn.Module
    optimizer : torch.optim.Optimizer
        Of the critic's parameters.
    real, fake : torch.Tensor, shapes (n, d)
        A batch of each distribution.
    rng : torch.Generator
        For what the constraint draws.

    Returns
    -------
    float
        The loss before the step.
    """
    loss = game.critic_loss(critic, Batch(real, real.new_empty(len(real), 0), rng), fake).total
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if game.constraint is not None:
        game.constraint.project(critic)
    return float(loss.detach())
