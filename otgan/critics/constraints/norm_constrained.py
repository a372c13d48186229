"""Constraints on the norms of weight matrices: spectral normalization and orthogonal weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize
from torch.optim import Adam, Optimizer

from otgan.critics.constraints.base import Constraint, Gradients, HeldOutGap, Parameters
from otgan.critics.gaps import normalized_gap
from otgan.critics.kernels.orthogonalize import orthonormalize_
from otgan.critics.kernels.supported import PairLoss
from otgan.critics.kernels.threads import Workers
from otgan.critics.kernels.unpenalized import fused_loss
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp
from otgan.keywords import checks_keywords

__all__ = ["OrthogonalWeights", "SpectralNormalization"]


@checks_keywords
@dataclass(frozen=True)
class SpectralNormalization(Constraint):
    """Divide every weight matrix by its largest singular value, tracked by power iteration.

    The network is then close to 1-Lipschitz by its weights, but usually much flatter than that,
    so the gap is divided by the largest gradient norm that was sampled.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida, Spectral normalization for GANs (ICLR 2018).
    """

    name: ClassVar[str] = "spectral"
    builds_own_network: ClassVar[bool] = True
    capturable: ClassVar[bool] = True

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network with normalized layers."""
        critic = mlp(d, width=width, depth=depth)
        for layer in critic:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight)
                parametrizations.spectral_norm(layer)
        return critic

    def fused_step(
        self, critic: nn.Module, inner_dtype: torch.dtype | None, loss: PairLoss | None = None
    ) -> Gradients | None:
        """Those of the gap, or of the loss, alone, for a network without parametrizations."""
        return fused_loss(critic, inner_dtype, loss)

    def finish(self, critic: nn.Module) -> None:
        """Make the normalized weights plain ones, of the same values: such a critic is pickled."""
        was_training = critic.training
        critic.eval()  # in training mode reading a weight changes it
        for module in list(critic.modules()):
            parametrized = dict(module.named_children()).get("parametrizations")
            if isinstance(parametrized, nn.ModuleDict):
                for name in list(parametrized):
                    parametrize.remove_parametrizations(module, name)
        critic.train(was_training)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 2e-4, betas (0, 0.9)."""
        return Adam(parameters, lr=learning_rate or 2e-4, betas=(0.0, 0.9), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap over the largest sampled gradient norm."""
        return normalized_gap(held_out.gap, held_out.lipschitz_lower)


@checks_keywords
@dataclass(frozen=True)
class OrthogonalWeights(Constraint):
    """Orthogonal weights and MaxMin: 1-Lipschitz by construction, and able to be steep.

    After each step the weights are drawn back to orthogonal matrices, and their norms never
    exceed one, whatever the step. The gap is divided by the bound that the weights prove, so that
    it never exceeds the distance of the distributions but by sampling error.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).
    """

    name: ClassVar[str] = "orthogonal"
    builds_own_network: ClassVar[bool] = True
    capturable: ClassVar[bool] = True
    default_depth: ClassVar[int] = 9

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """An orthogonal MaxMin network."""
        return orthogonal_mlp(d, width=width, depth=depth)

    def fused_step(
        self, critic: nn.Module, inner_dtype: torch.dtype | None, loss: PairLoss | None = None
    ) -> Gradients | None:
        """The gradients of the gap, or of the loss, alone."""
        return fused_loss(critic, inner_dtype, loss)

    def project(self, critic: nn.Module) -> None:
        """Draw every weight matrix that learns to the nearest orthogonal one."""
        weights = _learning_matrices(critic)
        if weights and weights[0].device.type == "cpu":
            Workers().map(orthonormalize_, weights)
        else:
            for weight in weights:
                orthonormalize_(weight)

    @torch.no_grad()
    def finish(self, critic: nn.Module) -> None:
        """Make the weights as orthogonal as float32 can hold: to 6e-8 a layer, not 3e-7."""
        for weight in _learning_matrices(critic):
            precise = weight.double()
            orthonormalize_(precise)
            weight.copy_(precise)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-3, betas (0.5, 0.9)."""
        return Adam(parameters, lr=learning_rate or 1e-3, betas=(0.5, 0.9), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap over the bound proved by the weights."""
        return normalized_gap(held_out.gap, held_out.lipschitz_upper)


def _learning_matrices(critic: nn.Module) -> list[Tensor]:
    layers = [layer for layer in critic.modules() if isinstance(layer, nn.Linear)]
    return [layer.weight for layer in layers if layer.weight.requires_grad]
