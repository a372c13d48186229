"""What keeps a critic Lipschitz: one object each, accepted wherever its short name is.

A constraint decides the network, a penalty added to the critic's loss, a projection after each
step, and how the critic's gap is read as a distance. Any object with these methods plugs in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.optim import Adam, Optimizer, RMSprop

from otgan.critics.constraints.cones import Cones
from otgan.critics.constraints.distillation import Distillation
from otgan.critics.kernels.relu import (
    PenalizedStep,
    SlopePenalty,
    around_one,
    power_of_slope,
    supports,
)
from otgan.critics.kernels.threads import Workers
from otgan.critics.networks.mlp import mlp, orthogonal_mlp, orthonormalize_, scores
from otgan.critics.settings import unknown_constraint
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_positive
from otgan.torch_modes import gradients_on

__all__ = [
    "CONSTRAINTS",
    "Constraint",
    "DivergencePenalty",
    "GradientPenalty",
    "OrthogonalWeights",
    "PenalizedSlope",
    "Reading",
    "SpectralNormalization",
    "WeightClipping",
    "as_constraint",
]

Parameters = Iterable[nn.Parameter]

METHODS = ("build", "penalty", "project", "optimizer", "distance")
"""What every constraint can do."""


class Reading(NamedTuple):
    """What was measured of a critic, in units of the points it sees.

    `gap` is E f(x) - E f(y) and `penalty` what the constraint adds to the loss, for slopes above
    one alone where it is a penalty around one (NaN if not measured), both on points that the critic
    was not trained on; `proved` bounds its Lipschitz constant from above by its weights (``inf`` if
    they prove nothing), `sampled` from below by the largest slope met.
    """

    gap: float
    penalty: float
    proved: float
    sampled: float


class Constraint(Protocol):
    """What the estimator and the trainer ask of a constraint.

    Some have more to say, and the estimator listens: ``at_scale(length)`` and ``in_units(length)``
    give the same constraint with weights for distributions about `length` apart, and for points
    divided by `length`; ``above_one`` is the constraint whose penalty `distance` corrects by, where
    that is not its own; ``start(critic, x, y)`` puts a fresh critic where the data are,
    ``finish(critic)`` has the last word on a trained one; ``keeps_optimizer`` is true of a
    constraint whose own optimizer serves better than Muon. The trainer listens to one:
    ``loss(critic, real, fake, rng)`` takes the place of the gap and its penalty.
    """

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
        """The optimizer that the method was published with."""
        ...

    def distance(self, reading: Reading) -> float:
        """Read what was measured of a critic as a distance."""
        ...


class _NoPenalty:
    """Constraints that keep the network itself in check."""

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """None."""
        return real.new_zeros(())


@dataclass(frozen=True)
class WeightClipping(_NoPenalty):
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

    def project(self, critic: nn.Module) -> None:
        """Clip all parameters that learn, biases included, as the paper does."""
        with torch.no_grad():
            for parameter in critic.parameters():
                if parameter.requires_grad:
                    parameter.clamp_(-self.limit, self.limit)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """RMSProp, 5e-5."""
        return RMSprop(parameters, lr=learning_rate or 5e-5)

    def distance(self, reading: Reading) -> float:
        """The gap over the largest sampled gradient norm."""
        return _divide(reading.gap, reading.sampled)


class PenalizedSlope:
    """Penalize a function of the gradient's norm at points between real and generated ones."""

    ends: float

    @property
    def of_slope(self) -> SlopePenalty:
        """The penalty of slopes, and its derivative."""
        raise AssertionError("each penalty says which")

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network."""
        return mlp(d, width=width, depth=depth)

    def points(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """One random point between each real and generated one, or one of these two."""
        share = torch.rand(len(real), generator=rng, device=real.device, dtype=real.dtype)
        if self.ends:
            # The outer quarters of a share of 1/2, say, go to the ends, the rest in between.
            share = ((share - self.ends / 2) / (1 - self.ends)).clamp(0.0, 1.0)
        return torch.lerp(real, fake, share.reshape(-1, *[1] * (real.ndim - 1)))

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
        return self.of_slope(slopes)[0].mean()

    def by_hand(self, critic: nn.Module) -> PenalizedStep | None:
        """Gradients of the whole loss without a graph, for the networks that allow it."""
        return PenalizedStep(critic, self.of_slope) if supports(critic) else None

    def project(self, critic: nn.Module) -> None:
        """Nothing."""


@dataclass(frozen=True)
class GradientPenalty(PenalizedSlope):
    """Penalize gradient norms other than one (WGAN-GP), or only those above (WGAN-LP).

    The loss is less ``weight * E[(|∇f(x̂)| - 1)²]``, with the positive part if `one_sided`. If x̂
    has density u, the optimal critic has slopes |∇f| = 1 + |w| / (2 weight u), where w is a flow
    that carries x to y along -∇f. So its gap is

        E f(x) - E f(y) = ∫|w| + ∫|w|² / (2 weight u) = ∫|w| + 2 penalty,   and ∫|w| >= W1,

    and `distance` subtracts twice the penalty of slopes above one (`above_one`): an optimal critic
    has no others where mass moves, and slopes below one say that a critic has not learned yet. On
    the line ∫|w| is W1 exactly; elsewhere it is larger by second order in 1 / weight. Two point
    masses at distance d show d + d² / (2 weight).

    Attributes
    ----------
    weight : float
        In units of length: a weight of 10 is large for points 0.1 apart and small for points
        1,000 apart. `at_scale` multiplies it by a distance.
    one_sided : bool
    ends : float
        Share of the points x̂ that are real or generated points themselves instead of points
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
    ends: float = 0.0

    def __post_init__(self) -> None:
        as_positive(self.weight, "weight")

    @property
    def name(self) -> str:
        """``"lp"`` if one-sided, else ``"gp"``."""
        return "lp" if self.one_sided else "gp"

    def at_scale(self, length: float) -> GradientPenalty:
        """The same for distributions about `length` apart, with slopes held at the points as well."""
        return replace(self, weight=self.weight * length, ends=0.5)

    def in_units(self, length: float) -> GradientPenalty:
        """The same for points that are divided by `length`."""
        return replace(self, weight=self.weight / length)

    @property
    def above_one(self) -> GradientPenalty:
        """The same for slopes above one alone: what the gap of a critic may hold too much."""
        return replace(self, one_sided=True)

    @property
    def of_slope(self) -> SlopePenalty:
        """Weight times the square of the excess over one."""
        return around_one(self.weight, one_sided=self.one_sided)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-4, betas (0.5, 0.9)."""
        return Adam(parameters, lr=learning_rate or 1e-4, betas=(0.5, 0.9), fused=True)

    def distance(self, reading: Reading) -> float:
        """The gap less twice the penalty; without one, as if the distributions were two points."""
        if not math.isnan(reading.penalty):
            return reading.gap - 2.0 * reading.penalty
        gap = reading.gap
        return gap if gap <= 0 else self.weight * (math.sqrt(1.0 + 2.0 * gap / self.weight) - 1.0)


@dataclass(frozen=True)
class DivergencePenalty(PenalizedSlope):
    """Penalize a high power of the slope: the Wasserstein divergence of WGAN-div, which is not W1.

    ``weight * E[|∇f(x̂)|^power]`` has no slope that it prefers. For two point masses at distance d
    the gap is ``d (d / (weight power))^(1 / (power - 1))``, which `distance` inverts; for other
    distributions the result is only near W1.

    References
    ----------
    Wu et al., Wasserstein divergence for GANs (ECCV 2018), with weight 2 and power 6.
    """

    weight: float = 2.0
    power: float = 6.0
    ends: float = 0.0

    def __post_init__(self) -> None:
        as_positive(self.weight, "weight")
        as_positive(self.power - 1.0, "power - 1")

    name: ClassVar[str] = "div"

    def at_scale(self, length: float) -> DivergencePenalty:
        """The same for distributions about `length` apart."""
        return replace(self, weight=self.weight * length, ends=0.5)

    def in_units(self, length: float) -> DivergencePenalty:
        """The same for points that are divided by `length`."""
        return replace(self, weight=self.weight / length)

    @property
    def of_slope(self) -> SlopePenalty:
        """Weight times the power of the slope."""
        return power_of_slope(self.weight, self.power)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 2e-4, betas (0, 0.9)."""
        return Adam(parameters, lr=learning_rate or 2e-4, betas=(0.0, 0.9), fused=True)

    def distance(self, reading: Reading) -> float:
        """The distance of the two point masses that would give this gap."""
        steepness = self.weight * self.power
        rest = max(reading.gap, 0.0) ** (self.power - 1.0)
        return float((steepness * rest) ** (1.0 / self.power))


