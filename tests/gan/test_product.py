"""The whole product of a game's choices: 20 steps with finite losses, or a refusal with a reason.

A game is refused if and only if it holds one of the pairs that the table in the docs lists.
"""

import itertools
import math
from functools import cache
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset

from otgan import train_gan
from otgan.errors import InvalidInputError
from otgan.gan.combinations import CHOICES, _shown, exclusions, game_of, table

pytestmark = pytest.mark.torch

PAGE = Path(__file__).parents[2] / "docs" / "training.md"

RUN = {"steps": 20, "n_critic": 1, "monitor_every": 20, "monitor_points": 4, "evaluation_points": 4}

LABELS = torch.arange(60) % 10

PRODUCT = [dict(zip(CHOICES, game, strict=True)) for game in itertools.product(*CHOICES.values())]

BUILT_IN = [game for game in PRODUCT if (game["critic"], game["pack"]) == ("built in", 1)]


def data_for(shape):
    points = torch.rand(60, *shape, generator=torch.Generator().manual_seed(0))
    return TensorDataset(points, LABELS)


@cache
def pairs():
    return {(first, second): reason for first, second, reason in exclusions()}


def excluded(choices):
    """The reasons why a game is refused: those of the pairs in it.

    A critic that is bounded by its norm, or the user's own, needs no constraint.
    """
    shown = [_shown(name, choice) for name, choice in choices.items()]
    found = [pairs()[pair] for pair in itertools.combinations(shown, 2) if pair in pairs()]
    bounded = choices["critic_norm"] == "spectral" or choices["critic"] == "of your own"
    return [reason for reason in found if not (bounded and "or critic_norm='spectral'" in reason)]


def play(choices):
    """Train the game, and return the finite losses of its last step; or the reason of a refusal."""
    try:
        config, given, shape = game_of(choices, **RUN)
        result = train_gan(data_for(shape), config, critic=given.critic)
    except InvalidInputError as refused:
        return str(refused)
    record = result.records[-1]
    losses = [record.generator_loss, *([record.critic_loss] if result.critic is not None else [])]
    assert record.step == 20 and all(map(math.isfinite, losses)), (choices, losses)
    return ""


def check(choices):
    expected, got = excluded(choices), play(choices)
    assert bool(expected) == bool(got), (choices, expected, got)
    if got:
        assert "; to fix it, " in got
        assert got.partition(", got ")[0] in pairs().values(), (choices, expected, got)


@pytest.mark.parametrize("choices", PRODUCT[::613], ids=lambda c: " ".join(map(str, c.values())))
def test_a_game_trains_or_is_refused_with_the_reason_in_the_table(choices):
    check(choices)


@pytest.mark.slow
@pytest.mark.parametrize("objective", CHOICES["objective"])
def test_every_game_trains_or_is_refused_with_the_reason_in_the_table(objective):
    for choices in (*BUILT_IN, *PRODUCT[::11]):
        if choices["objective"] == objective:
            check(choices)


def test_the_page_shows_the_table():
    assert table() in PAGE.read_text()
