"""The two networks of a run: built in or the user's, as objective and stabilizers need them."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.pointwise import refuse_unless_pointwise
from otgan.critics.seeding import seeded
from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig
from otgan.gan.latents import draw_latents
from otgan.gan.networks.build import build_critic, build_generator
from otgan.gan.networks.modules import (
    as_module,
    check_critic,
    check_generator,
    refuse_probabilities,
    scores_mix_points,
)
from otgan.gan.networks.packing import packed_shape
from otgan.gan.networks.single_point import check_batch_of_one
from otgan.gan.random_streams import RandomStreams
from otgan.torch_modes import float32_by_default

__all__ = ["GivenNetworks", "Players", "make_players"]


class GivenNetworks(NamedTuple):
    """The networks that a user brings: modules or factories; None for those built in."""

    generator: Any = None
    critic: Any = None

    @property
    def names(self) -> dict[str, str]:
        """The classes or functions of those that there are, as a run records them."""
        return {
            name: _qualified(given) for name, given in self._asdict().items() if given is not None
        }


class Players(NamedTuple):
    """The networks that are trained; `separate` as in :class:`otgan.gan.game.Game`."""

    generator: nn.Module
    critic: nn.Module | None
    separate: bool


def make_players(
    shape: tuple[int, ...], config: GANConfig, given: GivenNetworks, device: torch.device
) -> Players:
    """New networks for points of that shape, from the seed alone.

    Raises
    ------
    InvalidInputError
        Networks of the user's with other shapes, or that cannot be trained in this game.
    """
    with seeded(config.rng, device), float32_by_default():
        generator = _generator(shape, config, given, device)
        critic = _critic(shape, config, given, device)
        _refuse_shared_weights([generator, given.generator], [critic, given.critic])
        rng = RandomStreams(config.rng).torch(0, "reference latents", device)
        latents = draw_latents(config.batch_size, config, rng, device)
        for stabilizer in config.chosen_stabilizers:
            generator = stabilizer.adapt_generator(generator, latents)
            critic = None if critic is None else stabilizer.adapt_critic(critic)
        if critic is not None:
            critic = config.played_objective.adapt_critic(critic)
            if given.critic is not None:
                check_critic(critic, shape, pack=config.pack)
    generator.to(device)
    if config.batch_size == 1:
        check_batch_of_one(generator, latents.shape[1:], name="generator")
    if critic is None:
        return Players(generator, None, separate=False)
    critic.to(device)
    if config.batch_size == config.pack:
        check_batch_of_one(critic, packed_shape(shape, config.pack), name="critic")
    separate = _separate(critic, packed_shape(shape, config.pack), config.critic_constraint)
    return Players(generator, critic, separate=separate)


def _generator(
    shape: tuple[int, ...], config: GANConfig, given: GivenNetworks, device: torch.device
) -> nn.Module:
    assert config.latent_dim is not None
    if given.generator is None:
        return build_generator(config, shape).float()
    module = as_module(given.generator, "generator", rng=config.rng, device=device)
    check_generator(module, config.latent_dim, shape)
    return module


def _critic(
    shape: tuple[int, ...], config: GANConfig, given: GivenNetworks, device: torch.device
) -> nn.Module | None:
    constraint = config.critic_constraint
    if not config.played_objective.trains_critic:
        return None
    if given.critic is not None:
        module = as_module(given.critic, "critic", rng=config.rng, device=device)
        if config.played_objective.scores_are_logits:
            refuse_probabilities(module, packed_shape(shape, config.pack))
        return module
    if constraint is None or config.network != "mlp" or config.critic_norm or len(shape) == 3:
        return build_critic(config, shape).float()
    width, depth = config.critic_size
    assert width is not None
    (d,) = packed_shape(shape, config.pack)
    return constraint.build(d, width=width, depth=depth).float()


def _refuse_shared_weights(generators: list[Any], critics: list[Any]) -> None:
    """Raise if networks as they are given, or as they are built, have a learning weight in common.

    Copies would have one each, and functions that build the networks one that both optimizers move.
    """
    of_generators, of_critics = (
        {
            id(weight): name
            for network in networks
            if isinstance(network, nn.Module)
            for name, weight in network.named_parameters()
            if weight.requires_grad
        }
        for networks in (generators, critics)
    )
    for key, name in of_generators.items():
        if key in of_critics:
            raise InvalidInputError(
                f"generator and critic must not share weights that learn, got {name!r} of the "
                f"generator as {of_critics[key]!r} of the critic; to fix it, build a layer for "
                "each, or freeze the one that they share (requires_grad_(False))"
            )


def _separate(critic: nn.Module, packs: tuple[int, ...], constraint: Constraint | None) -> bool:
    """Whether the critic mixes points; refused where slopes at single points are penalized."""
    if constraint is not None and constraint.needs_pointwise:
        reason = f"under the constraint {constraint.name!r}, which takes its slope at each point"
        refuse_unless_pointwise(critic, packs, reason)
        return False
    return scores_mix_points(critic, packs)


def _qualified(given: Any) -> str:
    kind = type(given) if isinstance(given, nn.Module) else given
    return f"{kind.__module__}.{getattr(kind, '__qualname__', type(kind).__qualname__)}"
