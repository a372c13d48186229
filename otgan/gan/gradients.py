"""The gradients of a step of critic or generator: by hand where that can be done, or autograd's."""

from __future__ import annotations

import torch
from torch import nn

from otgan.gan.divergence import refuse_broken_points
from otgan.gan.fused import fused_critic_gradients, fused_generator_gradients, fused_points
from otgan.gan.game import Batch, Game, Loss

__all__ = ["Gradients"]


class Gradients:
    """Writes the gradients of a batch's loss into the ``.grad`` of the network that learns.

    Parameters
    ----------
    generator : torch.nn.Module
    critic : torch.nn.Module or None
    game : Game
    fused : bool
        Whether those that can be computed by hand are.

    Examples
    --------
    >>> from otgan.gan.objectives import Hinge
    >>> from otgan.critics.networks.feedforward import mlp
    >>> generator, critic = mlp(2, 3, width=8), mlp(3, width=8)
    >>> gradients = Gradients(generator, critic, Game(Hinge(), None), fused=True)
    >>> batch = Batch(torch.zeros(5, 3), torch.zeros(5, 2), torch.Generator())
    >>> loss = gradients.of_critic(batch, step=0)
    >>> critic[0].weight.grad.shape
    torch.Size([8, 3])
    """

    def __init__(
        self, generator: nn.Module, critic: nn.Module | None, game: Game, *, fused: bool
    ) -> None:
        self.generator, self.critic, self.game = generator, critic, game
        self._points = fused_points(generator) if fused else None
        self._critic_by_hand = self._generator_by_hand = None
        if fused and critic is not None:
            self._critic_by_hand = fused_critic_gradients(critic, game)
            self._generator_by_hand = fused_generator_gradients(generator, critic, game)

    def of_critic(self, batch: Batch, step: int) -> Loss:
        """The critic's loss, after so many steps of the generator.

        Raises
        ------
        TrainingDivergedError
            The generator's points are NaN or infinite.
        """
        assert self.critic is not None
        with torch.no_grad():
            fake = (self._points or self.generator)(batch.latents)
        refuse_broken_points(fake, step)
        if self._critic_by_hand is not None:
            return self._critic_by_hand(batch, fake)
        loss = self.game.critic_loss(self.critic, batch, fake)
        self.critic.zero_grad(set_to_none=True)
        loss.total.backward()
        return loss

    def of_generator(self, batch: Batch, step: int) -> Loss:
        """The generator's loss, after so many of its steps.

        Raises
        ------
        TrainingDivergedError
            Its points are NaN or infinite.
        """
        if self._generator_by_hand is not None:
            loss, fake = self._generator_by_hand(batch)
            refuse_broken_points(fake, step)
            return loss
        fake = self.generator(batch.latents)
        refuse_broken_points(fake, step)
        loss = self.game.generator_loss(self.generator, self.critic, batch, fake)
        self.generator.zero_grad(set_to_none=True)
        learning = [p for p in self.generator.parameters() if p.requires_grad]
        loss.total.backward(inputs=learning)  # and not those of the critic
        return loss
