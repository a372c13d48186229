"""The game of a run: what critic and generator minimize, of one batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.forward import scores
from otgan.gan.config import GANConfig
from otgan.gan.networks.packing import packed
from otgan.gan.objectives.base import Objective
from otgan.gan.stabilizers.base import Stabilizer, StabilizerState
from otgan.torch_modes import gradients_on

__all__ = ["Batch", "Game", "Loss"]


@dataclass(frozen=True)
class Batch:
    """What a step of critic or generator is made of.

    Attributes
    ----------
    real : torch.Tensor, shape (n, *shape)
        Standardized.
    latents : torch.Tensor, shape (n, latent_dim)
    rng : torch.Generator
        For everything else that is random in the step.
    done : float
        Fraction of the run's steps that are done.
    labels : torch.Tensor or None, shape (n,)
        Of the real points, for an objective that needs them.
    """

    real: Tensor
    latents: Tensor
    rng: torch.Generator
    done: float = 0.0
    labels: Tensor | None = None

    def rows(self, part: slice) -> Batch:
        """The same of those points alone."""
        labels = None if self.labels is None else self.labels[part]
        return replace(self, real=self.real[part], latents=self.latents[part], labels=labels)


@dataclass(frozen=True)
class Loss:
    """What is minimized, and the terms that it is the sum of.

    Attributes
    ----------
    total : torch.Tensor, shape ()
    terms : mapping of str to torch.Tensor
        ``"loss"`` of the objective, ``"penalty"`` of the constraint, and those of stabilizers.
    """

    total: Tensor
    terms: Mapping[str, Tensor]


@dataclass(frozen=True)
class Game:
    """Objective, constraint and stabilizers of a run.

    Attributes
    ----------
    objective : Objective
        As the stabilizers have changed it.
    constraint : Constraint or None
    stabilizers : tuple of Stabilizer
    pack : int
        Points that the critic judges together.
    separate : bool
        Whether the critic must see real and generated points in separate batches: it scores a
        point by what is beside it.
    states : dict
        What each stabilizer remembers, by its name.
    """

    objective: Objective
    constraint: Constraint | None
    stabilizers: tuple[Stabilizer, ...] = ()
    pack: int = 1
    separate: bool = False
    states: dict[str, StabilizerState] = field(default_factory=dict)

    @classmethod
    def of(cls, config: GANConfig, *, separate: bool) -> Game:
        """The game that these settings describe."""
        return cls(
            config.played_objective,
            config.critic_constraint,
            config.chosen_stabilizers,
            config.pack,
            separate,
        )

    def critic_loss(self, critic: nn.Module, batch: Batch, fake: Tensor) -> Loss:
        """What the critic minimizes; `fake` are generated points, not to be differentiated."""
        real, fake = self.shown(batch.real, batch), self.shown(fake, batch)
        terms = self._critic_terms(critic, real, fake, batch)
        for stabilizer in self.stabilizers:
            _add(terms, stabilizer, stabilizer.critic_term(critic, self.states[stabilizer.name]))
        return Loss(_sum(terms), terms)

    def generator_loss(
        self, generator: nn.Module, critic: nn.Module | None, batch: Batch, fake: Tensor
    ) -> Loss:
        """What the generator minimizes, of the points `fake` that it has generated."""
        terms: dict[str, Tensor] = {}
        if critic is None:
            terms["loss"] = self.objective.generator_loss(batch.real, fake)
            return Loss(terms["loss"], terms)
        fake = self.shown(fake, batch)
        replacing = [s for s in self.stabilizers if s.replaces_generator_loss]
        if replacing:
            real = self.shown(batch.real, batch)
            terms["loss"] = replacing[0].generator_loss(critic, real, fake)
        elif self.objective.uses_real:
            on_real, on_fake = self._scores(critic, self.shown(batch.real, batch), fake)
            terms["loss"] = self.objective.generator_loss(on_real, on_fake)
        else:
            on_fake = _scores_of(critic, fake)
            terms["loss"] = self.objective.generator_loss(on_fake.new_empty(0), on_fake)
        for stabilizer in self.stabilizers:
            term = stabilizer.generator_term(generator, self.states[stabilizer.name])
            _add(terms, stabilizer, term)
        return Loss(_sum(terms), terms)

    def shown(self, points: Tensor, batch: Batch) -> Tensor:
        """Points as the critic sees them: perturbed by the stabilizers, and packed."""
        for stabilizer in self.stabilizers:
            points = stabilizer.perturb(points, batch.done, batch.rng)
        return packed(points, self.pack)

    def start(self, generator: nn.Module, critic: nn.Module | None, batch: Batch) -> None:
        """Let constraint and stabilizers prepare new networks with a first batch."""
        if critic is None:
            return
        whole = len(batch.real) - len(batch.real) % self.pack
        real = packed(batch.real[:whole], self.pack)
        for stabilizer in self.stabilizers:
            found = stabilizer.start(generator, critic, real, batch.latents)
            self.states[stabilizer.name] = found
        constraint = self.constraint
        if constraint is not None and constraint.n_start_points and constraint.starts_in_gan:
            with torch.no_grad():
                fake = packed(generator(batch.latents[:whole]), self.pack)
            constraint.start(critic, real, fake)
            constraint.project(critic)

    def update(self, generator: nn.Module, critic: nn.Module | None) -> None:
        """What the stabilizers remember of a step of the generator."""
        if critic is None:
            return
        for stabilizer in self.stabilizers:
            stabilizer.update(generator, critic, self.states[stabilizer.name])

    def _critic_terms(
        self, critic: nn.Module, real: Tensor, fake: Tensor, batch: Batch
    ) -> dict[str, Tensor]:
        constraint = None if self.constraint is None else self.constraint.at(batch.done)
        if constraint is not None and constraint.replaces_loss:
            with gradients_on():
                return {"loss": constraint.loss(critic, real, fake, batch.rng).total}
        on_real, on_fake = self._scores(critic, real, fake)
        terms = {"loss": self.objective.critic_loss(on_real, on_fake)}
        if batch.labels is not None:
            terms["label loss"] = self.objective.label_loss(critic, real, batch.labels)
        if constraint is not None:
            with gradients_on():  # in full precision: it is differentiated twice
                terms["penalty"] = constraint.penalty(critic, real, fake, batch.rng)
        return terms

    def _scores(self, critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        if self.separate:
            return _scores_of(critic, real), _scores_of(critic, fake)
        both = _scores_of(critic, torch.cat([real, fake]))
        on_real, on_fake = both.split([len(real), len(fake)])
        return on_real, on_fake


def _scores_of(critic: nn.Module, points: Tensor) -> Tensor:
    """Scores in the precision of the points, whatever the critic multiplies in."""
    return scores(critic, points).to(points.dtype)


def _add(terms: dict[str, Tensor], stabilizer: Stabilizer, term: Tensor | None) -> None:
    if term is not None:
        terms[stabilizer.name] = term


def _sum(terms: Mapping[str, Tensor]) -> Tensor:
    first, *others = terms.values()
    return sum(others, start=first)
