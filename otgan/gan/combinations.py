"""Which choices of a game exclude each other, as a table."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch

from otgan.errors import InvalidInputError
from otgan.gan.compatibility import refuse_incompatible
from otgan.gan.config import GANConfig
from otgan.gan.constraints import GAN_CONSTRAINTS
from otgan.gan.networks.mlp import mlp_critic
from otgan.gan.networks.names import CRITIC_NORMS
from otgan.gan.networks.packing import packed_shape
from otgan.gan.players import GivenNetworks, make_players
from otgan.gan.settings import OBJECTIVE_NAMES, STABILIZER_NAMES

__all__ = ["CHOICES", "Exclusion", "exclusions", "game_of", "table"]

VECTORS, IMAGES = (3,), (1, 8, 8)
"""Shapes of the points that combinations are tried on."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "objective": OBJECTIVE_NAMES,
    "constraint": (None, *GAN_CONSTRAINTS),
    "stabilizer": (None, *STABILIZER_NAMES),
    "critic_norm": CRITIC_NORMS,
    "network": ("mlp on vectors", "mlp on images", "fourier on vectors", "dcgan", "resnet"),
    "critic": ("built in", "of your own"),
    "pack": (1, 2),
}
"""What is chosen in a game, and the choices that there are."""

GAMES = tuple(itertools.product(("non-saturating", "wasserstein"), (None, "lp", "clip")))
"""Objectives and constraints that a pair of other choices is tried in."""

TINY: dict[str, Any] = {"batch_size": 4, "width": 4, "depth": 1, "latent_dim": 2, "device": "cpu"}


class Exclusion(NamedTuple):
    """Two choices that do not go together in any game, and why."""

    first: str
    second: str
    reason: str


class PlayedGame(NamedTuple):
    """Settings, networks of the user's, and the shape of points, as choices make them."""

    config: GANConfig
    given: GivenNetworks
    shape: tuple[int, ...]


def game_of(choices: dict[str, Any], **settings: Any) -> PlayedGame:
    """The game of these choices, one of each in `CHOICES`, on tiny networks.

    Generators have a batch norm, if the network has one, for a stabilizer to replace.

    Examples
    --------
    >>> choices = {name: values[0] for name, values in CHOICES.items()}
    >>> game_of({**choices, "constraint": "gp", "network": "dcgan"}).shape
    (1, 8, 8)
    """
    network, _, points = choices["network"].partition(" on ")
    shape = VECTORS if points == "vectors" else IMAGES
    config = GANConfig(
        objective=choices["objective"],
        constraint=choices["constraint"],
        stabilizers=(choices["stabilizer"],) if choices["stabilizer"] else (),
        critic_norm=choices["critic_norm"],
        network=network,
        generator_norm=None if network == "resnet" else "batch",
        pack=choices["pack"],
        **{**TINY, **settings},
    ).for_shape(shape)
    packs = packed_shape(shape, config.pack)
    own = (lambda: mlp_critic(packs, width=4)) if choices["critic"] == "of your own" else None
    return PlayedGame(config, GivenNetworks(critic=own), shape)


@cache
def exclusions() -> tuple[Exclusion, ...]:
    """The pairs of choices that are refused in every game where each of the two is allowed.

    It takes a few seconds: networks are built for all pairs.
    """
    found = []
    for one, other in itertools.combinations(CHOICES, 2):
        for first, second in itertools.product(CHOICES[one], CHOICES[other]):
            reason = _reason({one: first}, {other: second})
            if reason is not None:
                found.append(Exclusion(_shown(one, first), _shown(other, second), reason))
    return tuple(found)


def table() -> str:
    """The exclusions in Markdown: choices, what they do not go with, and why."""
    refused: dict[tuple[str, str], list[str]] = defaultdict(list)
    for first, second, reason in exclusions():
        refused[first, reason.replace(f"'{first.split('`')[1]}'", "...")].append(second)
    alike = defaultdict(list)
    for (first, reason), seconds in refused.items():
        alike[", ".join(seconds), reason].append(first)
    rows = ["| choice | not with | because |", "|---|---|---|"]
    rows += [f"| {', '.join(f)} | {seconds} | {reason} |" for (seconds, reason), f in alike.items()]
    return "\n".join(rows) + "\n"


def _reason(first: dict[str, Any], second: dict[str, Any]) -> str | None:
    """Why two choices are refused together in all games that allow each of them, if they are."""
    reason = None
    for game in _games():
        if _refused({**game, **first}) or _refused({**game, **second}):
            continue
        reason = _refused({**game, **first, **second})
        if not reason:
            return None
    return reason


def _games() -> Iterator[dict[str, Any]]:
    others = {"stabilizer": None, "critic_norm": None, "critic": "built in", "pack": 1}
    for (objective, constraint), network in itertools.product(GAMES, CHOICES["network"]):
        yield {"objective": objective, "constraint": constraint, "network": network, **others}


def _refused(choices: dict[str, Any]) -> str:
    return _refused_game(tuple(choices.items()))


@cache
def _refused_game(choices: tuple[tuple[str, Any], ...]) -> str:
    """Why a game is refused before it starts; empty if it is not."""
    try:
        config, given, shape = game_of(dict(choices))
        refuse_incompatible(config, shape, own_critic=given.critic is not None)
        make_players(shape, config, given, torch.device("cpu"))
    except InvalidInputError as refused:
        return str(refused).partition(", got ")[0]
    return ""


def _shown(name: str, choice: Any) -> str:
    return f"a critic {choice}" if name == "critic" else f"{name} `{choice}`"
