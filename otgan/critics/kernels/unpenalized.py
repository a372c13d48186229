"""Gradients of a critic's loss without a penalty, by whichever step takes its network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.critics.kernels.maxmin import GapStep, is_maxmin_network
from otgan.critics.kernels.relu import PenalizedStep
from otgan.critics.kernels.relu_passes import is_relu_critic
from otgan.critics.kernels.supported import Gradients, PairLoss

__all__ = ["fused_loss"]


def fused_loss(
    critic: nn.Module, inner_dtype: torch.dtype | None = None, loss: PairLoss | None = None
) -> Gradients | None:
    """The gradients of the gap for MaxMin networks, of any other loss for ReLU networks; else None.

    Examples
    --------
    >>> fused_loss(nn.Linear(2, 1)) is None
    True
    """
    if loss is None and is_maxmin_network(critic):
        gap_step = GapStep(critic, inner_dtype=inner_dtype)

        def gradients(x: Tensor, y: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
            gap = gap_step.gradients(x, y)
            return gap, torch.zeros_like(gap)

        return gradients
    if loss is not None and is_relu_critic(critic):
        step = PenalizedStep(critic, loss=loss, inner_dtype=inner_dtype)
        return lambda x, y, rng: step.gradients(x, y)
    return None
