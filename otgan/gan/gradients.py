"""The gradients of a step of critic or generator: by hand where that can be done, or autograd's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

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
    >>> loss, fake = gradients.of_critic(batch)
    >>> fake.shape, critic[0].weight.grad.shape
    (torch.Size([5, 3]), torch.Size([8, 3]))
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

    def of_critic(self, batch: Batch) -> tuple[Loss, Tensor]:
        """The critic's loss, and the points that were generated for it."""
        assert self.critic is not None
        with torch.no_grad():
            fake = (self._points or self.generator)(batch.latents)
        if self._critic_by_hand is not None:
            return self._critic_by_hand(batch, fake), fake
        loss = self.game.critic_loss(self.critic, batch, fake)
        self.critic.zero_grad(set_to_none=True)
        loss.total.backward()
        return loss, fake

    def of_generator(self, batch: Batch) -> tuple[Loss, Tensor]:
        """The generator's loss, and the points that it generated."""
        if self._generator_by_hand is not None:
            return self._generator_by_hand(batch)
        fake = self.generator(batch.latents)
        loss = self.game.generator_loss(self.generator, self.critic, batch, fake)
        self.generator.zero_grad(set_to_none=True)
        learning = [p for p in self.generator.parameters() if p.requires_grad]
        loss.total.backward(inputs=learning)  # and not those of the critic
        return loss, fake
