"""The gradients of a step of critic or generator: by hand where that can be done, or autograd's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.gan.captured import CapturedGradients, OfBatch
from otgan.gan.distributed import ALONE, Processes
from otgan.gan.divergence import refuse_broken_points
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
    >>> loss = gradients.of_critic(batch, step=0)
    >>> critic[0].weight.grad.shape
    torch.Size([8, 3])
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
        self.generator, self.critic, self.processes = generator, critic, processes
        # An object of its own, which does not refer to this one: see `CapturedGradients`.
        passes = _Passes(generator, critic, game, fused, precision)
        self._critic_step: OfBatch = passes.of_critic
        self._generator_step: OfBatch = passes.of_generator
        if capture:
            device = next(generator.parameters()).device
            self._critic_step = CapturedGradients(passes.of_critic, device)
            self._generator_step = CapturedGradients(passes.of_generator, device)

    def of_critic(self, batch: Batch, step: int) -> Loss:
        """The critic's loss, after so many steps of the generator.

        Raises
        ------
        TrainingDivergedError
            The generator's points are NaN or infinite.
        """
        assert self.critic is not None
        loss = self._critic_step(batch, step)
        return self.processes.averaged(self.critic, loss)

    def of_generator(self, batch: Batch, step: int) -> Loss:
        """The generator's loss, after so many of its steps.

        Raises
        ------
        TrainingDivergedError
            Its points are NaN or infinite.
        """
        loss = self._generator_step(batch, step)
        return self.processes.averaged(self.generator, loss)


class _Passes:
    """Forward and backward passes on a batch, as they are, in one process."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module | None,
        game: Game,
        fused: bool,
        precision: MixedPrecision,
    ) -> None:
        self.generator, self.critic, self.game = generator, critic, game
        self.precision = precision
        self._points = fused_points(generator) if fused else None
        self._critic_by_hand = self._generator_by_hand = None
        if fused and critic is not None:
            self._critic_by_hand = fused_critic_gradients(critic, game)
            self._generator_by_hand = fused_generator_gradients(generator, critic, game)

    def of_critic(self, batch: Batch, step: int) -> Loss:
        """The critic's loss; writes its gradients."""
        assert self.critic is not None
        with torch.no_grad(), self.precision.autocast():
            fake = (self._points or self.generator)(batch.latents).to(batch.real.dtype)
        _refuse_broken(fake, step)
        if self._critic_by_hand is not None:
            return self._critic_by_hand(batch, fake)
        with self.precision.autocast():
            loss = self.game.critic_loss(self.critic, batch, fake)
        self.critic.zero_grad(set_to_none=True)
        self.precision.critic_scaler.scale(loss.total).backward()
        return loss

    def of_generator(self, batch: Batch, step: int) -> Loss:
        """The generator's loss; writes its gradients."""
        if self._generator_by_hand is not None:
            loss, fake = self._generator_by_hand(batch)
            _refuse_broken(fake, step)
            return loss
        with self.precision.autocast():
            fake = self.generator(batch.latents).to(batch.real.dtype)
            _refuse_broken(fake, step)
            loss = self.game.generator_loss(self.generator, self.critic, batch, fake)
        self.generator.zero_grad(set_to_none=True)
        # The loss is of the critic's weights, too; no gradients of these are computed.
        learning = [p for p in self.generator.parameters() if p.requires_grad]
        self.precision.generator_scaler.scale(loss.total).backward(inputs=learning)
        return loss


def _refuse_broken(fake: Tensor, step: int) -> None:
    """Raise on broken points, but where numbers cannot be read; there the loss will be broken."""
    if not (fake.is_cuda and torch.cuda.is_current_stream_capturing()):
        refuse_broken_points(fake, step)
