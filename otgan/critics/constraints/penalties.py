"""Penalties on the slopes of a critic, the norms of its gradients between the distributions."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.critics.constraints.base import (
    DEFAULT_WIDTH,
    Constraint,
    Gradients,
    HeldOutGap,
    Parameters,
)
from otgan.critics.forward import scores
from otgan.critics.gaps import penalized_gap_inverse
from otgan.critics.kernels.relu import (
    PenalizedStep,
    SlopePenalty,
    penalty_around_one,
    power_penalty,
)
from otgan.critics.kernels.relu_passes import is_relu_critic
from otgan.critics.kernels.supported import PairLoss
from otgan.critics.networks.ensemble import Ensemble
from otgan.critics.networks.feedforward import mlp, radial_mlp
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_flag, as_number, as_positive
from otgan.keywords import checks_keywords
from otgan.torch_modes import gradients_on

__all__ = ["DivergencePenalty", "GradientPenalty", "PenalizedSlope"]


class PenalizedSlope(Constraint):
    """Penalize a function of the gradient's norm at points between real and generated ones."""

    needs_pointwise: ClassVar[bool] = True
    weight: float
    endpoint_fraction: float

    @property
    @abstractmethod
    def slope_penalty(self) -> SlopePenalty:
        """The penalty of slopes, and its derivative."""

    @property
    def penalty_weight(self) -> float | None:
        """The weight of the penalty."""
        return self.weight

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network."""
        return mlp(d, width=width, depth=depth)

    def points(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """One random point between each real and generated one, or one of these two."""
        position = torch.rand(len(real), generator=rng, device=real.device, dtype=real.dtype)
        if self.endpoint_fraction:
            # The outer quarters of a fraction of 1/2, say, go to the ends, the rest in between.
            outer = self.endpoint_fraction
            position = ((position - outer / 2) / (1 - outer)).clamp(0.0, 1.0)
        return torch.lerp(real, fake, position.reshape(-1, *[1] * (real.ndim - 1)))

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """The mean penalty of the slopes at `points`."""
        with gradients_on():
            points = self.points(real.detach(), fake.detach(), rng).requires_grad_()
            total = scores(critic, points).sum()
            (gradient,) = torch.autograd.grad(total, points, create_graph=True)
        # The tiny constant keeps the root differentiable where the gradient vanishes.
        slopes = (gradient.flatten(1).square().sum(dim=1) + 1e-12).sqrt()
        return self.slope_penalty(slopes)[0].mean()

    def fused_step(
        self, critic: nn.Module, inner_dtype: torch.dtype | None, loss: PairLoss | None = None
    ) -> Gradients | None:
        """Gradients of the whole loss without a graph, for the networks that allow it."""
        if not is_relu_critic(critic):
            return None
        step = PenalizedStep(critic, self.slope_penalty, loss=loss, inner_dtype=inner_dtype)

        def gradients(real: Tensor, fake: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
            return step.gradients(real, fake, self.points(real, fake, rng))

        return gradients


@checks_keywords
@dataclass(frozen=True)
class GradientPenalty(PenalizedSlope):
    """Penalize gradient norms other than one (WGAN-GP), or only those above (WGAN-LP).

    The loss is less ``weight * E[(|∇f(x̂)| - 1)²]``, with the positive part if `one_sided`. If x̂
    has density u, the optimal critic has slopes ``|∇f| = 1 + |w| / (2 weight u)``, w being a flow
    that carries x to y along -∇f. So its gap is

        E f(x) - E f(y) = ∫|w| + ∫|w|² / (2 weight u) = ∫|w| + 2 penalty,   and ∫|w| >= W1,

    and `distance` subtracts twice the penalty of slopes above one (`above_one`): an optimal critic
    has no others where mass moves, and slopes below one say that a critic has not learned yet. On
    the line ``∫|w|`` is W1 exactly; elsewhere it is larger by second order in 1 / weight. Two point
    masses at distance d show d + d² / (2 weight).

    Attributes
    ----------
    weight : float
        In units of length: a weight of 10 is large for points 0.1 apart and small for points
        1,000 apart. `scaled_to` multiplies it by a distance.
    one_sided : bool
    endpoint_fraction : float
        Fraction of the points x̂ that are real or generated points themselves instead of points
        between; zero, as published, leaves slopes free at and around isolated clusters.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), equation (3);
    Petzka, Fischer and Lukovnikov, On the regularization of Wasserstein GANs (ICLR 2018);
    Milne and Nachman, Wasserstein GANs with gradient penalty compute congested transport (COLT
    2022), for the flow.
    """

    weight: float = 10.0
    one_sided: bool = False
    endpoint_fraction: float = 0.0
    capturable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        as_positive(self.weight, "weight")
        as_flag(self.one_sided, "one_sided", "pass one of them")
        _check_endpoint_fraction(self.endpoint_fraction)

    @property
    def name(self) -> str:
        """``"lp"`` if one-sided, else ``"gp"``."""
        return "lp" if self.one_sided else "gp"

    @property
    def above_one(self) -> GradientPenalty:
        """The same for slopes above one alone: by what the gap of a critic may be too large."""
        return replace(self, one_sided=True)

    @property
    def slope_penalty(self) -> SlopePenalty:
        """Weight times the square of the excess over one."""
        return penalty_around_one(self.weight, one_sided=self.one_sided)

    def scaled_to(self, length: float) -> GradientPenalty:
        """The same for distributions about `length` apart, half of its points endpoints."""
        return replace(self, weight=self.weight * length, endpoint_fraction=0.5)

    def in_standard_units(self, length: float) -> GradientPenalty:
        """The same for points that are divided by `length`."""
        return replace(self, weight=self.weight / length)

    def default_network(self, d: int) -> nn.Module:
        """One-sided the mean of two deep networks with radius; else a network that begins flat."""
        if self.one_sided:
            return Ensemble(radial_mlp(d, width=DEFAULT_WIDTH, depth=5) for _ in range(2))
        # A two-sided penalty holds on to the slopes that a critic begins with: to that of the
        # radius, and to those of the wrong sign.
        critic = self.build(d, DEFAULT_WIDTH, self.default_depth)
        if isinstance(critic, nn.Sequential) and isinstance(critic[-1], nn.Linear):
            nn.init.zeros_(critic[-1].weight)
        return critic

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-4, betas (0.5, 0.9)."""
        return Adam(parameters, lr=learning_rate or 1e-4, betas=(0.5, 0.9), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap less twice the penalty; without one, as if the distributions were two points."""
        if not math.isnan(held_out.penalty):
            return held_out.gap - 2.0 * held_out.penalty
        return penalized_gap_inverse(held_out.gap, self.weight)


@checks_keywords
@dataclass(frozen=True)
class DivergencePenalty(PenalizedSlope):
    """Penalize a high power of the slope: the Wasserstein divergence of WGAN-div, which is not W1.

    ``weight * E[|∇f(x̂)|^power]`` has no slope that it prefers. For two point masses at distance d
    the gap is ``d (d / (weight power))^(1 / (power - 1))``, which `distance` inverts; for other
    distributions the result is only near W1. `endpoint_fraction` is that of
    :class:`GradientPenalty`.

    References
    ----------
    Wu et al., Wasserstein divergence for GANs (ECCV 2018), with weight 2 and power 6.
    """

    weight: float = 2.0
    power: float = 6.0
    endpoint_fraction: float = 0.0
    name: ClassVar[str] = "div"
    capturable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        as_positive(self.weight, "weight")
        hint = "pass 6, as published, or another one"
        if not 1.0 < as_number(self.power, "power", "above 1", hint) < math.inf:
            raise InvalidInputError(
                f"power must be finite and above 1, got {self.power!r}; to fix it, {hint}"
            )
        _check_endpoint_fraction(self.endpoint_fraction)

    @property
    def slope_penalty(self) -> SlopePenalty:
        """Weight times the power of the slope."""
        return power_penalty(self.weight, self.power)

    def scaled_to(self, length: float) -> DivergencePenalty:
        """The same for distributions about `length` apart, half of its points endpoints."""
        return replace(self, weight=self.weight * length, endpoint_fraction=0.5)

    def in_standard_units(self, length: float) -> DivergencePenalty:
        """The same for points that are divided by `length`."""
        return replace(self, weight=self.weight / length)

    def default_network(self, d: int) -> nn.Module:
        """A deep network with radius."""
        return radial_mlp(d, width=DEFAULT_WIDTH, depth=5)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 2e-4, betas (0, 0.9)."""
        return Adam(parameters, lr=learning_rate or 2e-4, betas=(0.0, 0.9), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The distance of the two point masses that would give this gap."""
        steepness = self.weight * self.power
        rest = max(held_out.gap, 0.0) ** (self.power - 1.0)
        return float((steepness * rest) ** (1.0 / self.power))


def _check_endpoint_fraction(fraction: Any) -> None:
    hint = "pass a fraction such as 0.5, or 0 for none"
    if not 0.0 <= as_number(fraction, "endpoint_fraction", "in [0, 1)", hint) < 1.0:
        raise InvalidInputError(
            f"endpoint_fraction must lie in [0, 1), got {fraction!r}; to fix it, {hint}"
        )
