"""Methods of a constraint of one's own: misspelled, of other arguments, of wrong returns."""

import re
from typing import Any

import pytest
import torch

import otgan
from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.errors import InvalidInputError
from tests.critics.constraints.test_base import Plain, batch

QUICK: dict[str, Any] = {
    "steps": 2,
    "device": "cpu",
    "options": otgan.FitOptions(batch_size=8, test_points=64),
}
NONE = [
    "in_standard_units",
    "above_one",
    "default_network",
    "build",
    "optimizer",
    "penalty",
    "loss",
    "distance",
]


def own(base: type = Plain, **methods: Any) -> Any:
    """An object of a class with these methods."""
    return type("Own", (base,), {"uses_own_optimizer": True, **methods})()


def estimate(constraint: Constraint) -> otgan.DualEstimate:
    x, y = batch(200)
    return otgan.estimate_w1(x, y, constraint, **QUICK)


@pytest.mark.parametrize("hook", NONE)
def test_a_hook_that_returns_nothing_is_named(hook):
    nothing: Any = (
        (lambda self, *arguments: None) if hook != "above_one" else property(lambda s: None)
    )
    with pytest.raises(InvalidInputError, match=rf"^Own\.{hook} must return an? .*, got None; to"):
        estimate(own(**{hook: nothing}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1.0", torch.ones(2)])
def test_a_distance_is_a_finite_number(value):
    with pytest.raises(InvalidInputError, match=r"^Own\.distance must return a finite number, got"):
        estimate(own(distance=lambda self, held_out: value))


def test_hooks_of_a_penalty_are_checked_under_a_short_name_s_class():
    constraint = own(GradientPenalty, scaled_to=lambda self, length: 3.0)
    with pytest.raises(InvalidInputError, match=r"Own\.scaled_to must return a constraint, got 3"):
        constraint.scaled_to(2.0)


def test_hooks_of_a_class_beside_the_base_are_checked():
    class Beside:
        def loss(self, critic, real, fake, rng):
            return None

    constraint = type("Own", (Beside, Plain), {})()
    with pytest.raises(InvalidInputError, match=r"^Own\.loss must return a CriticLoss"):
        estimate(constraint)


def test_training_a_generator_checks_the_same():
    constraint = own(penalty=lambda self, critic, real, fake, rng: 0.0)
    config = otgan.GANConfig.preset("toy", steps=2, constraint=constraint)
    with pytest.raises(
        InvalidInputError, match=r"^Own\.penalty must return a tensor with a single"
    ):
        otgan.train_gan("ring8", config)


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"penality": lambda self: None}, "got Own.penality, which nothing calls; to fix it, "
         "rename it to 'penalty', or to '_penality'"),
        ({"finnish": lambda self, critic: None}, "rename it to 'finish'"),
        ({"project": lambda self: None}, "Own.project must take the arguments (self, critic), got "
         "(self); to fix it"),
        ({"loss": lambda self, critic, batch: None}, "got (self, critic, batch)"),
        ({"above_one": lambda self: self}, "Own.above_one must be a property, got a method"),
        ({"penalty": None}, "Own.penalty must be a method, got None"),
    ],
)  # fmt: skip
def test_other_definitions_are_refused(methods, words):
    with pytest.raises(InvalidInputError, match=re.escape(words)):
        own(**methods)


@pytest.mark.parametrize("name", ["losses", "points", "_penality", "penalties"])
def test_other_methods_may_have_other_names(name):
    assert isinstance(own(Plain, **{name: lambda self: None}), Plain)


def test_a_method_beside_the_hook_of_its_name_may_be_there():
    hooks: dict[str, Any] = {"finish": lambda self, critic: None, "finished": lambda self: True}
    assert isinstance(own(Plain, **hooks), Plain)


def test_a_name_is_a_string():
    for call in (estimate, lambda constraint: otgan.GANConfig(constraint=constraint)):
        with pytest.raises(InvalidInputError, match=r"^Own\.name must be a string, got 3; to fix"):
            call(own(name=3))
