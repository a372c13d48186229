"""Distillation of the linear program into a critic, batch by batch: regression, not a game.

Against a penalty a critic looks for the optimal potential by ascent. Between two batches the linear
program knows it, and above all its slopes: along the arcs of an optimal plan every optimal
potential rises at slope one from the generated end to the real one. These are the targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.critics.constraints.base import Constraint, CriticLoss, HeldOutGap, Parameters
from otgan.critics.forward import scores
from otgan.critics.networks.feedforward import radial_mlp
from otgan.keywords import checks_keywords
from otgan.measures import DiscreteMeasure
from otgan.torch_modes import gradients_on
from otgan.transport.exact import solve_measures

__all__ = ["Distillation"]


@checks_keywords
@dataclass(frozen=True)
class Distillation(Constraint):
    """A critic that learns the slopes of each batch's optimal potentials, for the trainer.

    Its `loss` takes the place of a penalty less a gap. It is a regression on slopes alone. Values
    differ from batch to batch by how many points each cluster happens to have, and hide the signal:
    on the 8-Gaussian ring a regression that includes them learns several times slower.

    In `estimate_w1` this object means the same as the name ``"distilled"``: a regression on values
    and slopes of the potentials of one large sample. A subclass is trained batch by batch there,
    like any other constraint, unless it sets `solves_linear_program` itself.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), Proposition 1, for the
    slopes; Czarnecki et al., Sobolev training for neural networks (NeurIPS 2017), for regression
    on slopes.

    Examples
    --------
    >>> flat, real, fake = nn.Linear(1, 1), torch.full((4, 1), 3.0), torch.zeros(4, 1)
    >>> _ = nn.init.zeros_(flat.weight)
    >>> Distillation().loss(flat, real, fake, torch.Generator()).total.item()  # 0 instead of 1
    1.0
    """

    name: ClassVar[str] = "distilled"
    needs_pointwise: ClassVar[bool] = True
    solves_linear_program: ClassVar[bool] = True
    default_depth: ClassVar[int] = 2

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network that is also given each point's distance from the origin."""
        return radial_mlp(d, width=width, depth=depth)

    def loss(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> CriticLoss:
        """Mean squared distance of the critic's slopes from those of the optimal potentials.

        Half of it is measured at the generated points, half at random places on the arcs from there
        to the real points. All points must be finite. Takes the time of `emd`. What is recorded as
        penalty is this error.
        """
        error = self._error(critic, real, fake, rng)
        with torch.no_grad():
            gap = scores(critic, real).mean() - scores(critic, fake).mean()
        return CriticLoss(error, gap, error)

    def _error(self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        shape, real, fake = real.shape[1:], real.flatten(1), fake.flatten(1)
        plan = solve_measures(_measure(real), _measure(fake)).plan.tocoo()
        i, j, mass = (
            torch.as_tensor(part, device=real.device) for part in (*plan.coords, plan.data)
        )
        ends, starts = real[i], fake[j]
        wanted = nn.functional.normalize(ends - starts, dim=1, eps=1e-12)
        position = torch.rand(len(i), 1, generator=rng, device=real.device, dtype=real.dtype)
        points = torch.cat([starts, torch.lerp(starts, ends, position)]).detach().requires_grad_()
        with gradients_on():
            total = scores(critic, points.unflatten(1, shape)).sum()
            (slopes,) = torch.autograd.grad(total, points, create_graph=True)
        errors = (slopes - wanted.repeat(2, 1)).square().sum(dim=1)
        return mass.to(errors.dtype).repeat(2) @ errors / 2

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-3, betas (0.5, 0.9)."""
        return Adam(parameters, lr=learning_rate or 1e-3, betas=(0.5, 0.9), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap as it is."""
        return held_out.gap


def _measure(points: Tensor) -> DiscreteMeasure:
    """Equal weights on the points of a batch."""
    return DiscreteMeasure.uniform(points.detach().double().cpu().contiguous().numpy())
