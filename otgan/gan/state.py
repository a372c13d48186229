"""The state of a training run: networks, optimizers and records."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from otgan.critics.networks.feedforward import mlp
from otgan.critics.pointwise import refuse_unless_pointwise
from otgan.critics.seeding import seeded
from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig
from otgan.gan.records import Record
from otgan.torch_modes import float32_by_default

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
        None for the exact constraint.
    generator_optimizer, critic_optimizer : torch.optim.Optimizer
        The second is None without a critic.
    best : dict of str to torch.Tensor
        Weights of the best averaged generator so far.
    best_w1 : float
        Its exact W1.
    records : list of Record
        Every measurement so far.
    """

    step: int
    generator: nn.Module
    averaged: nn.Module
    critic: nn.Module | None
    generator_optimizer: torch.optim.Optimizer
    critic_optimizer: torch.optim.Optimizer | None
    best: Weights
    best_w1: float = float("inf")
    records: list[Record] = field(default_factory=list)

    @classmethod
    def start(cls, d: int, config: GANConfig, device: torch.device) -> TrainState:
        """Fresh networks and optimizers, from the seed alone."""
        constraint = config.critic_constraint
        with seeded(config.rng, device), float32_by_default():
            shape = {"width": config.width, "depth": config.depth}
            generator = mlp(config.latent_dim, d, **shape).to(device)
            critic = None if constraint is None else constraint.build(d, **shape)
            critic = None if critic is None else critic.float().to(device)
        averaged = copy.deepcopy(generator)
        if constraint is None or critic is None:
            critic_optimizer = None
        else:
            refuse_unless_pointwise(critic, (d,))
            critic_optimizer = constraint.optimizer(critic.parameters(), config.learning_rate)
        return cls(
            step=0,
            generator=generator,
            averaged=averaged,
            critic=critic,
            generator_optimizer=_generator_optimizer(generator, config),
            critic_optimizer=critic_optimizer,
            best=_copy(averaged),
        )

    def remember_best(self, w1: float) -> None:
        """Store the averaged generator as the best one so far."""
        self.best_w1, self.best = w1, _copy(self.averaged)

    def to_dict(self) -> dict[str, Any]:
        """Tensors and plain numbers only."""
        return {
            "step": self.step,
            "best": self.best,
            "best_w1": self.best_w1,
            "records": [record._asdict() for record in self.records],
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
                f"got others ({str(reason).partition(chr(10))[0]}); to fix it, use the constraint "
                "as it was then, or start anew"
            ) from None
        for optimizer, fresh in zip(optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, fresh, strict=True):
                group["lr"] = group["initial_lr"] = rate
        self.step, self.best = stored["step"], stored["best"]
        self.best_w1 = stored["best_w1"]
        self.records = [Record(**record) for record in stored["records"]]

    def _parts(self) -> dict[str, Any]:
        parts = {
            "generator": self.generator,
            "averaged": self.averaged,
            "critic": self.critic,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
        }
        return {name: part for name, part in parts.items() if part is not None}


def _copy(module: nn.Module) -> Weights:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def _generator_optimizer(generator: nn.Module, config: GANConfig) -> torch.optim.Optimizer:
    """The optimizer that the settings name, else that of the constraint's paper."""
    parameters, rate = generator.parameters(), config.learning_rate
    if config.generator_optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate or 5e-5)
    if config.generator_optimizer == "adam":
        return torch.optim.Adam(parameters, lr=rate or 1e-4, betas=(0.5, 0.9))
    if config.critic_constraint is None:
        return torch.optim.Adam(parameters, lr=rate or 1e-3, betas=(0.5, 0.9))
    return config.critic_constraint.optimizer(parameters, rate)