@dataclass(frozen=True)
class SpectralNormalization(_NoPenalty):
    """Divide every weight matrix by its largest singular value, tracked by power iteration.

    The network is then close to 1-Lipschitz by its weights, but usually much flatter than that,
    so the gap is divided by the largest gradient norm that was sampled.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida, Spectral normalization for GANs (ICLR 2018).
    """

    name: ClassVar[str] = "spectral"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network with normalized layers."""
        critic = mlp(d, width=width, depth=depth)
        for layer in critic:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight)
                parametrizations.spectral_norm(layer)
        return critic

    def project(self, critic: nn.Module) -> None:
        """Nothing: the parametrization does it."""

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 2e-4, betas (0, 0.9)."""
        return Adam(parameters, lr=learning_rate or 2e-4, betas=(0.0, 0.9), fused=True)

    def distance(self, reading: Reading) -> float:
        """The gap over the largest sampled gradient norm."""
        return _divide(reading.gap, reading.sampled)


@dataclass(frozen=True)
class OrthogonalWeights(_NoPenalty):
    """Orthogonal weights and GroupSort: 1-Lipschitz by construction, and able to be steep.

    After each step the weights are drawn back to orthogonal matrices, and their norms never
    exceed one, whatever the step. The gap is divided by the bound that the weights prove, so that
    it never exceeds the distance of the distributions but by sampling error.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).
    """

    name: ClassVar[str] = "orthogonal"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """An orthogonal GroupSort network."""
        return orthogonal_mlp(d, width=width, depth=depth)

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
        """Adam, 1e-3."""
        return Adam(parameters, lr=learning_rate or 1e-3, betas=(0.5, 0.9), fused=True)

    def distance(self, reading: Reading) -> float:
        """The gap over the bound proved by the weights."""
        return _divide(reading.gap, reading.proved)


