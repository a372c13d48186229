"""Training without a critic: the exact distance between batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from otgan.gan.objectives.base import Objective
from otgan.keywords import checks_keywords
from otgan.transport.gradients import distance_of_clouds

__all__ = ["Exact"]


@checks_keywords
@dataclass(frozen=True)
class Exact(Objective):
    """No critic: the generator follows the gradient of the exact W1 between two batches.

    Distances of batches are larger than those of the distributions, and their minimum is not the
    distribution of the data: generated points are drawn towards means of real ones.

    References
    ----------
    Genevay, Peyré and Cuturi, Learning generative models with Sinkhorn divergences (AISTATS 2018),
    section 3, for training on distances of batches; Bellemare et al., The Cramer distance as a
    solution to biased Wasserstein gradients (arXiv 2017), for the bias.
    """

    name: ClassVar[str] = "exact"
    divergence_name: ClassVar[str] = "W1"
    trains_critic: ClassVar[bool] = False

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """There is no critic."""
        raise NotImplementedError("the exact objective trains no critic")

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """W1 of the two batches of points."""
        return distance_of_clouds(fake.flatten(1), real.flatten(1))
