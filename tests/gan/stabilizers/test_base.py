"""Stabilizers of one's own: their hooks are called, and a class that is wrong is named."""

import pytest
import torch
from torch import nn

import otgan
from otgan.gan.stabilizers import Stabilizer
from tests.cases import refused
from tests.gan.short_run import RUN


class Recording(Stabilizer):
    """Adds weight decay, and writes down what is called."""

    name = "recording"

    def __init__(self):
        self.calls = []

    def adapt_critic(self, critic):
        self.calls.append("adapt_critic")
        return nn.Sequential(critic, nn.Identity())

    def start(self, generator, critic, real, latents):
        self.calls.append("start")
        return {"updates": torch.zeros(())}

    def update(self, generator, critic, state):
        self.calls.append(f"update {int(state['updates'])}")
        state["updates"] += 1

    def critic_term(self, critic, state):
        self.calls.append("critic_term")
        return sum(weight.square().sum() for weight in critic.parameters())


def test_hooks_are_called_in_turn():
    own = Recording()
    config = otgan.GANConfig(
        **{**RUN, "steps": 2}, objective="hinge", constraint=None, stabilizers=(own,)
    )
    otgan.train_gan("ring8", config)
    assert own.calls == [
        "adapt_critic", "start", "critic_term", "update 0", "critic_term", "update 1"
    ]  # fmt: skip


def test_hooks_that_are_not_defined_change_nothing():
    class Own(Stabilizer):
        name = "own"

    own, layer, points = Own(), nn.Linear(2, 1), torch.ones(3, 2)
    assert own.adapt_generator(layer, points) is layer is own.adapt_critic(layer)
    assert own.perturb(points, 0.5, torch.Generator()) is points
    assert own.critic_term(layer, {}) is own.generator_term(layer, {}) is None
    assert own.start(layer, layer, points, points) == {}
    with pytest.raises(NotImplementedError, match="own has no loss of its own"):
        own.generator_loss(layer, points, points)


@pytest.mark.parametrize(
    ("methods", "parts"),
    [
        ({}, ("a stabilizer must define name", "Own without name")),
        ({"name": "own", "critic_terms": lambda self, critic, state: None}, ("'critic_term'",)),
        ({"name": "own", "perturb": lambda self, points: points}, ("(self, points, done, rng)",)),
    ],
)
def test_classes_that_would_not_be_called_are_refused(methods, parts):
    with refused(*parts):
        type("Own", (Stabilizer,), methods)()