CONSTRAINTS: dict[str, Constraint] = {
    "clip": WeightClipping(),
    "gp": GradientPenalty(),
    "lp": GradientPenalty(one_sided=True),
    "spectral": SpectralNormalization(),
    "div": DivergencePenalty(),
    "orthogonal": OrthogonalWeights(),
    "cones": Cones(),
    "distilled": Distillation(),
}


def as_constraint(constraint: str | Constraint, *, also: tuple[str, ...] = ()) -> Constraint:
    """The constraint of that short name, or the object that was given.

    `also` are further names that the caller understands, for the error message.

    Examples
    --------
    >>> as_constraint("gp")
    GradientPenalty(weight=10.0, one_sided=False, ends=0.0)
    >>> as_constraint("gb")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: constraint must be one of clip, gp, lp, spectral, div, \
orthogonal, cones, distilled, or an object with their methods, got 'gb'; to fix it, did you mean \
'gp'?
    """
    if not isinstance(constraint, str):
        missing = [m for m in METHODS if not callable(getattr(constraint, m, None))]
        if missing or isinstance(constraint, type):
            raise InvalidInputError(
                f"constraint must be a name or an object with the methods {', '.join(METHODS)}, "
                f"got {constraint!r}; to fix it, see otgan.critics.constraints.base.Constraint, and "
                "pass an object rather than its class"
            )
        return constraint
    if constraint in CONSTRAINTS:
        return CONSTRAINTS[constraint]
    raise unknown_constraint(constraint, also)


def _learning_matrices(critic: nn.Module) -> list[Tensor]:
    layers = [layer for layer in critic.modules() if isinstance(layer, nn.Linear)]
    return [layer.weight for layer in layers if layer.weight.requires_grad]


def _divide(gap: float, lipschitz: float) -> float:
    # A critic that is flat wherever it was looked at says nothing: no gap, no distance.
    return gap / lipschitz if 0.0 < lipschitz < math.inf else 0.0
