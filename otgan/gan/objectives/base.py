"""The base class of objectives: the losses of critic and generator, and what they estimate."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from otgan.critics.constraints.hooks import check_complete, check_definitions
from otgan.errors import InvalidInputError

__all__ = ["Objective"]


class Objective(ABC):
    """The losses of critic and generator on a batch. Derive your own from it.

    A class of your own defines `name`, `critic_loss` and `generator_loss`. Scores are what the
    critic returns, one number for each real and each generated point (or pack of points); for
    objectives with a discriminator D they are its logits, D = 1 / (1 + exp(-score)).

    Examples
    --------
    >>> import torch
    >>> class Exponential(Objective):  # boosting's loss
    ...     name = "exponential"
    ...     def critic_loss(self, real, fake):
    ...         return (-real).exp().mean() + fake.exp().mean()
    ...     def generator_loss(self, real, fake):
    ...         return (-fake).exp().mean()
    >>> Exponential().critic_loss(torch.zeros(3), torch.zeros(3))
    tensor(2.)
    """

    name: ClassVar[str]
    """Short name, as in reports."""

    divergence_name: ClassVar[str] = "loss"
    """What `divergence` estimates. ``"W1"`` is put into the units of the data, and reports draw it
    beside exact W1."""

    default_constraint: ClassVar[str | None] = None
    """Short name of the constraint that is taken unless another is chosen."""

    trains_critic: ClassVar[bool] = True
    uses_real: ClassVar[bool] = False
    """Whether the generator's loss depends on the scores of real points."""

    scores_are_logits: ClassVar[bool] = False
    """Whether the losses apply the sigmoid, so that the critic must not."""

    needs_labels: ClassVar[bool] = False
    bounded_without_constraint: ClassVar[bool] = True
    """Whether the critic's loss is bounded below for a critic that nothing constrains."""

    def __new__(cls, *args: Any, **settings: Any) -> Self:
        """Refuse a class with missing or misspelled methods, in our words."""
        check_definitions(cls, Objective, HOOKS)
        check_complete(cls, "an objective", ("name", "critic_loss", "generator_loss"))
        return super().__new__(cls)

    @abstractmethod
    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the critic minimizes, of its scores of real and of generated points."""

    @abstractmethod
    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the generator minimizes; `real` is empty unless `uses_real`."""

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """The divergence that these scores estimate; NaN if the objective names none."""
        return math.nan

    def adapt_critic(self, critic: nn.Module) -> nn.Module:
        """The critic as this objective needs it; by default as it is."""
        return critic

    def label_loss(self, critic: nn.Module, real: Tensor, labels: Tensor) -> Tensor:
        """What labels of real points add to the critic's loss; only if `needs_labels`."""
        return real.new_zeros(())

    def with_real_label(self, label: float) -> Objective:
        """The same with another target for real points; refused where there are no targets."""
        raise InvalidInputError(
            f"one-sided label smoothing must come with an objective that has labels (minimax, "
            f"non-saturating or least-squares), got {self.name!r}; to fix it, leave it out"
        )


HOOKS = (
    "critic_loss",
    "generator_loss",
    "divergence",
    "adapt_critic",
    "label_loss",
    "with_real_label",
)
"""The methods that training calls."""
