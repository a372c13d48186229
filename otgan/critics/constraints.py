"""What keeps a critic Lipschitz: one object each, accepted wherever its short name is.

A constraint decides four things: the network it needs, a penalty added to the critic's loss, a
projection after each step, and how the critic's gap is read as a distance. Any object with these
methods plugs in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.optim import Adam, Optimizer, RMSprop

from otgan.critics.networks import mlp, orthogonal_mlp, scores
from otgan.errors import InvalidInputError, nearest_name

__all__ = [
    "CONSTRAINTS",
    "Constraint",
    "GradientPenalty",
    "OrthogonalWeights",
    "SpectralNormalization",
    "WeightClipping",
    "as_constraint",
]

Parameters = Iterable[nn.Parameter]


class Constraint(Protocol):
    """What the estimator and the trainer ask of a constraint."""

    @property
    def name(self) -> str:
        """Short name, as in reports."""
        ...

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A critic for points in d dimensions."""
        ...

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """What is added to the critic's loss for a batch."""
        ...

    def project(self, critic: nn.Module) -> None:
        """Put the critic back into its family, in place, after a step."""
        ...

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """The optimiser that the method was published with."""
        ...

    def distance(self, gap: float, proved: float, sampled: float) -> float:
        """Read the gap E f(x) - E f(y) as a distance, given two Lipschitz constants of f."""
        ...


@dataclass(frozen=True)
class WeightClipping:
    """Clip every weight to [-limit, limit] after each step (Algorithm 1 of the WGAN paper).

    The Lipschitz constant that this allows depends on the architecture and may be anything from
    1e-4 to 1e4, so the gap is divided by the largest gradient norm that was sampled.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1.
    """

    limit: float = 0.01
    name: ClassVar[str] = "clip"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network, its weights clipped from the start."""
        critic = mlp(d, width=width, depth=depth)
        self.project(critic)
        return critic

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """None."""
        return real.new_zeros(())

    def project(self, critic: nn.Module) -> None:
        """Clip all parameters, biases included, as the paper does."""
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-self.limit, self.limit)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """RMSProp, 5e-5."""
        return RMSprop(parameters, lr=learning_rate or 5e-5)

    def distance(self, gap: float, proved: float, sampled: float) -> float:
        """The gap over the largest sampled gradient norm."""
        return _divide(gap, sampled)


@dataclass(frozen=True)
class GradientPenalty:
    """Penalise gradient norms other than one (WGAN-GP), or only those above (WGAN-LP).

    ``weight * E[(|∇f(x̂)| - 1)²]`` at points x̂ between real and generated ones, with the
    positive part of the difference if `one_sided`. The optimal critic is then steeper than one;
    for two point masses at distance d its gap is ``G = d + d² / (2 weight)``, which `distance`
    inverts.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), equation (3);
    Petzka, Fischer and Lukovnikov, On the regularization of Wasserstein GANs (ICLR 2018).
    """

    weight: float = 10.0
    one_sided: bool = False

    @property
    def name(self) -> str:
        """``"lp"`` if one-sided, else ``"gp"``."""
        return "lp" if self.one_sided else "gp"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network."""
        return mlp(d, width=width, depth=depth)

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """The penalty at one random point between each real and generated point."""
        share = torch.rand(len(real), generator=rng, device=real.device, dtype=real.dtype)
        share = share.reshape(-1, *[1] * (real.ndim - 1))
        between = torch.lerp(real.detach(), fake.detach(), share).requires_grad_()
        (gradient,) = torch.autograd.grad(scores(critic, between).sum(), between, create_graph=True)
        # The tiny constant keeps the root differentiable where the gradient vanishes.
        slope = (gradient.flatten(1).square().sum(dim=1) + 1e-12).sqrt()
        excess = (slope - 1.0).clamp(min=0.0) if self.one_sided else slope - 1.0
        return self.weight * excess.square().mean()

    def project(self, critic: nn.Module) -> None:
        """Nothing."""

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-4, betas (0.5, 0.9)."""
        return Adam(parameters, lr=learning_rate or 1e-4, betas=(0.5, 0.9), fused=True)

    def distance(self, gap: float, proved: float, sampled: float) -> float:
        """The distance of the two point masses that would give this gap."""
        if gap <= 0:
            return gap
        return self.weight * (math.sqrt(1.0 + 2.0 * gap / self.weight) - 1.0)


@dataclass(frozen=True)
class SpectralNormalization:
    """Divide every weight matrix by its largest singular value, tracked by power iteration.

    The network is then close to 1-Lipschitz by its weights, but usually much flatter than that,
    so the gap is divided by the largest gradient norm that was sampled.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida, Spectral normalization for GANs (ICLR 2018).
    """

    name: ClassVar[str] = "spectral"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network with normalised layers."""
        critic = mlp(d, width=width, depth=depth)
        for layer in critic:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight)
                parametrizations.spectral_norm(layer)
        return critic

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """None."""
        return real.new_zeros(())

    def project(self, critic: nn.Module) -> None:
        """Nothing: the parametrisation does it."""

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 2e-4, betas (0, 0.9)."""
        return Adam(parameters, lr=learning_rate or 2e-4, betas=(0.0, 0.9), fused=True)

    def distance(self, gap: float, proved: float, sampled: float) -> float:
        """The gap over the largest sampled gradient norm."""
        return _divide(gap, sampled)


@dataclass(frozen=True)
class OrthogonalWeights:
    """Orthogonal weights and GroupSort: 1-Lipschitz by construction, and able to be steep.

    The gap is divided by the bound that the weights prove (1 to rounding), so that it never
    exceeds the distance of the laws but by sampling error.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).
    """

    name: ClassVar[str] = "orthogonal"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """An orthogonal GroupSort network."""
        return orthogonal_mlp(d, width=width, depth=depth)

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """None."""
        return real.new_zeros(())

    def project(self, critic: nn.Module) -> None:
        """Nothing: the parametrisation does it."""

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-3."""
        return Adam(parameters, lr=learning_rate or 1e-3, betas=(0.5, 0.9), fused=True)

    def distance(self, gap: float, proved: float, sampled: float) -> float:
        """The gap over the bound proved by the weights."""
        return _divide(gap, proved)


CONSTRAINTS: dict[str, Constraint] = {
    "clip": WeightClipping(),
    "gp": GradientPenalty(),
    "lp": GradientPenalty(one_sided=True),
    "spectral": SpectralNormalization(),
    "orthogonal": OrthogonalWeights(),
}


def as_constraint(constraint: str | Constraint) -> Constraint:
    """The constraint of that short name, or the object that was given.

    Examples
    --------
    >>> as_constraint("gp")
    GradientPenalty(weight=10.0, one_sided=False)
    >>> as_constraint("gb")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: constraint must be one of clip, gp, lp, spectral, orthogonal, \
or an object with their methods, got 'gb'; to fix it, did you mean 'gp'?
    """
    if not isinstance(constraint, str):
        return constraint
    if constraint in CONSTRAINTS:
        return CONSTRAINTS[constraint]
    raise InvalidInputError(
        f"constraint must be one of {', '.join(CONSTRAINTS)}, or an object with their methods, "
        f"got {constraint!r}; to fix it, {nearest_name(constraint, CONSTRAINTS)}"
    )


def _divide(gap: float, lipschitz: float) -> float:
    # A critic that is flat wherever it was looked at says nothing: no gap, no distance.
    return gap / lipschitz if lipschitz > 0 else 0.0
