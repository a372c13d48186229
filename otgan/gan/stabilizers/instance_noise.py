"""Instance noise: the critic sees real and generated points under the same noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.optimizers import SCHEDULES
from otgan.gan.stabilizers.base import Stabilizer
from otgan.inputs.options import as_positive
from otgan.keywords import checks_keywords

__all__ = ["InstanceNoise"]


@checks_keywords
@dataclass(frozen=True)
class InstanceNoise(Stabilizer):
    """Add Gaussian noise to all points that the critic sees, real and generated ones.

    The two noisy distributions have densities that overlap, even if those of the data and of the
    generator lie on different sheets of low dimension: their divergences are finite, and gradients
    tell where to go. The noise is new in each step, and goes to zero with the schedule, so that
    details can be learned in the end.

    Attributes
    ----------
    std : float
        Deviation of the noise at first, in units of standardized points (pixels are in [-1, 1]).
    schedule : {"linear", "cosine", "cosine-cubed", "constant"}
        How it falls over the steps of the run.

    References
    ----------
    Arjovsky and Bottou, Towards principled methods for training generative adversarial networks
    (ICLR 2017), section 3, for noise; Sonderby et al., Amortised MAP inference for image
    super-resolution (ICLR 2017), for noise that is annealed.

    Examples
    --------
    >>> noise = InstanceNoise(0.1)
    >>> [round(noise.std_at(done), 3) for done in (0.0, 0.25, 1.0)]
    [0.1, 0.075, 0.0]
    """

    std: float = 0.1
    schedule: str = "linear"
    name: ClassVar[str] = "instance-noise"

    def __post_init__(self) -> None:
        as_positive(self.std, "std", hint="leave instance noise out for none")
        if self.schedule not in list(SCHEDULES):
            raise InvalidInputError(
                f"schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule!r}; to fix "
                f"it, {nearest_name(str(self.schedule), list(SCHEDULES))}"
            )

    def std_at(self, done: float) -> float:
        """The deviation when that fraction of the steps is done."""
        return self.std * SCHEDULES[self.schedule](done)

    def perturb(self, points: Tensor, done: float, rng: torch.Generator) -> Tensor:
        """Points plus noise."""
        noise = torch.empty_like(points).normal_(generator=rng)
        return points + self.std_at(done) * noise
