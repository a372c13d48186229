"""The state of a training run: networks, optimizers, game and records."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig
from otgan.gan.game import Game
from otgan.gan.generator import Generator
from otgan.gan.measuring.selection import Selection
from otgan.gan.optimizers import Adam, as_optimizer
from otgan.gan.players import GivenNetworks, make_players
from otgan.gan.precision import MixedPrecision
from otgan.gan.records import Record
from otgan.gan.units import Units
from otgan.inputs.options import as_positive

__all__ = ["TrainState"]

Weights = dict[str, Tensor]


@dataclass
class TrainState:
    """The state of a run after `step` generator steps.

    Attributes
    ----------
    generator, averaged : torch.nn.Module
        The generator, and the running average of its weights.
    critic : torch.nn.Module or None
        None for the exact objective.
    generator_optimizer, critic_optimizer : torch.optim.Optimizer
        The second is None without a critic.
    game : Game
        Losses, and what stabilizers remember.
    precision : MixedPrecision
    best : dict of str to torch.Tensor
        Weights of the best averaged generator so far.
    selection : Selection
        Which one that is.
    critic_loss, generator_loss : torch.Tensor, shape ()
        Of the objective, in the last step of each; NaN before.
    records : list of Record
        Every measurement so far.
    """

    step: int
    generator: nn.Module
    averaged: nn.Module
    critic: nn.Module | None
    generator_optimizer: torch.optim.Optimizer
    critic_optimizer: torch.optim.Optimizer | None
    game: Game
    precision: MixedPrecision
    best: Weights
    selection: Selection = field(default_factory=Selection)
    critic_loss: Tensor = field(default_factory=lambda: torch.tensor(float("nan")))
    generator_loss: Tensor = field(default_factory=lambda: torch.tensor(float("nan")))
    records: list[Record] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        shape: tuple[int, ...],
        config: GANConfig,
        device: torch.device,
        given: GivenNetworks = GivenNetworks(),  # noqa: B008 # it is immutable
    ) -> TrainState:
        """Fresh networks and optimizers, from the seed alone."""
        generator, critic, separate = make_players(shape, config, given, device)
        averaged = copy.deepcopy(generator)
        critic_optimizer = None
        if critic is not None:
            critic_optimizer = _optimizer(critic, config, "critic")
        return cls(
            step=0,
            generator=generator,
            averaged=averaged,
            critic=critic,
            generator_optimizer=_optimizer(generator, config, "generator"),
            critic_optimizer=critic_optimizer,
            game=Game.of(config, separate=separate),
            precision=MixedPrecision.of(config.precision, device),
            best=_copy(averaged),
        )

    def select(self, record: Record) -> None:
        """Keep the averaged generator if it is the best so far, by what was measured of it."""
        if self.selection.keeps(record.step, *record.selected_by):
            self.best = _copy(self.averaged)

    def kept_generator(self, units: Units) -> Generator:
        """The best averaged generator, in evaluation mode, in the units of the data."""
        self.averaged.load_state_dict(self.best)
        return Generator(self.averaged, units).eval()

    def final_critic(self, units: Units, config: GANConfig) -> nn.Module | None:
        """The critic as it is handed out, a function of points in the units of the data.

        The constraint may finish it for good: a checkpoint is to be written before.
        """
        if self.critic is None:
            return None
        if config.critic_constraint is not None:
            config.critic_constraint.finish(self.critic)
        device = next(self.critic.parameters()).device
        return units.critic(self.critic, pack=config.pack, device=device)

    def to_dict(self) -> dict[str, Any]:
        """Tensors and plain numbers only."""
        return {
            "step": self.step,
            "best": self.best,
            "selection": self.selection.to_dict(),
            "records": [record._asdict() for record in self.records],
            "stabilizers": self.game.states,
            "critic_loss": self.critic_loss,
            "generator_loss": self.generator_loss,
            **{name: part.state_dict() for name, part in self._parts().items()},
        }

    def load_dict(self, stored: dict[str, Any]) -> None:
        """Restore what `to_dict` gave, at the learning rates of this configuration.

        Raises
        ------
        InvalidInputError
            Networks or optimizers of another form, as after a change of the constraint's code.
        """
        optimizers = [o for o in (self.generator_optimizer, self.critic_optimizer) if o]
        rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
        try:
            for name, part in self._parts().items():
                part.load_state_dict(stored[name])
        except (KeyError, ValueError, RuntimeError) as reason:
            raise InvalidInputError(
                "networks and optimizers must have the form that they had in the stopped run, "
                f"got others ({str(reason).partition(chr(10))[0]}); to fix it, use the networks "
                "and the constraint as they were then, or start anew"
            ) from None
        for optimizer, fresh in zip(optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, fresh, strict=True):
                group["lr"] = group["initial_lr"] = rate
        self.step, self.best = stored["step"], stored["best"]
        self.selection = Selection.from_dict(stored["selection"])
        self.game.states.update(stored["stabilizers"])
        self.critic_loss = stored["critic_loss"]
        self.generator_loss = stored["generator_loss"]
        self.records = [Record(**record) for record in stored["records"]]

    def _parts(self) -> dict[str, Any]:
        parts = {
            "generator": self.generator,
            "averaged": self.averaged,
            "critic": self.critic,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
            "generator_scaler": self.precision.generator_scaler,
            "critic_scaler": self.precision.critic_scaler,
        }
        return {name: part for name, part in parts.items() if part is not None}


def _copy(module: nn.Module) -> Weights:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def _optimizer(network: nn.Module, config: GANConfig, player: str) -> torch.optim.Optimizer:
    """The optimizer that the settings name, else that of the constraint's paper, else Adam."""
    settings = as_optimizer(getattr(config, f"{player}_optimizer"), f"{player}_optimizer")
    rate = config.learning_rate
    if player == "critic" and config.critic_learning_rate is not None:
        rate = config.critic_learning_rate
    parameters = [p for p in network.parameters() if p.requires_grad]
    constraint = config.critic_constraint
    if settings is None and constraint is not None:
        return constraint.optimizer(parameters, rate)
    if settings is None:
        exact = not config.played_objective.trains_critic
        settings = Adam(1e-3) if exact else Adam(2e-4, betas=(0.5, 0.999))
    kind = type(settings).__name__
    hint = "define it in the class, or pass learning_rate in the GANConfig"
    rate = rate or as_positive(settings.learning_rate, f"{kind}.learning_rate", hint=hint)
    found = settings.build(parameters, rate)
    if not isinstance(found, torch.optim.Optimizer) or isinstance(found, torch.optim.LBFGS):
        raise InvalidInputError(
            f"{kind}.build must return a torch.optim.Optimizer that steps without a closure, got "
            f"{type(found).__name__}; to fix it, return another"
        )
    return found
