"""The running average of a generator's weights, which is what is measured and returned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["set_batch_statistics", "update_average"]

BatchNorm = nn.modules.batchnorm._BatchNorm


@torch.no_grad()
def update_average(averaged: nn.Module, generator: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards those of the generator after its `step`; copy buffers."""
    # A shorter memory early on, or the average would be that of the random start.
    decay = min(decay, (step - 1) / (step + 9))
    slow: list[Tensor] = list(averaged.parameters())
    fast: list[Tensor] = list(generator.parameters())
    torch._foreach_lerp_(slow, fast, 1.0 - decay)
    for kept, buffer in zip(averaged.buffers(), generator.buffers(), strict=True):
        kept.copy_(buffer)


@torch.no_grad()
def set_batch_statistics(generator: nn.Module, latents: Tensor, batch_size: int) -> None:
    """Give batch normalizations the statistics of these weights; nothing where there are none.

    The running statistics of training are those of other weights than the averaged ones.

    Parameters
    ----------
    generator : torch.nn.Module
    latents : torch.Tensor, shape (n, latent_dim)
        Taken in batches of `batch_size`.

    References
    ----------
    Brock, Donahue and Simonyan, Large scale GAN training (ICLR 2019), section 2, for statistics
    that are computed anew ("standing statistics").
    """
    layers = [layer for layer in generator.modules() if isinstance(layer, BatchNorm)]
    if not layers:
        return
    before = [(layer, layer.momentum) for layer in layers]
    was_training = generator.training
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the mean over all batches
    generator.train()
    for batch in latents.split(batch_size):
        generator(batch)
    generator.train(was_training)
    for layer, momentum in before:
        layer.momentum = momentum
