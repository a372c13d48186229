"""The zero-centered penalty of slopes at real and at generated points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.critics.constraints.base import Constraint, Gradients, HeldOutGap, Parameters
from otgan.critics.forward import scores
from otgan.critics.kernels.relu import PenalizedStep, power_penalty
from otgan.critics.kernels.relu_passes import is_relu_critic
from otgan.critics.kernels.supported import PairLoss
from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_flag, as_positive
from otgan.keywords import checks_keywords
from otgan.torch_modes import gradients_on

__all__ = ["ZeroCenteredPenalty"]


@checks_keywords
@dataclass(frozen=True)
class ZeroCenteredPenalty(Constraint):
    """Penalize slopes at the points themselves: R1 at real points, R2 at generated ones.

    The loss is more by ``weight / 2 * (E|∇f(real)|² + E|∇f(fake)|²)``. At equilibrium, where the
    critic is flat on the data, it is zero; with it, training converges near there where Wasserstein
    GANs with other penalties may circle.

    Attributes
    ----------
    weight : float
        At first, if it changes.
    real, fake : bool
        Where slopes are penalized.
    final_weight : float, optional
        Of the last step of a GAN, from `weight` on by a constant factor a step; by default it does
        not change. A large weight at first spreads points over all modes, a small one in the end
        lets the critic be as steep as narrow modes are.

    References
    ----------
    Mescheder, Geiger and Nowozin, Which training methods for GANs do actually converge? (ICML
    2018), section 4.1, for R1 and R2; Huang et al., The GAN is dead; long live the GAN! (NeurIPS
    2024), for both together.

    Examples
    --------
    >>> line = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(line.weight, 3.0)
    >>> ZeroCenteredPenalty(weight=2.0).penalty(line, torch.ones(4, 1), torch.ones(4, 1), None)
    tensor(18., grad_fn=<MulBackward0>)
    >>> ZeroCenteredPenalty(weight=1.0, final_weight=0.01).at(0.5)
    ZeroCenteredPenalty(weight=0.1, real=True, fake=True, final_weight=None)
    """

    weight: float = 1.0
    real: bool = True
    fake: bool = True
    final_weight: float | None = None
    name: ClassVar[str] = "zero-centered"
    estimates_w1: ClassVar[bool] = False
    capturable: ClassVar[bool] = True
    needs_pointwise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        as_positive(self.weight, "weight")
        if self.final_weight is not None:
            as_positive(self.final_weight, "final_weight", hint="leave it out for no change")
        for which in ("real", "fake"):
            as_flag(getattr(self, which), which, "pass one of them")
        if not (self.real or self.fake):
            raise InvalidInputError(
                "a zero-centered penalty must be taken at real or at generated points, got "
                "real=False, fake=False; to fix it, pass constraint=None for no penalty"
            )

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network."""
        return mlp(d, width=width, depth=depth)

    def at(self, done: float) -> ZeroCenteredPenalty:
        """The penalty with the weight of that fraction of the steps."""
        if self.final_weight is None:
            return self
        weight = self.weight * (self.final_weight / self.weight) ** done
        return replace(self, weight=weight, final_weight=None)

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """Half the weight times the mean squared slope, at real and at generated points."""
        kinds = [points for points, used in ((real, self.real), (fake, self.fake)) if used]
        with gradients_on():
            points = torch.cat([kind.detach() for kind in kinds]).requires_grad_()
            total = scores(critic, points).sum()
            (gradient,) = torch.autograd.grad(total, points, create_graph=True)
        squares = gradient.flatten(1).square().sum(dim=1)
        # A mean for each kind; as many points are of each, so their sum is that of all by n.
        return squares.sum() / len(kinds[0]) * (0.5 * self.weight)

    def fused_step(
        self, critic: nn.Module, inner_dtype: torch.dtype | None, loss: PairLoss | None = None
    ) -> Gradients | None:
        """Gradients of the whole loss without a graph, for the networks that allow it."""
        if not is_relu_critic(critic):
            return None
        step = PenalizedStep(
            critic,
            power_penalty(0.5 * self.weight, 2.0),
            loss=loss,
            penalized="both" if self.real and self.fake else "x" if self.real else "y",
            inner_dtype=inner_dtype,
        )
        return lambda real, fake, rng: step.gradients(real, fake)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 2e-4, betas (0, 0.99)."""
        return Adam(parameters, lr=learning_rate or 2e-4, betas=(0.0, 0.99), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap as it is, which is no estimate of W1."""
        return held_out.gap
