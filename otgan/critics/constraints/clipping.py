"""Weight clipping, the constraint of the first Wasserstein GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.optim import Optimizer, RMSprop

from otgan.critics.constraints.base import Constraint, Gradients, HeldOutGap, Parameters
from otgan.critics.gaps import normalized_gap
from otgan.critics.kernels.supported import PairLoss
from otgan.critics.kernels.unpenalized import fused_loss
from otgan.critics.networks.feedforward import mlp
from otgan.inputs.options import as_positive
from otgan.keywords import checks_keywords

__all__ = ["WeightClipping"]


@checks_keywords
@dataclass(frozen=True)
class WeightClipping(Constraint):
    """Clip every weight to [-limit, limit] after each step (Algorithm 1 of the WGAN paper).

    The Lipschitz constant that this allows depends on the architecture and may be anything from
    1e-4 to 1e4, so the gap is divided by the largest gradient norm that was sampled.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1.
    """

    limit: float = 0.01
    name: ClassVar[str] = "clip"
    capturable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        as_positive(self.limit, "limit")

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network, its weights clipped from the start."""
        critic = mlp(d, width=width, depth=depth)
        self.project(critic)
        return critic

    def fused_step(
        self, critic: nn.Module, inner_dtype: torch.dtype | None, loss: PairLoss | None = None
    ) -> Gradients | None:
        """The gradients of the gap, or of the loss, alone."""
        return fused_loss(critic, inner_dtype, loss)

    def project(self, critic: nn.Module) -> None:
        """Clip all parameters that learn, biases included, as the paper does."""
        with torch.no_grad():
            for parameter in critic.parameters():
                if parameter.requires_grad:
                    parameter.clamp_(-self.limit, self.limit)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """RMSProp, 5e-5."""
        return RMSprop(parameters, lr=learning_rate or 5e-5)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap over the largest sampled gradient norm."""
        return normalized_gap(held_out.gap, held_out.lipschitz_lower)
