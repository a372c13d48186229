"""The gradients of a step of critic or generator: by hand where that can be done, or autograd's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.gan.captured import CapturedGradients, OfBatch
from otgan.gan.distributed import ALONE, Processes
from otgan.gan.fused import fused_critic_gradients, fused_generator_gradients, fused_points
from otgan.gan.game import Batch, Game, Loss
from otgan.gan.precision import FULL_PRECISION, MixedPrecision

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
    precision : MixedPrecision, optional
    capture : bool
        Whether a CUDA graph takes the place of forward and backward passes after a few batches.
    processes : Processes, optional
        Those whose batches together are the batch that losses and gradients are of.

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
        self,
        generator: nn.Module,
        critic: nn.Module | None,
        game: Game,
        *,
        fused: bool,
        precision: MixedPrecision = FULL_PRECISION,
        capture: bool = False,
        processes: Processes = ALONE,
    ) -> None:
        self.generator, self.critic, self.game = generator, critic, game
        self.precision, self.processes = precision, processes
        self._points = fused_points(generator) if fused else None
        self._critic_by_hand = self._generator_by_hand = None
        if fused and critic is not None:
            self._critic_by_hand = fused_critic_gradients(critic, game)
            self._generator_by_hand = fused_generator_gradients(generator, critic, game)
        self._critic_step: OfBatch = self._of_critic
        self._generator_step: OfBatch = self._of_generator
        if capture:
            device = next(generator.parameters()).device
            self._critic_step = CapturedGradients(self._of_critic, device)
            self._generator_step = CapturedGradients(self._of_generator, device)

    def of_critic(self, batch: Batch) -> tuple[Loss, Tensor]:
        """The critic's loss, and the points that were generated for it."""
        assert self.critic is not None
        loss, fake = self._critic_step(batch)
        return self.processes.averaged(self.critic, loss), fake

    def of_generator(self, batch: Batch) -> tuple[Loss, Tensor]:
        """The generator's loss, and the points that it generated."""
        loss, fake = self._generator_step(batch)
        return self.processes.averaged(self.generator, loss), fake

    def _of_critic(self, batch: Batch) -> tuple[Loss, Tensor]:
        assert self.critic is not None
        with torch.no_grad(), self.precision.autocast():
            fake = (self._points or self.generator)(batch.latents).to(batch.real.dtype)
        if self._critic_by_hand is not None:
            return self._critic_by_hand(batch, fake), fake
        with self.precision.autocast():
            loss = self.game.critic_loss(self.critic, batch, fake)
        self.critic.zero_grad(set_to_none=True)
        self.precision.critic_scaler.scale(loss.total).backward()
        return loss, fake

    def _of_generator(self, batch: Batch) -> tuple[Loss, Tensor]:
        if self._generator_by_hand is not None:
            return self._generator_by_hand(batch)
        with self.precision.autocast():
            fake = self.generator(batch.latents).to(batch.real.dtype)
            loss = self.game.generator_loss(self.generator, self.critic, batch, fake)
        self.generator.zero_grad(set_to_none=True)
        learning = [p for p in self.generator.parameters() if p.requires_grad]
        # ... and not those of the critic.
        self.precision.generator_scaler.scale(loss.total).backward(inputs=learning)
        return loss, fake
