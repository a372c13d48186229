"""Critics made of cones, the constraint that needs neither clipping, penalty nor projection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.critics.constraints.base import Constraint, HeldOutGap, Parameters
from otgan.critics.gaps import normalized_gap
from otgan.critics.networks.cones import ConeNetwork
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords

__all__ = ["Cones"]


@checks_keywords
@dataclass(frozen=True)
class Cones(Constraint):
    """A minimum or maximum of cones: 1-Lipschitz whatever its parameters are.

    Attributes
    ----------
    count : int
        Cones. A step takes about K times the batch times d multiplications.

    References
    ----------
    McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1.

    Examples
    --------
    >>> Cones(count=64).build(3, width=128, depth=2)
    ConeNetwork(d=3, count=64, sign=-1)
    """

    count: int = 512
    name: ClassVar[str] = "cones"
    builds_own_network: ClassVar[bool] = True
    uses_own_optimizer: ClassVar[bool] = True  # apexes are points, and no matrix to orthogonalize
    n_start_points: ClassVar[int] = 1024
    starts_in_gan: ClassVar[bool] = False  # cones that open upwards make a generator run away

    def __post_init__(self) -> None:
        as_count(self.count, "count")

    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A network of cones at random; `start` puts them on points."""
        return ConeNetwork(d, self.count)

    def start(self, critic: nn.Module, x: Tensor, y: Tensor) -> None:
        """Put the cones on points of the distributions, where the linear program wants them."""
        if isinstance(critic, ConeNetwork) and all(p.requires_grad for p in critic.parameters()):
            critic.place(x, y)

    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """Adam, 0.01 / √d: one in a hundred of a coordinate's deviation in standardized points."""
        cones = list(parameters)
        d = max((p.shape[1] for p in cones if p.ndim == 2), default=1)
        return Adam(cones, lr=learning_rate or 0.01 / math.sqrt(d), fused=True)

    def distance(self, held_out: HeldOutGap) -> float:
        """The gap over the bound that is proved, which is one."""
        return normalized_gap(held_out.gap, held_out.lipschitz_upper)
