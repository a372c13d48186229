"""The linear program taught to a network, batch by batch: a critic by regression, not by a game.

Against a penalty a critic looks for the optimal potential by ascent. Between two batches the linear
program knows it, and above all its slopes: along the arcs of an optimal plan every optimal
potential rises at slope one from the generated end to the real one. So the critic is shown that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.critics.forward import scores
from otgan.critics.networks.mlp import radial_mlp
from otgan.torch_modes import gradients_on
from otgan.transport.exact import emd

if TYPE_CHECKING:
    from otgan.critics.constraints.base import Parameters, Reading

__all__ = ["Distillation"]


@dataclass(frozen=True)
class Distillation:
    """A critic that learns the slopes of each batch's optimal potentials, for the trainer.

    Its `loss` takes the place of a gap less a penalty. Slopes alone are taught. Values differ from
    batch to batch by how many points each cluster happens to have, and hide the signal: on the
    8-Gaussian ring a regression that includes them learns several times slower.

    In `estimate_w1` this object is the name ``"distilled"``: the potentials of one large sample,
    taught by values and slopes.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), Proposition 1, for the
    slopes; Czarnecki et al., Sobolev training for neural networks (NeurIPS 2017), for regression
    on slopes.

    Examples
    --------
    >>> flat, real, fake = nn.Linear(1, 1), torch.full((4, 1), 3.0), torch.zeros(4, 1)
    >>> _ = nn.init.zeros_(flat.weight)
    >>> Distillation().loss(flat, real, fake, torch.Generator()).item()  # 0 where 1 is due
    1.0
    """

    name: ClassVar[str] = "distilled"

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A ReLU network that is also given each point's distance from the origin."""
        return radial_mlp(d, width=width, depth=depth)

    def loss(self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """Mean squared distance of the critic's slopes from those of the optimal potentials.

        Half of it is measured at the generated points, half at random places on the arcs from there
        to the real points. Takes the time of `emd`.
        """
        plan = emd(real, fake).plan.tocoo()
        i, j, mass = (
            torch.as_tensor(part, device=real.device) for part in (*plan.coords, plan.data)
        )
        ends, starts = real[i], fake[j]
        wanted = nn.functional.normalize(ends - starts, dim=1, eps=1e-12)
        share = torch.rand(len(i), 1, generator=rng, device=real.device, dtype=real.dtype)
        points = torch.cat([starts, torch.lerp(starts, ends, share)]).detach().requires_grad_()
        with gradients_on():
            total = scores(critic, points).sum()
            (slopes,) = torch.autograd.grad(total, points, create_graph=True)
        errors = (slopes - wanted.repeat(2, 1)).square().sum(dim=1)
        return mass.to(errors.dtype).repeat(2) @ errors / 2

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """None."""
        return real.new_zeros(())

    def project(self, critic: nn.Module) -> None:
        """Nothing: a critic is 1-Lipschitz as far as it has learned."""

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 1e-3, betas (0.5, 0.9)."""
        return Adam(parameters, lr=learning_rate or 1e-3, betas=(0.5, 0.9), fused=True)

    def distance(self, reading: Reading) -> float:
        """The gap as it is."""
        return reading.gap
