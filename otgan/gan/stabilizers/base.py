"""The base class of stabilizers: what may be changed in a GAN's training."""

from __future__ import annotations

from abc import ABC
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from otgan.critics.constraints.hooks import check_complete, check_definitions
from otgan.gan.objectives.base import Objective

__all__ = ["Stabilizer", "StabilizerState"]

StabilizerState = dict[str, Tensor]
"""What a stabilizer remembers from step to step, as a checkpoint holds it."""


class Stabilizer(ABC):
    """A change of GAN training. Derive your own from it, and define its `name` and some hooks.

    Hooks by default do nothing. Everything that a stabilizer remembers between steps is in buffers
    of the networks that it adapts, or in the dict that `start` returns and `update` changes, so
    that a run resumes to the same bits.

    Examples
    --------
    >>> class Shrinking(Stabilizer):  # weight decay, as a term of the critic's loss
    ...     name = "shrinking"
    ...     def critic_term(self, critic, state):
    ...         return 1e-4 * sum(weight.square().sum() for weight in critic.parameters())
    >>> Shrinking().critic_term(nn.Linear(2, 1), {}).ndim
    0
    """

    name: ClassVar[str]
    """Short name, as in reports."""

    mixes_points: ClassVar[bool] = False
    """Whether the critic scores points differently beside others, as under a batch norm.

    Real and generated points then are in batches of their own, always as large as in training; and
    no constraint on slopes at single points goes with it."""

    replaces_generator_loss: ClassVar[bool] = False
    """Whether `generator_loss` takes the place of the objective's."""

    def __new__(cls, *args: Any, **settings: Any) -> Self:
        """Refuse a class with missing or misspelled methods, in our words."""
        check_definitions(cls, Stabilizer, HOOKS)
        check_complete(cls, "a stabilizer", ["name"])
        return super().__new__(cls)

    def adapt_objective(self, objective: Objective) -> Objective:
        """The objective with this change."""
        return objective

    def adapt_generator(self, generator: nn.Module, latents: Tensor) -> nn.Module:
        """The generator with this change, before its optimizer is made; may be changed in place.

        Parameters
        ----------
        generator : torch.nn.Module
        latents : torch.Tensor, shape (n, latent_dim)
            A batch, as in training.

        Raises
        ------
        InvalidInputError
            A network that cannot carry the change.
        """
        return generator

    def adapt_critic(self, critic: nn.Module) -> nn.Module:
        """The critic with this change, before its optimizer is made; may be changed in place.

        Raises
        ------
        InvalidInputError
            A network that cannot carry the change.
        """
        return critic

    def start(
        self, generator: nn.Module, critic: nn.Module, real: Tensor, latents: Tensor
    ) -> StabilizerState:
        """Prepare the networks with a first batch, and return what is remembered.

        Real points are as the critic takes them: packed, if it scores packs.
        """
        return {}

    def update(self, generator: nn.Module, critic: nn.Module, state: StabilizerState) -> None:
        """Change what is remembered, in place, after a step of the generator."""
        return None

    def perturb(self, points: Tensor, done: float, rng: torch.Generator) -> Tensor:
        """What the critic sees instead of real or generated points; `done` is the fraction of steps
        that are done.
        """
        return points

    def critic_term(self, critic: nn.Module, state: StabilizerState) -> Tensor | None:
        """What is added to the critic's loss; None for nothing."""
        return None

    def generator_term(self, generator: nn.Module, state: StabilizerState) -> Tensor | None:
        """What is added to the generator's loss; None for nothing."""
        return None

    def generator_loss(self, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """The generator's loss, if `replaces_generator_loss`: of points as the critic sees them."""
        raise NotImplementedError(f"{self.name} has no loss of its own")


HOOKS = (
    "adapt_objective",
    "adapt_generator",
    "adapt_critic",
    "start",
    "update",
    "perturb",
    "critic_term",
    "generator_term",
    "generator_loss",
)
"""The methods that training calls."""
